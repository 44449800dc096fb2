"""Exceptions, values and time limits as plain data for the supervisor and the judge."""

import errno
import faulthandler
import linecache
import os
import reprlib
import resource
import signal
from itertools import islice
from pathlib import Path
from types import CodeType, TracebackType
from typing import Any

from assay.sandbox.child import compare

CANDIDATE_FILE = "<candidate>"
TEXT = 2000
OUTPUT_STATUS = 77
"""Exit status of a candidate's process that printed too much."""

MARK = b"\x1e"
"""Stands in a stream before what a test printed, and first in the trace pipe: see `reached`."""
TRACE = 4
"""Descriptor of a run where a time limit writes the stack."""
REFUSED = frozenset({errno.EPERM, errno.EACCES, errno.EROFS, errno.ENOSYS})
"""The errors by which kernel and sandbox say no."""
_baseline = 0
"""Peak (KB) with which this process, or the fork that it comes from, began."""
_repr = reprlib.Repr()
_repr.maxlevel = 12
_repr.maxlist = _repr.maxtuple = _repr.maxdict = _repr.maxset = _repr.maxfrozenset = 200
_repr.maxdeque = _repr.maxarray = 200
_repr.maxstring = _repr.maxother = 1500
_repr.maxlong = 300


def shorten(text: str, limit: int = TEXT) -> str:
    """The first and the last part of a long text, in valid UTF-8, and how long it was.

    At most `limit` characters, so that a text that was shortened is left as it is."""
    if len(text) > limit:
        note = f" [... {len(text)} characters in all ...] "
        half = (limit - len(note)) // 2
        text = text[:half] + note + text[-half:]
    return text.encode("utf-8", "backslashreplace").decode()


def show(value: Any) -> str:
    """A short `repr` that costs no more than it shows."""
    try:
        return shorten(_repr.repr(value))
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}>"


def show_both(expected: Any, actual: Any, tolerance: float | None = None) -> tuple[str, str]:
    """Both as `show` does, where these texts are cut so that what differs stays in sight."""
    try:
        one, other = _repr.repr(expected), _repr.repr(actual)
        if one == other:
            place, given, wanted = compare.apart(actual, expected, tolerance)
            if place:
                place = f"at {place}".replace("at , ", "")
                one, other = (f"{place}: {_repr.repr(value)}" for value in (wanted, given))
        return around(one, other)
    except Exception:  # noqa: BLE001 - a value of the candidate's may do anything when looked into
        return show(expected), show(actual)


def around(one: str, other: str, limit: int = TEXT) -> tuple[str, str]:
    """Both texts as `shorten` makes them, or where these lose it what is around the first
    difference."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if max(len(one), len(other)) <= limit or at is None or at < limit // 3:
        return shorten(one, limit), shorten(other, limit)
    start = at - limit // 4
    cut = [
        text[:100] + f" [... from character {start} ...] " + text[start:] for text in (one, other)
    ]
    whole = [text if len(text) <= limit else text[: limit - 6] + " [...]" for text in cut]
    return shorten(whole[0], limit), shorten(whole[1], limit)


def place_of(trace: TracebackType | None) -> dict[str, Any]:
    """Line, its text and the column in that text, of the innermost frame in the candidate."""
    inner = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == CANDIDATE_FILE:
            inner = trace
        trace = trace.tb_next
    if inner is None:
        return {"line": None, "source": None, "caret": None}
    text = linecache.getline(CANDIDATE_FILE, inner.tb_lineno)
    source = text.strip() or None
    return {"line": inner.tb_lineno, "source": source, "caret": _column(inner, text)}


def _column(trace: TracebackType, text: str) -> int | None:
    """1-based place in the stripped line of the expression that raised."""
    positions = trace.tb_frame.f_code.co_positions()
    line, _, column, _ = next(islice(positions, trace.tb_lasti // 2, None), (None,) * 4)
    if line != trace.tb_lineno or column is None:
        return None
    before = text.encode("utf-8", "replace")[:column].decode("utf-8", "replace")
    return max(0, len(before) - (len(text) - len(text.lstrip()))) + 1


def refused(error: BaseException) -> str | None:
    """What the sandbox refused, where this error says so: `EROFS on '/usr/x'`."""
    if not isinstance(error, OSError) or error.errno not in REFUSED:
        return None
    name = errno.errorcode.get(error.errno, str(error.errno))
    return name if error.filename is None else f"{name} on {show(error.filename)}"


def message_of(error: BaseException) -> str:
    try:
        return shorten(str(error))
    except Exception as failure:  # noqa: BLE001 - the candidate's own __str__ may do anything
        return f"<str() raised {type(failure).__name__}>"


def describe(error: BaseException) -> dict[str, Any]:
    """An exception, as data. Only names, text and numbers cross."""
    kind = type(error)
    number = error.errno if isinstance(error, OSError) else None
    report: dict[str, Any] = {
        "type": kind.__name__,
        "module": kind.__module__,
        "bases": [base.__name__ for base in kind.__mro__ if base.__module__ == "builtins"],
        "names": [base.__name__ for base in kind.__mro__],
        "message": message_of(error),
        "errno": number if isinstance(number, int) else None,
        "denied": refused(error),
    } | place_of(error.__traceback__)
    if isinstance(error, SyntaxError) and error.filename == CANDIDATE_FILE:
        report |= {
            "line": error.lineno,
            "column": error.offset,
            "source": (error.text or "").rstrip()[:500] or None,
            "message": error.msg,
        }
    return report


def cleaned(data: Any) -> dict[str, Any]:
    """What a candidate says of an exception, with only the fields of `describe`, and short."""
    known = data if type(data) is dict else {}
    clean: dict[str, Any] = {}
    for key in ("type", "module", "message", "source", "denied"):
        value = known.get(key)
        clean[key] = (
            shorten(value, TEXT if key == "message" else 300) if type(value) is str else None
        )
    for key in ("line", "caret", "column", "errno"):
        value = known.get(key)
        clean[key] = value if type(value) is int and 0 <= value < 1 << 31 else None
    for key in ("bases", "names"):
        value = known.get(key)
        items = value[:50] if type(value) is list else []
        clean[key] = [item[:200] for item in items if type(item) is str]
    return clean | {"type": clean["type"] or "Exception", "module": clean["module"] or ""}


def compiled(code: str) -> CodeType:
    """The candidate's code, as from a file: a byte order mark is no part of it.

    Raises what `compile` raises.
    """
    text = code.removeprefix("\ufeff")
    made: CodeType = compile(text, CANDIDATE_FILE, "exec", dont_inherit=True)
    return made


def remember(code: str) -> None:
    """Lets tracebacks and `inspect` find the candidate's lines."""
    text = code.replace("\r\n", "\n").replace("\r", "\n") if "\r" in code else code
    lines = [
        line + "\n" for line in text.removesuffix("\n").split("\n")
    ]  # only line ends do, as in a file
    linecache.cache[CANDIDATE_FILE] = (len(code), None, lines, CANDIDATE_FILE)


def watch() -> None:
    """From now on a time limit writes the stack to `TRACE`, even from within C code."""
    for number in (signal.SIGPROF, signal.SIGALRM):
        faulthandler.register(number, file=TRACE, all_threads=False)


def reached() -> None:
    """Says that the code of a candidate or of a test comes next. A process that ends before is
    a failure of ours, never a verdict; said already, no code can take it back."""
    os.write(TRACE, MARK)


def arm(cpu: float, wall: float) -> None:
    """Starts both clocks of a test anew."""
    signal.setitimer(signal.ITIMER_PROF, cpu)
    signal.setitimer(signal.ITIMER_REAL, wall)


def count() -> int:
    """From now on growth of memory is counted: a fork begins with these bytes of its parent.

    Not `ru_maxrss`, which knows what this process was before it became an interpreter.
    """
    global _baseline
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
    _baseline = resident // 1024
    return resident


def used() -> tuple[float, int]:
    """CPU seconds of this process, and the bytes by which its memory grew at most."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime, max(0, usage.ru_maxrss - _baseline) * 1024
