"""The order of a fixed set of programs, and why the first is the first."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from assay.select import find_ranker
from assay.select.matrix import Bools, Floats, Ints, Matrix, mass

DIGITS = 9
"""Scores that are equal to so many digits are equal: sums differ in the last ones."""
SHOWN = 5
"""Tests, and inputs, that an explanation names."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """What a ranker gives; one number a program of the matrix."""

    score: Floats
    """Higher is better; of any scale."""
    cluster: Ints
    """Equal numbers: the ranker cannot tell them apart by what they do."""
    confidence: float | None = None
    """Calibrated probability that the first is right; `None`: the ranker knows of none."""
    probability: Floats | None = None
    """One number a program: that its cluster is right; `None`: the ranker knows of none."""
    test_score: Floats | None = None
    """One number a test: how far it is believed."""
    evidence: dict[str, float] | None = None
    """What the confidence was made of, so that a log can be fitted again."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ranking:
    order: Ints
    """Programs of the matrix, best first; equal ones by their text's quality, then in the order of
    the file."""
    score: Floats
    """One a program, in the order of the matrix."""
    cluster: Ints
    """One a program, numbered from the best: 0 is the first's."""
    confidence: float
    """That the first is right: calibrated where the ranker is, else the share of all written
    programs that are in its cluster. 0 where no program loads."""
    calibrated: bool = False
    """Whether the ranker's own probability is the confidence."""
    probability: Floats | None = None
    test_score: Floats | None = None
    evidence: dict[str, float] | None = None

    @property
    def first(self) -> Bools:
        """The programs that share the best score."""
        return np.asarray(self.score == self.score[self.order[0]])


def rank(matrix: Matrix, selector: str) -> Ranking:
    """The programs by the binding tests first, then by the selector. The matrix has a program.

    Raises `UnknownName`.
    """
    found: Scores = find_ranker(selector)(matrix)
    score = rounded(found.score)
    allowed = np.where(matrix.loaded, matrix.allowed(), -1)
    ties = np.zeros(matrix.programs) if matrix.quality is None else matrix.quality
    order = np.lexsort((-ties, -score, -allowed))
    place: dict[int, int] = {}
    for program in order:
        place.setdefault(int(found.cluster[program]), len(place))
    cluster = np.array([place[int(number)] for number in found.cluster], np.int64)
    first = order[0]
    confidence = found.confidence
    if confidence is None:
        confidence = float(mass(cluster, matrix.count)[first] / matrix.count.sum())
    if not matrix.loaded[first] or allowed[first] < matrix.binding.sum():
        confidence = 0.0
    # One number that keeps the order: what fails a binding test is below all that pass it.
    _, level = np.unique(allowed, return_inverse=True)
    score = score - (level.max() - level) * (score.max() - score.min() + 1)
    return Ranking(
        order=order,
        score=score,
        cluster=cluster,
        confidence=round(confidence, 4),
        calibrated=found.confidence is not None,
        probability=found.probability,
        test_score=found.test_score,
        evidence=found.evidence,
    )


def rounded(score: Floats) -> Floats:
    """Finite, and equal where only the last digits differ."""
    finite = score[np.isfinite(score)]
    lowest = finite.min() - 1 if len(finite) else 0.0
    whole = np.where(np.isfinite(score), score, lowest)
    return np.array([float(f"{value:.{DIGITS}g}") for value in whole])


def explain(matrix: Matrix, ranking: Ranking) -> dict[str, Any]:
    """The tests and the values that separate the first from the best of another cluster."""
    first = int(ranking.order[0])
    others = [int(p) for p in ranking.order if ranking.cluster[p] != ranking.cluster[first]]
    if not others:
        return {"first": first, "second": None, "tests": [], "values": []}
    second = others[0]
    believed = ranking.test_score
    differ = matrix.passed[first] != matrix.passed[second]
    tests = [
        {
            "test": matrix.tests[column],
            "passed_by": "first" if matrix.passed[first, column] else "second",
            "share": _share(matrix.passed[:, column], matrix),
            "binding": bool(matrix.binding[column]),
            "believed": None if believed is None else round(float(believed[column]), 4),
        }
        for column in sorted(np.flatnonzero(differ), key=lambda c: -matrix.weight[c])[:SHOWN]
    ]
    return {
        "first": first,
        "second": second,
        "tests": tests,
        "values": _values(matrix, first, second),
    }


def _values(matrix: Matrix, first: int, second: int) -> list[dict[str, Any]]:
    """The inputs on which the two differ, with who gives which and how many tests claim it."""
    rows = []
    for column in np.flatnonzero(matrix.values[first] != matrix.values[second])[:SHOWN]:
        row: dict[str, Any] = {"input": matrix.inputs[column]}
        for name, program in (("first", first), ("second", second)):
            value = matrix.values[program, column]
            claims = (matrix.input_of == column) & matrix.passed[program]
            row[name] = matrix.shown.get(int(value), "?")
            row[f"{name}_share"] = _share(matrix.values[:, column] == value, matrix)
            row[f"{name}_claims"] = int(matrix.weight[claims].sum())
        rows.append(row)
    return rows


def _share(who: Bools, matrix: Matrix) -> float:
    return round(float(matrix.count[who].sum() / matrix.count.sum()), 4)
