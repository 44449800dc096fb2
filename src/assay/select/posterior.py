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
from assay.select.matrix import Floats, Ints, Matrix, by_behaviour
from assay.select.ranking import Scores

ORIGIN = "CodeGen-16B on HumanEval, 164 tasks of 100 programs (CodeT's recorded data, MIT)"
"""What the shipped figures were fitted on."""

WEIGHTS: dict[str, float] = {
    "same_tests": 0.77,
    "same_values": 1.35,
    "tests": 1.1,
    "size": 1.9,
    "constant": -3.1,
    "repeats": 1.91,
}
"""Of the evidence; fitted on all of `ORIGIN` (the figures in docs/select.md are of halves)."""
CALIBRATION: dict[str, float] = {
    "bias": -4.54,
    "agreement": 3.37,
    "repeats": 0.72,
    "size": 0.72,
    "loads": 3.69,
}
"""Of `confidence_evidence`; fitted on choices by weights of the other nine tenths of `ORIGIN`."""

FEW = 10.0
"""Programs that disagree, added to those that were written: agreement of few says little."""


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
    most = by_cluster(cluster, probability)
    return Scores(
        score=log_odds,
        cluster=cluster,
        confidence=confidence,
        probability=most[cluster],
        test_score=np.minimum(most @ matrix.passed[np.unique(cluster, return_index=True)[1]], 1.0),
    )


def combined(known: dict[str, Floats], weights: dict[str, float]) -> Floats:
    return np.asarray(sum(weight * known[name] for name, weight in weights.items()), float)


def confidence_evidence(matrix: Matrix, known: dict[str, Floats], first: int) -> dict[str, float]:
    """What tells whether the first program is right, apart from what made it the first."""
    total = matrix.count.sum() + FEW
    known_share = matrix.count.sum() / total
    both = (known["same_tests"][first] + known["same_values"][first]) / 2
    return {
        "agreement": float(np.exp(both)) * known_share if matrix.tests else 0.0,
        "repeats": float(known["repeats"][first] - np.log(total)),
        "size": float(known["size"][first]),
        "loads": float(matrix.count[matrix.loaded].sum() / matrix.count.sum()),
    }


def sigmoid(known: dict[str, float], calibration: dict[str, float]) -> float:
    logit = calibration["bias"]
    logit += sum(calibration.get(name, 0.0) * value for name, value in known.items())
    return float(1 / (1 + np.exp(-np.clip(logit, -30, 30))))


def by_cluster(cluster: Ints, probability: Floats) -> Floats:
    """The largest probability in each cluster: programs that do the same are right together."""
    most = np.zeros(int(cluster.max()) + 1)
    np.maximum.at(most, cluster, probability)
    return most
