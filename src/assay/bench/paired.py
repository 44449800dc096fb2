"""Two cells over the same problems: is the difference more than chance?

Of a pair only the problems count that one cell solves and the other does not: `only_a` and
`only_b`, the discordant ones.
"""

from collections.abc import Sequence
from functools import cache
from math import comb

import numpy as np
from numpy.typing import NDArray

LEVEL = 0.05
POWER = 0.8


def mcnemar(only_a: int, only_b: int) -> float:
    """Two-sided p of McNemar's exact test: each discordant pair is a fair coin.

    McNemar 1947, in its exact form: min(1, 2 P(X <= min(b, c))), X ~ Binomial(b + c, 1/2).
    """
    if min(only_a, only_b) < 0:
        raise ValueError(f"{only_a} and {only_b} discordant pairs")
    pairs = only_a + only_b
    tail = sum(comb(pairs, i) for i in range(min(only_a, only_b) + 1))
    return min(1.0, 2 * tail / (1 << pairs))


def holm(p_values: Sequence[float]) -> list[float]:
    """Each p adjusted for there being several, in the order given.

    Holm 1979: the j-th smallest of m times m - j + 1, never below the one before, at most 1.
    """
    adjusted = [1.0] * len(p_values)
    highest = 0.0
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    for place, index in enumerate(order):
        highest = max(highest, min(1.0, (len(p_values) - place) * p_values[index]))
        adjusted[index] = highest
    return adjusted


def paired_bootstrap(
    only_a: int, only_b: int, problems: int, level: float = 1 - LEVEL
) -> tuple[float, float]:
    """Percentile interval of rate a - rate b when problems are drawn again with replacement.

    Efron 1979. A problem gives +1, -1 or 0, so the sum over a resample is the n-fold convolution
    of three shares: what more and more random resamples tend to is computed, with no seed and no
    noise. Where the cells never differ there is nothing to resample, and it is (0, 0).
    """
    same = problems - only_a - only_b
    if min(only_a, only_b, same) < 0 or problems == 0:
        raise ValueError(f"{only_a} + {only_b} discordant of {problems}")
    one = np.array([only_b, same, only_a]) / problems
    sums = np.cumsum(convolved(one, problems))
    tail = (1 - level) / 2
    # The last bits are rounding: without a margin the interval of (b, a) would not mirror (a, b).
    low = int(np.searchsorted(sums, tail + 1e-12, side="right"))
    high = int(np.searchsorted(sums, 1 - tail - 1e-12, side="left"))
    return (low - problems) / problems, (high - problems) / problems


def convolved(one: NDArray[np.float64], times: int) -> NDArray[np.float64]:
    """`one` convolved with itself, `times` in all."""
    result = np.ones(1)
    square = one
    while times:
        if times % 2:
            result = np.convolve(result, square)
        times //= 2
        if times:
            square = np.convolve(square, square)
    return result


@cache
def smallest_difference(
    problems: int, discordant: int, level: float = LEVEL, power: float = POWER
) -> float | None:
    """The smallest true difference of two rates that McNemar's exact test at `level` finds with
    at least `power` on so many problems; `None` where they are too few for any.

    The share of discordant problems is taken as observed, and as the difference itself where
    that is more. Exact: the number of discordant problems is binomial, and among them a's.
    Of one test: Holm's correction of several asks for more. To 0.0005.
    """
    if not 0 <= discordant <= problems:
        raise ValueError(f"{discordant} discordant of {problems}")
    share = discordant / problems if problems else 0.0
    low, high = 0.0, 1.0
    if problems == 0 or _power_of(high, max(share, high), problems, level) < power:
        return None
    while high - low > 0.0005:
        middle = (low + high) / 2
        if _power_of(middle, max(share, middle), problems, level) >= power:
            high = middle
        else:
            low = middle
    return high


def _power_of(difference: float, share: float, problems: int, level: float) -> float:
    """The chance that the test rejects, where a `share` of the problems is discordant."""
    towards_a = (1 + difference / share) / 2
    total = 0.0
    for pairs, weight in enumerate(binomial(problems, share)):
        critical = _critical(pairs, level)
        if weight > 1e-9 and critical >= 0:
            tails = binomial(pairs, towards_a)
            total += weight * (tails[: critical + 1].sum() + tails[pairs - critical :].sum())
    return float(total)


@cache
def _critical(pairs: int, level: float) -> int:
    """The largest smaller side of so many discordant pairs that is significant; -1: none is."""
    side, term, tail = 0, 1, 1
    while 2 * tail / (1 << pairs) < level:
        side += 1
        term = term * (pairs - side + 1) // side  # C(pairs, side) out of the one before
        tail += term
    return side - 1


@cache
def _log_factorials(count: int) -> NDArray[np.float64]:
    return np.concatenate(([0.0], np.cumsum(np.log(np.arange(1, count + 1)))))


def binomial(trials: int, chance: float) -> NDArray[np.float64]:
    """The chances of 0, 1, ..., `trials` successes."""
    if chance in (0.0, 1.0):
        return np.asarray(np.eye(trials + 1)[trials if chance else 0])
    k = np.arange(trials + 1)
    log = _log_factorials(trials)
    ways = log[trials] - log[k] - log[trials - k]
    return np.asarray(np.exp(ways + k * np.log(chance) + (trials - k) * np.log1p(-chance)))
