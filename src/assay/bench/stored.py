"""Two runs of `assay bench` out of the log, side by side over the problems that both measured."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

from assay.bench import Cell, Result
from assay.bench.compare import logged, prefix
from assay.bench.resume import MARKS, marks_of
from assay.errors import UsageError
from assay.grade import Item
from assay.store import Log, RunRow

SAME = ("suite", "problems", "cells", "people", *MARKS)
"""Keys of a run's configuration that are no setting of how its cells worked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A run as the log has it."""

    row: RunRow
    cells: dict[Cell, dict[str, Result]]
    """Results by problem."""

    @property
    def results(self) -> int:
        return sum(map(len, self.cells.values()))

    @property
    def wanted(self) -> int:
        return len(self.row.config["problems"]) * len(self.cells)


def graded_by(items: Iterable[Item]) -> list[str]:
    """What each item is graded with, as a short hash: it tells tests that changed, not what they
    are."""
    return [
        digest(
            (item.problem.language, item.problem.entry_point, item.problem.limits, item.hidden)
            + (() if item.limits is None else (item.limits,))
        )
        for item in items
    ]


def asked(items: Iterable[Item]) -> list[str]:
    """What a solver is told of each item (its text, visible tests, limits), as a short hash."""
    return [digest(item.problem) for item in items]


def digest(value: object) -> str:
    return sha256(repr(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def stored(log: Log, prefix_of_id: str) -> Stored:
    """Raises `UsageError` for a run that is not there, or is no comparison; `StoreError`."""
    row = log.find(prefix_of_id)
    if row.command != "bench":
        raise UsageError(f"run {row.id} is of `assay {row.command}`, not of `assay bench`")
    if "graded_by" not in row.config:
        raise UsageError(f"run {row.id} does not say what graded it; run it anew to compare it")
    row = replace(row, config=row.config | marks_of(log, row))
    results = logged(log, row.id)
    cells = {}
    for body in row.config["cells"]:
        cell = cell_of(row.id, body)
        keys = {problem: prefix(cell) + problem for problem in row.config["problems"]}
        cells[cell] = {p: results[key] for p, key in keys.items() if key in results}
    return Stored(row=row, cells=cells)


def cell_of(run: str, body: dict[str, Any]) -> Cell:
    try:
        return Cell(**body)
    except TypeError as error:
        raise UsageError(f"run {run} is of another version of Assay ({error})") from None


def common_problems(a: Stored, b: Stored) -> list[str]:
    """The problems that every cell of both runs measured, in the order of the first.

    Raises `UsageError` where the suites or their hidden tests are not the same, or nothing is
    in common.
    """
    suites = [Path(run.row.config["suite"]).name for run in (a, b)]
    names = f"runs {a.row.id} and {b.row.id}"
    if suites[0] != suites[1]:
        raise UsageError(f"{names} are of different suites: {suites[0]} and {suites[1]}")
    tests_a, tests_b = tests_of(a), tests_of(b)
    shared = [problem for problem in tests_a if problem in tests_b]
    if other := [problem for problem in shared if tests_a[problem] != tests_b[problem]]:
        raise UsageError(
            f"{names} were graded by other tests: {other[0]} and {len(other) - 1} more of "
            f"{len(shared)}; only the same tests compare"
        )
    everywhere = [cell for run in (a, b) for cell in run.cells.values()]
    found = [p for p in shared if all(p in cell and measured(cell[p]) for cell in everywhere)]
    if not found:
        raise UsageError(f"{names} have no problem that every cell of both measured")
    return found


def tests_of(run: Stored) -> dict[str, str]:
    config = run.row.config
    return dict(zip(config["problems"], config["graded_by"], strict=True))


def measured(result: Result) -> bool:
    return result.hidden is not None


def settings_that_differ(runs: Sequence[Stored]) -> dict[str, list[Any]]:
    """Settings by name with the value of each run: not the cells, but budget, temperature, …"""
    configs = [run.row.config for run in runs]
    names = dict.fromkeys(name for config in configs for name in config if name not in SAME)
    values = {name: [config.get(name) for config in configs] for name in names}
    return {name: found for name, found in values.items() if found.count(found[0]) < len(found)}
