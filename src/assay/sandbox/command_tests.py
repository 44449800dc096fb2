"""Tests that are commands: the candidate as a file among others, judged by how a command ends."""

import shlex
import sys
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from assay.errors import UsageError
from assay.problem import Command
from assay.sandbox import Detail, Job, Judging, Outcome, Verdict, commands
from assay.sandbox.artefacts import Files
from assay.sandbox.child import pack
from assay.sandbox.child.report import around, shorten
from assay.sandbox.child.root import PACKAGES
from assay.sandbox.languages import Toolchain, python
from assay.sandbox.layout import interpreter
from assay.sandbox.programs import ProgramRun, same_output
from assay.sandbox.worker import Worker

_ENVIRONMENT: Mapping[str, str] = MappingProxyType({"PYTHONPATH": PACKAGES})
_PYTHON = ("python", "python3")
_OWN = replace(python.version(sys.version_info.minor), name="python", environment=_ENVIRONMENT)
"""The Python that runs Assay, as a command; it finds pytest where that is installed."""


def judge_command(worker: Worker, job: Job, test: Command) -> tuple[Verdict, ProgramRun]:
    """Runs the command in a folder with the files, and judges its status and output, here.

    Raises `UsageError` for what cannot be run in this tier, and for files that cannot be laid out.
    """
    made = _target(worker, job, test)
    built: Files | ProgramRun = {}
    if made.language.build is not None:
        built = commands.build(made)
    if isinstance(built, ProgramRun):
        return _verdict(test, "build_failed", built.detail, built), built
    files = built | made.source()
    for name, text in test.files:
        if name in files:
            raise UsageError(f"test {test.id}: the file {name!r} is the program's own")
        files[name] = text.encode("utf-8", "surrogateescape")
    _check(test, files)
    made, words = _started_by(made, test.argv)
    try:
        done = commands.execute(made, words, files, job.limits, stdin=test.stdin)
    except commands.Unstarted as error:
        broken = ProgramRun(
            outcome="skipped",
            detail=Detail(message=f"the test is broken: {error}"),
            stdout="", stderr="", diagnostics=(), cpu_seconds=0.0, peak=None,
        )  # fmt: skip
        return _verdict(test, broken.outcome, broken.detail, broken), broken
    return _judged(test, done), done.run


def _target(worker: Worker, job: Job, test: Command) -> commands.Target:
    if worker.tier == "landlock":
        raise UsageError(
            f"test {test.id} is a command, and programs of the landlock tier start no others:"
            " it needs user namespaces (`assay doctor`)"
        )
    if python.is_own(job.language):
        tools = Toolchain(version="", programs=(interpreter(),))
        code = job.code.encode("utf-8", "surrogateescape")
        made = commands.Target(worker=worker, language=_OWN, tools=tools, file="main.py", code=code)
    else:
        made = commands.target(worker, job)
    return replace(made, file=test.file) if test.file else made


def _started_by(made: commands.Target, argv: tuple[str, ...]) -> tuple[commands.Target, list[str]]:
    """The words with the whole path of an interpreter. `python` is the candidate's own where it is
    Python, else the one that runs Assay, with its packages."""
    first, *more = argv
    program = made.tools.programs[0]
    if first in _PYTHON and not made.language.name.startswith("python"):
        environment = {**made.language.environment, **_ENVIRONMENT}
        made = replace(made, language=replace(made.language, environment=environment))
        return made, [interpreter(), *more]
    own = first in (*_PYTHON, program.rpartition("/")[2])
    return made, [program if own else first, *more]


def _check(test: Command, files: Files) -> None:
    if not test.argv:
        raise UsageError(f"test {test.id}: argv is empty")
    try:
        pack.checked([[name, len(data)] for name, data in files.items()], _size(files))
    except pack.Refused as error:
        raise UsageError(f"test {test.id}: {error}") from None


def _size(files: Files) -> int:
    return sum(map(len, files.values()))


def _judged(test: Command, done: commands.Ended) -> Verdict:
    run, status = done.run, done.status
    ended = status is not None and run.outcome in ("passed", "raised", "denied")
    detail = replace(run.detail, exit_status=status if ended else None)
    outcome: Outcome = run.outcome
    if ended and status == test.status:
        same = test.expected is None or same_output(run.stdout, test.expected, test.comparison)
        outcome = "passed" if same else "wrong"
        detail = Detail(exit_status=status)
        if test.expected is not None:
            wanted, given = around(repr(test.expected), repr(run.stdout))
            detail = replace(detail, expected=wanted, actual=given)
    elif ended:
        outcome = "wrong" if outcome == "passed" else outcome
        detail = replace(
            detail, expected=f"exit status {test.status}", actual=f"exit status {status}"
        )
    return _verdict(test, outcome, detail, run)


def _verdict(test: Command, outcome: Outcome, detail: Detail, run: ProgramRun) -> Verdict:
    """Isolated where only the output decides, which nothing in the sandbox knows: a program that
    shares a process with test code can end it with any status."""
    judging: Judging = "isolated" if test.expected is not None and not test.files else "in-process"
    detail = replace(detail, call=shorten(shlex.join(test.argv)), stdout=shorten(run.stdout))
    return Verdict(
        test=test.id,
        outcome=outcome,
        detail=detail,
        judging=judging,
        cpu_seconds=run.cpu_seconds,
        peak_bytes=run.peak,
    )
