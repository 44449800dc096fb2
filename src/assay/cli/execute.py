"""`assay run`: one program, in the sandbox, with the evidence of its verdict."""

import asyncio
import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.cli import verdict
from assay.cli.run import INTERRUPTED, run_async
from assay.cli.screen import Screen
from assay.errors import AssayError, ProblemError, UsageError
from assay.problem import Command, Io, Limits, Test
from assay.problem.reading import MAX_BYTES, decoded, read_bytes
from assay.sandbox import Job, Run, open_sandbox
from assay.sandbox.flaky import steady

LANGUAGES = {
    ".py": "python",
    ".sh": "bash",
    ".sql": "sql",
    ".js": "javascript",
    ".ts": "typescript",
    ".c": "c",
    ".cpp": "cpp",
    ".java": "java",
    ".go": "go",
    ".rs": "rust",
}
"""By the ending of the file; the sandbox says which of them it runs here."""
WALL_PER_CPU = 3
FAILED = 3


class Interrupted(AssayError):
    """Nothing is kept of a run that was ended."""

    code = INTERRUPTED


@dataclass(frozen=True, slots=True, kw_only=True)
class RunFlags:
    """The flags, as given; see `app.run` for what each means."""

    tests: Path | None
    stdin: str | None
    language: str | None
    time: float
    memory: int
    processes: int
    output: int
    disk: int
    repeat: int
    unsafe: bool
    tier: str | None
    remote: str | None
    json: bool


def run_file(file: str, flags: RunFlags) -> int:
    """Prints the verdict; gives 0 where it passed, else 3. Raises `UsageError`, `SandboxError`."""
    job = job_of(file, flags)
    screen = Screen(quiet=flags.json)
    try:
        found = run_async(execute(job, flags, screen))
    except (KeyboardInterrupt, asyncio.CancelledError):
        raise Interrupted("interrupted; the program was ended") from None
    if flags.json:
        print(json.dumps(as_json(found, job)))
    else:
        verdict.show(found, any(isinstance(test, Io | Command) for test in job.tests))
    return 0 if found.passed else FAILED


async def execute(job: Job, flags: RunFlags, screen: Screen) -> Run:
    if flags.unsafe:
        screen.warn("UNSAFE: the program runs without isolation, with your rights")
    sandbox = open_sandbox(unsafe=flags.unsafe, slots=1, tier=flags.tier, remote=flags.remote)
    screen.tell_tier(sandbox.isolation)
    try:
        with screen.busy("running"):
            return await steady(sandbox, job, flags.repeat)
    finally:
        await sandbox.close()


def job_of(file: str, flags: RunFlags) -> Job:
    """Everything that can be wrong with what was given is found here, before anything runs."""
    limits = limits_of(flags)
    if file == "-" and flags.stdin == "-":
        raise UsageError("FILE and --stdin cannot both be standard input")
    if flags.tests is not None and flags.stdin is not None:
        raise UsageError("--stdin is for a program without --tests: a test brings its own input")
    code = code_of(file)
    tests: tuple[Test, ...] = ()
    if flags.tests is not None:
        from assay.problem import testfile

        tests = testfile.load(flags.tests)
    return Job(
        code=code,
        tests=tests,
        language=flags.language or language_of(file),
        limits=limits,
        stdin=input_of(flags.stdin),
    )


def limits_of(flags: RunFlags) -> Limits:
    """Raises `UsageError` for a limit that is none."""
    if not (math.isfinite(flags.time) and 0 < flags.time <= 3600):
        raise UsageError(f"--time wants seconds above 0 and up to 3600, not {flags.time:g}")
    whole = (("memory", 1 << 20), ("processes", 4096), ("output", 1 << 28), ("disk", 1 << 20))
    for name, most in whole:
        value = getattr(flags, name)
        if not 1 <= value <= most:
            raise UsageError(f"--{name} wants a whole number from 1 to {most}, not {value}")
    return Limits(
        cpu_seconds=flags.time,
        wall_seconds=WALL_PER_CPU * flags.time,
        memory_mb=flags.memory,
        processes=flags.processes,
        output_bytes=flags.output,
        disk_mb=flags.disk,
    )


def code_of(file: str) -> str:
    """Raises `ProblemError` for what is no text, or empty."""
    name = "standard input" if file == "-" else file
    code = decoded(from_stdin() if file == "-" else read_bytes(Path(file)), name)
    code = code.removeprefix("\ufeff")  # a byte order mark, as Python itself skips it
    if "\0" in code:
        line = code.count("\n", 0, code.index("\0")) + 1
        raise ProblemError(f"{name}: line {line}: a NUL character: this is no program text")
    if not code.strip():
        raise ProblemError(f"{name} is empty; give a program")
    return code


def input_of(file: str | None) -> str:
    """What the program reads: any bytes."""
    if file is None:
        return ""
    data = from_stdin() if file == "-" else read_bytes(Path(file))
    return data.decode("utf-8", "surrogateescape")


def from_stdin() -> bytes:
    data = sys.stdin.buffer.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise UsageError(f"standard input is longer than {MAX_BYTES // 1024**2} MB")
    return data


def language_of(file: str) -> str:
    if file == "-":
        return "python"
    ending = Path(file).suffix
    if ending not in LANGUAGES:
        raise UsageError(f"{file}: which language? Say --language, or end it {' '.join(LANGUAGES)}")
    return LANGUAGES[ending]


def as_json(run: Run, job: Job) -> dict[str, Any]:
    """What `--json` prints."""
    found = asdict(run)
    detail = found["detail"]
    return found | {
        "judging": run.judging,
        "exit_status": detail["exit_status"],
        "signal": detail["signal"],
        "language": job.language,
        "limits": asdict(job.limits),
    }
