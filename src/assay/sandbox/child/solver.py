"""The candidate's process: loads the code, then a fork of it serves each group of tests.

Everything here shares its process with code that may be hostile. Nothing that it says can make
a test pass: it answers calls with plain values, and the judge compares.
"""

import os
import socket
import sys
import types
from typing import Any, NoReturn

from assay.sandbox.child import checks, command, direct, kernel, program, report, serving, wire
from assay.sandbox.child.confine import CONTROL, TRACE
from assay.sandbox.child.forks import fork, wait_for

_getpid, _exit = os.getpid, os._exit


def main(request: dict[str, Any]) -> NoReturn:
    control = socket.socket(fileno=CONTROL)
    order, fds = wire.recv(control)
    if order["op"] == "program":
        program.main(control, order)
    if order["op"] in command.OPERATIONS:
        command.OPERATIONS[order["op"]](control, order, fds)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)
    me = _getpid()
    report.watch(TRACE)
    report.arm(order["cpu"], order["wall"])
    module, loaded = load(order["code"])
    if _getpid() != me:  # the code forked while it was loaded: only the first process serves
        _exit(0)
    report.arm(0, 0)
    wire.send(control, loaded)
    if module is None:
        _exit(0)
    serve_groups(control, module, order)


def load(code: str) -> tuple[types.ModuleType | None, dict[str, Any]]:
    """The module and what it defines, or `None` and how it failed."""
    report.remember(code)
    module = types.ModuleType("candidate")
    sys.modules["candidate"] = module
    try:
        compiled = compile(code, report.CANDIDATE_FILE, "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        return None, {"build": report.describe(error)}
    try:
        exec(compiled, module.__dict__)
        sys.stdout.flush()
        names = [[name, kind_of(value)] for name, value in list(vars(module).items())]
    except BaseException as error:  # noqa: BLE001 - whatever it raises is data
        return None, {"failed": report.describe(error)}
    return module, {"names": [pair for pair in names if not pair[0].startswith("__")]}


def kind_of(value: Any) -> str:
    if isinstance(value, type):
        return "class"
    if isinstance(value, types.ModuleType):
        return "module"
    if isinstance(value, types.FunctionType) and value.__code__.co_flags & 0x80:
        return "async"
    return "function" if callable(value) else "value"


def serve_groups(
    control: socket.socket, module: types.ModuleType, order: dict[str, Any]
) -> NoReturn:
    """One fork a group, so that no test sees what another left behind."""
    while True:
        try:
            request, fds = wire.recv(control)
        except wire.Closed:
            _exit(0)
        child = fork()
        if child == 0:
            control.close()
            channel = socket.socket(fileno=fds[0])
            if request["op"] == "direct":
                direct.run(channel, module, request, checks.run)
            else:
                serving.Server(channel, module, order["output"]).loop()
            _exit(0)
        wire.close_all(fds)
        wire.send(control, {"ended": wait_for(child)})
