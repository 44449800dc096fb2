"""What a worker asks of its fork server, and what that answers: fixed structs, one a packet.

`spawn.c` mirrors both. Descriptors ride along: 0, 1, 2, the control socket and the trace pipe of
the run with `SPAWN`, a pidfd with `SPAWNED`.
"""

import struct
from typing import NamedTuple

SPAWN, REAP, PRELOAD = 1, 2, 3
SPAWNED, REAPED, FAILED, READY = 1, 2, 3, 4
UNLIMITED = (1 << 64) - 1
"""A limit that is none."""
_REQUEST = struct.Struct("=IiQ8Q")
_REPLY = struct.Struct("=iiiiixxxxdQ")
REQUEST_BYTES, REPLY_BYTES = _REQUEST.size, _REPLY.size


_SPLIT = struct.Struct("=cddQ")


class SplitOrder(NamedTuple):
    """Load `code`, then answer a judge's calls: the first frame that most runs get.

    No JSON: each page of the interpreter that a run touches is copied for it.
    """

    cpu: float
    wall: float
    """Seconds for loading it."""
    output: int
    """Bytes that one test may print."""
    code: str

    def pack(self) -> bytes:
        head = _SPLIT.pack(b"s", self.cpu, self.wall, self.output)
        return head + self.code.encode("utf-8", "surrogatepass")


def split_order(data: bytes) -> SplitOrder:
    """Raises `struct.error`, `UnicodeError`."""
    _, cpu, wall, output = _SPLIT.unpack_from(data)
    return SplitOrder(cpu, wall, output, data[_SPLIT.size :].decode("utf-8", "surrogatepass"))


class Request(NamedTuple):
    op: int
    pid: int = 0
    """The process to reap, as the fork server sees it."""
    disk_mb: int = 0
    limits: tuple[int, ...] = (0,) * 8
    """RLIMIT_AS, FSIZE, NPROC, NOFILE, CORE, MEMLOCK, MSGQUEUE and CPU, in their own units."""

    def pack(self) -> bytes:
        return _REQUEST.pack(self.op, self.pid, self.disk_mb, *self.limits)


class Reply(NamedTuple):
    kind: int
    pid: int = 0
    status: int = 0
    """As wait(2) gives it."""
    error: int = 0
    """errno of a step that failed."""
    step: int = 0
    cpu: float = 0.0
    """CPU seconds of the whole tree."""
    peak: int = 0
    """Bytes of its largest process, those of the fork server included."""

    def pack(self) -> bytes:
        return _REPLY.pack(*self)


def request(data: bytes | bytearray) -> Request:
    """Raises `struct.error`."""
    op, pid, disk_mb, *limits = _REQUEST.unpack(data)
    return Request(op, pid, disk_mb, tuple(limits))


def reply(data: bytes) -> Reply:
    """Raises `struct.error`."""
    return Reply(*_REPLY.unpack(data))
