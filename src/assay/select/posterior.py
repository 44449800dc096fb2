"""Assay's own: the probability that each cluster of programs is right.

A log-linear model over the programs of a task: P(i) is proportional to exp(sum_k w_k x_ik), with
the six kinds of evidence x of `evidence`. It is CodeT's product of powers with more factors: how
many written programs pass nearly the same tests, how many return nearly the same values, how many
tests are passed, how large the program is, whether it is a constant, how often it was written.
The weights w maximise the expected pass@1 on recorded tasks (`bench/rank_fit.py`).

The confidence that the first is right is a logistic function of evidence of its own, fitted on
choices that a model fitted without the task had made (Platt scaling). The clusters' probabilities
keep the odds of the model and are scaled so that the first has that confidence; P(test j is right)
is the sum over the clusters that pass it.
"""

import numpy as np

from assay.select.evidence import evidence
from assay.select.matrix import Floats, Matrix, by_behaviour
from assay.select.ranking import Scores

ORIGIN = "CodeGen-16B on HumanEval, 164 tasks of 100 programs (CodeT's recorded data, MIT)"
"""What the shipped figures were fitted on."""

WEIGHTS: dict[str, float] = {
    "same_tests": 0.5,
    "same_values": 0.5,
    "tests": 1.0,
    "size": 1.0,
    "constant": -2.0,
    "repeats": 0.5,
}
CALIBRATION: dict[str, float] = {"bias": 0.0}


def posterior(
    matrix: Matrix,
    weights: dict[str, float] = WEIGHTS,
    calibration: dict[str, float] = CALIBRATION,
) -> Scores:
    known = evidence(matrix)
    log_odds = combined(known, weights)
    log_odds = np.where(matrix.loaded, log_odds, -np.inf)
    cluster = by_behaviour(matrix)
    if not matrix.loaded.any():
        return Scores(score=np.zeros(matrix.programs), cluster=cluster, confidence=0.0)
    allowed = np.where(matrix.loaded, matrix.allowed(), -1)
    able = allowed == allowed.max()
    best = np.where(able, log_odds, -np.inf)
    first = int(np.argmax(best))
    confidence = sigmoid(confidence_evidence(matrix, known, first), calibration)
    probability = confidence * np.exp(best - best[first])
    return Scores(
        score=np.where(np.isfinite(log_odds), log_odds, -np.inf),
        cluster=cluster,
        confidence=confidence,
        test_score=test_probability(matrix, probability),
    )


def combined(known: dict[str, Floats], weights: dict[str, float]) -> Floats:
    return np.asarray(sum(weight * known[name] for name, weight in weights.items()), float)
