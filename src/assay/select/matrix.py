"""What a ranking works on: distinct programs, distinct tests, and what came of each pair."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Matrix:
    """One task. Rows are distinct programs, columns distinct tests or inputs."""

    task: str
    count: Floats
    """How often the model wrote each program."""
    loaded: Bools
    """False: it did not build, or died before any test."""
    shape: Ints
    """Equal numbers: the same program but for layout, comments and docstrings."""
    size: Floats
    """Nodes of each program's syntax tree; 1 where it has none."""
    tests: tuple[str, ...]
    """Each as it was written."""
    weight: Floats
    """How often each test was written."""
    binding: Bools
    """Tests that are known to be right: visible ones, and what a person said."""
    passed: Bools
    """Programs by tests."""
    inputs: tuple[str, ...] = ()
    """The calls of the tests, each once."""
    input_of: Ints
    """For each test its place in `inputs`; -1 where it is no plain call."""
    values: Ints
    """Programs by inputs: equal numbers, equal values; below 0 an exception or another end."""
    shown: dict[int, str]
    """The text of each number in `values`."""
    quality: Floats | None = None
    """Static score of each program's text (`quality`), to break ties; `None`: not known."""
    written: float = 0.0
    """Programs that were written in all, where some that are worse are not here; else 0."""

    @property
    def programs(self) -> int:
        return len(self.count)

    @property
    def doubtful(self) -> Bools:
        """The tests that may be wrong."""
        return ~self.binding

    def allowed(self) -> Ints:
        """How many of the binding tests each program passes."""
        return np.asarray(self.passed[:, self.binding].sum(1), np.int64)


def matrix_of(
    task: str,
    passed: Sequence[Sequence[bool]],
    count: Sequence[float] | None = None,
    weight: Sequence[float] | None = None,
    values: Sequence[Sequence[int]] | None = None,
) -> Matrix:
    """A matrix of plain lists, for recorded data; what is not given is taken as one each."""
    cells = np.array([list(row) for row in passed], bool)
    cells = cells.reshape(len(passed), -1)
    rows, columns = cells.shape
    given = [[]] * rows if values is None else values
    seen = np.array([list(row) for row in given], np.int64).reshape(rows, -1)
    return Matrix(
        task=task,
        count=np.array(count if count is not None else [1.0] * rows, float),
        loaded=np.ones(rows, bool),
        shape=np.arange(rows),
        size=np.ones(rows),
        tests=tuple(f"test {number}" for number in range(columns)),
        weight=np.array(weight if weight is not None else [1.0] * columns, float),
        binding=np.zeros(columns, bool),
        passed=cells,
        inputs=tuple(f"input {number}" for number in range(seen.shape[1])),
        input_of=np.full(columns, -1),
        values=seen,
        shown={},
    )


def with_votes(matrix: Matrix) -> Matrix:
    """With a doubtful test for each input that no test claims anything of: the value that most
    written programs return there. Inputs on which none returns a value stay without."""
    free = sorted(set(range(len(matrix.inputs))) - set(matrix.input_of.tolist()))
    won = []
    for place in free:
        column = matrix.values[:, place]
        votes = np.bincount(column[column >= 0], weights=matrix.count[column >= 0])
        won.append(int(votes.argmax()) if votes.any() else -1)
    voted = [(place, value) for place, value in zip(free, won, strict=True) if value >= 0]
    if not voted:
        return matrix
    places, values = (np.array(part) for part in zip(*voted, strict=True))
    texts = (f"{matrix.inputs[place]} == {matrix.shown.get(value, '?')}" for place, value in voted)
    return replace(
        matrix,
        tests=(*matrix.tests, *texts),
        weight=np.append(matrix.weight, np.ones(len(voted))),
        binding=np.append(matrix.binding, np.zeros(len(voted), bool)),
        passed=np.column_stack([matrix.passed, matrix.values[:, places] == values]),
        input_of=np.append(matrix.input_of, places),
    )


def groups(rows: NDArray[np.generic]) -> Ints:
    """For each row the number of its group of equal rows, counted in order of appearance."""
    known: dict[bytes, int] = {}
    data = np.ascontiguousarray(rows)
    return np.array([known.setdefault(row.tobytes(), len(known)) for row in data], np.int64)


def mass(group: Ints, count: Floats) -> Floats:
    """For each row the sum of `count` over its group."""
    if not len(group):
        return np.zeros(0)
    return np.asarray(np.bincount(group, weights=count), float)[group]


def by_passed(matrix: Matrix) -> Ints:
    """Groups of programs that pass the same tests; those that do not load are one of their own."""
    return groups(np.column_stack([matrix.loaded, matrix.passed]))


def by_behaviour(matrix: Matrix) -> Ints:
    """Groups of programs that pass the same tests and give the same values."""
    return groups(np.column_stack([matrix.loaded, matrix.passed, matrix.values]))
