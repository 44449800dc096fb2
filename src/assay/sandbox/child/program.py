"""Runs a candidate as a whole program, with standard input and output."""

import atexit
import io
import json
import os
import signal
import socket
import sys
import threading
import traceback
import types
from collections.abc import Callable
from typing import Any, NoReturn

from assay.sandbox.child import kernel, report, wire
from assay.sandbox.child.confine import TRACE
from assay.sandbox.child.forks import fork


def main(control: socket.socket, order: dict[str, Any]) -> NoReturn:
    """This process stays clean: it starts the program, waits, and says how it ended."""
    read, write = os.pipe()
    child = fork()
    if child == 0:
        control.close()
        os.close(read)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
        _run(order, write)
    os.close(write)
    os.set_blocking(read, False)
    follow(control, child, lambda: {"exc": _failure(read)})


def _failure(read: int) -> Any:
    try:
        return json.loads(os.read(read, 65536))
    except (OSError, ValueError):
        return None


def follow(control: socket.socket, child: int, more: Callable[[], dict[str, Any]]) -> NoReturn:
    """Says how `child` ended, and what `more` finds out then; reaps all others too."""
    while True:
        pid, status, usage = os.wait4(-1, 0)
        if pid == child:
            break
    message: dict[str, Any] = {
        "ended": os.waitstatus_to_exitcode(status),
        "cpu": usage.ru_utime + usage.ru_stime,
        "peak": usage.ru_maxrss * 1024,
    }
    wire.send(control, message | more())
    while True:  # the supervisor ends this process, and with it whatever the program left
        signal.pause()


def _run(order: dict[str, Any], failure: int) -> NoReturn:
    code = order["code"]
    report.remember(code)
    report.watch(TRACE)
    report.arm(order["cpu"], order["wall"])
    module = types.ModuleType("__main__")
    sys.modules["__main__"] = module
    sys.argv = ["candidate.py"]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = io.TextIOWrapper(open(1, "wb", closefd=False), "utf-8")  # noqa: SIM115
    sys.stderr = io.TextIOWrapper(
        open(2, "wb", 0, closefd=False),  # noqa: SIM115
        "utf-8",
        "backslashreplace",
        write_through=True,
    )
    status = 0
    try:
        exec(compile(code, report.CANDIDATE_FILE, "exec", dont_inherit=True), module.__dict__)
    except SystemExit as error:
        status = _exit_status(error)
    except BaseException as error:  # noqa: BLE001 - whatever it raises is data
        status = 1
        _complain(error, failure)
    os._exit(_finish(status))


def _exit_status(error: SystemExit) -> int:
    if error.code is None:
        return 0
    if isinstance(error.code, int):
        return error.code & 0xFF
    sys.stderr.write(f"{error.code}\n")
    return 1


def _complain(error: BaseException, failure: int) -> None:
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != report.CANDIDATE_FILE:
        trace = trace.tb_next
    data = json.dumps(report.describe(error)).encode()
    os.write(failure, data[:60_000])
    try:
        traceback.print_exception(type(error), error, trace)
    except Exception:  # noqa: BLE001 - the candidate's own __str__ may do anything
        sys.stderr.write(f"{type(error).__name__}\n")


def _finish(status: int) -> int:
    """What the interpreter does at its end: threads, exit functions, buffers."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        sys.stdout.flush()
    except Exception as error:  # noqa: BLE001 - as the interpreter does
        sys.stderr.write(f"{type(error).__name__}: {report.message_of(error)}\n")
        return status or 120
    return status
