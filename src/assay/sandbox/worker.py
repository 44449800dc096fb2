"""A worker: two warm zygotes, one that forks candidates and one that forks judges."""

import contextlib
import json
import math
import os
import secrets
import select
import signal
import socket
import struct
import subprocess
import threading
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from assay.errors import SandboxError
from assay.problem import Limits
from assay.sandbox import affinity, cgroup, tree
from assay.sandbox.child import native, orders, wire
from assay.sandbox.layout import Role, interpreter, layout, test_packages
from assay.sandbox.mounts import Mounts
from assay.sandbox.workfolder import Work, WorkFolder

ROLES: tuple[Role, ...] = ("solver", "judge")
"""Those that a worker starts with."""
ANSWER_SECONDS = 30.0
"""How long a zygote may take to answer: only a machine in trouble needs so long."""
_SPARE_BYTES = 8 << 20
_FILES = 256
_ENVIRONMENT = {
    "PATH": "/usr/local/bin:/usr/bin:/bin",
    "HOME": "/tmp",
    "LANG": "C.UTF-8",
    "MALLOC_ARENA_MAX": "2",
    "PYTHONHASHSEED": "0",
}


class WorkerLost(SandboxError):
    """A zygote died or does not answer; the job can be tried on another worker."""


def spawn_order(limits: Limits, tests: int, base_bytes: int | None) -> bytes:
    """The order for one run; `base_bytes` is what its fork server has mapped already, `None`
    where the address space is not limited."""
    cpu = math.ceil(limits.cpu_seconds * max(1, tests)) + 3
    address_space = orders.UNLIMITED
    if base_bytes is not None:
        address_space = (limits.memory_mb << 20) + base_bytes
    rlimits = (address_space, limits.disk_mb << 20, limits.processes + 1, _FILES, 0, 0, 0, cpu)
    return orders.Request(orders.SPAWN, 0, limits.disk_mb, rlimits).pack()


class Process:
    """The first process of one run, held by its pidfd."""

    def __init__(self, number: int, pidfd: int, whole_tree: bool) -> None:
        self.number = number
        """Its pid as its zygote sees it."""
        self.pidfd = pidfd
        self._whole_tree = whole_tree

    @cached_property
    def pid(self) -> int | None:
        return tree.host_pid(self.pidfd)

    def kill(self) -> None:
        """Ends it, and its tree where its zygote does not do that."""
        if not self._whole_tree and self.pid is not None:
            tree.kill_below(self.pid)
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.pidfd, signal.SIGKILL)

    def usage(self) -> tuple[float, int]:
        return tree.usage(self.pid) if self.pid is not None else (0.0, 0)

    def close(self) -> None:
        os.close(self.pidfd)


@dataclass(frozen=True, slots=True)
class Ended:
    """How the first process of a run ended, and the CPU seconds of its tree."""

    status: int
    """Exit status, or the negative number of a signal."""
    cpu_seconds: float
    peak_bytes: int
    """Of its largest process, beyond what a run begins with."""


class Zygote:
    """A fork server. Raises `WorkerLost` when it dies, `SandboxError` when it cannot start."""

    def __init__(
        self,
        tier: str,
        role: Role,
        slot: int,
        folders: tuple[str, ...] = (),
        work: Work | None = None,
    ) -> None:
        self._namespaces, self._contained = tier == "namespaces", tier == "container"
        self._whole_tree = tier != "unsafe"
        self._server: int | None = None
        self._preloaded = False
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.settimeout(ANSWER_SECONDS)
        config = layout(tier, role, slot, folders, work) | {"fd": theirs.fileno()}
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

    def wait_until_ready(self) -> None:
        """Apart from the start, so that several can start at once."""
        try:
            hello = json.loads(self._control.recv(65_536) or "{}")
        except (OSError, ValueError) as error:
            raise SandboxError(f"the sandbox's process did not start: {error}") from error
        if "mapped" not in hello:
            raise SandboxError(str(hello.get("error", "the sandbox's process ended at its start")))
        self.base_bytes = int(hello["mapped"])
        """Address space that each of its runs begins with."""
        self.held_bytes = int(hello["held"])
        """Memory that it holds itself."""
        try:
            self.pid = self._process.pid if not self._namespaces else self._below()
            """The fork server: below a process that only waits, where there are namespaces."""
            self._server = os.pidfd_open(self.pid)
        except OSError as error:
            raise SandboxError("the sandbox's process ended while it started") from error

    def _below(self) -> int:
        below = [pid for pid in tree.descendants(self._process.pid) if pid != self._process.pid]
        if not below:
            raise ProcessLookupError("the fork server is gone")
        return below[0]

    def _ask(self, request: bytes, fds: list[int], kind: int) -> tuple[orders.Reply, list[int]]:
        """The answer of that kind. A run that could not be confined says so before it."""
        try:
            socket.send_fds(self._control, [request], fds)
            failed: orders.Reply | None = None
            while True:
                data, received, _, _ = socket.recv_fds(self._control, orders.REPLY_BYTES, 1)
                reply = orders.reply(data)
                if reply.kind == kind and failed is None:
                    return reply, list(received)
                wire.close_all(list(received))
                if reply.kind == kind or kind == orders.SPAWNED:
                    raise SandboxError(_what_failed(failed or reply))
                failed = reply
        except (OSError, struct.error) as error:
            raise WorkerLost(f"a sandbox worker was lost: {error}") from error

    def spawn(self, order: bytes, fds: list[int]) -> Process:
        """Forks a run; `fds` become 0, 1, 2, its control socket and its trace pipe."""
        reply, received = self._ask(order, fds, orders.SPAWNED)
        if not received:
            raise WorkerLost("the descriptor of a run did not arrive: too many are open")
        return Process(reply.pid, received[0], self._whole_tree)

    def reap(self, process: Process) -> Ended:
        """Ends the run's tree and waits until it is gone."""
        order = orders.Request(orders.REAP, process.number).pack()
        reply, _ = self._ask(order, [], orders.REAPED)
        grown = max(0, reply.peak - self.held_bytes)
        return Ended(os.waitstatus_to_exitcode(reply.status), reply.cpu, grown)

    def usage(self) -> tuple[float, int]:
        """CPU seconds, and resident bytes beyond what it holds itself: orphans are below it too.

        Forks share what it holds, so in a container, which bounds their sum, that is taken off
        each of them; elsewhere once.
        """
        if self._contained:
            return tree.usage(self.pid, self.held_bytes)
        cpu, resident = tree.usage(self.pid)
        return cpu, max(0, resident - self.held_bytes)

    def preload_pytest(self) -> None:
        """Once, for jobs that need it: later runs find it warm."""
        if not self._preloaded:
            self._ask(orders.Request(orders.PRELOAD).pack(), [], orders.READY)
            self._preloaded = True

    def kill(self) -> None:
        """May be called from another thread, and twice."""
        if not self._namespaces:
            tree.kill_below(self._process.pid)
        with self._lock, contextlib.suppress(OSError):
            if self._server is not None:
                signal.pidfd_send_signal(self._server, signal.SIGKILL)
        if self._server is None or not self._namespaces:
            self._process.kill()  # else it ends once it has waited for the server
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
        try:
            self._process.wait(ANSWER_SECONDS if server is not None else 0.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._control.close()


def _what_failed(reply: orders.Reply) -> str:
    """One line for a run that could not start."""
    step = native.STEPS[reply.step] if 0 <= reply.step < len(native.STEPS) else "set-up"
    return (
        f"the sandbox could not be set up: [Errno {reply.error}] {os.strerror(reply.error)}, {step}"
    )


class Worker:
    """Runs one job at a time, in `session`."""

    def __init__(self, tier: str, slot: int) -> None:
        self.tier, self.slot = tier, slot
        self.zygotes: dict[str, Zygote] = {}
        self._killed = False
        self._seat = affinity.Seat()
        self.memory: cgroup.MemoryGroup | None = None
        self.judge: Any = None
        """The judge that is kept for the tests of many jobs; `judging` owns it."""
        self.work = _work(tier)
        try:
            for role in ROLES:
                self.zygotes[role] = Zygote(tier, role, slot, work=self.work)
            for zygote in self.zygotes.values():
                zygote.wait_until_ready()
            self._group(slot)
        except BaseException:
            self.close()
            raise

    def _group(self, slot: int) -> None:
        if self.tier == "unsafe":
            return
        self.memory = cgroup.make(f"{slot}x{secrets.token_hex(3)}")
        if self.memory is not None:
            try:
                self.memory.add(self.zygotes["solver"].pid)
            except OSError:
                self.memory.close()
                self.memory = None

    def settle(self) -> None:
        """Runs that are forked from now on begin on this worker's processor."""
        if self._seat.moved():
            pids = [self.zygotes[role].pid for role in ROLES]
            judge = self.judge.process.pid if self.judge is not None else None
            affinity.hold([*pids, judge] if judge else pids, self._seat.processors())

    def prepare(self, memory_mb: int) -> None:
        if self.memory is not None:
            self.memory.prepare((memory_mb << 20) + _SPARE_BYTES)

    def overrun(self, disk_mb: int, threads: int) -> Literal["disk", "threads"] | None:
        """A limit that was passed and that the kernel does not hold in this tier."""
        if self.work is None:
            return None
        pid = self.zygotes["solver"].pid
        most = threads + 2  # the fork server, and the run's own first one
        if self.tier == "landlock" and tree.threads(pid) > most:
            return "threads"
        return "disk" if self.work.too_much(pid, disk_mb << 20) else None

    def tools(self, folders: tuple[str, ...]) -> Zygote:
        """A fork server whose root shows these folders too; started when first asked for.

        Raises `SandboxError` where one of them is not there any more.
        """
        name = "tools:" + ":".join(folders)
        if name not in self.zygotes:
            zygote = self.zygotes[name] = Zygote(self.tier, "tools", self.slot, folders, self.work)
            if self._killed:
                zygote.kill()
            try:
                zygote.wait_until_ready()
            except SandboxError:
                del self.zygotes[name]
                zygote.close()
                raise
            affinity.hold([zygote.pid], affinity.everywhere())  # compilers count processors
            if self.memory is not None:
                self.memory.add(zygote.pid)
        return self.zygotes[name]

    def kill(self) -> None:
        self._killed = True
        for zygote in list(self.zygotes.values()):
            zygote.kill()

    def close(self) -> None:
        if self.judge is not None:
            self.judge.drop()
            self.judge = None
        for zygote in self.zygotes.values():
            zygote.close()
        self._seat.leave()
        if self.memory is not None:
            self.memory.close()
        if self.work is not None:
            self.work.remove()


def _work(tier: str) -> Work | None:
    """Where runs work, where they have no tmpfs of their own."""
    if tier == "landlock":
        return WorkFolder(test_packages())
    return Mounts() if tier == "container" else None


def exited(pidfd: int, seconds: float) -> bool:
    """Waits for the end of a process."""
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
