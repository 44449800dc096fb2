"""Runs a command of another language: a compiler, an interpreter, or what a build made."""

import os
import resource
import signal
import socket
from typing import Any, NoReturn

from assay.sandbox.child import pack, report, wire
from assay.sandbox.child.confine import CONTROL, EXTRA

FILES, RESULT = EXTRA, EXTRA + 1
"""Memory files: what to lay out, and where to pack what is brought back."""


def main(control: socket.socket, order: dict[str, Any]) -> NoReturn:
    """Becomes the command; or, where what it makes is wanted, waits for it and packs that."""
    _prepare(order)
    child = os.fork() if order["collect"] else 0
    if child == 0:
        _become(control, order)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            break
    wire.send(control, {"ended": os.waitstatus_to_exitcode(status)} | _result(order))
    os._exit(0)


def serve(control: socket.socket, order: dict[str, Any]) -> NoReturn:
    """Becomes a driver, which finds its judge on descriptor `CONTROL`, and says itself when it
    comes to the candidate's code."""
    _prepare(order)
    os.set_inheritable(CONTROL, True)
    os.set_inheritable(report.TRACE, True)
    _become(control, order)


def _prepare(order: dict[str, Any]) -> None:
    if order["folder"]:
        os.chdir(order["folder"])
    pack.unpack(FILES, order["files"])


def _become(control: socket.socket, order: dict[str, Any]) -> NoReturn:
    """What cannot be executed is said over `control`, which the command itself does not have."""
    argv = order["argv"]
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (min(order["cpu_limit"], hard), hard))
        if order["op"] == "command":
            report.reached()
        os.execvpe(argv[0], argv, order["environment"])
    except OSError as error:
        wire.send(control, {"unstarted": f"{argv[0]}: {error.strerror}"})
    finally:
        os._exit(1)


def _result(order: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"files": pack.collect(RESULT, order["collect"])}
    except (pack.Refused, OSError) as error:
        return {"refused": str(error)}
