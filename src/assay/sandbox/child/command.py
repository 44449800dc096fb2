"""Runs a command of another language: a compiler, an interpreter, or what a build made."""

import os
import resource
import signal
import socket
from collections.abc import Callable
from typing import Any, NoReturn

from assay.sandbox.child import pack, program, wire
from assay.sandbox.child.forks import fork, wait_for

CHANNEL = 3
"""The descriptor on which a driver finds its judge."""
NOT_STARTED = 71
MAX_NAMES = 1 << 20


def main(control: socket.socket, order: dict[str, Any], fds: list[int]) -> NoReturn:
    """`fds`: a memory file with the files to lay out, and one for what to bring back."""
    prepare(order, fds)
    child = start(order, order["argv"], None)
    program.follow(control, child, lambda: _result(order, fds))


def prepare(order: dict[str, Any], fds: list[int]) -> None:
    for fd in fds:
        os.set_inheritable(fd, False)
    if order["folder"]:
        os.chdir(order["folder"])
    pack.unpack(fds[0], order["files"])


def start(order: dict[str, Any], argv: list[str], channel: int | None) -> int:
    """The pid of the command. What cannot be executed ends with `NOT_STARTED`."""
    child = fork()
    if child:
        return child
    try:
        if channel is not None:
            os.dup2(channel, CHANNEL)
        for number in (signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        _, hard = resource.getrlimit(resource.RLIMIT_CPU)
        resource.setrlimit(resource.RLIMIT_CPU, (min(order["cpu_limit"], hard), hard))
        os.execve(argv[0], argv, order["environment"])
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode())
    finally:
        os._exit(NOT_STARTED)


def _result(order: dict[str, Any], fds: list[int]) -> dict[str, Any]:
    if not order["collect"]:
        return {}
    try:
        return {"files": pack.collect(fds[1], order["collect"])}
    except (pack.Refused, OSError) as error:
        return {"refused": str(error)}


def serve(control: socket.socket, order: dict[str, Any], fds: list[int]) -> NoReturn:
    """Loads the candidate in its driver once, to say what it defines; then a driver a group."""
    prepare(order, fds)
    ours, theirs = socket.socketpair()
    child = start(order, order["argv"], theirs.fileno())
    theirs.close()
    try:
        loaded = wire.recv(ours, MAX_NAMES)[0]
    except wire.Closed:
        loaded = None
    ours.close()
    status = wait_for(child)
    told = loaded if type(loaded) is dict else {}
    known = {key: told[key] for key in ("names", "build", "failed") if key in told}
    wire.send(control, known or {"ended": status})
    while True:
        try:
            _, received = wire.recv(control)
        except wire.Closed:
            os._exit(0)
        child = start(order, order["argv"] + ["serve"], received[0])
        wire.close_all(received)
        wire.send(control, {"ended": wait_for(child)})


OPERATIONS: dict[str, Callable[[socket.socket, dict[str, Any], list[int]], NoReturn]] = {
    "command": main,
    "driver": serve,
}
