"""How work grows with the size of an input, from a few sizes.

The slope of log work over log size between the last sizes; work is lines run, which is the same
each time, or time where the lines of a program say too little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from assay.feedback.programs import number, records, text
from assay.sandbox import Run

Point = tuple[float, float]
FAST = 0.01
"""Seconds below which a time says nothing."""
LEAST = 40
"""Lines below which a number of lines says nothing."""
NAMES = (
    (0.2, "hardly at all"),
    (0.8, "more slowly than linearly"),
    (1.13, "about linearly"),
    (1.5, "about as n log n"),
    (2.45, "about quadratically"),
    (3.45, "about cubically"),
)
"""Slopes up to which a name holds; n log n between sizes of 16 and 4,096 has 1.1 to 1.3."""
EXPONENTIAL = 3.5
"""A slope beyond which a slope that itself grows is no power."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One way to make the input larger, and what it cost."""

    places: tuple[int, ...]
    """The arguments that were made larger, from 0."""
    shape: str
    """Which size, and how the input is made: `length, descending`."""
    lines: tuple[Point, ...]
    """Size, lines run."""
    times: tuple[Point, ...]
    """Size, seconds; only where the lines grow little."""
    over: bool
    """The next size ran more lines than are counted."""
    hot: int
    """The line that ran most at the largest size; 0: none."""

    @property
    def timed(self) -> bool:
        """Whether time grows clearly faster than lines do."""
        return rate(self.times, FAST) > rate(self.lines, LEAST) + 0.5

    @property
    def slope(self) -> float:
        return rate(self.times, FAST) if self.timed else rate(self.lines, LEAST)

    @property
    def name(self) -> str:
        points = self.times if self.timed else self.lines
        slopes = local_slopes(points, 0)
        if len(slopes) > 1 and slopes[-1] > EXPONENTIAL and slopes[-1] > 1.25 * slopes[-2]:
            return "exponentially"
        slope = self.slope
        known = (name for most, name in NAMES if slope <= most)
        return next(known, f"about with the power {slope:.0f}")


def local_slopes(points: Sequence[Point], least: float) -> list[float]:
    """Between neighbours whose work is at least `least`."""
    return [
        math.log(b[1] / a[1]) / math.log(b[0] / a[0])
        for a, b in pairwise(points)
        if a[0] < b[0] and a[1] > 0 and b[1] > 0 and b[1] >= least
    ]


def rate(points: Sequence[Point], least: float) -> float:
    """The slope at the large end: of the last two doublings where there are two; 0 for none.

    Work that falls on the way, as where a search ends early by chance, has no slope: 0 too.
    """
    if any(b[1] < a[1] and a[1] >= least for a, b in pairwise(points[-5:])):
        return 0.0
    slopes = local_slopes(points, least)[-2:]
    return max(0.0, sum(slopes) / len(slopes)) if slopes else 0.0


def worst(run: Run) -> Series | None:
    """The series that grows fastest; of equal ones the first."""
    found = [series for record in records(run) if (series := series_of(record.get("series")))]
    return max(found, key=lambda series: round(series.slope, 1), default=None)


def series_of(data: Any) -> Series | None:
    """One line of the program, or `None` for what is no such thing."""
    if type(data) is not dict:
        return None
    places = data.get("places")
    known = [number(place, 100) for place in places[:100]] if type(places) is list else []
    shape = text(data.get("shape"), 40)
    if shape is None or not known or None in known:
        return None
    return Series(
        places=tuple(place for place in known if place is not None),
        shape=shape,
        lines=points_of(data.get("lines")),
        times=points_of(data.get("times")),
        over=data.get("over") is True,
        hot=number(data.get("hot"), 1 << 20) or 0,
    )


def points_of(data: Any) -> tuple[Point, ...]:
    found: list[Point] = []
    for pair in data[:40] if type(data) is list else []:
        if type(pair) is list and len(pair) == 2 and all(type(n) in (int, float) for n in pair):
            size, work = pair
            if 0 < size < 1e12 and 0 <= work < 1e12:
                found.append((float(size), float(work)))
    return tuple(sorted(found))
