"""How a run of `assay bench` begins, or with `--resume` goes on: what of the suite it takes, and
what its configuration says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.bench import Cell
from assay.bench.people import People
from assay.bench.resume import differing, problems_of, same_run
from assay.bench.stored import asked, graded_by
from assay.cli.bench_chosen import Chosen
from assay.cli.bench_grid import GridFlags
from assay.cli.screen import Screen
from assay.cli.session import Settings
from assay.errors import UsageError
from assay.store import Log, RunRow

NAMED = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchFlags:
    suite: str
    limit: int | None
    every: int
    data: Path | None
    resume: bool
    out: Path | None
    json: bool
    report: Path | None = None
    keep_bad: bool = False


def tell_kept(now: Chosen, begun: Chosen, screen: Screen) -> None:
    """What is left out now and was not when the run began, or the other way round."""
    sides = {
        "would be left out by now": (now.left_out, begun.left_out),
        "would be taken by now": (begun.left_out, now.left_out),
    }
    for what, (there, missing) in sides.items():
        if found := {problem: why for problem, why in there.items() if problem not in missing}:
            screen.warn(
                f"{len(found)} problems {what}: {named(found)}; the run keeps those that it began "
                "with"
            )


def named(reasons: Mapping[str, str]) -> str:
    first = ", ".join(f"{name} ({why})" for name, why in list(reasons.items())[:NAMED])
    more = len(reasons) - NAMED
    return first + (f" and {more} more" if more > 0 else "")


def config_of(
    settings: Settings,
    flags: BenchFlags,
    grid: GridFlags,
    cells: Sequence[Cell],
    chosen: Chosen,
    people: People | None = None,
) -> dict[str, Any]:
    """What makes a run this one; `resume.BEGUN_WITH` says what of it stays as it was."""
    return {
        "suite": flags.suite,
        "problems": [item.problem.id for item in chosen.items],
        "left_out": chosen.left_out,
        "graded_by": graded_by(chosen.items),
        "asked": asked(chosen.items),
        "cells": [asdict(cell) for cell in cells],
        "budget": settings.budget,
        "total": settings.total,
        "price": settings.price,
        "feedback_tokens": settings.feedback_tokens,
        "context": settings.context_tokens,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "prompts": settings.prompts and str(settings.prompts),
        "ask": grid.ask,
        "person_error": grid.person_error,
        "people": people and asdict(people),
        "keep_bad": flags.keep_bad,
        "tier": settings.tier,
        "unsafe": settings.unsafe,
        "remote": settings.remote,
    }


def to_resume(log: Log, config: Mapping[str, Any]) -> RunRow:
    """The newest run of the same configuration. Raises `UsageError`, which says by what the newest
    run of these problems and cells differs."""
    rows = [row for row in log.runs() if row.command == "bench" and "budget" in row.config]
    own = [row for row in rows if "rejudged" not in row.config]
    for row in own:
        if same_run(row.config, config):
            return row
    near = ""
    for row in own:
        names = differing(row.config, config)
        if "cells" not in names and problems_of(row.config) == problems_of(config):
            was = ", ".join(f"{name} {row.config.get(name)!r}" for name in names)
            near = f"; run {row.id} has {was}"
            break
    raise UsageError(
        f"--resume: the log has no bench run with these very flags{near}; run it without"
    )
