"""What a test printed, in memory that the supervisor shares: it outlives a kill or a time-out.

Writing costs a copy and no system call. Whatever stands there is only shown, never judged.
"""

import fcntl
import mmap
import os
import struct

SIZE = 65_536
"""Bytes of a page; output beyond it is counted and not kept."""
_COUNT = struct.Struct("<I")
_START = _COUNT.size


class Page:
    """The candidate's end."""

    def __init__(self, fd: int) -> None:
        """Raises `OSError` where there is no memory for it."""
        self._map = mmap.mmap(fd, SIZE)
        os.close(fd)
        self._at = _START

    def clear(self) -> None:
        self._at = _START
        _COUNT.pack_into(self._map, 0, 0)

    def add(self, text: str) -> None:
        data = text.encode("utf-8", "backslashreplace")[: SIZE - self._at]
        end = self._at + len(data)
        self._map[self._at : end] = data
        self._at = end
        _COUNT.pack_into(self._map, 0, end - _START)


def make() -> int:
    """A descriptor of a fresh page, of a size that nobody can change."""
    fd = os.memfd_create("printed", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(fd, SIZE)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return fd


def read(fd: int) -> str:
    """The supervisor's end: what stands there, whoever wrote it."""
    (count,) = _COUNT.unpack(os.pread(fd, _START, 0))
    data = os.pread(fd, min(count, SIZE - _START), _START)
    return data.decode("utf-8", "backslashreplace")
