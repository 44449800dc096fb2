"""What speaks for each program, as one number a program and kind of evidence.

The numbers are logarithms of shares wherever there is a natural one, so that neither the number
of programs nor that of tests matters by itself.
"""

import numpy as np

from assay.select.matrix import Bools, Floats, Ints, Matrix, by_behaviour, mass

POWER = 6
"""How fast a program that agrees on part of the evidence stops to count as the same one."""
BLOCK = 256
"""Rows that are compared at a time, so that many programs need little memory."""


LARGE = float(np.e)
"""Times the usual size: beyond it a larger program is no better evidence."""


def evidence(matrix: Matrix) -> dict[str, Floats]:
    """Six kinds of evidence; see each line. Repeats of programs count throughout."""
    total = max(matrix.count.sum(), 1.0)
    repeats = mass(matrix.shape, matrix.count)
    same = near_passed(matrix) / total
    alike = near_values(matrix) / total
    if not matrix.inputs:
        alike = repeats / total
    if not matrix.tests:
        same = repeats / total
    floor = 0.5 / total
    return {
        # how many pass nearly the same tests: consensus sets, pooled where they are near
        "same_tests": np.log(same + floor),
        # how many return the same values on nearly all inputs
        "same_values": np.log(alike + floor),
        # share of the distinct tests passed
        "tests": np.log((matrix.passed.sum(1) + 0.5) / (len(matrix.tests) + 1)),
        # trivial programs agree by chance and pass the trivial tests; no more than `LARGE` counts
        "size": size(matrix),
        # one value whatever the input
        "constant": constant(matrix).astype(float),
        # how often the model wrote this very program
        "repeats": np.log(np.maximum(repeats, 1.0)),
    }


def size(matrix: Matrix) -> Floats:
    """ln of the number of nodes, at most ln(`LARGE`) above the median of the written programs."""
    logs = np.log(np.maximum(matrix.size, 1.0))
    able = matrix.loaded if matrix.loaded.any() else np.ones(matrix.programs, bool)
    ordered = np.argsort(logs[able])
    below = np.cumsum(matrix.count[able][ordered])
    median = logs[able][ordered][np.searchsorted(below, below[-1] / 2)]
    return np.asarray(np.minimum(logs, median + np.log(LARGE)))


def constant(matrix: Matrix) -> Bools:
    """Programs that return the same on all of several inputs."""
    if matrix.values.shape[1] < 2:
        return np.zeros(matrix.programs, bool)
    values = np.where(matrix.values >= 0, matrix.values, -1)
    most = values.max(1, keepdims=True)
    return np.asarray(((values == most) | (values < 0)).all(1) & (most[:, 0] >= 0))


def near_passed(matrix: Matrix) -> Floats:
    """sum over programs j of count_j x Jaccard(tests passed by i, by j)^POWER."""
    group = by_behaviour(matrix)
    first, size = firsts(group, matrix.count)
    cells = matrix.passed[first].astype(np.float32)
    each = cells.sum(1)
    found = np.zeros(len(first))
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        both = cells[part] @ cells.T
        either = each[part, None] + each[None] - both
        found[part] = (both / np.maximum(either, 1)) ** POWER @ size
    return found[group]


def near_values(matrix: Matrix) -> Floats:
    """sum over programs j of count_j x (share of inputs with the same value as i)^POWER."""
    group = by_behaviour(matrix)
    first, size = firsts(group, matrix.count)
    values = matrix.values[first]
    inputs = max(values.shape[1], 1)
    # An exception is no value: it agrees with none.
    found = np.zeros(len(first))
    for start in range(0, len(first), BLOCK):
        part = slice(start, start + BLOCK)
        equal = np.zeros((len(first[part]), len(first)), np.float32)
        for column in range(values.shape[1]):
            mine = values[part, column, None]
            equal += (mine == values[None, :, column]) & (mine >= 0)
        found[part] = (equal / inputs) ** POWER @ size
    return found[group]


def firsts(group: Ints, count: Floats) -> tuple[Ints, Floats]:
    """Of each group its first row, and the sum of `count` over it."""
    _, first = np.unique(group, return_index=True)
    return first.astype(np.int64), np.bincount(group, weights=count).astype(np.float64)
