"""Jobs made of our own programs (`child/`), and what they answer, read with suspicion."""

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from assay.feedback.shorten import inline
from assay.problem import Limits
from assay.sandbox import Job, Run

LIMITS = Limits(cpu_seconds=15, wall_seconds=40, output_bytes=1 << 20)


def program(name: str, stdin: str, limits: Limits = LIMITS) -> Job:
    """The program `child/<name>.py` with that order on its standard input."""
    return Job(code=text(name), stdin=stdin, limits=limits)


@cache
def text(name: str) -> str:
    return (Path(__file__).parent / "child" / f"{name}.py").read_text(encoding="utf-8")


def answer(run: Run | None) -> dict[str, Any]:
    """The JSON object on the last line that it printed; empty where there is none."""
    lines = run.stdout.splitlines() if run is not None else []
    try:
        found = json.loads(lines[-1]) if lines else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def rows(data: Mapping[str, Any], key: str, **kinds: type) -> list[dict[str, Any]]:
    """The objects in a list that are `shaped` so."""
    given = data.get(key)
    return [row for row in (given if isinstance(given, list) else []) if shaped(row, **kinds)]


def shaped(row: Any, **kinds: type) -> bool:
    """Whether it has all these fields, each of its type exactly; numbers count something."""
    given = row if isinstance(row, dict) else {}
    return all(
        type(given.get(name)) is kind and (kind is not int or 0 <= given[name] < 1 << 31)
        for name, kind in kinds.items()
    )


def silence(run: Run | None) -> str:
    """Why there was no answer, for a person."""
    if run is None:
        return "it could not be run"
    detail = run.detail
    why = detail.limit or detail.message or detail.signal or run.outcome
    return f"it gave no answer: {inline(why)}"
