"""A run as one file that is the same for the same run, whatever interrupted it.

What differs from one time to the next, the run's id, times and what was shared, stands apart under
`volatile`, the last key: everything before it is byte for byte the same.
"""

import json
from dataclasses import asdict
from typing import Any

import assay
from assay.bench import Cell, Result
from assay.bench.compare import prefix
from assay.bench.findings import figures_of
from assay.bench.history import graded, searched
from assay.bench.stored import Stored
from assay.store import Log

FORMAT = 1
VOLATILE = (
    "seconds", "model_seconds", "sandbox_seconds", "rest_seconds", "cached_runs",
    "cached_calls", "cached_tokens",
    "model_cpu_seconds", "sandbox_cpu_seconds", "rest_cpu_seconds",
)  # fmt: skip
"""Keys of costs and figures."""


def contents(log: Log, run: Stored) -> dict[str, Any]:
    """Cells and problems in the order of the run. Raises `StoreError`."""
    rows = [(cell, result) for cell, found in run.cells.items() for result in found.values()]
    figures = figures_of(log, {cell: list(found.values()) for cell, found in run.cells.items()})
    return {
        "format": FORMAT,
        "config": run.row.config,
        "whole": run.results == run.wanted,
        "results": [steady(log, run.row.id, cell, result) for cell, result in rows],
        "figures": figures | {"cells": [without(row) for row in figures["cells"]]},
        "volatile": {
            "assay": assay.__version__,
            "run": run.row.id,
            "started": run.row.started,
            "results": [{"log": result.log} | only(result.cost) for _, result in rows],
            "cells": [only(row) for row in figures["cells"]],
        },
    }


def steady(log: Log, run: str, cell: Cell, result: Result) -> dict[str, Any]:
    body = asdict(result)
    del body["log"]
    grade = graded(log, run, prefix(cell) + result.problem)
    return {
        "cell": cell.key,
        **body,
        "cost": without(result.cost),
        "attempts": [
            tried(event.body) for event in searched(log, result) if event.kind == "attempt"
        ],
        "grade": judged(grade) if grade and result.hidden is not None else None,
    }


def tried(body: dict[str, Any]) -> dict[str, Any]:
    candidate = body["candidate"]
    made = {key: candidate[key] for key in ("id", "parent", "made_by")}
    return made | {"run": None if body["run"] is None else judged(body["run"])}


def judged(run: dict[str, Any]) -> dict[str, Any]:
    failed = {v["test"]: v["outcome"] for v in run["verdicts"] if v["outcome"] != "passed"}
    return {"outcome": run["outcome"], "verdicts": len(run["verdicts"]), "failed": failed}


def without(row: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in VOLATILE}


def only(row: dict[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in VOLATILE if key in row}


def text_of(content: dict[str, Any]) -> str:
    """In ASCII, so that half a surrogate pair in a program is no trouble."""
    return json.dumps(content, indent=1) + "\n"
