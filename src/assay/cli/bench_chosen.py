"""The problems that a verb of `bench` takes of a suite, and what it says of the others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.bench.audit import content_of, key_of, known
from assay.bench.suites import left_out, limit_items, load_suite, runnable
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import open_log
from assay.errors import NoSandbox, UsageError
from assay.feedback.shorten import visible
from assay.grade import Item
from assay.sandbox import Isolation, Sandbox, open_sandbox
from assay.store import default_path

REASONS = 8
"""Lines at most; all reasons are in the JSON and in the log."""
NAMES = 8
"""Problems named on a line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """Where programs run, as the flags say."""

    unsafe: bool
    tier: str | None
    remote: str | None

    def isolation(self) -> Isolation | None:
        """Of the sandbox that one gets here; `None`: none."""
        try:
            return run_async(self._isolation())
        except NoSandbox:
            return None

    async def _isolation(self) -> Isolation:
        sandbox = self.open(slots=1)
        try:
            return sandbox.isolation
        finally:
            await sandbox.close()

    def open(self, slots: int | None = None) -> Sandbox:
        """Raises `NoSandbox`, `UsageError`."""
        return open_sandbox(unsafe=self.unsafe, tier=self.tier, remote=self.remote, slots=slots)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What a comparison takes of a suite."""

    items: list[Item]
    left_out: dict[str, str]
    """The other problems, and why."""
    asked: list[Item]
    """All that the flags ask for and hidden tests grade."""
    outdated: int = 0
    """Problems that were found bad where programs ran otherwise; they are in `items`."""

    def as_begun(self, config: Mapping[str, Any]) -> "Chosen":
        """The problems that a run began with, whatever was found since. Raises `UsageError`."""
        here = {item.problem.id: item for item in self.asked}
        if gone := [problem for problem in config["problems"] if problem not in here]:
            why = self.left_out.get(gone[0], "it is not in the suite")
            raise UsageError(f"--resume: {gone[0]} of that run cannot be had now: {why}")
        items = [here[problem] for problem in config["problems"]]
        return replace(self, items=items, left_out=dict(config["left_out"]), outdated=0)

    def tell(self, screen: Screen) -> None:
        """Raises `UsageError` where nothing is left."""
        if not self.items:
            reasons = "; ".join(dict.fromkeys(self.left_out.values()))
            raise UsageError(
                f"no problem is left: {reasons} (--keep-bad takes what an audit found bad)"
            )
        tell_left_out(self.left_out, len(self.items) + len(self.left_out), screen)
        if self.outdated:
            screen.words(
                f"{self.outdated} problems are TAKEN that an audit found bad on another tier or "
                "with another toolchain: audit them here",
                "yellow",
            )


def choose(
    suite: str,
    data: Path | None,
    log: Path | None,
    machine: Machine,
    *,
    limit: int | None = None,
    every: int = 1,
    keep_bad: bool = False,
) -> Chosen:
    """The items asked for that hidden tests grade, that no audit of the log found bad, and that
    can be run here.

    Raises `UsageError` where no problem has hidden tests.
    """
    items = limit_items(load_suite(suite, data), limit, every)
    reasons = left_out(suite, data)
    graded = [item for item in items if item.hidden]
    if not graded:
        raise UsageError(
            f"no problem of {suite} has hidden tests, so nothing grades an answer; "
            "assay solve works with visible tests alone"
        )
    reasons |= {item.problem.id: "no hidden tests" for item in items if not item.hidden}
    bad, outdated = ({}, 0) if keep_bad else found_bad(graded, log, machine)
    good = [item for item in graded if item.problem.id not in bad]
    # Another machine has toolchains of its own.
    here, missing = (good, {}) if machine.remote else runnable(good, tier_for(good, machine))
    reasons |= bad
    reasons |= {
        item.problem.id: reason
        for item in good
        if (reason := missing.get(item.problem.language)) is not None
    }
    return Chosen(items=here, left_out=reasons, asked=graded, outdated=outdated)


def tier_for(items: Sequence[Item], machine: Machine) -> str:
    """The tier, where a language asks for one; else it is not looked for."""
    if all(item.problem.language == "python" for item in items):
        return ""
    isolation = machine.isolation()
    return isolation.tier if isolation is not None else ""


def found_bad(
    items: Sequence[Item], path: Path | None, machine: Machine
) -> tuple[dict[str, str], int]:
    """The problems that an audit of the log found bad, and why; and how many others it found so
    on another tier, or with another toolchain."""
    if not (path or default_path()).exists():
        return {}, 0
    with open_log(path) as log:
        before = known(log)
    contents = {key.partition("-")[0] for key, audited in before.items() if audited.bad}
    suspects = [item for item in items if content_of(item) in contents]
    isolation = machine.isolation() if suspects else None
    if isolation is None:
        return {}, 0
    audits = {
        item.problem.id: before.get(key_of(item, isolation, machine.remote)) for item in suspects
    }
    bad = {
        problem: "; ".join(finding.kind for finding in audited.findings)
        for problem, audited in audits.items()
        if audited is not None and audited.bad
    }
    return bad, sum(audited is None for audited in audits.values())


def tell_left_out(left_out: Mapping[str, str], total: int, screen: Screen) -> None:
    """A line a reason, also under `--json`: a problem is never missing without a word."""
    by_reason: dict[str, list[str]] = {}
    for problem, reason in left_out.items():
        by_reason.setdefault(reason, []).append(problem)
    shown = list(by_reason.items())[:REASONS]
    for reason, problems in shown:
        more = f" and {len(problems) - NAMES} more" if len(problems) > NAMES else ""
        names = ", ".join(problems[:NAMES]) + more
        line = f"{len(problems)} of {total} problems LEFT OUT: {reason} ({names})"
        screen.words(visible(line), "yellow")
    if rest := len(left_out) - sum(len(problems) for _, problems in shown):
        screen.words(f"{rest} of {total} problems LEFT OUT for other reasons", "yellow")
