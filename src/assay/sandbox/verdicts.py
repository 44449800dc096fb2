"""What comes from inside a sandbox, read with suspicion and put into the types of the seam."""

import re
from dataclasses import fields, replace
from typing import Any, TypeGuard, get_args

from assay.problem import Call, Limits, Script, Test
from assay.problem.stubs import code_lines
from assay.sandbox import Detail, Diagnostic, Job, Judging, Outcome, Run, Verdict
from assay.sandbox.child.report import shorten

_OUTCOMES = frozenset(get_args(Outcome))
_NUMBERS = ("line", "column", "exit_status")
_NO_ROOM = re.compile(
    r"(OSError: \[Errno 2[78]\]|\w*Error: (ENOSPC|EFBIG)\b|None: died by SIGXFSZ)|"
    r"(None|[\w.]*IOException): .*(No space left on device|File too large)"
)
"""How the limit on files reads (errno 27 and 28) in Python, in node, by signal, elsewhere."""
_NO_ROOM_SAID = re.compile(r"No space left on device|File too large")
_NO_PROCESS_SAID = re.compile(
    r"can't start new thread|\bfork: (retry: )?Resource temporarily unavailable"
    r"|\bspawn\w* \S+ EAGAIN\b|unable to create (new )?native thread"
)
_NO_PROCESS = re.compile(r"BlockingIOError: \[Errno 11\]")
"""In Python; a socket that does not wait raises the same, so the line must start a process."""
_STARTS = re.compile(r"fork|spawn|[Pp]open|Process|subprocess|system\(|Executor|Pool")
_EARLY = ("SystemExit", "KeyboardInterrupt", "GeneratorExit")


def test_data(test: Call | Script) -> dict[str, Any]:
    """A test as its judge gets it."""
    kind = "call" if isinstance(test, Call) else "script"
    return {"kind": kind} | {f.name: getattr(test, f.name) for f in fields(test)}


def text(value: Any) -> str | None:
    return shorten(value) if type(value) is str else None


def number(value: Any) -> int | None:
    return value if type(value) is int else None


def names_of(value: Any) -> list[list[str]]:
    """Pairs of name and kind."""
    pairs = value if type(value) is list else []
    return [
        [str(pair[0])[:200], str(pair[1])[:20]]
        for pair in pairs[:5000]
        if type(pair) is list and len(pair) == 2
    ]


def status_of(message: Any) -> int:
    """The exit status in a message; -9 for one that says nothing."""
    status = message.get("ended") if type(message) is dict else None
    return status if type(status) is int and -64 <= status <= 255 else -9


_READERS = {f.name: number if f.name in _NUMBERS else text for f in fields(Detail)}


def detail_of(message: dict[str, Any]) -> Detail:
    given = message.get("detail")
    data = given if type(given) is dict else {}
    known: dict[str, Any] = {
        name: _READERS[name](told) for name, told in data.items() if name in _READERS
    }
    return Detail(**known | {"stdout": known.get("stdout") or ""})


def is_outcome(told: Any) -> TypeGuard[Outcome]:
    return type(told) is str and told in _OUTCOMES


def verdict(test: Call | Script, message: dict[str, Any], judging: Judging) -> Verdict:
    """A verdict that a judge wrote. One that is not well formed is never a pass."""
    told = message.get("outcome")
    outcome: Outcome = told if is_outcome(told) else "killed"
    cpu, peak = message.get("cpu"), message.get("peak")
    return Verdict(
        test=test.id,
        outcome=outcome,
        detail=detail_of(message),
        judging=judging,
        cpu_seconds=cpu if type(cpu) is float else None,
        peak_bytes=number(peak),
    )


def raised_detail(data: Any) -> Detail:
    known = data if type(data) is dict else {}
    name = text(known.get("type"))
    early = f"ended early ({name})" if name in _EARLY else None
    return Detail(
        exception=name,
        message=early or text(known.get("message")),
        line=number(known.get("line")),
        source=text(known.get("source")),
        column=number(known.get("caret")),
        denied=text(known.get("denied")),
    )


def raised(data: Any) -> tuple[Outcome, Detail]:
    """An exception that the candidate's process told of."""
    detail = raised_detail(data)
    if detail.exception == "MemoryError":
        return "memory", detail
    if detail.denied:
        return "denied", detail
    return "raised", detail


def diagnostic(data: Any) -> Diagnostic:
    detail = raised_detail(data)
    column = number(data.get("column")) if type(data) is dict else None
    message = f"{detail.exception}: {detail.message}"
    return Diagnostic(message=message, line=detail.line, column=column, source=detail.source)


def with_source(detail: Detail, code: str) -> Detail:
    """Adds the text of the line, where only its number is known."""
    lines = code_lines(code)
    if detail.line is None or detail.source or not 0 < detail.line <= len(lines):
        return detail
    return replace(detail, source=shorten(lines[detail.line - 1].strip()))


def finished(run: Run, job: Job, wall_seconds: float) -> Run:
    """Adds what is known only at the end: the time, the peak, the limit that memory or files
    met, and the call of a test that ended its process."""
    peaks = [verdict.peak_bytes for verdict in run.verdicts if verdict.peak_bytes is not None]
    peak = max(peaks, default=None) if run.peak_bytes is None else run.peak_bytes
    limit = Detail(limit=f"{job.limits.memory_mb} MB of memory")
    loaded = bool(run.verdicts) and run.detail == Detail()
    own = run.outcome == "memory" and not loaded
    detail = merged(limit, run.detail) if own else run.detail

    def told(verdict: Verdict, test: Test) -> Verdict:
        if verdict.outcome == "memory":
            known = verdict.peak_bytes if verdict.peak_bytes is not None else peak
            verdict = replace(verdict, detail=merged(limit, verdict.detail), peak_bytes=known)
        room = no_room(verdict.outcome, verdict.detail, job.limits)
        verdict = verdict if room is verdict.detail else replace(verdict, detail=room)
        if isinstance(test, Call) and verdict.detail.call is None and loaded:
            call = Detail(call=shorten(test.expression), expected=text(test.expected))
            return replace(verdict, detail=merged(call, verdict.detail))
        return verdict

    return replace(
        run,
        verdicts=tuple(map(told, run.verdicts, job.tests)),
        detail=no_room(run.outcome, detail, job.limits),
        wall_seconds=wall_seconds,
        peak_bytes=peak,
    )


def no_room(outcome: Outcome, detail: Detail, limits: Limits, errors: str = "") -> Detail:
    """The same, with the limit on files or processes where that is why it failed: as the exception
    says, or `errors`, what was written to stderr."""
    if outcome not in ("raised", "killed") or detail.limit:
        return detail
    said = f"{detail.exception}: {detail.message}"
    if _NO_ROOM.match(said) or _NO_ROOM_SAID.search(errors):
        limit = f"{limits.disk_mb} MB of files"
    elif _NO_PROCESS_SAID.search(f"{said}\n{errors}") or (
        _NO_PROCESS.match(said) and _STARTS.search(detail.source or "")
    ):
        limit = f"{limits.processes} processes and threads"
    else:
        return detail
    return replace(detail, limit=limit, message=f"{detail.message} (the limit is {limit})")


def merged(first: Detail, second: Detail) -> Detail:
    """What `second` knows, and else what `first` does."""
    known = {f.name: getattr(second, f.name) or getattr(first, f.name) for f in fields(Detail)}
    return Detail(**known)
