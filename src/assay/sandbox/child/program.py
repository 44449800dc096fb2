"""Runs a candidate as a whole program, with standard input and output."""

import atexit
import contextlib
import io
import os
import socket
import sys
import threading
import traceback
import types
from typing import Any, NoReturn

from assay.sandbox.child import report, wire

_FLUSHED = 400
"""Writes of a program that are flushed at the end of a line; a `print` is two of them."""
_BEFORE: list[Any] = []
"""The streams that this process began with: they would close their descriptors."""


class _Stdout(io.TextIOWrapper):
    """Flushed at each line, because what was printed before a limit or a signal is evidence; a
    program that writes often gets blocks, as elsewhere: a flush costs it and us 15 us."""

    _left = _FLUSHED

    def write(self, text: str) -> int:
        self._left -= 1
        if self._left == 0:
            self.reconfigure(line_buffering=False)
        return super().write(text)


def main(control: socket.socket, order: dict[str, Any]) -> NoReturn:
    """Ends as the program ends; of an exception it first says which over `control`."""
    code = order["code"]
    report.remember(code)
    report.arm(order["cpu"], order["wall"])
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    module.__file__ = "candidate.py"
    sys.argv = ["candidate.py"]
    _set_streams()
    status, compiled = 0, None
    report.reached()
    try:
        compiled = report.compiled(code)
        exec(compiled, module.__dict__)
    except SystemExit as error:
        status = _exit_status(error)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is data
        status = 1
        _complain(error, control, built=compiled is not None)
    os._exit(_finish(status, module))


def _set_streams() -> None:
    """Also under the names that keep them open where a program puts others in their place."""
    _BEFORE.extend((sys.__stdin__, sys.__stdout__, sys.__stderr__))
    stdin: Any = open(0, encoding="utf-8", newline="\n", closefd=False)  # noqa: SIM115 - as long as the process
    stdout = _Stdout(open(1, "wb", closefd=False), "utf-8", line_buffering=True)  # noqa: SIM115 - too
    stderr = io.TextIOWrapper(
        open(2, "wb", 0, closefd=False),  # noqa: SIM115 - too
        "utf-8",
        "backslashreplace",
        write_through=True,
    )
    vars(sys).update(stdin=stdin, stdout=stdout, stderr=stderr)
    vars(sys).update(__stdin__=stdin, __stdout__=stdout, __stderr__=stderr)


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1


def _complain(error: BaseException, control: socket.socket, built: bool) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != report.CANDIDATE_FILE:
        trace = trace.tb_next
    with contextlib.suppress(wire.Closed):
        wire.send(control, {"exc": report.describe(error), "built": built})
    try:
        traceback.print_exception(type(error), error, trace)
    except Exception:  # noqa: BLE001 - the candidate's own __str__ may do anything
        sys.stderr.write(f"{type(error).__name__}\n")


def _finish(status: int, module: types.ModuleType) -> int:
    """What the interpreter does at its end: threads, exit functions, names, buffers."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # not in the stubs
        atexit._run_exitfuncs()
        _forget(vars(module))
        for stream in (sys.stdout, sys.__stdout__):
            if stream is not None and not getattr(stream, "closed", False):
                stream.flush()
    except Exception as error:  # noqa: BLE001 - as the interpreter does
        sys.stderr.write(f"{type(error).__name__}: {report.message_of(error)}\n")
        return status or 120
    return status


def _forget(names: dict[str, Any]) -> None:
    """Drops the program's objects in the interpreter's order, for what their `__del__` prints."""
    own = [name for name in names if name != "__builtins__"]
    for name in sorted(own, key=lambda name: name[:1] != "_" or name[1:2] == "_"):
        names[name] = None
