"""DSTC's choice (2024): most tests passed, then the hardest test that confirms it.

The chosen program passes the most tests; among equals the one that passes a test that the fewest
programs pass, repeats counted. score = tests passed + (1 - smallest share of programs that pass a
test that it passes) / 2, so that the second part only breaks ties.
"""

import numpy as np

from assay.select.matrix import Matrix, by_passed
from assay.select.ranking import Scores


def minimax(matrix: Matrix) -> Scores:
    passes = matrix.passed @ matrix.weight
    if not len(matrix.tests) or not matrix.programs:
        return Scores(score=passes, cluster=by_passed(matrix))
    share = matrix.count @ matrix.passed / matrix.count.sum()
    hardest = np.where(matrix.passed, share, 1.0).min(1)
    return Scores(score=passes + (1 - hardest) / 2, cluster=by_passed(matrix))
