"""The largest group that gives the same values on the inputs of the tests.

AlphaCode's clustering (Li et al. 2022) and MBR-exec (Shi et al. 2022): score_i = how many of the
written programs return what program i returns, on every input. What a test claims plays no part.
A program that returns nothing on any input scores 0. Without inputs only the same program agrees.
"""

import numpy as np

from assay.select.matrix import Matrix, groups, mass
from assay.select.ranking import Scores


def majority(matrix: Matrix) -> Scores:
    if matrix.inputs:
        cluster = groups(np.column_stack([matrix.loaded, matrix.values]))
        alive = matrix.loaded & (matrix.values >= 0).any(1)
    else:
        cluster, alive = matrix.shape, matrix.loaded
    return Scores(score=np.where(alive, mass(cluster, matrix.count), 0.0), cluster=cluster)
