"""Is each problem of a suite fit to compare on? `assay bench audit`.

The reference runs several times on all tests, and programs that do nothing run on the hidden ones.
A problem that this finds bad is left out of comparisons, until it or its tests change. What could
not be measured is no verdict.
"""

import asyncio
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from assay.bench import idle
from assay.bench.contradictions import contradiction
from assay.bench.stored import digest
from assay.errors import SandboxError, UsageError
from assay.grade import Item, hidden_job
from assay.sandbox import Isolation, Job, Run, Sandbox
from assay.sandbox.languages import resolve
from assay.sandbox.languages.python import is_own
from assay.search.driver import job_for
from assay.store import Log

VERSION = 2
"""Of the checks: with another one, problems are audited anew."""

Kind = Literal["reference fails", "flaky", "contradiction", "accepts nothing"]
"""The reference fails hidden tests; outcomes differ from run to run; it fails visible tests, or
two tests want two values of one call; a program that does nothing passes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    kind: Kind
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What is known of one problem."""

    problem: str
    key: str
    """`key_of` the item, where it was audited: an edited problem has another."""
    repeat: int
    """Runs of the reference."""
    findings: tuple[Finding, ...] = ()
    unchecked: str = ""
    """What could not be looked at: no reference, no hidden tests."""
    unmeasured: str = ""
    """The failure of ours that left it without a verdict."""

    @property
    def bad(self) -> bool:
        return bool(self.findings) and not self.unmeasured


def key_of(item: Item, isolation: Isolation, url: str | None = None) -> str:
    """All that an audit depends on: `content_of` the item, a dash, and where programs run: the
    tier, the version of the toolchain, and of a sandbox elsewhere its `url`."""
    marks = replace(isolation, note="")
    version = version_of(item.problem.language) if url is None else ""
    return f"{content_of(item)}-{digest((marks, version, url))}"


def content_of(item: Item) -> str:
    return digest((VERSION, item.problem, item.hidden, item.limits, item.reference))


def version_of(language: str) -> str:
    """Empty where it cannot be run."""
    if is_own(language):
        return sys.version
    try:
        return resolve(language)[1].version
    except UsageError:
        return ""


async def audit(sandbox: Sandbox, item: Item, repeat: int, url: str | None = None) -> Audited:
    """`url`: where the sandbox is, if elsewhere."""
    unchecked = "" if item.reference else "no reference solution"
    unchecked = unchecked if item.hidden else "no hidden tests"
    detail, unmeasured = contradiction(item), ""
    findings = [Finding(kind="contradiction", detail=detail)] if detail else []
    try:
        if item.reference and item.hidden:
            findings += await of_reference(sandbox, item, item.reference, repeat)
        if item.hidden:
            findings += await of_idle(sandbox, item)
    except (SandboxError, UsageError) as error:
        unmeasured = str(error) or type(error).__name__
    return Audited(
        problem=item.problem.id,
        key=key_of(item, sandbox.isolation, url),
        repeat=repeat,
        findings=tuple(findings),
        unchecked=unchecked,
        unmeasured=unmeasured,
    )


async def of_reference(sandbox: Sandbox, item: Item, reference: str, repeat: int) -> list[Finding]:
    """One run after another, so that they do not disturb each other. Raises `SandboxError`."""
    hidden = await repeated(sandbox, hidden_job(item, reference), repeat)
    visible: list[Run] = []
    if item.problem.tests:
        job = job_for(item.problem, reference, item.problem.tests)
        visible = await repeated(sandbox, job, repeat)
    found = [
        Finding(kind="flaky", detail=f"{kind} test {detail}")
        for kind, runs in (("hidden", hidden), ("visible", visible))
        if (detail := differing(runs))
    ]
    if found:
        return found
    if not hidden[0].passed:
        return [Finding(kind="reference fails", detail=f"hidden test {failure(hidden[0])}")]
    if visible and not visible[0].passed:
        detail = f"the reference passes the hidden tests, not visible test {failure(visible[0])}"
        return [Finding(kind="contradiction", detail=detail)]
    return []


async def repeated(sandbox: Sandbox, job: Job, repeat: int) -> list[Run]:
    runs = [(await sandbox.run([job]))[0] for _ in range(repeat)]
    for verdict in (verdict for run in runs for verdict in run.verdicts):
        # Waiting for the processor says something about this machine, not about the problem.
        if verdict.outcome == "timeout" and "wall" in (verdict.detail.limit or ""):
            raise SandboxError(f"test {verdict.test} took over {verdict.detail.limit}")
    return runs


def differing(runs: Sequence[Run]) -> str:
    """The first test whose outcome is not the same in all runs, and its outcomes."""
    for verdicts in zip(*(run.verdicts for run in runs), strict=True):
        outcomes = [verdict.outcome for verdict in verdicts]
        if len(set(outcomes)) > 1:
            return f"{verdicts[0].test}: {', '.join(outcomes)}"
    outcomes = [run.outcome for run in runs]
    return ", ".join(outcomes) if len(set(outcomes)) > 1 else ""


def failure(run: Run) -> str:
    """The first test that failed, and why, in a line."""
    verdict = next((v for v in run.verdicts if v.outcome != "passed"), None)
    if verdict is None:
        return f"of the program itself: {run.outcome}"
    detail = verdict.detail
    values = f"{detail.actual} for {detail.expected}" if detail.expected else ""
    why = detail.limit or detail.message or values
    words = (f"{verdict.test}:", verdict.outcome, detail.exception, why)
    return " ".join(word for word in words if word)[:300]


async def of_idle(sandbox: Sandbox, item: Item) -> list[Finding]:
    """Raises `SandboxError`, `UsageError`."""
    for label, code in idle.programs(item).items():
        [run] = await sandbox.run([hidden_job(item, code)])
        if run.passed:
            detail = f"a program that {label} passes the hidden tests"
            return [Finding(kind="accepts nothing", detail=detail)]
    return []


# A whole suite, and the log


async def audit_all(
    sandbox: Sandbox,
    items: Iterable[Item],
    *,
    repeat: int,
    jobs: int,
    listener: Callable[[Audited], None],
    url: str | None = None,
) -> None:
    waiting = asyncio.Semaphore(jobs)

    async def one(item: Item) -> None:
        async with waiting:
            listener(await audit(sandbox, item, repeat, url))

    async with asyncio.TaskGroup() as group:
        for item in items:
            group.create_task(one(item))


def keep(log: Log, run: str, audited: Audited) -> None:
    """Writes it down; an unmeasured one is kept as such and is no verdict."""
    kind = "unmeasured" if audited.unmeasured else "audit"
    log.append(run, audited.problem, kind, asdict(audited))


def known(log: Log) -> dict[str, Audited]:
    """The newest audit of each problem that the log has, by `key_of`."""
    found = (audited_from(body) for body in log.audits())
    return {audited.key: audited for audited in found if audited is not None}


def audited_from(body: dict[str, Any]) -> Audited | None:
    """`None` for one that another version of Assay wrote in another form."""
    try:
        findings = tuple(Finding(**finding) for finding in body["findings"])
        return Audited(**{**body, "findings": findings})
    except (KeyError, TypeError):
        return None
