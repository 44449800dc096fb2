"""A server that speaks SandboxFusion's `POST /run_code`, as a sandbox.

It runs whole programs, so that of the tests only `Io` can be judged: the output comes here and
is compared here. What it enforces is its own affair, and none of it is claimed.
Shapes: https://github.com/bytedance/SandboxFusion (`sandbox/server/sandbox_api.py`).
"""

import asyncio
import json
import re
import signal
import time
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from assay.errors import SandboxError, UsageError
from assay.model.gather import gather_all
from assay.problem import Io
from assay.sandbox import Detail, Diagnostic, Isolation, Job, Outcome, Run, Sandbox, Verdict
from assay.sandbox.child.report import around, shorten
from assay.sandbox.http import Client
from assay.sandbox.programs import same_output
from assay.sandbox.transfer import STRICT, complaint

LANGUAGES = {"javascript": "nodejs"}
"""Ours to theirs, where the names differ; every other is the same word at both ends."""
ISOLATION = Isolation(
    tier="remote",
    filesystem=False,
    network=False,
    processes=False,
    memory=False,
    far="sandboxfusion",
)
_RAISED = re.compile(r"^([A-Za-z_][\w.]*)(?:: (.*))?$")
_MARGIN = 30.0
"""Seconds that a request may take beyond the time limits in it."""

Seconds = Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)]


class RunCode(BaseModel):
    """The request, every field of it."""

    model_config = STRICT

    code: str
    language: str
    compile_timeout: Seconds = 10.0
    run_timeout: Seconds = 10.0
    memory_limit_MB: int = -1
    """-1: as the server likes."""
    stdin: str | None = None
    files: dict[str, str | None] = {}
    """Path -> base64."""
    fetch_files: list[str] = []
    args: list[str] = []
    """For pytest only."""


class Command(BaseModel):
    """How one process went: the build's or the program's."""

    status: Literal["Finished", "Error", "TimeLimitExceeded"]
    execution_time: float | None = None
    return_code: int | None = None
    stdout: str | None = None
    stderr: str | None = None


class RunCodeAnswer(BaseModel):
    status: Literal["Success", "Failed", "SandboxError"]
    message: str = ""
    compile_result: Command | None = None
    run_result: Command | None = None
    executor_pod_name: str | None = None
    files: dict[str, str] = {}


class Fusion:
    """Runs programs there, `slots` at once."""

    def __init__(self, client: Client, slots: int) -> None:
        self._client = client
        self._turn = asyncio.Semaphore(slots)

    @property
    def isolation(self) -> Isolation:
        return ISOLATION

    async def check(self) -> None:
        """Raises `SandboxError` where no program can be run: nothing else says what is there."""
        body = json.dumps(RunCode(code="", language="python").model_dump()).encode()
        status, answer = await self._client.ask("POST", "/run_code", body, _MARGIN)
        if status != 200:
            raise SandboxError(f"neither an Assay nor SandboxFusion (/run_code answers {status})")
        _answer(answer)

    async def run(self, jobs: list[Job]) -> list[Run]:
        for job in jobs:
            if not all(isinstance(test, Io) for test in job.tests):
                raise UsageError(
                    f"{self._client.url} speaks SandboxFusion: it runs programs and tests of"
                    " standard input and output only. Other tests need an Assay there"
                )
        return await gather_all(self._job(job) for job in jobs)

    async def close(self) -> None:
        """Its connections are the caller's to close."""

    async def _job(self, job: Job) -> Run:
        started = time.monotonic()
        tests = [test for test in job.tests if isinstance(test, Io)]
        runs = [await self._program(job, test.stdin) for test in tests]
        if not tests:
            return await self._program(job, job.stdin)
        verdicts = tuple(_judged(test, run) for test, run in zip(tests, runs, strict=True))
        last = runs[-1]
        return Run(
            verdicts=verdicts,
            isolation=ISOLATION,
            outcome=next((v.outcome for v in verdicts if v.outcome != "passed"), "passed"),
            diagnostics=last.diagnostics,
            stdout=last.stdout,
            stderr=last.stderr,
            wall_seconds=time.monotonic() - started,
        )

    async def _program(self, job: Job, stdin: str) -> Run:
        if any("\ud800" <= char <= "\udfff" for char in job.code):
            return _unbuilt("the code is no UTF-8: it holds half of a character", "")
        asked = RunCode(
            code=job.code,
            language=LANGUAGES.get(job.language, job.language),
            run_timeout=job.limits.wall_seconds,
            memory_limit_MB=job.limits.memory_mb,
            stdin=stdin,
        )
        patience = asked.run_timeout + asked.compile_timeout + _MARGIN
        body = json.dumps(asked.model_dump()).encode()
        async with self._turn:
            answer = await self._client.retried("/run_code", body, patience, _answer)
        return _run(job, answer)


def _answer(body: bytes) -> RunCodeAnswer:
    """Raises `SandboxError` for a failure of theirs: it is worth another try."""
    try:
        answer = RunCodeAnswer.model_validate_json(body)
    except ValidationError as error:
        raise SandboxError(f"no answer of SandboxFusion's: {complaint(error)}") from None
    results = (answer.compile_result, answer.run_result)
    if answer.status == "SandboxError" or any(r and r.status == "Error" for r in results):
        raise SandboxError(f"the sandbox there failed: {shorten(answer.message) or 'no reason'}")
    if answer.run_result is None and answer.compile_result is None:
        raise SandboxError("an answer without a result")
    return answer


def _run(job: Job, answer: RunCodeAnswer) -> Run:
    build, program = answer.compile_result, answer.run_result
    if program is None:
        assert build is not None
        late = build.status == "TimeLimitExceeded"
        text = "the build took too long" if late else build.stderr or build.stdout
        return _unbuilt(text or "the build failed", build.stderr or "")
    limit = job.limits.output_bytes
    stdout, stderr = program.stdout or "", program.stderr or ""
    outcome, detail = _outcome(job, program, stdout, stderr)
    return Run(
        verdicts=(),
        isolation=ISOLATION,
        outcome=outcome,
        detail=detail,
        stdout=stdout[:limit],
        stderr=stderr[:limit],
        wall_seconds=program.execution_time or 0.0,
    )


def _unbuilt(message: str, stderr: str) -> Run:
    return Run(
        verdicts=(),
        isolation=ISOLATION,
        outcome="build_failed",
        diagnostics=(Diagnostic(message=shorten(message)),),
        detail=Detail(message=shorten(message)),
        stderr=stderr,
    )


def _outcome(job: Job, program: Command, stdout: str, stderr: str) -> tuple[Outcome, Detail]:
    limits, code = job.limits, program.return_code
    if program.status == "TimeLimitExceeded":
        return "timeout", Detail(limit=f"{limits.wall_seconds:g} s of wall time")
    if max(len(text.encode("utf-8", "replace")) for text in (stdout, stderr)) > limits.output_bytes:
        return "output", Detail(limit=f"{limits.output_bytes} bytes of output")
    if code == 0:
        return "passed", Detail()
    if code is None:
        raise SandboxError("an answer without a return code")
    if code < 0:
        name = signal.Signals(-code).name if -code in set(signal.Signals) else str(-code)
        return "killed", Detail(signal=name, message=f"died by {name}")
    lines = stderr.strip().splitlines()
    told = _RAISED.match(lines[-1]) if lines and job.language == "python" else None
    if told is None or ("Traceback" not in stderr and "Error" not in told[1]):
        return "raised", Detail(exception="SystemExit", message=f"ended with status {code}")
    detail = Detail(exception=shorten(told[1]), message=shorten(told[2] or ""))
    if told[1] == "MemoryError":
        return "memory", detail
    syntax = ("SyntaxError", "IndentationError", "TabError")
    return ("build_failed" if told[1] in syntax else "raised"), detail


def _judged(test: Io, run: Run) -> Verdict:
    outcome, detail = run.outcome, run.detail
    if outcome == "passed":
        same = same_output(run.stdout, test.expected, test.comparison)
        outcome = "passed" if same else "wrong"
        expected, actual = around(repr(test.expected), repr(run.stdout))
        detail = Detail(
            call=shorten(f"stdin: {test.stdin!r}"),
            expected=expected,
            actual=actual,
            stdout=shorten(run.stdout),
        )
    return Verdict(test=test.id, outcome=outcome, detail=detail)


_: type[Sandbox] = Fusion
