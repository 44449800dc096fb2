"""`assay bench rejudge RUN`: the stored programs graded again, and what that changed."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, get_args

from assay.bench.findings import figures_of
from assay.bench.rejudge import (
    Judged,
    Terms,
    config_of,
    graded_otherwise,
    items_of,
    reached,
    rejudge,
    tests_from,
)
from assay.bench.resume import changed_tier
from assay.bench.stored import Stored, common_problems, stored
from assay.bench.suites import load_suite
from assay.cli.alone import alone
from assay.cli.bench_report import tell_unfinished
from assay.cli.figures import show_figures, tell, tell_unmeasured
from assay.cli.labels import plural
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import guarded, open_log
from assay.errors import ProblemError, UsageError
from assay.feedback.shorten import head
from assay.grade import Item
from assay.problem import Comparison
from assay.sandbox import open_sandbox
from assay.store import Log

VERDICTS = {True: "right", False: "wrong", None: "not measured"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RejudgeFlags:
    hidden: str | None
    data: Path | None
    time: float | None
    memory: int | None
    tolerance: float | None
    comparison: str | None
    every: bool
    cache: bool
    unsafe: bool
    tier: str | None
    remote: str | None
    jobs: int
    json: bool

    def sandbox(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("tier", "unsafe", "remote")}

    def terms(self) -> Terms:
        """Raises `UsageError` for a value that none can have."""
        if self.comparison is not None and self.comparison not in get_args(Comparison):
            known = ", ".join(get_args(Comparison))
            raise UsageError(f"--comparison {self.comparison}: it is one of {known}")
        if self.time is not None and not 0 < self.time <= 3600:
            raise UsageError(f"--time wants seconds above 0 and up to 3600, not {self.time:g}")
        if self.tolerance is not None and not 0 <= self.tolerance < float("inf"):
            raise UsageError(f"--tolerance wants a number from 0, not {self.tolerance:g}")
        return Terms(
            time=self.time,
            memory=self.memory,
            tolerance=self.tolerance,
            comparison=self.comparison,  # type: ignore[arg-type]  # checked above
        )


def bench_rejudge(path: Path | None, name: str, flags: RejudgeFlags) -> int:
    """Raises `UsageError` for a run that is not there, or has no tests there."""
    screen = Screen(quiet=flags.json)
    terms = flags.terms()
    with open_log(path) as log:
        run = stored(log, name)
        tell_unfinished(run, screen)
        hidden, data = tests_from(run.row.config, flags.hidden, flags.data)
        suite = suite_of(run, hidden, data)
        items = items_of(log, run, suite, terms)
        if flags.hidden is None and (other := graded_otherwise(log, run, suite)):
            screen.warn(
                f"{hidden} has other tests now than those that graded run {run.row.id}, "
                f"for {len(other)} of its problems: {other[0]}{', ...' if other[1:] else ''}"
            )
        if missing := len(run.row.config["problems"]) - len(items):
            screen.warn(f"{missing} problems of {run.row.id} have no hidden tests there: left out")
        own = None if hidden == run.row.config["suite"] else hidden
        origin = {"hidden": own, "data": data and str(data), **asdict(terms), **flags.sandbox()}
        new = log.start("bench", config_of(run, items, origin))
        with alone(log, new):
            judged = run_async(grade_all(log, new, run, items, flags, screen))
            now = stored(log, new)
            results = {cell: list(found.values()) for cell, found in now.cells.items()}
            figures = figures_of(log, results)
            log.append(new, "", "end", {"cells": figures["cells"]})
    show(judged, figures, (run.row.id, new), flags, screen)
    hint = f"assay bench compare {run.row.id} {new}, " if comparable(run, now) else ""
    screen.say(f"kept as run {new}: {hint}assay show {new}")
    return 1 if any(one.now.hidden is None for one in judged) else 0


def comparable(a: Stored, b: Stored) -> bool:
    try:
        return bool(common_problems(a, b))
    except UsageError:
        return False


def suite_of(run: Stored, suite: str, data: Path | None) -> list[Item]:
    """Raises `UsageError` where the tests are not at hand."""
    try:
        return load_suite(suite, data)
    except UsageError as error:
        if isinstance(error, ProblemError) and Path(suite).exists():
            raise
        raise UsageError(
            f"{error}. Hidden tests are never in the log: give those of run {run.row.id} with "
            "--hidden SUITE or FILE.jsonl"
        ) from None


async def grade_all(
    log: Log, new: str, run: Stored, items: dict[str, Item], flags: RejudgeFlags, screen: Screen
) -> list[Judged]:
    opened = open_sandbox(unsafe=flags.unsafe, tier=flags.tier, remote=flags.remote)
    sandbox = guarded(opened, log if flags.cache else None)
    if flags.unsafe:
        screen.warn("UNSAFE: programs run without isolation, with your rights")
    screen.tell_tier(sandbox.isolation)
    changed_tier(log, new, sandbox.isolation)
    try:
        return await rejudge(sandbox, log, new, run, items, every=flags.every, jobs=flags.jobs)
    finally:
        await sandbox.close()


def row_of(one: Judged) -> dict[str, Any]:
    return {
        "problem": one.was.problem,
        "cell": one.cell.key,
        "was": one.was.hidden,
        "now": one.now.hidden,
        "why": one.why,
    }


def show(
    judged: list[Judged],
    figures: dict[str, Any],
    runs: tuple[str, str],
    flags: RejudgeFlags,
    screen: Screen,
) -> None:
    old, new = runs
    changed = [one for one in judged if one.changed]
    cached = sum(one.now.cost["cached_runs"] for one in judged)
    candidates = reached(judged) if flags.every else []
    if flags.json:
        counts = {"answers": len(judged), "cached_runs": cached, "reached": candidates}
        rows = [row_of(one) for one in changed]
        print(json.dumps({"log": new, "of": old, "changed": rows, **counts, **figures}))
        return
    if changed:
        table(changed)
    tell(f"{len(changed)} of {len(judged)} verdicts changed.")
    show_figures(figures)
    tell_unmeasured(figures["cells"], screen)
    for row in candidates:
        tell(
            f"{row['cell']}: {row['answers_right']} of {row['problems']} answers are right; of "
            f"{row['any_right']} problems any of the {row['programs']} programs is."
        )
        if row["unmeasured"] or row["left_out"]:
            screen.warn(
                f"{row['cell']}: {row['unmeasured']} of these programs NOT MEASURED, and "
                f"{row['left_out']} problems left out for want of a verdict"
            )
    if cached:
        screen.say(f"{plural(cached, 'verdict')} came from the log; --no-cache judges them anew")


def table(changed: list[Judged]) -> None:
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    for name in ("problem", "cell", "was", "now", "why"):
        shown.add_column(name, overflow="fold")
    for one in changed:
        verdicts = (VERDICTS[one.was.hidden], VERDICTS[one.now.hidden])
        why = head(" ".join(one.why.split()), 60)
        shown.add_row(one.was.problem, f"{one.cell.strategy} {one.cell.selector}", *verdicts, why)
    Console(highlight=False, markup=False).print(shown)
