"""Intervals and estimators."""

from math import sqrt
from statistics import NormalDist


def wilson(successes: int, trials: int, level: float = 0.95) -> tuple[float, float] | None:
    """Wilson's score interval for a rate; `None` where nothing was measured.

    Wilson 1927; (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
    """
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")
    if trials == 0:
        return None
    z = NormalDist().inv_cdf(0.5 + level / 2)
    p, square = successes / trials, z * z / trials
    middle = p + square / 2
    half = sqrt(p * (1 - p) * square + square * square / 4)
    # At the ends the formula gives 0 or 1 exactly; rounding would leave some 1e-17 there.
    low = 0.0 if successes == 0 else max(0.0, (middle - half) / (1 + square))
    high = 1.0 if successes == trials else min(1.0, (middle + half) / (1 + square))
    return low, high
