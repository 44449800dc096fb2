"""SandboxFusion's `POST /run_code`, answered by this sandbox.

Not supported, and refused by name: `files` with content, `fetch_files`, `args`; `/run_jupyter`
and the data-set routes are not there.
"""

import signal
from typing import Literal

from aiohttp import web

from assay.errors import SandboxError, UsageError
from assay.problem import Limits
from assay.sandbox import Job, Run
from assay.sandbox.fusion import LANGUAGES, Command, RunCode, RunCodeAnswer
from assay.web.gate import Gate
from assay.web.reading import Bad, read_as

UNLIMITED_MB = 1024
"""What a request gets that sets no limit of memory (-1); the server's own cap where it is less."""
OUTPUT_BYTES = 1 << 20
"""Of each stream, as there."""
_OURS = {theirs: ours for ours, theirs in LANGUAGES.items()}


def limits(seconds: float, memory_mb: int) -> Limits:
    """CPU time is what counts; the wall clock gets up to 2 s more, as the machine may be busy."""
    return Limits(
        cpu_seconds=seconds,
        wall_seconds=seconds + min(2.0, seconds),
        memory_mb=memory_mb,
        output_bytes=OUTPUT_BYTES,
    )


async def run_code(request: web.Request, gate: Gate) -> web.Response:
    asked = await read_as(request, RunCode)
    job = _job(asked, gate.caps.memory_mb)
    pod = f"assay-{gate.sandbox.isolation.tier}"
    try:
        answer = answer_of(await gate.run(job), job.language)
    except UsageError as error:
        raise Bad(400, str(error)) from None
    except SandboxError as error:
        answer = RunCodeAnswer(status="SandboxError", message=str(error))
    answer.executor_pod_name = pod
    return web.json_response(answer.model_dump())


def _job(asked: RunCode, most_mb: int) -> Job:
    """Raises `Bad` for what this server cannot do: nothing is passed over in silence."""
    unsupported = {
        "files": any(content is not None for content in asked.files.values()),
        "fetch_files": bool(asked.fetch_files),
        "args": bool(asked.args),
    }
    for name, used in unsupported.items():
        if used:
            raise Bad(422, f"{name}: not supported by this server")
    if asked.memory_limit_MB > most_mb or not (
        asked.memory_limit_MB == -1 or asked.memory_limit_MB > 0
    ):
        raise Bad(422, f"memory_limit_MB: -1, or 1 to {most_mb}, the most here")
    memory = asked.memory_limit_MB if asked.memory_limit_MB > 0 else min(UNLIMITED_MB, most_mb)
    return Job(
        code=asked.code,
        language=_OURS.get(asked.language, asked.language),
        limits=limits(asked.run_timeout, memory),
        stdin=asked.stdin or "",
    )


def answer_of(run: Run, language: str) -> RunCodeAnswer:
    """What SandboxFusion would say of such a run; `message` adds why it was ended."""
    result = Command(
        status="TimeLimitExceeded" if run.outcome == "timeout" else "Finished",
        execution_time=run.wall_seconds,
        return_code=exit_status(run),
        stdout=run.stdout,
        stderr=run.stderr,
    )
    status: Literal["Success", "Failed"] = "Success" if run.passed else "Failed"
    known = run.detail.limit or run.detail.message or run.detail.signal or ""
    message = "" if run.outcome in ("passed", "raised") else f"{run.outcome}: {known}"
    if run.outcome == "build_failed" and language != "python":
        told = run.stderr or "\n".join(found.message for found in run.diagnostics)
        build = result.model_copy(update={"stderr": told})
        return RunCodeAnswer(status="Failed", message=message, compile_result=build)
    return RunCodeAnswer(status=status, message=message, run_result=result)


def exit_status(run: Run) -> int | None:
    """As a shell's parent sees it: 0, the status of the program, or minus the signal.

    `None` for a program that was stopped at its time limit, as there.
    """
    if run.outcome == "passed":
        return 0
    if run.outcome == "timeout":
        return None
    if run.detail.signal is not None:
        name = run.detail.signal
        return -(signal.Signals[name] if name in signal.Signals.__members__ else int(name))
    if run.detail.exit_status is not None:
        return run.detail.exit_status
    return -signal.SIGKILL if run.outcome in ("output", "killed", "memory") else 1
