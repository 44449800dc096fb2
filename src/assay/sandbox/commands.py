"""A candidate in another language as a whole program: built, run, and told how it ended."""

import contextlib
import math
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assay.errors import SandboxError, UsageError
from assay.problem import Limits
from assay.problem.stubs import code_lines
from assay.sandbox import Detail, Diagnostic, Job, Outcome, verdicts
from assay.sandbox.artefacts import CACHE, Files, key_of
from assay.sandbox.candidate_run import CandidateRun, Place, stdin_file
from assay.sandbox.child import pack
from assay.sandbox.child.report import shorten
from assay.sandbox.child.wire import close_all
from assay.sandbox.languages import Command, Language, Toolchain, resolve
from assay.sandbox.programs import ProgramRun
from assay.sandbox.worker import Worker

_REFUSED = re.compile(
    r"\b(EACCES|EPERM|EROFS|Permission denied|Operation not permitted|Read-only file system)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Target:
    """A language on a worker, and the candidate's source as a file."""

    worker: Worker
    language: Language
    tools: Toolchain
    file: str
    code: bytes

    def words(self, command: Command, limits: Limits) -> list[str]:
        return list(command(self.tools, self.file, limits))

    def source(self) -> Files:
        support = {name: Path(path).read_bytes() for name, path in self.language.support.items()}
        return support | {self.file: self.code}


def target(worker: Worker, job: Job) -> Target:
    """Raises `UsageError` where the language cannot be run here."""
    if worker.tier == "landlock":
        raise UsageError(
            f"the landlock tier runs Python only, as its programs start no others: {job.language}"
            " needs user namespaces (`assay doctor`)"
        )
    language, tools = resolve(job.language)
    file = language.file(job.code) + language.extension
    code = job.code.encode("utf-8", "surrogateescape")
    return Target(worker=worker, language=language, tools=tools, file=file, code=code)


class Unstarted(SandboxError):
    """The command is not there, or is nothing that can be executed."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """How one command went, and what it left."""

    run: ProgramRun
    status: int | None
    """`None` where a limit ended it."""
    files: Files
    refused: str | None
    """Why what it left cannot be taken."""


def run_program(worker: Worker, job: Job, stdin: str) -> ProgramRun:
    """Builds it where its language is built, then runs it to its end or its limits."""
    made = target(worker, job)
    files = made.source()
    if made.language.build is not None:
        built = build(made)
        if isinstance(built, ProgramRun):
            return built
        files = built
    words = made.words(made.language.run, job.limits)
    done = execute(made, words, files, job.limits, stdin=stdin)
    run = done.run
    if made.language.check is not None and run.outcome == "raised":
        run = _checked(made, run)
    return replace(run, detail=verdicts.with_source(run.detail, job.code))


def build(made: Target) -> Files | ProgramRun:
    """What the build leaves, from the cache where it was built before; or how it failed."""
    language = made.language
    assert language.build is not None
    words = made.words(language.build, language.limits)
    key = key_of(made.worker.tier, language.name, made.tools.version, *words, made.code)
    kept = CACHE.get(key)
    if kept is not None:
        return kept
    files = made.source() | _warmed(made)
    done = execute(made, words, files, language.limits, collect=language.artefact)
    if done.status == 0 and done.files:
        CACHE.put(key, done.files)
        return done.files
    return _not_built(made, done)


def _warmed(made: Target) -> Files:
    """The compiler's own cache as it is after a build of ours; no candidate writes to it."""
    language = made.language
    if not language.warm or language.build is None:
        return {}
    ours = replace(made, code=language.warm.encode())
    words = ours.words(language.build, language.limits)
    key = key_of(made.worker.tier, language.name, made.tools.version, *words, "warm", ours.code)
    kept = CACHE.get(key)
    if kept is None:
        done = execute(ours, words, ours.source(), language.limits, collect="cache")
        kept = {f"cache/{name}": data for name, data in done.files.items()}
        CACHE.put(key, kept)
    return kept


def _not_built(made: Target, done: Ended) -> ProgramRun:
    run = done.run
    found = _diagnose(made, run.stderr + run.stdout)
    detail = run.detail
    if detail.limit is not None:
        detail = replace(detail, limit=f"{detail.limit} to build")
    elif found:
        detail = Detail(message=found[0].message, line=found[0].line, source=found[0].source)
    else:
        refused = done.refused if done.status == 0 else None  # else nothing was to be left
        said = refused or run.stderr.strip() or run.stdout.strip() or "the build failed"
        detail = replace(detail, message=shorten(said))
    detail = verdicts.with_source(detail, made.code.decode("utf-8", "replace"))
    return replace(run, outcome="build_failed", detail=detail, diagnostics=found)


def _diagnose(made: Target, text: str) -> tuple[Diagnostic, ...]:
    """What the tools complained about, with the text of the lines."""
    lines = code_lines(made.code.decode("utf-8", "replace"))
    return tuple(
        replace(each, source=each.source or shorten(lines[each.line - 1].rstrip()) or None)
        if each.line and each.line <= len(lines)
        else each
        for each in made.language.diagnose(text)
    )


def _checked(made: Target, run: ProgramRun) -> ProgramRun:
    """The same run, as `build_failed` where the source is not well-formed."""
    language = made.language
    assert language.check is not None
    words = made.words(language.check, language.limits)
    key = key_of(made.worker.tier, language.name, made.tools.version, *words, made.code)
    if CACHE.get(key) is not None:
        return run
    done = execute(made, words, made.source(), language.limits)
    if done.status == 0:
        CACHE.put(key, {})
        return run
    found = _diagnose(made, done.run.stderr)
    if done.status is None or not found:
        return run
    detail = Detail(message=found[0].message, line=found[0].line, source=found[0].source)
    return replace(run, outcome="build_failed", detail=detail, diagnostics=found)


def execute(
    made: Target,
    words: list[str],
    files: Files,
    limits: Limits,
    *,
    stdin: str = "",
    collect: str = "",
) -> Ended:
    """One command in a sandbox of its own, with these files in its work folder."""
    with started(made, words, files, limits, stdin=stdin, collect=collect) as (run, result):
        try:
            stop = run.watch(lambda: bool(run.line.messages), [run.line])
            stopped = run.stopped(stop) if stop is not None and stop != "gone" else None
            memory = made.worker.memory
            peak, exhausted = memory.peak() if memory else None, run.out_of_memory()
        finally:
            ended: int | None = run.end()
        message = run.line.take()
        known = message if type(message) is dict else {}
        if "unstarted" in known:
            raise Unstarted(f"it could not be started: {verdicts.text(known['unstarted'])}")
        if stopped is None and not exhausted:
            run.check_reached(f"ended before the command (status {ended})")
        if collect and stopped is None:
            if "ended" not in known and not exhausted:
                raise SandboxError("the sandbox's process ended before the build was packed")
            ended = verdicts.status_of(known)
        left, refused = _left(result, known)
    outcome, detail = stopped or _meaning(made.language, run, ended or 0, limits, exhausted)
    program = ProgramRun(
        outcome=outcome,
        detail=detail,
        stdout=run.streams.out.text(),
        stderr=run.streams.err.text(),
        diagnostics=(),
        cpu_seconds=run.cpu_seconds,
        peak=run.peak_bytes if peak is None else peak,
    )
    return Ended(run=program, status=None if stopped else ended, files=left, refused=refused)


def _left(result: int, known: dict[str, Any]) -> tuple[Files, str | None]:
    """The files that a command left, and why they cannot be taken."""
    try:
        return pack.read(result, known.get("files", [])), verdicts.text(known.get("refused"))
    except pack.Refused as error:
        return {}, str(error)


@contextlib.contextmanager
def started(
    made: Target,
    words: list[str],
    files: Files,
    limits: Limits,
    *,
    op: str = "command",
    tests: int = 1,
    stdin: str = "",
    collect: str = "",
) -> Iterator[tuple[CandidateRun, int]]:
    """A process that lays out the files and starts the command; and where it packs results.

    The caller ends the process.
    """
    extra = sum(map(len, files.values())) // (1 << 20) + 1
    place = Place(
        zygote=made.worker.tools(made.tools.folders),
        address_space=made.language.address_space and made.worker.memory is None,
        grace=0.05,
        extra_mb=extra,
    )
    memory_files = [os.memfd_create("files"), os.memfd_create("result"), stdin_file(stdin)]
    folder = tempfile.mkdtemp(prefix="assay-") if made.worker.tier == "unsafe" else None
    try:
        order = {
            "op": op,
            "argv": words,
            "environment": _environment(made, folder or "/tmp"),
            "files": pack.write(memory_files[0], files),
            "folder": folder,
            "collect": collect,
            "cpu_limit": math.ceil(limits.cpu_seconds * tests),
        }
        run = CandidateRun(
            made.worker, limits, tests, memory_files[2], place=place, more=memory_files[:2]
        )
        run.send(order)
        yield run, memory_files[1]
    finally:
        close_all(memory_files)
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def _environment(made: Target, work: str) -> dict[str, str]:
    base = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": work,
        "TMPDIR": work,
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",
    }
    own = made.language.environment.items()
    return base | {name: value.replace("{work}", work) for name, value in own}


def _meaning(
    language: Language, run: CandidateRun, status: int, limits: Limits, exhausted: bool
) -> tuple[Outcome, Detail]:
    """What an exit status says, with what stderr tells of it."""
    if run.streams.full:
        return run.stopped("output")
    if status == 0:
        return "passed", Detail()
    errors = run.streams.err.text()
    if exhausted or any(mark in errors for mark in language.exhausted):
        return "memory", Detail(limit=f"{limits.memory_mb} MB of memory")
    if status == -signal.SIGXCPU:
        return "timeout", Detail(limit=f"{limits.cpu_seconds:g} s of CPU", signal="SIGXCPU")
    told = _trouble(language, errors)
    if status < 0:
        outcome, detail = run.ended(status)
        return outcome, verdicts.merged(told, detail)
    told = replace(told, message=f"{told.message or 'ended'} (exit status {status})")
    if _REFUSED.search(told.message or ""):
        return "denied", told
    return "raised", verdicts.no_room("raised", told, limits, errors)


def _trouble(language: Language, errors: str) -> Detail:
    """The exception, message and line that a runtime wrote before it ended."""
    found = language.trouble.search(errors[-8000:]) if language.trouble else None
    known: dict[str, Any] = found.groupdict() if found else {}
    line = known.get("line")
    return Detail(
        exception=verdicts.text(known.get("exception")),
        message=verdicts.text(known.get("message")),
        line=int(line) if line else None,
    )
