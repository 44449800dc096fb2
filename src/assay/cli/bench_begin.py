"""How a run of `assay bench` begins, or with `--resume` goes on: what of the suite it takes, and
what its configuration says."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assay.bench import Cell
from assay.bench.audit import key_of, known
from assay.bench.resume import differing, problems_of, same_run
from assay.bench.stored import asked, graded_by
from assay.bench.suites import left_out, limit_items, load_suite, runnable
from assay.cli.bench_grid import GridFlags
from assay.cli.screen import Screen
from assay.cli.session import Settings, open_log
from assay.errors import UsageError
from assay.grade import Item
from assay.store import Log, RunRow, default_path

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a comparison takes of a suite."""

    items: list[Item]
    left_out: dict[str, str]
    """The other problems, and why."""
    asked: list[Item]
    """All that the flags ask for, those left out included."""
    missing: dict[str, str]
    """Languages that cannot be run here, and why."""

    def as_begun(self, config: Mapping[str, Any]) -> "Chosen":
        """The problems that a run began with, whatever was found since. Raises `UsageError`."""
        here = {item.problem.id: item for item in self.asked}
        if gone := [problem for problem in config["problems"] if problem not in here]:
            why = self.left_out.get(gone[0], "it is not in the suite")
            raise UsageError(f"--resume: {gone[0]} of that run cannot be had now: {why}")
        items = [here[problem] for problem in config["problems"]]
        return replace(self, items=items, left_out=dict(config["left_out"]), missing={})


def choose(settings: Settings, flags: BenchFlags) -> Chosen:
    """The items asked for, without those that an audit of the log found bad, and without those
    whose language cannot be run here."""
    items = limit_items(load_suite(flags.suite, flags.data), flags.limit, flags.every)
    reasons = left_out(flags.suite, flags.data) | bad(items, flags.keep_bad, settings.log)
    missing: dict[str, str] = {}
    if settings.remote is None:  # another machine has toolchains of its own
        _, missing = runnable([item for item in items if item.problem.id not in reasons])
    for item in items:
        if item.problem.language in missing:
            reasons.setdefault(item.problem.id, missing[item.problem.language])
    kept = [item for item in items if item.problem.id not in reasons]
    return Chosen(items=kept, left_out=reasons, asked=items, missing=missing)


def bad(items: Sequence[Item], keep: bool, path: Path | None) -> dict[str, str]:
    """Those that an audit of the log found so, and why."""
    if keep or not (path or default_path()).exists():
        return {}
    with open_log(path) as log:
        before = known(log)
    found = {item.problem.id: before.get(key_of(item)) for item in items} if before else {}
    return {
        problem: "; ".join(finding.kind for finding in audited.findings)
        for problem, audited in found.items()
        if audited is not None and audited.bad
    }


def tell_left_out(chosen: Chosen, screen: Screen) -> None:
    """Raises `UsageError` where nothing is left."""
    languages = chosen.missing.values()
    by_audit = {name: why for name, why in chosen.left_out.items() if why not in languages}
    if by_audit:
        screen.say(f"left out {len(by_audit)} problems: {named(by_audit)}", "yellow")
    for language, reason in chosen.missing.items():
        count = list(chosen.left_out.values()).count(reason)
        screen.warn(
            f"{count} of {len(chosen.asked)} problems LEFT OUT, those in {language}: {reason}"
        )
    if not chosen.items and chosen.missing:
        raise UsageError("no problem is left: none of their languages can be run here")
    if not chosen.items:
        raise UsageError("the audit found every problem of the suite bad (--keep-bad takes them)")


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
    settings: Settings, flags: BenchFlags, grid: GridFlags, cells: Sequence[Cell], chosen: Chosen
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
