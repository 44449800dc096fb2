"""What one hears from a run: bounded, so that no output fills the memory of this process."""

import contextlib
import os
import select
import socket
import time
from collections.abc import Callable
from typing import Any, Literal

from assay.sandbox.child import report, wire

MAX_CONTROL = 4 << 20
MAX_MESSAGES = 256
_CHUNK = 65_536
Stop = Literal["wall", "cpu", "trace", "output", "memory", "disk", "threads", "gone"]


class Output:
    """One stream of a program, kept up to a limit."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.data = bytearray()

    @property
    def full(self) -> bool:
        return len(self.data) > self._limit

    def add(self, data: bytes) -> None:
        self.data += data[: self._limit + 1 - len(self.data)]

    def text(self) -> str:
        return bytes(self.data[: self._limit]).decode("utf-8", "backslashreplace")


class Line:
    """A socket that brings messages, read as they come."""

    def __init__(self, sock: socket.socket, limit: int = MAX_CONTROL) -> None:
        self.sock = sock
        self.open = True
        self.most = MAX_MESSAGES
        """Messages that may wait to be taken; the line closes at one more."""
        self.messages: list[Any] = []
        self._frames = wire.Frames(limit)

    def fileno(self) -> int:
        return self.sock.fileno()

    def read(self) -> None:
        try:
            data = self.sock.recv(_CHUNK, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self.feed(data)

    def feed(self, data: bytes) -> None:
        """Takes in what was read; nothing, or what is no message, closes the line."""
        try:
            self.messages += self._frames.feed(data)
            self.open = bool(data) and len(self.messages) <= self.most
            del self.messages[self.most :]
        except wire.Closed:
            self.open = False

    def take(self) -> Any:
        """The next message, or `None`."""
        return self.messages.pop(0) if self.messages else None

    def close(self) -> None:
        self.sock.close()


class Streams:
    """The pipes of one run: output, errors and the stack that a time limit writes."""

    def __init__(self, limit: int) -> None:
        self.out, self.err, self.trace = Output(limit), Output(limit), Output(16_384)
        self.reached = False
        """Whether the process said (`report.reached`) that foreign code comes next."""
        self._outputs: dict[int, Output] = {}
        self.theirs: list[int] = []
        for output in (self.out, self.err, self.trace):
            read, write = os.pipe()
            os.set_blocking(read, False)
            self._outputs[read] = output
            self.theirs.append(write)

    @property
    def full(self) -> bool:
        return self.out.full or self.err.full

    def fds(self) -> list[int]:
        return list(self._outputs)

    def read(self, fd: int) -> bool:
        """Takes what is there; false at the end of the stream."""
        try:
            data = os.read(fd, _CHUNK)
        except BlockingIOError:
            return True
        self._add(fd, data)
        return bool(data)

    def _add(self, fd: int, data: bytes) -> None:
        output = self._outputs[fd]
        if output is self.trace and not self.reached and data.startswith(report.MARK):
            self.reached, data = True, data[len(report.MARK) :]
        output.add(data)

    def drain(self) -> None:
        """What the pipes still hold; a process that keeps one open is not waited for."""
        for fd, output in self._outputs.items():
            with contextlib.suppress(BlockingIOError):
                while not output.full and (data := os.read(fd, _CHUNK)):
                    self._add(fd, data)

    def close_theirs(self) -> None:
        wire.close_all(self.theirs)
        self.theirs.clear()

    def close(self) -> None:
        self.close_theirs()
        wire.close_all(list(self._outputs))
        self._outputs.clear()


def watch(
    streams: Streams,
    lines: list[Line],
    processes: list[int],
    done: Callable[[], bool],
    deadline: float,
    tick: Callable[[], Stop | None],
) -> Stop | None:
    """Reads all that comes until `done`, the deadline (`time.monotonic`) or a reason to stop.

    `tick` is asked every 50 ms whether a limit that the kernel does not watch was passed.
    """
    poll = select.poll()
    for fd in [*streams.fds(), *processes, *(line.fileno() for line in lines if line.open)]:
        poll.register(fd, select.POLLIN)
    by_fd = {line.fileno(): line for line in lines}
    next_tick = time.monotonic() + 0.05
    while not done():
        now = time.monotonic()
        if now >= deadline:
            return "wall"
        if now >= next_tick:
            stop = tick()
            if stop is not None:
                return stop
            next_tick = now + 0.05
        gone = False
        for fd, _ in poll.poll(max(0.0, min(deadline, next_tick) - now) * 1000 + 1):
            if fd in by_fd:
                by_fd[fd].read()
                if not by_fd[fd].open:
                    poll.unregister(fd)
            elif fd in processes:
                gone = True
            elif not streams.read(fd):
                poll.unregister(fd)
        if streams.full:
            return "output"
        if streams.trace.data:
            return "trace"
        if gone:
            for line in lines:
                while line.open and not done() and select.select([line], [], [], 0)[0]:
                    line.read()
            return None if done() else "gone"
    return None
