"""Figures of merit for selection: pass@k of sets, coverage at a precision, calibration."""

from typing import Any

import numpy as np
from rank_data import Recorded

from assay.select import find_ranker

Floats = np.ndarray[Any, np.dtype[np.float64]]


def pass_at(task: Recorded, k: int) -> float:
    """CodeT's pass@k (Chen et al. 2022, their evaluation script)."""
    matrix = task.matrix
    score = find_ranker("codet")(matrix).score
    if not (score > 0).any():
        wrong, total = matrix.count @ ~task.right, matrix.count.sum()
        missed = [max(wrong - n, 0) / (total - n) for n in range(k)]
        return 1 - float(np.prod(missed))
    levels = np.unique(score[score > 0])[::-1][:k]
    miss = 1.0
    for number in range(k):
        miss *= 1 - task.share_right(score == levels[number % len(levels)])
    return 1 - miss


def bootstrap(difference: Floats, rounds: int = 20_000) -> tuple[float, float, float]:
    """Of paired differences: 95 % interval of the mean in points, and P(mean <= 0)."""
    chance = np.random.default_rng(0)
    picks = chance.integers(0, len(difference), (rounds, len(difference)))
    means = difference[picks].mean(1)
    low, high = np.quantile(means, (0.025, 0.975))
    return 100 * float(low), 100 * float(high), float((means <= 0).mean())


def coverage(sure: Floats, right: Floats, precision: float) -> float:
    """Largest share of tasks, the surest first, of which `precision` are right; in percent."""
    order = np.argsort(-sure, kind="stable")
    share = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(share >= precision)
    return 100 * float(good.max() + 1) / len(order) if len(good) else 0.0


def calibration_error(sure: Floats, right: Floats, bins: int) -> float:
    """Expected calibration error with bins of equal width."""
    place = np.minimum((sure * bins).astype(int), bins - 1)
    gaps = [
        (place == n).sum() * abs(sure[place == n].mean() - right[place == n].mean())
        for n in range(bins)
        if (place == n).any()
    ]
    return float(sum(gaps) / len(sure))


def noise_floor(sure: Floats, bins: int, rounds: int = 200) -> float:
    """The error that perfect confidences would show on as many tasks, by chance alone."""
    chance = np.random.default_rng(0)
    drawn = chance.random((rounds, len(sure))) < sure
    return float(np.mean([calibration_error(sure, one.astype(float), bins) for one in drawn]))
