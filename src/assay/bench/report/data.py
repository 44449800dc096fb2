"""The figures of one run, or of two, with each problem's result and what happened to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import assay
from assay.bench import Cell, Result
from assay.bench.compare import prefix
from assay.bench.differs import settings_of
from assay.bench.findings import compare_runs, figures_of
from assay.bench.history import graded, last, searched
from assay.bench.report.attempts import item_of, task_of
from assay.bench.report.kinds import KINDS, kind_of
from assay.bench.report.shelf import Shelf
from assay.bench.stats import wilson
from assay.bench.stored import Stored, common_problems
from assay.errors import StoreError
from assay.search.budget import Cost
from assay.store import Log

ByProblem = Mapping[str, Result]
Shown = tuple[str, Cell, ByProblem]
"""The run that graded, its cell, and the results."""


@dataclass(frozen=True, slots=True)
class Report:
    figures: dict[str, Any]
    """Plain data: what `bench report --json` prints."""
    shelf: Shelf = field(default_factory=Shelf)
    """What happened, problem by problem."""


def report_of(log: Log, run: Stored) -> Report:
    """Raises `StoreError`."""
    figures = figures_of(log, {cell: list(rows.values()) for cell, rows in run.cells.items()})
    figures["people"] = run.row.config.get("people")
    cells = {cell.key: (run.row.id, cell, rows) for cell, rows in run.cells.items()}
    return assemble(log, figures, cells, run.row.config["problems"], [run])


def report_of_two(log: Log, a: Stored, b: Stored) -> Report:
    """Over the problems that both measured. Raises `UsageError` and `StoreError`."""
    figures = compare_runs(log, a, b)
    cells = {
        f"{run.row.id} {cell.key}": (run.row.id, cell, rows)
        for run in (a, b)
        for cell, rows in run.cells.items()
    }
    return assemble(log, figures, cells, common_problems(a, b), [a, b])


def assemble(
    log: Log,
    figures: dict[str, Any],
    cells: Mapping[str, Shown],
    problems: Sequence[str],
    runs: Sequence[Stored],
) -> Report:
    report = Report(figures | {"assay": assay.__version__, "runs": list(map(about, runs))})
    report.figures["suite"] = runs[0].row.config["suite"]
    report.figures["problems"] = list(problems)
    report.figures["parts"] = ["run", *(field.name for field in fields(Cell))]
    report.figures["kinds"] = {name: asdict(kind) for name, kind in KINDS.items()}
    report.figures["results"] = [
        row_of(log, report.shelf, problem, number, name, shown)
        for number, problem in enumerate(problems)
        for name, shown in cells.items()
    ]
    for row in report.figures["cells"]:
        add_rates(row, report.figures["results"], cells[row["cell"]][-1], problems)
    for step in report.figures["curve"]:
        step["interval"] = wilson(step["solved"], step["measured"])
    for group in report.figures.get("pass@k", ()):
        group["interval"] = {
            k: None if rate is None else wilson(rate * group["problems"], group["problems"])
            for k, rate in group["pass@k"].items()
        }
    return report


def about(run: Stored) -> dict[str, Any]:
    return {
        "run": run.row.id,
        "started": run.row.started,
        "finished": run.row.finished,
        "results": run.results,
        "wanted": run.wanted,
        "settings": settings_of(run),
        "left_out": run.row.config.get("left_out", {}),
    }


def row_of(
    log: Log, shelf: Shelf, problem: str, number: int, name: str, shown: Shown
) -> dict[str, Any]:
    """One problem in one cell; what happened goes to the shelf under `NUMBER CELL`."""
    run, cell, found = shown
    if (result := found.get(problem)) is None:
        return {"problem": problem, "cell": name, "kind": kind_of(None, None)}
    events = searched(log, result)
    grade = graded(log, run, prefix(cell) + problem)
    row = asdict(result) | {"cell": name, "kind": kind_of(result, grade)}
    del row["code"]
    try:
        shelf.put(f"{number} {name}", item_of(shelf, events, grade) | {"row": row})
        if task := last(events, "problem"):
            shelf.put(str(number), task_of(shelf, task))
    except (KeyError, TypeError) as error:
        raise StoreError(
            f"log {log.path}: {result.log} is of another version of Assay (no {error}); "
            "it cannot be shown"
        ) from error
    return row


def add_rates(
    row: dict[str, Any], results: Sequence[dict[str, Any]], found: ByProblem, wanted: Sequence[str]
) -> None:
    """What the page shows beyond `bench --json`: intervals of the other rates, kinds and sums."""
    shown = [found[problem] for problem in wanted if problem in found]
    row["wanted"] = len(wanted)
    ends = Counter(one["kind"] for one in results if one["cell"] == row["cell"])
    row["kinds"] = {kind: ends[kind] for kind in KINDS}
    row["cost"] = asdict(sum((Cost(**one.cost) for one in shown), Cost()))
    row["intervals"] = {
        "visible_pass_rate": wilson(row["visible_passed"], row["visible_tested"]),
        "false_positives": wilson(row["false_positives"], row["visible_passed"]),
        "answered_wrong": wilson(row["answered_wrong"], row["answered"]),
    }
