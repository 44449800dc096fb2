"""Keeps what one worker starts on one processor while its runs are short.

Candidate, judge and the thread that watches them wait for one another in turn: woken on another
processor each time they cost a fifth more CPU, and two workers that chance upon the same
processor leave the other one idle, a third of all runs (docs/log.md). A candidate that
lasts is let go, so that no two long ones share a processor while another is idle.
"""

import contextlib
import ctypes
import os
import threading
from collections import Counter
from collections.abc import Iterable

_libc = ctypes.CDLL(None)
_taken: Counter[int] = Counter()
"""Seats of this process by processor."""
_lock = threading.Lock()
KEPT_RUNS = 64
"""After so many a seat is chosen anew, as others may have come to its processor."""


def everywhere() -> set[int]:
    """Where this process may run, whose main thread is never moved; nothing where no system
    call tells."""
    return os.sched_getaffinity(os.getpid()) if hasattr(os, "sched_getaffinity") else set()


def here() -> int | None:
    """The processor of this thread, where that can be known."""
    number = _libc.sched_getcpu() if hasattr(_libc, "sched_getcpu") else -1
    return number if number >= 0 else None


def hold(pids: Iterable[int], processors: set[int]) -> None:
    """Keeps them there. What may not be moved stays where it is."""
    for pid in pids if processors else ():
        with contextlib.suppress(OSError):
            os.sched_setaffinity(pid, processors)


class Seat:
    """The processor of one worker: one that no other worker of this process has, if there is.

    A worker of the main thread, which is not ours to keep anywhere, follows that thread instead.
    """

    def __init__(self) -> None:
        self.processor: int | None = None
        self._seated = False
        self._runs = 0

    def moved(self) -> bool:
        """A run begins: keeps this thread here. Whether the worker's processes are to follow."""
        before = self.processor
        if len(everywhere()) < 2:
            return False
        if threading.current_thread() is threading.main_thread():
            self.processor = here()
            return self.processor != before
        if self._runs % KEPT_RUNS == 0:
            self.leave()  # one run without a seat shows where there is room
        elif self.processor is None:
            self._take()
        self._runs += 1
        hold([0], self.processors())
        return self.processor != before or self._runs == 1  # started by a thread that had a seat

    def processors(self) -> set[int]:
        return everywhere() if self.processor is None else {self.processor}

    def _take(self) -> None:
        now = here()
        with _lock:
            free = sorted(everywhere(), key=lambda number: (_taken[number], number != now, number))
            self.processor, self._seated = free[0], True
            _taken[free[0]] += 1

    def leave(self) -> None:
        if self.processor is not None and self._seated:
            with _lock:
                _taken[self.processor] -= 1
        self.processor, self._seated = None, False
