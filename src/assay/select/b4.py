"""B4: the Bayesian choice under doubtful programs and tests (Chen et al. 2024).

Hypothesis for each group of equal rows: just its programs and just the tests that it passes are
right. With n_x programs of N in the group, n_y tests of M passed, and W the other programs: s1 of
their a1 cells on those tests are passes, s0 of a0 on the other tests. Beta priors give

    ln B(n_x + a, N - n_x + 1) + ln B(n_y + a, M - n_y + 1)
      + ln B(s1 + 1, a1 - s1 + 1) + ln B(s0 + 1, a0 - s0 + b)

The paper's priors are a = 1000 and b from 1e4 to 1e6 for about 100 programs and 100s of tests.
"""

from math import lgamma

import numpy as np

from assay.select.matrix import Matrix, by_passed
from assay.select.ranking import Scores

ALPHA, BETA = 1e3, 1e5


def b4(matrix: Matrix, alpha: float = ALPHA, beta: float = BETA) -> Scores:
    cluster = by_passed(matrix)
    score = np.full(matrix.programs, -np.inf)
    total, weight, count = matrix.count.sum(), matrix.weight, matrix.count
    for number in range(cluster.max() + 1 if len(cluster) else 0):
        inside = cluster == number
        row = matrix.passed[int(np.argmax(inside))]
        if not row.any():
            continue  # it says that every test is wrong, and stays last
        others = matrix.passed[~inside]
        ones = count[~inside] @ others if len(others) else np.zeros(len(row))
        n_x, n_y = count[inside].sum(), weight[row].sum()
        rest = total - n_x
        right, wrong = ones[row] @ weight[row], ones[~row] @ weight[~row]
        score[inside] = (
            ln_beta(n_x + alpha, rest + 1)
            + ln_beta(n_y + alpha, weight.sum() - n_y + 1)
            + ln_beta(right + 1, rest * n_y - right + 1)
            + ln_beta(wrong + 1, rest * (weight.sum() - n_y) - wrong + beta)
        )
    return Scores(score=score, cluster=cluster)


def ln_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)
