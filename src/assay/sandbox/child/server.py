"""The zygote's loop: see `zygote`."""

import ast
import faulthandler
import gc
import importlib
import json
import os
import random
import socket
import sys
import tempfile
import traceback
import types
from typing import Any, NoReturn

from assay.sandbox import tree
from assay.sandbox.child import checks, confine, judge, kernel, root, scopes, solver, static, wire

PRELOAD = [
    "abc", "array", "base64", "bisect", "calendar", "cmath", "collections",
    "collections.abc", "contextlib", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "inspect", "io", "itertools", "linecache",
    "math", "numbers", "operator", "os.path", "queue", "random", "re", "statistics",
    "string", "struct", "textwrap", "threading", "time", "typing", "unicodedata", "uuid",
]  # fmt: skip
JUDGE_PRELOAD = ["unittest", "unittest.case"]


def main(config: dict[str, Any]) -> NoReturn:
    control = socket.socket(fileno=int(config["fd"]))
    try:
        warm(config)
        if config["tier"] == "namespaces":
            kernel.prctl(kernel.PR_SET_PDEATHSIG, 9)
            root.enter(config)
        else:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
            sys.path.extend(config["paths"])
        zygote = Zygote(config)
    except (OSError, KeyError) as error:
        wire.send(control, {"error": f"{error}"})
        os._exit(1)
    wire.send(control, {"ready": os.getpid()})
    try:
        zygote.serve(control)
    except wire.Closed:
        if config["tier"] != "namespaces":
            tree.kill_below(os.getpid())
        os._exit(0)


def warm(config: dict[str, Any]) -> None:
    """Loads what candidates and tests use, and runs once what is slow the first time."""
    for name in PRELOAD + (JUDGE_PRELOAD if config["role"] == "judge" else []):
        importlib.import_module(name)
    if faulthandler.is_enabled():
        faulthandler.disable()
    parsed = ast.parse("def f(a: int = 1) -> int:\n    return [x for x in (a,)][0]\n")
    exec(compile(parsed, "<warm>", "exec"), {})
    warm_up()
    try:
        json.loads("[1")
    except ValueError as error:
        traceback.format_exception(error)


def warm_up() -> None:
    """Judges one call, so that no fork pays for what the first one builds."""
    module = types.ModuleType("candidate")
    vars(module)["f"] = len
    test = {"kind": "call", "setup": "", "expression": "f([1])", "expected": "1"}
    context = checks.Context(scopes.Direct(module), None)
    checks.run(test | {"tolerance": None, "raises": None}, context, {})
    static.read_candidate("def f(x: int) -> int:\n    return x + 1\n")


class Zygote:
    def __init__(self, config: dict[str, Any]) -> None:
        self._namespaces = config["tier"] == "namespaces"
        self._confinement = confine.Confinement(config["tier"])
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY) if self._namespaces else -1
        self._run = solver.main if config["role"] == "solver" else judge.main
        self._preloaded: set[str] = set()
        gc.collect()
        gc.freeze()

    def serve(self, control: socket.socket) -> NoReturn:
        while True:
            request, fds = wire.recv(control)
            if request["op"] == "reap":
                wire.send(control, self._reap(request["pid"]))
                continue
            try:
                self._preload(request["preload"])
                pid, pidfd = self._spawn(request, fds)
            except (OSError, ImportError) as error:
                wire.send(control, {"error": f"{type(error).__name__}: {error}"})
            else:
                wire.send(control, {"pid": pid}, [pidfd])
                os.close(pidfd)
            finally:
                wire.close_all(fds)

    def _preload(self, names: list[str]) -> None:
        """Packages that a job's tests need, once: later runs find them warm."""
        for name in names:
            if name not in self._preloaded:
                importlib.import_module(name)
                self._preloaded.add(name)
                gc.freeze()

    def _spawn(self, request: dict[str, Any], fds: list[int]) -> tuple[int, int]:
        folder = "/tmp" if self._namespaces else tempfile.gettempdir()
        if self._namespaces:
            kernel.unshare(kernel.CLONE_NEWPID)
        pid = os.fork()
        if pid == 0:
            self._child(request, fds, request.get("folder") or folder)
        if self._namespaces:
            kernel.setns(self._own, kernel.CLONE_NEWPID)
        return pid, os.pidfd_open(pid)

    def _child(self, request: dict[str, Any], fds: list[int], folder: str) -> NoReturn:
        """Never returns: whatever happens ends this process."""
        try:
            try:
                confine.place(fds)
                self._confinement.enter(request["limits"], folder)
            except OSError as error:
                wire.send(socket.socket(fileno=confine.CONTROL), {"setup": str(error)})
                os._exit(71)
            random.seed(0)  # every run draws the same, so that a verdict can be repeated
            self._run(request)
        finally:
            os._exit(70)

    def _reap(self, pid: int) -> dict[str, Any]:
        """Waits for a run's first process, and for the orphans that came to us meanwhile."""
        _, status, usage = os.wait4(pid, 0)
        if not self._namespaces:
            tree.kill_below(os.getpid())
        while True:
            try:
                other, _ = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                break
            if other == 0:
                break
        return {
            "status": os.waitstatus_to_exitcode(status),
            "cpu": usage.ru_utime + usage.ru_stime,
        }
