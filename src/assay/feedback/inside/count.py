"""Counts lines, and what each costs."""

import time
from collections import defaultdict
from collections.abc import Callable
from types import FrameType
from typing import Any

SOME = 256
"""Lines between two looks at the clock."""


class Enough(BaseException):
    """More lines ran, or for longer, than are counted; not an `Exception`, which programs catch."""


class Counter:
    """A `Watcher` that counts how often each line ran, at most `most` lines in all."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._depth = 0
        self.total = 0
        self.hits: dict[int, int] = defaultdict(int)
        self.calls: list[dict[int, int]] = []
        """Of each call from outside the candidate but the last."""

    def enter(self, frame: FrameType) -> None:
        if self._depth == 0 and self.hits:
            self.calls.append(self.hits)
            self.hits = defaultdict(int)
        self._depth += 1

    def line(self, frame: FrameType, line: int) -> None:
        self.hits[line] += 1
        self.total += 1
        if self.total > self._most:
            raise Enough

    def leave(self, frame: FrameType, value: Any) -> None:
        self._depth -= 1

    def raised(self, frame: FrameType, error: BaseException) -> None:
        return

    def unwound(self, frame: FrameType, error: BaseException) -> None:
        self._depth -= 1


class Costs(Counter):
    """Also adds up, by line, by how much `meter` rose while it ran; its callees' part is theirs."""

    def __init__(self, most: int, meter: Callable[[], int], seconds: float) -> None:
        super().__init__(most)
        self._until = time.process_time() + seconds
        self._meter = meter
        self._lines = [0]
        self._mark = meter()
        self.costs: dict[int, int] = defaultdict(int)

    def _charge(self) -> None:
        self.costs[self._lines[-1]] += self._meter() - self._mark

    def enter(self, frame: FrameType) -> None:
        self._charge()
        self._lines.append(self._lines[-1])  # entering a function is a cost of its call
        self._mark = self._meter()

    def line(self, frame: FrameType, line: int) -> None:
        self._charge()
        self._lines[-1] = line
        super().line(frame, line)
        if self.total % SOME == 0 and time.process_time() > self._until:
            raise Enough
        self._mark = self._meter()

    def leave(self, frame: FrameType, value: Any) -> None:
        self._charge()
        if len(self._lines) > 1:
            self._lines.pop()
        self._mark = self._meter()

    def unwound(self, frame: FrameType, error: BaseException) -> None:
        self.leave(frame, None)
