"""Whose CPU time it was: that of this process, shared out among what is under way in it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

Used = Callable[[], float]
"""CPU seconds so far."""


@dataclass(slots=True, eq=False)
class Share:
    seconds: float = 0.0


class Meter:
    """At each change, the time since the last one goes in equal parts to the calls of models that
    compute in this process; where there is none under way, to the problems that are."""

    def __init__(self, clock: Callable[[], float] = time.process_time) -> None:
        self._clock = clock
        self._last = clock()
        self._calls: list[Share] = []
        self._problems: list[Share] = []

    @contextmanager
    def call(self) -> Iterator[Used]:
        with self._under_way(self._calls) as used:
            yield used

    @contextmanager
    def problem(self) -> Iterator[Used]:
        with self._under_way(self._problems) as used:
            yield used

    @contextmanager
    def _under_way(self, among: list[Share]) -> Iterator[Used]:
        self._share_out()
        share = Share()
        among.append(share)

        def used() -> float:
            self._share_out()
            return share.seconds

        try:
            yield used
        finally:
            self._share_out()
            among.remove(share)

    def _share_out(self) -> None:
        now = self._clock()
        shares = self._calls or self._problems
        for share in shares:
            share.seconds += (now - self._last) / len(shares)
        self._last = now


METER = Meter()
"""Of this process."""
