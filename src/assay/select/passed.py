"""`visible` on a fixed set: score = tests passed, each distinct test once."""

from assay.select.matrix import Matrix, by_passed
from assay.select.ranking import Scores


def passed(matrix: Matrix) -> Scores:
    return Scores(score=matrix.passed.sum(1).astype(float), cluster=by_passed(matrix))
