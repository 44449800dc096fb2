"""The zygote's loop: see `zygote`."""

import _signal  # type: ignore[import-not-found]  # `signal` would make an enum of it in each run
import ast
import contextlib
import errno
import faulthandler
import fcntl
import gc
import importlib
import io
import json
import os
import random
import signal
import socket
import struct
import sys
import traceback
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from assay.sandbox import tree
from assay.sandbox.child import (
    checks,
    confine,
    fence,
    judge,
    kernel,
    native,
    orders,
    report,
    root,
    scopes,
    seccomp,
    solver,
    users,
    wire,
)

PRELOAD = [
    "abc", "bisect", "collections", "collections.abc", "contextlib", "copy", "dataclasses",
    "datetime", "enum", "functools", "heapq", "inspect", "io", "itertools", "linecache", "math",
    "numbers", "operator", "os.path", "random", "re", "string", "struct", "textwrap",
    "threading", "time", "typing",
]  # fmt: skip
"""What programs often import. Rarer ones with libraries of their own (hashlib, decimal) are left
out: each library is mapped again for each run, used or not."""
JUDGE_PRELOAD = ["unittest", "unittest.case"]


def main(config: dict[str, Any]) -> NoReturn:
    control = fcntl.fcntl(int(config["fd"]), fcntl.F_DUPFD_CLOEXEC, report.TRACE + 1)
    os.close(int(config["fd"]))
    try:
        warm(config)
        loop = native.load() if config["native"] else None  # while its file is in sight
        if config["tier"] == "namespaces":
            kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
            root.enter(config, control)
        else:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
            sys.path.extend(config["paths"])
        zygote = Zygote(config, control, loop)
    except (OSError, KeyError) as error:
        os.write(control, json.dumps({"error": f"{error}"}).encode())
        os._exit(1)
    os.write(control, json.dumps(weight()).encode())
    with contextlib.suppress(OSError, struct.error):
        zygote.serve()
    if config["tier"] != "namespaces":
        tree.kill_below(os.getpid())
    os._exit(0)


def weight() -> dict[str, int]:
    """Bytes that this process has mapped, and holds: what a run begins with."""
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    return {"mapped": mapped, "held": report.count()}


def warm(config: dict[str, Any]) -> None:
    """Loads what candidates and tests use, and runs once what is slow the first time."""
    for name in PRELOAD + (JUDGE_PRELOAD if config["role"] == "judge" else []):
        importlib.import_module(name)
    give_names()
    if faulthandler.is_enabled():
        faulthandler.disable()
    parsed = ast.parse("def f(a: int = 1) -> int:\n    return [x for x in (a,)][0]\n")
    exec(compile(parsed, "<warm>", "exec"), {})
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # seen even where a program does not end
    warm_up()
    try:
        json.loads("[1")
    except ValueError as error:
        traceback.format_exception(error)


def give_names() -> None:
    """The built-in names (`exit`, `quit`, `help`) and the arguments that a program finds
    elsewhere. Without `site.main`, which would look for packages."""
    import site

    site.setquit()
    site.setcopyright()
    site.sethelper()
    sys.argv[:] = ["candidate.py"]


def warm_up() -> None:
    """Judges one call, so that no fork pays for what the first one builds."""
    module = types.ModuleType("candidate")
    vars(module)["f"] = len
    test = {"kind": "call", "setup": "", "expression": "f([1])", "expected": "1"}
    context = checks.Context(scopes.Direct(module), None)
    checks.run(test | {"tolerance": None, "raises": None}, context, {})
    solver.Solver().warm_up()


def confinement(config: dict[str, Any]) -> confine.Tier:
    """Raises `OSError` for what the tier needs and this machine does not have."""
    if config["tier"] == "namespaces":
        shown = root.covered(config["binds"])
        return confine.Namespaces(dumpable=config["role"] == "solver", shown=shown)
    if config["tier"] == "landlock":
        return fence.Fence(config)
    if config["tier"] == "container":
        return users.Users(config)
    return confine.Tier(os.environ.get("TMPDIR") or "/tmp")


class Zygote:
    """Forks runs, one at a time, and ends everything that a run leaves."""

    def __init__(self, config: dict[str, Any], control: int, loop: native.Loop | None) -> None:
        self._control = control
        self._solves = config["role"] == "solver"
        self._run = solver.Solver().run if self._solves else judge.main
        plain = config["tier"] == "namespaces" and not root.covered(config["binds"])
        self._native = loop if plain else None
        self._confinement = confinement(config)
        report.watch()
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # a candidate may have our user id
        random.seed(0)  # every run draws the same, so that a verdict can be repeated
        gc.collect()
        gc.freeze()

    def serve(self) -> None:
        """Until the control socket closes. Raises `OSError`, `struct.error`."""
        room = bytearray(orders.REQUEST_BYTES)
        loop: Callable[[], int] | None = None
        if self._native is not None:
            filter_ = seccomp.program(kernel.MACHINE, "run")
            loop = self._native(self._control, filter_, self._solves, room)
        while True:
            fds: list[int] = []
            if loop is not None:
                found = loop()
                if found == native.IN_CHILD:
                    self._begin()
                if found == native.CLOSED:
                    return
                request = orders.request(room)
            else:
                received, fds = self._receive()
                if received is None:
                    return
                request = received
            self._answer(request, fds)

    def _receive(self) -> tuple[orders.Request | None, list[int]]:
        with socket.socket(fileno=os.dup(self._control)) as sock:
            data, fds, _, _ = socket.recv_fds(sock, orders.REQUEST_BYTES, wire.MAX_FDS)
        return (orders.request(data) if data else None), list(fds)

    def _reply(self, reply: orders.Reply, fds: list[int] | None = None) -> None:
        with socket.socket(fileno=os.dup(self._control)) as sock:
            socket.send_fds(sock, [reply.pack()], fds or [])

    def _answer(self, request: orders.Request, fds: list[int]) -> None:
        try:
            if request.op == orders.REAP:
                self._reply(self._reap(request.pid))
            elif request.op == orders.PRELOAD:
                importlib.import_module("pytest")
                gc.freeze()
                self._reply(orders.Reply(orders.READY))
            else:
                pid, pidfd = self._spawn(request, fds)
                self._reply(orders.Reply(orders.SPAWNED, pid), [pidfd])
                os.close(pidfd)
        except (OSError, ImportError) as error:
            number = error.errno if isinstance(error, OSError) else None
            self._reply(orders.Reply(orders.FAILED, error=number or errno.EIO))
        finally:
            wire.close_all(fds)

    def _spawn(self, request: orders.Request, fds: list[int]) -> tuple[int, int]:
        self._confinement.ready(request.disk_mb)
        pid = os.fork()
        if pid == 0:
            try:
                os.close(confine.enter(request, fds, self._control, self._confinement))
            except confine.Unconfined as failure:
                self._control = failure.control
                failed = orders.Reply(orders.FAILED, error=failure.errno, step=failure.step)
                self._reply(failed)
                os._exit(71)
            random.seed(0)  # as before the fork, which changed it
            self._begin()
        return pid, os.pidfd_open(pid)

    def _begin(self) -> NoReturn:
        """In the confined process of a run: never returns."""
        try:
            self._control = -1
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
            self._run()
        finally:
            os._exit(70)

    def _reap(self, pid: int) -> orders.Reply:
        """Ends whatever a run left, waits for it, and counts what it used."""
        self._confinement.end(pid)
        status, cpu, peak = int(signal.SIGKILL), 0.0, 0
        while True:
            try:
                ended, how, usage = os.wait4(-1, 0)
            except ChildProcessError:
                self._confinement.tidy()
                return orders.Reply(orders.REAPED, pid, status, cpu=cpu, peak=peak)
            cpu += usage.ru_utime + usage.ru_stime
            peak = max(peak, usage.ru_maxrss * 1024)
            if ended == pid:
                status = how
