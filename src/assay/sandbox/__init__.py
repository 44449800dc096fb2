"""Where code runs: a `Sandbox` turns a `Job` into a `Run` of `Verdict`s.

A program that fails is data. The sandbox's own failure is a `SandboxError`: no verdict.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from typing import TYPE_CHECKING, Literal, Protocol

from assay.errors import NoSandbox, UsageError
from assay.problem import Limits, Test

if TYPE_CHECKING:
    from assay.sandbox.blocking import Blocking

Outcome = Literal[
    "passed",
    "wrong",
    "raised",
    "build_failed",
    "timeout",
    "memory",
    "output",
    "killed",
    "denied",
    "skipped",
]
"""`wrong` gave another value; `output` printed too much; `killed` died by a signal;
`denied` tried what the sandbox refuses; `skipped`: a test before it ended the run."""

Judging = Literal["isolated", "in-process"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """What a tier enforces; every run carries it."""

    tier: Literal["namespaces", "landlock", "container", "remote", "unsafe", "scripted"]
    filesystem: bool
    network: bool
    processes: bool
    memory: bool
    far: str | None = None
    """Of `remote`: the tier there, or what speaks there; the marks above are what it claims.
    Of `container`: its engine, its image with the number of it, and the Python in it."""
    note: str = ""
    """Why no better tier, where the best that works was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """The evidence of a verdict; what is not known is `None`. Text is shortened to a few KB."""

    call: str | None = None
    """What was called, as the test wrote it."""
    expected: str | None = None
    """`repr` of the value asked for."""
    actual: str | None = None
    """`repr` of the value that came."""
    exception: str | None = None
    """Type name of what was raised."""
    message: str | None = None
    line: int | None = None
    """1-based line of the candidate where it was raised, or where it was when time ran out."""
    source: str | None = None
    """The text of that line."""
    column: int | None = None
    """1-based place in `source` of the expression that raised."""
    denied: str | None = None
    """What the sandbox refused: the error's name, and the path where there was one."""
    exit_status: int | None = None
    """Of a program that ended by itself."""
    signal: str | None = None
    """Name of the signal that ended it, for instance `SIGSEGV`."""
    limit: str | None = None
    """Which limit ended it and its value, for instance `5 s of CPU`."""
    stack: str | None = None
    """When time ran out: the calls of the candidate that were open, if more than one, innermost
    first, for instance `line 3 in g, line 9 in f`."""
    stdout: str = ""
    """What the candidate printed during this test (first and last part), also where a limit or
    a signal ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    test: str
    """Id of the test."""
    outcome: Outcome
    detail: Detail = field(default_factory=Detail)
    judging: Judging = "isolated"
    cpu_seconds: float | None = None
    peak_bytes: int | None = None
    """Memory that the candidate's process used at most, beyond the interpreter's own."""
    flaky: bool = False
    """A rerun gave another outcome (`flaky.steady`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One message of a build, 1-based positions."""

    message: str
    line: int | None = None
    column: int | None = None
    source: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One candidate and the tests to run it on. No tests: run it as a program."""

    code: str
    tests: tuple[Test, ...] = ()
    language: str = "python"
    limits: Limits = field(default_factory=Limits)
    stdin: str = ""
    """Only read where there are no tests."""

    @property
    def digest(self) -> str:
        """Of the program, the tests and the input: a run of it carries this."""
        text = repr((self.code, self.tests, self.language, self.stdin))
        return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What a job gave: one verdict a test, in the order of the tests."""

    verdicts: tuple[Verdict, ...]
    isolation: Isolation
    outcome: Outcome
    """`passed` when every verdict is (or, without tests, when the program ended with status 0);
    else that of the first verdict that is not."""
    diagnostics: tuple[Diagnostic, ...] = ()
    detail: Detail = field(default_factory=Detail)
    """Of the program itself, where there are no tests or it did not load."""
    stdout: str = ""
    stderr: str = ""
    cpu_seconds: float = 0.0
    wall_seconds: float = 0.0
    peak_bytes: int | None = None
    """Most memory at once. With a cgroup: of all its processes, files in its work folder
    included; else of the process that used most, beyond the interpreter's own."""
    flaky: bool = False
    """A rerun gave another outcome (`flaky.steady`)."""
    cached: bool = False
    """True when it came from the log (`shared`): nothing was run for it now."""
    job: str | None = None
    """`digest` of the job that it is of, so that answers that got mixed up are noticed (`checked`);
    `None`: what ran it does not say."""

    @property
    def passed(self) -> bool:
        return self.outcome == "passed"

    @property
    def judging(self) -> Judging:
        """`in-process` as soon as one verdict is."""
        marks = {verdict.judging for verdict in self.verdicts}
        return "in-process" if "in-process" in marks else "isolated"

    @property
    def share_passed(self) -> float | None:
        """Passed verdicts over all verdicts; `None` without tests."""
        if not self.verdicts:
            return None
        return sum(v.outcome == "passed" for v in self.verdicts) / len(self.verdicts)


class Sandbox(Protocol):
    """Runs jobs. Each is independent of the others, whatever it does."""

    @property
    def isolation(self) -> Isolation: ...

    async def run(self, jobs: list[Job]) -> list[Run]:
        """One run a job, in order. Raises `SandboxError` for a failure of ours."""
        ...

    async def close(self) -> None:
        """Ends every process that it started; may be called twice."""
        ...


TIERS = {
    "namespaces": "assay.sandbox.namespaces",
    "landlock": "assay.sandbox.landlock",
    "container": "assay.sandbox.container",
    "unsafe": "assay.sandbox.unsafe",
}
"""The tiers of this machine, best first, and the module of each: it has `open_tier`, and
`try_out` where it isolates. `unsafe` only where it is asked for; `remote` by its URL."""
ISOLATING = tuple(tier for tier in TIERS if tier != "unsafe")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What this machine can isolate."""

    tier: str
    works: bool
    message: str
    """One line: what is enforced, or what is missing and how to get it."""


def probe(remote: str | None = None) -> list[Probe]:
    """Does the whole set-up of each isolating tier in a throw-away process. Never raises.

    With `remote`, the URL of a sandbox elsewhere, that comes first.
    """
    found = [import_module(TIERS[name]).try_out() for name in ISOLATING]
    if remote is None:
        return found
    from assay.sandbox.remote import try_out as try_remote

    return [try_remote(remote), *found]


def open_sandbox(
    *,
    unsafe: bool = False,
    slots: int | None = None,
    remote: str | None = None,
    token: str | None = None,
    tier: str | None = None,
) -> Sandbox:
    """A sandbox with `slots` jobs at once (default: one a core; of `remote`: what it has).

    `tier` demands one of `ISOLATING`; without it the best that works is taken, and `isolation`
    says which, and why no better one. Only `unsafe=True` gives one without isolation. `remote` is
    the URL of another Assay or of a SandboxFusion-compatible server, which `token` opens.
    Raises `NoSandbox` where this machine cannot isolate so, and says what is missing, or where
    nothing answers at `remote`; `UsageError` for a tier that is not there, and for more than one
    of `remote`, `tier` and `unsafe`.
    """
    if remote is not None:
        from assay.sandbox.remote import open_remote

        if unsafe or tier is not None:
            raise UsageError("a remote sandbox isolates as it does there: no tier and no unsafe")
        return open_remote(remote, token, slots)
    if unsafe and tier is None:
        return _open("unsafe", slots, "")
    if unsafe or (tier is not None and tier not in ISOLATING):
        known = ", ".join(ISOLATING)
        raise UsageError(f"tier {tier!r}: one of {known}; without isolation only as --unsafe")
    if tier is not None:
        return _open(tier, slots, "")
    missing: list[str] = []
    for name in ISOLATING:
        try:
            return _open(name, slots, "; ".join(missing))
        except NoSandbox as error:
            missing.append(str(error))
    raise NoSandbox(f"{'; '.join(missing)}. --unsafe runs code without isolation")


def _open(tier: str, slots: int | None, note: str) -> Sandbox:
    opened: Sandbox = import_module(TIERS[tier]).open_tier(slots, note)
    return opened


def open_blocking(
    *,
    unsafe: bool = False,
    slots: int | None = None,
    remote: str | None = None,
    token: str | None = None,
    tier: str | None = None,
) -> "Blocking":
    """As `open_sandbox`, for code that does not await: `with open_blocking() as box: box.run(…)`.

    Raises `NoSandbox`, `UsageError`.
    """
    from assay.sandbox.blocking import Blocking

    return Blocking(
        lambda: open_sandbox(unsafe=unsafe, slots=slots, remote=remote, token=token, tier=tier)
    )
