"""The candidate's process: loads the code, then a fork of it serves each group of tests.

Everything here shares its process with code that may be hostile. Nothing that it says can make
a test pass: it answers calls with plain values, and the judge compares.
"""

import io
import os
import socket
import sys
import types
from typing import Any, NoReturn

from assay.sandbox.child import checks, direct, kernel, printed, program, report, serving, wire
from assay.sandbox.child.confine import CONTROL, TRACE
from assay.sandbox.child.forks import fork

_getpid, _exit, _waitpid = os.getpid, os._exit, os.waitpid


def main(request: dict[str, Any]) -> NoReturn:
    control = socket.socket(fileno=CONTROL)
    order, fds = wire.recv(control)
    if order["op"] == "program":
        program.main(control, order)
    try:
        capture = serving.Capture(order["output"], printed.Page(fds[0]))
    except OSError as error:
        wire.send(control, {"setup": f"no page for output: {error}"})
        _exit(71)
    report.count()
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
    serve_groups(control, module, capture)


def load(code: str) -> tuple[types.ModuleType | None, dict[str, Any]]:
    """The module and what it defines, or `None` and how it failed."""
    report.remember(code)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # seen even where loading does not end
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
    control: socket.socket, module: types.ModuleType, capture: serving.Capture
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
                direct.run(channel, module, request, checks.run, capture)
            else:
                serving.Server(channel, module, capture).loop()
            _exit(0)
        wire.close_all(fds)
        wire.send(control, {"ended": wait_for(child)})


def wait_for(child: int) -> int:
    """The exit status of `child`; as first process of the namespace, reaps all others too."""
    while True:
        try:
            pid, status = _waitpid(-1, 0)
        except ChildProcessError:
            return -9
        if pid == child:
            return os.waitstatus_to_exitcode(status)
