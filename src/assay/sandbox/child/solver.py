"""The candidate's process: one fork a group of tests, or one for a whole program.

Everything here shares its process with code that may be hostile. Nothing that it says can make
a test pass: it answers calls with plain values, and the judge compares.
"""

import linecache
import os
import socket
import sys
import types
from collections.abc import Callable
from typing import Any, NoReturn

from assay.sandbox.child import checks, command, direct, orders, program, report, serving, wire
from assay.sandbox.child.confine import CONTROL

_getpid, _exit = os.getpid, os._exit
_BECOME: dict[str, Callable[[socket.socket, dict[str, Any]], NoReturn]] = {
    "program": program.main,
    "command": command.main,
    "driver": command.serve,
}
WARM_ROUNDS = 20
"""After so many the interpreter has specialised the code, and no longer writes into it."""
_ORDER = orders.SplitOrder(0, 0, 1, "def f(a: list[int]) -> int:\n    return sum(a)\n")
_CALL = {"op": "call", "name": "f", "args": [[[1, 2]], {"D": []}], "begin": [0, 0]}


class Solver:
    """Made once by the fork server; `run` is what each fork of it does."""

    def __init__(self) -> None:
        stand_in, other = socket.socketpair()  # for what a run finds under this number
        with other:
            if stand_in.fileno() == CONTROL:
                stand_in.detach()
            else:
                os.dup2(stand_in.fileno(), CONTROL, inheritable=False)
                stand_in.close()
        self._control = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=CONTROL)
        self._server = serving.Server(self._control)

    def run(self) -> NoReturn:
        body = wire.recv_bytes(self._control)
        if body.startswith(b"{"):
            self._other(wire.loads(body))
        self._serve(body, report.reached)
        _exit(0)

    def _serve(self, body: bytes, reached: Callable[[], None]) -> None:
        order = orders.split_order(body)
        module = self._loaded(order.code, order.cpu, order.wall, reached)
        self._server.serve(module, order.output)

    def _other(self, order: dict[str, Any]) -> NoReturn:
        if order["op"] in _BECOME:
            _BECOME[order["op"]](self._control, order)
        module = self._loaded(order["code"], order["cpu"], order["wall"], report.reached)
        self._server.capture.renew(order["output"])
        direct.run(self._control, module, order, checks.run, self._server.capture)

    def _loaded(
        self, code: str, cpu: float, wall: float, reached: Callable[[], None]
    ) -> types.ModuleType:
        """Tells what the code defines, or ends this process where it fails."""
        me = _getpid()
        report.remember(code)
        report.arm(cpu, wall)
        reached()
        module, told = load(code)
        if _getpid() != me:  # the code forked: only the first process serves
            _exit(0)
        report.arm(0, 0)
        wire.send(self._control, told)
        if module is None:
            _exit(0)
        return module

    def warm_up(self) -> None:
        """Serves itself, so that no fork pays for what the first calls build."""
        kept, stdout = (self._control, self._server), sys.stdout
        for _ in range(WARM_ROUNDS):
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with ours, theirs:  # a read is a message
                self._control, self._server = theirs, serving.Server(theirs)
                wire.send_bytes(ours, wire.frame(_ORDER.pack()))
                for _ in range(3):
                    wire.send(ours, _CALL)
                ours.shutdown(socket.SHUT_WR)
                self._serve(wire.recv_bytes(theirs), wire.nothing)
        (self._control, self._server), sys.stdout = kept, stdout
        sys.modules.pop("candidate", None)
        linecache.clearcache()


def load(code: str) -> tuple[types.ModuleType | None, dict[str, Any]]:
    """The module and what it defines, or `None` and how it failed."""
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    try:
        compiled = report.compiled(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return None, {"build": report.describe(error)}
    try:
        exec(compiled, module.__dict__)
        sys.stdout.flush()
        names = [
            [name, kind_of(value)]
            for name, value in list(vars(module).items())
            if type(name) is str and not name.startswith("__")
        ]
    except BaseException as error:  # noqa: BLE001 - whatever it raises is data
        return None, {"failed": report.describe(error)}
    return module, {"names": names, "cpu": report.used()[0]}


def kind_of(value: Any) -> str:
    if isinstance(value, type):
        return "class"
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, types.FunctionType) and value.__code__.co_flags & 0x80:
        return "async"
    return "function" if callable(value) else "value"
