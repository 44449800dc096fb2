"""CodeDPO's ranking (Zhang et al. 2024): PageRank between programs and tests.

All start at 1; each round, both sides from the round before: c_i = (1-d) c_i + d sum_j E_ij t_j and
t_j = (1-d) t_j + d sum_i E_ij c_i, repeats counted; here each side is scaled to its largest, which
changes no order. d = 0.85, 10 rounds.
"""

import numpy as np

from assay.select.matrix import Matrix, by_passed
from assay.select.ranking import Scores


def pagerank(matrix: Matrix, damping: float = 0.85, rounds: int = 10) -> Scores:
    cells = matrix.passed.astype(float)
    programs, tests = np.ones(cells.shape[0]), np.ones(cells.shape[1])
    for _ in range(rounds):
        programs, tests = (
            (1 - damping) * programs + damping * (cells @ (matrix.weight * tests)),
            (1 - damping) * tests + damping * ((matrix.count * programs) @ cells),
        )
        # One factor for both: they feed each other, so scaling each by its own would not do.
        most = max(programs.max(initial=0.0), tests.max(initial=0.0)) or 1.0
        programs, tests = programs / most, tests / most
    return Scores(score=programs, cluster=by_passed(matrix), test_score=tests)
