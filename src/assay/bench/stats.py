"""Rates and ranks: Wilson's interval, unbiased pass@k, mean reciprocal rank, recall."""

from collections.abc import Sequence
from math import prod, sqrt
from statistics import NormalDist


def wilson(successes: float, trials: int, level: float = 0.95) -> tuple[float, float] | None:
    """Wilson's score interval for a rate; `None` where nothing was measured.

    Of a mean of values in [0, 1] `successes` is the sum: their variance is at most that of zeros
    and ones, so the interval is rather too wide.

    Wilson 1927; (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n).
    """
    check_counts(successes, trials)
    return score_interval(successes / trials, trials, level) if trials else None


def score_interval(p: float, trials: float, level: float = 0.95) -> tuple[float, float]:
    """Wilson's formula for a rate of so many trials, which need not be a whole number."""
    z = NormalDist().inv_cdf(0.5 + level / 2)
    square = z * z / trials
    middle = p + square / 2
    half = sqrt(p * (1 - p) * square + square * square / 4)
    # At the ends the formula gives 0 or 1 exactly; rounding would leave some 1e-17 there.
    low = 0.0 if p == 0 else max(0.0, (middle - half) / (1 + square))
    high = 1.0 if p == 1 else min(1.0, (middle + half) / (1 + square))
    return low, high


def check_counts(successes: float, trials: int) -> None:
    if not 0 <= successes <= trials:
        raise ValueError(f"{successes} successes of {trials} trials")


def pass_at_k(successes: int, samples: int, k: int) -> float:
    """The chance that at least one of `k` programs drawn from `samples` is right; unbiased.

    Chen et al. 2021 (Codex): 1 - C(n-c, k) / C(n, k), here as the stable product
    1 - (1 - k/(n-c+1)) ... (1 - k/n). For a suite, take the mean over problems.
    """
    check_counts(successes, samples)
    if not 1 <= k <= samples:
        raise ValueError(f"pass@{k} of {samples} samples")
    wrong = samples - successes
    if wrong < k:
        return 1.0
    return 1.0 - prod(1.0 - k / i for i in range(wrong + 1, samples + 1))


def mean_reciprocal_rank(turns: Sequence[int | None]) -> float | None:
    """Mean of 1 / (turn + 1) over problems, where `turn` counts from 0 and `None` is never.

    ConvCodeWorld (Han et al. 2024). `None` without problems.
    """
    return mean([0.0 if turn is None else 1.0 / (turn + 1) for turn in turns])


def recall(turns: Sequence[int | None]) -> float | None:
    """Share of the problems that were ever solved, at whatever turn (ConvCodeWorld)."""
    return mean([float(turn is not None) for turn in turns])


def mean(values: Sequence[float]) -> float | None:
    """`None` where there is nothing to take it of."""
    return sum(values) / len(values) if values else None
