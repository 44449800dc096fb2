"""Assay's own: the probability that each cluster of programs is right.

A log-linear model over the programs of a task: P(i) is proportional to exp(sum_k w_k x_ik), with
the six kinds of evidence x of `evidence`. It is CodeT's product of powers with more factors: how
many written programs pass nearly the same tests, how many return nearly the same values, how many
tests are passed, how large the program is, whether it is a constant, how often it was written.
The weights w maximise the expected pass@1 on recorded tasks (`bench/rank_fit.py`).

The confidence that the first is right is a function of evidence of its own (`confidence`). The
clusters' probabilities keep the odds of the model and are scaled so that the first has that
confidence, or where they would then be more than 1 together, so that they are 1;
P(test j is right) is the sum over the clusters that pass it.
"""

import numpy as np

from assay.select.confidence import CALIBRATION, Kind, confidence_evidence, kind_of, sigmoid
from assay.select.evidence import evidence
from assay.select.matrix import Floats, Ints, Matrix, by_behaviour
from assay.select.ranking import Scores

WEIGHTS: dict[str, float] = {
    "same_tests": 0.77,
    "same_values": 1.35,
    "tests": 1.1,
    "size": 1.9,
    "constant": -3.1,
    "repeats": 1.91,
}
"""Of the evidence; fitted on all of `confidence.ORIGIN`; docs/select.md has figures of halves."""


def posterior(
    matrix: Matrix,
    weights: dict[str, float] = WEIGHTS,
    calibration: dict[Kind, dict[str, float]] = CALIBRATION,
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
    sure = confidence_evidence(matrix, known, first)
    confidence = sigmoid(sure, calibration[kind_of(matrix)])
    probability = confidence * np.exp(best - best[first])
    most = by_cluster(cluster, probability)
    most /= max(most.sum(), 1.0)
    return Scores(
        score=log_odds,
        cluster=cluster,
        confidence=confidence,
        evidence=sure,
        probability=most[cluster],
        test_score=np.minimum(most @ matrix.passed[np.unique(cluster, return_index=True)[1]], 1.0),
    )


def combined(known: dict[str, Floats], weights: dict[str, float]) -> Floats:
    return np.asarray(sum(weight * known[name] for name, weight in weights.items()), float)


def by_cluster(cluster: Ints, probability: Floats) -> Floats:
    """The largest probability in each cluster: programs that do the same are right together."""
    most = np.zeros(int(cluster.max()) + 1)
    np.maximum.at(most, cluster, probability)
    return most
