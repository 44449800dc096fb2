"""GenX's two critics (2024): programs are good by good tests, tests by good and bad programs.

c = P t and t = max(0, P^T c - lambda P^T (1 - c)), each scaled to its largest, from all equal until
neither moves; P is the matrix of passes, repeats counted. The second term is what separates it from
counting agreement: a test that bad programs pass is no good one. The paper's own weighting is not
published in full; lambda here is `penalty`.
"""

import numpy as np

from assay.select.matrix import Floats, Matrix, by_passed
from assay.select.ranking import Scores

ROUNDS, STILL = 100, 1e-9


def genx(matrix: Matrix, penalty: float = 0.5) -> Scores:
    cells = matrix.passed.astype(float)
    programs, tests = np.ones(cells.shape[0]), np.ones(cells.shape[1])
    for _ in range(ROUNDS):
        before = np.concatenate([programs, tests])
        programs = scaled(cells @ (matrix.weight * tests))
        good = (matrix.count * programs) @ cells
        bad = (matrix.count * (1 - programs)) @ cells
        tests = scaled(np.maximum(good - penalty * bad, 0.0))
        if np.abs(np.concatenate([programs, tests]) - before).max(initial=0.0) < STILL:
            break
    return Scores(score=programs, cluster=by_passed(matrix), test_score=tests)


def scaled(values: Floats) -> Floats:
    most = values.max(initial=0.0)
    return np.asarray(values / most if most > 0 else values)
