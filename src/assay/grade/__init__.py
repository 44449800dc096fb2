"""Hidden tests: they exist from here down. The verdict that counts."""

from dataclasses import dataclass, replace
from typing import Literal
from weakref import WeakKeyDictionary

from assay.errors import SandboxError, UsageError
from assay.problem import Limits, Problem, Test
from assay.sandbox import Job, Run, Sandbox
from assay.search.driver import job_for

Split = Literal["train", "test"]

GRADE_SECONDS = 10.0
"""CPU time of a hidden test file: it holds many checks, and a slow right program is right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A problem with the tests that decide, which no solver sees."""

    problem: Problem
    hidden: tuple[Test, ...] = ()
    reference: str | None = None
    """A program that is held to be right: for audits and simulated people, never for a solver."""
    split: Split = "test"
    limits: Limits | None = None
    """Of a hidden test; `None`: those of the problem, and at least `GRADE_SECONDS`."""
    begin: str | None = None
    """What a completion goes on from, where somebody else wrote it; `None`: the problem's text."""
    proven: bool = False
    """Its tests may need what is not here: they say something only where the reference passes."""


def hidden_job(item: Item, code: str) -> Job:
    """A program on the hidden tests."""
    return replace(job_for(item.problem, code, item.hidden), limits=limits_of(item))


async def grade(sandbox: Sandbox, item: Item, code: str | None) -> Run | None:
    """The program's run on the hidden tests; `None` is unmeasured: no hidden tests, or a failure
    of the sandbox, or tests that the reference does not pass here. A program that does not exist
    fails: see `solved`."""
    if not item.hidden or code is None:
        return None
    try:
        if item.proven and not await works_here(sandbox, item):
            return None
        [run] = await sandbox.run([hidden_job(item, code)])
    except (SandboxError, UsageError):
        return None
    return run


_WORKS: WeakKeyDictionary[Sandbox, dict[Item, bool]] = WeakKeyDictionary()
"""Of each sandbox, whether the reference passed in it."""


async def works_here(sandbox: Sandbox, item: Item) -> bool:
    """Whether the reference passes in this sandbox, where it runs once. Raises `SandboxError`,
    `UsageError`."""
    known = _WORKS.setdefault(sandbox, {})
    if item not in known:
        [run] = await sandbox.run([hidden_job(item, item.reference or "")])
        known[item] = run.passed
    return known[item]


def limits_of(item: Item) -> Limits:
    """Of each hidden test."""
    if item.limits is not None:
        return item.limits
    return timed(item.problem.limits, max(item.problem.limits.cpu_seconds, GRADE_SECONDS))


def timed(limits: Limits, seconds: float) -> Limits:
    """With that CPU time; the wall time is longer, so that a busy machine wrongs nobody."""
    return replace(limits, cpu_seconds=seconds, wall_seconds=max(3 * seconds, 15.0))


def solved(item: Item, code: str | None, run: Run | None) -> bool | None:
    """True, False, or `None` where it was not measured. No code on a measured attempt is False."""
    if not item.hidden:
        return None
    if code is None:
        return False
    return None if run is None else run.passed
