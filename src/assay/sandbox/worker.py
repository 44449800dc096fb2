"""A worker: two warm zygotes, one that forks candidates and one that forks judges."""

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
import sysconfig
import threading
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from assay.errors import SandboxError
from assay.sandbox import cgroup, tree
from assay.sandbox.child import wire

Role = Literal["solver", "judge"]
ANSWER_SECONDS = 30.0
"""How long a zygote may take to answer: only a machine in trouble needs so long."""
TEST_PACKAGES = ("pytest", "_pytest", "pluggy", "iniconfig", "packaging", "pygments", "py")
_SPARE_BYTES = 8 << 20
_FIRST_UID = 65_000
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
}


class WorkerLost(SandboxError):
    """A zygote died or does not answer; the job can be tried on another worker."""


def interpreter() -> str:
    """The interpreter itself, not a virtual environment's link to it."""
    return str(Path(getattr(sys, "_base_executable", sys.executable)).resolve())


def test_packages() -> dict[str, str]:
    """pytest and what it imports: name in a package folder -> path here; empty without pytest."""
    found: dict[str, str] = {}
    for name in TEST_PACKAGES:
        spec = find_spec(name)
        if spec is None or spec.origin is None:
            continue
        origin = Path(spec.origin)
        place = origin.parent if origin.name == "__init__.py" else origin
        found[place.name] = str(place)
    return found if "pytest" in found else {}


def layout(tier: str, role: Role, slot: int) -> dict[str, Any]:
    """What a zygote is told at its start."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    prefix = Path(sys.base_prefix).resolve()
    libraries = [Path("/usr/lib"), Path("/usr/local/lib"), prefix / "lib"]
    packages = test_packages()
    return {
        "tier": tier,
        "role": role,
        "uid": _FIRST_UID + slot % 500,
        "binds": [str(prefix / name) for name in ("bin", "lib") if (prefix / name).is_dir()],
        "masks": [
            "/usr/lib/python3/dist-packages",
            *(f"{lib}/{version}/{kind}" for lib in libraries for kind in ("site-packages",)),
            *(f"{lib}/{version}/dist-packages" for lib in libraries),
        ],
        "packages": packages,
        "paths": [sysconfig.get_path("purelib")] if packages else [],
    }


class Process:
    """The first process of one run, held by its pidfd."""

    def __init__(self, number: int, pidfd: int, whole_tree: bool) -> None:
        self.number = number
        """Its pid as its zygote sees it."""
        self.pidfd = pidfd
        self.pid = tree.host_pid(pidfd)
        self._whole_tree = whole_tree

    def kill(self) -> None:
        """Ends the tree; the kernel does it where the process is the first of a namespace."""
        if not self._whole_tree and self.pid is not None:
            tree.kill_below(self.pid)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def usage(self) -> tuple[float, int]:
        return tree.usage(self.pid) if self.pid is not None else (0.0, 0)

    def close(self) -> None:
        os.close(self.pidfd)


class Zygote:
    """A fork server. Raises `WorkerLost` when it dies, `SandboxError` when it cannot start."""

    def __init__(self, tier: str, role: Role, slot: int) -> None:
        self._namespaces = tier == "namespaces"
        self._server: int | None = None
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        self._control.settimeout(ANSWER_SECONDS)
        config = layout(tier, role, slot) | {"fd": theirs.fileno()}
        script = Path(__file__).parent / "child" / "zygote.py"
        with theirs:
            self._process = subprocess.Popen(
                [interpreter(), "-S", "-s", "-P", str(script), json.dumps(config)],
                env=_ENVIRONMENT,
                cwd="/",
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        try:
            hello, _ = wire.recv(self._control)
        except wire.Closed as error:
            self.close()
            raise SandboxError("the sandbox's process ended while it started") from error
        if "ready" not in hello:
            self.close()
            raise SandboxError(str(hello.get("error")))
        try:
            self.pid = self._process.pid if not self._namespaces else self._below()
            """The fork server: below a process that only waits, where there are namespaces."""
            self._server = os.pidfd_open(self.pid)
        except OSError as error:
            self.close()
            raise SandboxError("the sandbox's process ended while it started") from error

    def _below(self) -> int:
        below = [pid for pid in tree.descendants(self._process.pid) if pid != self._process.pid]
        if not below:
            raise ProcessLookupError("the fork server is gone")
        return below[0]

    def _ask(self, request: dict[str, Any], fds: list[int]) -> tuple[dict[str, Any], list[int]]:
        try:
            wire.send(self._control, request, fds)
            return wire.recv(self._control)
        except wire.Closed as error:
            raise WorkerLost(f"a sandbox worker was lost: {error}") from error

    def spawn(self, limits: dict[str, Any], preload: list[str], fds: list[int]) -> Process:
        """Forks a run; `fds` become 0, 1, 2, its control socket and its trace pipe."""
        request = {"op": "spawn", "limits": limits, "preload": preload}
        reply, received = self._ask(request, fds)
        if "pid" not in reply or not received:
            wire.close_all(received)
            raise SandboxError(f"the sandbox could not fork: {reply.get('error')}")
        return Process(reply["pid"], received[0], self._namespaces)

    def reap(self, process: Process) -> dict[str, Any]:
        """Waits until the process is gone: its exit status and the CPU seconds of its tree."""
        reply, _ = self._ask({"op": "reap", "pid": process.number}, [])
        return reply

    def kill(self) -> None:
        """May be called from another thread, and twice."""
        if not self._namespaces:
            tree.kill_below(self._process.pid)
        with self._lock, contextlib.suppress(OSError):
            if self._server is not None:
                signal.pidfd_send_signal(self._server, signal.SIGKILL)
        self._process.kill()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Waits until it and all that it started is gone; may be called twice."""
        self.kill()
        with self._lock:
            server, self._server = self._server, None
        if server is not None:
            exited(server, ANSWER_SECONDS)
            os.close(server)
        self._process.wait()
        self._control.close()


class Worker:
    """Runs one job at a time, in `session`."""

    def __init__(self, tier: str, slot: int) -> None:
        self.tier, self.slot = tier, slot
        self.zygotes: dict[Role, Zygote] = {}
        self.memory: cgroup.MemoryGroup | None = None
        try:
            self.zygotes["solver"] = Zygote(tier, "solver", slot)
            self.zygotes["judge"] = Zygote(tier, "judge", slot)
            self._group(slot)
        except BaseException:
            self.close()
            raise

    def _group(self, slot: int) -> None:
        if self.tier != "namespaces":
            return
        self.memory = cgroup.make(f"{slot}x{secrets.token_hex(3)}")
        if self.memory is not None:
            try:
                self.memory.add(self.zygotes["solver"].pid)
            except OSError:
                self.memory.remove()
                self.memory = None

    def prepare(self, memory_mb: int) -> None:
        if self.memory is not None:
            self.memory.prepare((memory_mb << 20) + _SPARE_BYTES)

    def kill(self) -> None:
        for zygote in list(self.zygotes.values()):
            zygote.kill()

    def close(self) -> None:
        for zygote in self.zygotes.values():
            zygote.close()
        if self.memory is not None:
            self.memory.remove()


def exited(pidfd: int, seconds: float) -> bool:
    """Waits for the end of a process."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
