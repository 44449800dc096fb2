"""CodeT's dual execution agreement (Chen et al. 2022).

Programs that pass the same tests are a consensus set; score = sqrt(programs in the set, repeats
counted) x tests that the set passes, repeats counted. A program that passes none scores 0.
"""

import numpy as np

from assay.select.matrix import Matrix, by_passed, mass
from assay.select.ranking import Scores


def codet(matrix: Matrix) -> Scores:
    cluster = by_passed(matrix)
    score = np.sqrt(mass(cluster, matrix.count)) * (matrix.passed @ matrix.weight)
    return Scores(score=score, cluster=cluster)
