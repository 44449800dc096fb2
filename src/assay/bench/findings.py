"""All figures of a comparison as plain data: what `bench --json` prints."""

from collections.abc import Mapping, Sequence
from typing import Any

from assay.bench import Cell, Result
from assay.bench.clusters import pooled, pooled_runs
from assay.bench.curve import curve
from assay.bench.differs import asked_otherwise, differs, in_words
from assay.bench.pairs import all_pairs, paired, verdicts
from assay.bench.progress import Progress, progress_of
from assay.bench.stored import Stored, common_problems
from assay.bench.summary import seeds, summary
from assay.store import Log

Results = Mapping[Cell, Sequence[Result]]


def figures_of(log: Log, results: Results) -> dict[str, Any]:
    """Of one run, for every two of its cells. Raises `StoreError`."""
    figures = cells_and_curve(log, {cell.key: (cell, rows) for cell, rows in results.items()})
    figures["pass@k"] = seeds(results.items())
    figures["pooled"] = pooled(results.items())
    figures["paired"] = all_pairs({cell.key: verdicts(rows) for cell, rows in results.items()})
    return figures


def compare_runs(log: Log, a: Stored, b: Stored) -> dict[str, Any]:
    """Of two runs, for each cell of the first with each of the second. A cell is named
    `RUN CELL`. Raises `UsageError` and `StoreError`."""
    problems = common_problems(a, b)
    named: dict[str, tuple[Cell, Sequence[Result]]] = {}
    for run in (a, b):
        for cell, found in run.cells.items():
            named[f"{run.row.id} {cell.key}"] = (cell, [found[problem] for problem in problems])
    names = list(named)
    first, second = names[: len(a.cells)], names[len(a.cells) :]
    figures = cells_and_curve(log, named)
    for name, row in zip(names, figures["cells"], strict=True):
        row["run"] = name.partition(" ")[0]
    half = len(first)
    figures["pooled"] = pooled_runs(
        (a.row.id, list(named.values())[:half]), (b.row.id, list(named.values())[half:])
    )
    tables = {name: verdicts(rows) for name, (_, rows) in named.items()}
    figures["paired"] = paired(tables, [(one, two) for one in first for two in second])
    figures["runs"] = [
        {
            "run": run.row.id,
            "finished": run.row.finished,
            "problems": len(run.row.config["problems"]),
            "left_out": len(run.row.config["problems"]) - len(problems),
        }
        for run in (a, b)
    ]
    figures["problems"] = len(problems)
    figures["differs"] = differs(a, b)
    figures["asked_otherwise"] = asked_otherwise(a, b, problems)
    figures["differences"] = in_words(figures["differs"], figures["asked_otherwise"])
    return figures


def cells_and_curve(log: Log, named: Mapping[str, tuple[Cell, Sequence[Result]]]) -> dict[str, Any]:
    rows: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    for name, (cell, results) in named.items():
        progress: dict[str, Progress] = {row.problem: progress_of(log, row) for row in results}
        rows.append({**summary(cell, results, progress), "cell": name})
        steps += curve(name, results, progress)
    return {"cells": rows, "curve": steps}
