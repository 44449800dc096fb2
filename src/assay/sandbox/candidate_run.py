"""One process tree of a candidate: how it is started, watched, and why it ended."""

import math
import os
import re
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from assay.errors import SandboxError
from assay.problem import Limits
from assay.sandbox import Detail, Outcome
from assay.sandbox.child import report, wire
from assay.sandbox.pipes import Line, Stop, Streams, watch
from assay.sandbox.worker import Process, Worker, Zygote

_TRACE_LINE = re.compile(rb'File "<candidate>", line (\d+)')
_GRACE = 1.0
"""Seconds by which the supervisor's clock runs behind the candidate's own."""
_CPU_SLACK = 0.25
_BUSY_KILL = (signal.SIGXCPU, signal.SIGKILL)


class Spawned:
    """A process of a zygote with its control line and its streams."""

    def __init__(
        self, zygote: Zygote, limits: dict[str, Any], preload: list[str], output: int, stdin: int
    ) -> None:
        self._zygote = zygote
        self.streams = Streams(output)
        ours, theirs = socket.socketpair()
        self.line = Line(ours)
        self.cpu_seconds = 0.0
        out, err, trace = self.streams.theirs
        try:
            fds = [stdin, out, err, theirs.fileno(), trace]
            self.process: Process = zygote.spawn(limits, preload, fds)
        except BaseException:
            self.streams.close()
            ours.close()
            raise
        finally:
            theirs.close()
        self.streams.close_theirs()

    def send(self, message: Any, fds: list[int] | None = None) -> bool:
        """False when the process is gone."""
        try:
            wire.send(self.line.sock, message, fds)
        except wire.Closed:
            return False
        return True

    def end(self) -> int:
        """Kills what is left, waits for it, and gives the exit status of the first process."""
        self.process.kill()
        try:
            reply = self._zygote.reap(self.process)
            self.streams.drain()
        finally:
            self.process.close()
            self.streams.close()
            self.line.close()
        self.cpu_seconds = float(reply["cpu"])
        return int(reply["status"])


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where a candidate's process is forked, and how it differs from one in Python."""

    zygote: Zygote
    address_space: bool = True
    """Whether its address space is limited."""
    grace: float = _GRACE
    extra_mb: int = 0
    """What the sandbox itself lays down in the work folder, beyond the candidate's limits."""


class CandidateRun(Spawned):
    """A candidate's process, under the limits of its job."""

    def __init__(
        self,
        worker: Worker,
        limits: Limits,
        tests: int,
        preload: list[str],
        stdin: int,
        *,
        place: "Place | None" = None,
    ) -> None:
        self._worker, self._limits = worker, limits
        place = place or Place(zygote=worker.zygotes["solver"])
        self._grace = place.grace
        worker.prepare(limits.memory_mb + place.extra_mb)
        self._kills = worker.memory.kills() if worker.memory else 0
        kernel_limits = {
            "memory_mb": limits.memory_mb,
            "disk_mb": limits.disk_mb + place.extra_mb,
            "processes": limits.processes + 2,
            "cpu_total": limits.cpu_seconds * max(1, tests) + 1,
            "address_space": place.address_space,
        }
        super().__init__(place.zygote, kernel_limits, preload, limits.output_bytes, stdin)
        self._start = self._base = 0.0
        self.begin()

    def begin(self) -> None:
        """A test starts: its clocks start anew."""
        self._start = time.monotonic()
        self._base = -1.0
        self.streams.trace.data.clear()

    def clocks(self) -> dict[str, float]:
        """What the process itself arms, to say where it was when time ran out."""
        return {"cpu": self._limits.cpu_seconds, "wall": self._limits.wall_seconds}

    def watch(
        self, done: Callable[[], bool], lines: list[Line], processes: list[int] | None = None
    ) -> Stop | None:
        """Waits under the limits of one test."""
        deadline = self._start + self._limits.wall_seconds + self._grace
        fds = [self.process.pidfd, *(processes or [])]
        return watch(self.streams, lines, fds, done, deadline, self._tick)

    def _tick(self) -> Stop | None:
        cpu, resident = self.process.usage()
        if self._base < 0:  # the first look comes 50 ms after the test began
            self._base = max(0.0, cpu - 0.05)
        if cpu - self._base > self._limits.cpu_seconds + _CPU_SLACK:
            return "cpu"
        if self._worker.memory is None and resident > self._limits.memory_mb << 20:
            return "memory"
        return None

    def out_of_memory(self) -> bool:
        return bool(self._worker.memory and self._worker.memory.kills() > self._kills)

    def stopped(self, stop: Stop) -> tuple[Outcome, Detail]:
        """What it means that a limit of ours ended the run."""
        limits = self._limits
        if stop == "output":
            return "output", Detail(limit=f"{limits.output_bytes} bytes of output")
        if stop == "memory":
            return "memory", Detail(limit=f"{limits.memory_mb} MB of memory")
        line, source = self.where()
        slow = time.monotonic() - self._start >= limits.wall_seconds * 0.98
        if stop == "wall" or (stop == "trace" and slow):
            limit = f"{limits.wall_seconds:g} s of wall time"
        else:
            limit = f"{limits.cpu_seconds:g} s of CPU"
        return "timeout", Detail(limit=limit, line=line, source=source)

    def where(self) -> tuple[int | None, str | None]:
        """The line of the candidate that the trace pipe names, once its text is complete."""
        found = _TRACE_LINE.search(bytes(self.streams.trace.data))
        for _ in range(20 if self.streams.trace.data else 0):
            if found:
                break
            time.sleep(0.001)
            self.streams.drain()
            found = _TRACE_LINE.search(bytes(self.streams.trace.data))
        return (int(found[1]), None) if found else (None, None)

    def ended(self, status: int) -> tuple[Outcome, Detail]:
        """What an exit status means, for a process that was to live on."""
        limits = self._limits
        if self.out_of_memory():
            return "memory", Detail(limit=f"{limits.memory_mb} MB of memory")
        if status == report.OUTPUT_STATUS:
            return "output", Detail(limit=f"{limits.output_bytes} bytes of output")
        if status >= 0:
            message = f"ended early (exit status {status})"
            return "raised", Detail(exception="SystemExit", message=message)
        number = -status
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        if number == signal.SIGSYS:
            return "denied", Detail(signal=name, message="made a system call that is refused")
        cpu, _ = self.process.usage()
        if number in _BUSY_KILL and cpu >= math.floor(limits.cpu_seconds):
            return "timeout", Detail(limit=f"{limits.cpu_seconds:g} s of CPU", signal=name)
        return "killed", Detail(signal=name, message=f"died by {name}")


def stdin_file(text: str) -> int:
    """A descriptor to read `text` from. The caller closes it."""
    fd = os.memfd_create("stdin")
    with open(fd, "wb", closefd=False) as file:
        file.write(text.encode("utf-8", "surrogateescape"))
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def setup_error(message: Any) -> None:
    """Raises `SandboxError` where a run could not be confined: it never started."""
    if isinstance(message, dict) and "setup" in message:
        raise SandboxError(f"the sandbox could not be set up: {message['setup']}")
