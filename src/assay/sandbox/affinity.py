"""Keeps the processes of one run on one processor while it is short.

Candidate, judge and the thread that watches them wait for one another in turn; woken on another
processor each time, they cost a fifth more CPU and do a third less (docs/log.md). A run that
lasts is let go, so that no two long ones share a processor while another is idle.
"""

import contextlib
import ctypes
import os
from collections.abc import Iterable

_libc = ctypes.CDLL(None)


def here() -> int:
    """The processor of this thread; -1 where that cannot be known."""
    try:
        return int(_libc.sched_getcpu())
    except AttributeError:
        return -1


def hold(pids: Iterable[int], processor: int) -> None:
    """Keeps them there. What may not be moved stays where it is."""
    for pid in pids:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, {processor})


def release(pids: Iterable[int]) -> None:
    """Lets them run wherever this process may."""
    everywhere = os.sched_getaffinity(0)
    for pid in pids:
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, everywhere)
