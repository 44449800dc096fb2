"""Exceptions, values and time limits as plain data for the supervisor and the judge."""

import faulthandler
import linecache
import reprlib
import resource
import signal
import traceback
from types import TracebackType
from typing import Any

CANDIDATE_FILE = "<candidate>"
TEXT = 2000
OUTPUT_STATUS = 77
"""Exit status of a candidate's process that printed too much."""

_repr = reprlib.Repr()
_repr.maxlevel = 12
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = _repr.maxfrozenset = 200
_repr.maxdeque = _repr.maxarray = 200
_repr.maxstring = _repr.maxother = 1500
_repr.maxlong = 300


def shorten(text: str, limit: int = TEXT) -> str:
    """The first and the last part of a long text, in valid UTF-8."""
    if len(text) > limit:
        half = limit // 2
        text = f"{text[:half]} [... {len(text) - limit} characters ...] {text[-half:]}"
    return text.encode("utf-8", "backslashreplace").decode()


def show(value: Any) -> str:
    """A short `repr` that costs no more than it shows."""
    try:
        return shorten(_repr.repr(value))
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def place_of(trace: TracebackType | None) -> tuple[int | None, str | None]:
    """Line and its text of the innermost frame in the candidate's code."""
    line = None
    for frame, number in traceback.walk_tb(trace):
        if frame.f_code.co_filename == CANDIDATE_FILE:
            line = number
    if line is None:
        return None, None
    return line, linecache.getline(CANDIDATE_FILE, line).strip() or None


def message_of(error: BaseException) -> str:
    try:
        return shorten(str(error))
    except Exception as failure:  # noqa: BLE001 - the candidate's own __str__ may do anything
        return f"<str() raised {type(failure).__name__}>"


def describe(error: BaseException) -> dict[str, Any]:
    """An exception, as data. Only names, text and numbers cross."""
    kind = type(error)
    line, source = place_of(error.__traceback__)
    number = error.errno if isinstance(error, OSError) else None
    report: dict[str, Any] = {
        "type": kind.__name__,
        "module": kind.__module__,
        "bases": [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"],
        "names": [base.__name__ for base in kind.__mro__],
        "message": message_of(error),
        "line": line,
        "source": source,
        "errno": number if isinstance(number, int) else None,
    }
    if isinstance(error, SyntaxError) and error.filename == CANDIDATE_FILE:
        report |= {
            "line": error.lineno,
            "column": error.offset,
            "source": (error.text or "").rstrip()[:500] or None,
            "message": error.msg,
        }
    return report


def remember(code: str) -> None:
    """Lets tracebacks and `inspect` find the candidate's lines."""
    lines = code.splitlines(keepends=True)
    linecache.cache[CANDIDATE_FILE] = (len(code), None, lines, CANDIDATE_FILE)


def watch(trace_fd: int) -> None:
    """From now on a time limit writes the stack to `trace_fd`, even from within C code."""
    for number in (signal.SIGPROF, signal.SIGALRM):
        faulthandler.register(number, file=trace_fd, all_threads=False)


def arm(cpu: float, wall: float) -> None:
    """Starts both clocks of a test anew."""
    signal.setitimer(signal.ITIMER_PROF, cpu)
    signal.setitimer(signal.ITIMER_REAL, wall)


def used() -> tuple[float, int]:
    """CPU seconds and peak bytes of this process."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024
