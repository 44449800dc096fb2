"""One process tree of a candidate: how it is started, watched, and why it ended."""

import os
import re
import signal
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from assay.errors import SandboxError
from assay.problem import Limits
from assay.sandbox import Detail, Outcome, affinity, tree
from assay.sandbox.child import report, wire
from assay.sandbox.pipes import Line, Stop, Streams, watch
from assay.sandbox.worker import Process, Worker, Zygote, spawn_order
from assay.sandbox.workfolder import MAX_FILES

_FRAME = re.compile(rb'File "<candidate>", line (\d{1,9}) in ([^\n]{1,200})\n')
_GRACE = 1.0
"""Seconds by which the supervisor's clock runs behind the candidate's own."""
CPU_SLACK = 0.25
_BYTES_HELD = 8
"""Bytes that a process may need for each byte of its order, before it reads the code in it."""
_BUSY_KILL = (signal.SIGXCPU, signal.SIGKILL)


class Spawned:
    """A process of a zygote with its control socket and its streams."""

    def __init__(
        self, zygote: Zygote, order: bytes, output: int, stdin: int, more: Sequence[int] = ()
    ) -> None:
        """`more`: descriptors that the process finds from `confine.EXTRA` on."""
        self._zygote = zygote
        self.streams = Streams(output)
        ours, theirs = socket.socketpair()
        self.line = Line(ours)
        self.cpu_seconds, self.peak_bytes = 0.0, 0
        self.sent = 0
        """Bytes of the orders that it was given."""
        out, err, trace = self.streams.theirs
        try:
            fds = [stdin, out, err, theirs.fileno(), trace, *more]
            self.process: Process = zygote.spawn(order, fds)
        except BaseException:
            self.streams.close()
            ours.close()
            raise
        finally:
            theirs.close()
        self.streams.close_theirs()

    def send(self, message: Any, fds: list[int] | None = None) -> bool:
        """False when the process is gone."""
        body = message if type(message) is bytes else wire.dumps(message)
        self.sent += len(body)
        try:
            wire.send_bytes(self.line.sock, wire.frame(body), fds)
        except wire.Closed:
            return False
        return True

    def end(self) -> int:
        """Kills what is left, waits for it, and gives the exit status of the first process."""
        self.process.kill()
        try:
            ended = self._zygote.reap(self.process)
            self.streams.drain()
        finally:
            self.drop()
        self.cpu_seconds, self.peak_bytes = ended.cpu_seconds, ended.peak_bytes
        return ended.status

    def drop(self) -> None:
        """Lets go of a process that is gone, or goes with its zygote."""
        self.process.close()
        self.streams.close()
        self.line.close()


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
        stdin: int,
        *,
        place: Place | None = None,
        more: Sequence[int] = (),
    ) -> None:
        self._worker, self._limits = worker, limits
        place = place or Place(zygote=worker.zygotes["solver"])
        self._grace = place.grace
        worker.settle()
        worker.prepare(limits.memory_mb + place.extra_mb)
        self._kills = worker.memory.kills() if worker.memory else 0
        self._disk_mb = limits.disk_mb + place.extra_mb
        room = replace(limits, disk_mb=self._disk_mb) if place.extra_mb else limits
        base = place.zygote.base_bytes if place.address_space else None
        order = spawn_order(room, tests, base)
        marks = tests if tests > 1 else 0  # ours, one before what each test prints
        super().__init__(place.zygote, order, limits.output_bytes + marks, stdin, more)
        self._start = self._base = 0.0
        self._released = False
        self.resident = 0
        """Bytes of the whole tree, when it was looked at last."""
        self.begin()

    def said(self) -> str:
        """All that stands in its standard output."""
        return self.streams.out.text().replace(report.MARK.decode(), "")

    def printed(self) -> str:
        """What the test at hand printed so far, the first and the last part."""
        self.streams.drain()
        _, mark, text = self.streams.out.text().rpartition(report.MARK.decode())
        return report.shorten(text) if mark else ""

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
        if not self._released and self.process.pid is not None:
            self._released = True
            affinity.hold(tree.descendants(self.process.pid), affinity.everywhere())
        cpu, self.resident = self._zygote.usage()
        if self._base < 0:  # the first look comes 50 ms after the test began
            self._base = max(0.0, cpu - 0.05)
        if cpu - self._base > self._limits.cpu_seconds + CPU_SLACK:
            return "cpu"
        if self._worker.memory is None and self.resident > self._limits.memory_mb << 20:
            return "memory"
        return self._worker.overrun(self._disk_mb, self._limits.processes)

    def out_of_memory(self) -> bool:
        return bool(self._worker.memory and self._worker.memory.kills() > self._kills)

    def starved(self) -> bool:
        """Whether memory ran out: also before the code was reached, where that alone is long."""
        long = self.sent * _BYTES_HELD > self._limits.memory_mb << 20
        return self.out_of_memory() or (long and not self.streams.reached)

    def check_reached(self, what: str) -> None:
        """Raises `SandboxError` where nothing of the candidate can be why it went wrong."""
        if not self.streams.reached:
            raise SandboxError(f"the sandbox's process {what}")

    def stopped(self, stop: Stop) -> tuple[Outcome, Detail]:
        """What it means that a limit of ours ended the run."""
        limits, text = self._limits, self.printed()
        if stop in ("wall", "cpu"):
            self.check_reached(f"did not come to the program's code within its {stop} time")
        if stop == "output":
            return "output", Detail(limit=f"{limits.output_bytes} bytes of output", stdout=text)
        if stop == "memory":
            return "memory", Detail(limit=f"{limits.memory_mb} MB of memory", stdout=text)
        if stop == "disk":
            disk = f"{limits.disk_mb} MB of disk, {MAX_FILES} files"
            return "killed", Detail(limit=disk, stdout=text)
        if stop == "threads":
            return "killed", Detail(limit=f"{limits.processes} threads", stdout=text)
        line, stack = self.where()
        slow = time.monotonic() - self._start >= limits.wall_seconds * 0.98
        by_wall = stop == "wall" or (stop == "trace" and slow)
        limit = self._wall_limit if by_wall else self._cpu_limit
        return "timeout", Detail(limit=limit, line=line, stack=stack, stdout=text)

    @property
    def _wall_limit(self) -> str:
        return f"{self._limits.wall_seconds:g} s of wall time"

    @property
    def _cpu_limit(self) -> str:
        return f"{self._limits.cpu_seconds:g} s of CPU"

    def where(self) -> tuple[int | None, str | None]:
        """The innermost line of the candidate and the calls around it, as the trace pipe names
        them. A process writes them piece by piece, so it is waited for until no more comes."""
        said, trace = -1, self.streams.trace.data
        for _ in range(20 if trace else 0):
            if len(trace) == said and _FRAME.search(bytes(trace)):
                break
            said = len(trace)
            time.sleep(0.001)
            self.streams.drain()
        frames = [(int(line), name) for line, name in _FRAME.findall(bytes(trace))]
        if len(frames) < 2:
            return (frames[0][0] if frames else None), None
        repeated = [(frame, len(list(same))) for frame, same in groupby(frames)]
        texts = [
            f"line {line} in {name.decode('ascii', 'replace')}" + (f" ({n} times)" if n > 1 else "")
            for (line, name), n in repeated
        ]
        return frames[0][0], report.shorten(", ".join(texts))

    def ended(self, status: int) -> tuple[Outcome, Detail]:
        """What an exit status means, for a process that was to live on."""
        if self.starved():
            return self.stopped("memory")
        self.check_reached(f"ended before the program's code (status {status})")
        if status == report.OUTPUT_STATUS:
            return self.stopped("output")
        text = self.printed()
        if status >= 0:
            message = f"ended early (exit status {status})"
            known = Detail(exception="SystemExit", message=message, exit_status=status)
            return "raised", replace(known, stdout=text)
        number = -status
        name = signal.Signals(number).name if number in set(signal.Signals) else str(number)
        if number == signal.SIGSYS:
            message = "made a system call that is refused"
            return "denied", Detail(signal=name, message=message, denied=name, stdout=text)
        limit = self._limit_of(number)
        if limit is not None:
            return "timeout", Detail(limit=limit, signal=name, stdout=text)
        return "killed", Detail(signal=name, message=f"died by {name}", stdout=text)

    def _limit_of(self, number: int) -> str | None:
        """The limit behind a signal, where the process no longer handled our clocks' signals."""
        wall = time.monotonic() - self._start
        if number == signal.SIGALRM and wall >= self._limits.wall_seconds * 0.98:
            return self._wall_limit
        used = self.cpu_seconds >= self._limits.cpu_seconds * 0.98
        busy = number in _BUSY_KILL and used
        if busy or (number == signal.SIGPROF and wall >= self._limits.cpu_seconds * 0.98):
            return self._cpu_limit
        return None


def stdin_file(text: str) -> int:
    """A descriptor to read `text` from. The caller closes it."""
    fd = os.memfd_create("stdin")
    with open(fd, "wb", closefd=False) as file:
        file.write(text.encode("utf-8", "surrogateescape"))
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
