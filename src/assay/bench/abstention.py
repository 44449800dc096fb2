"""What a confidence is worth: the risk that is left when the least sure answers are withheld.

Each answer is a pair: its confidence in [0, 1], and whether it was right.
"""

from collections.abc import Sequence
from itertools import groupby, pairwise
from operator import itemgetter

from assay.bench.stats import mean

Judged = tuple[float, bool]
BINS = 10


def risks(answers: Sequence[Judged]) -> list[float]:
    """The share of wrong ones among the i surest answers, for i = 1 to all: coverage i / n.

    Equal confidences count as the mean over their orders: each has its group's share of wrong
    ones (the count of wrong ones among the first is linear in i, so the mean is exact).
    """
    found: list[float] = []
    wrong = 0.0
    for _, group in groupby(sorted(answers, key=itemgetter(0), reverse=True), key=itemgetter(0)):
        members = list(group)
        errors = sum(not right for _, right in members)
        base = len(found)
        found += [
            (wrong + errors * i / len(members)) / (base + i) for i in range(1, len(members) + 1)
        ]
        wrong += errors
    return found


def aurc(answers: Sequence[Judged]) -> float | None:
    """Area under the risk-coverage curve: the mean of the n risks (Geifman & El-Yaniv 2017)."""
    return mean(risks(answers))


def excess_aurc(answers: Sequence[Judged]) -> float | None:
    """AURC above that of the best possible order of the same answers (Geifman et al. 2019)."""
    area = aurc(answers)
    best = aurc([(float(right), right) for _, right in answers])
    return None if area is None or best is None else area - best


def coverage_at(risk: float, answers: Sequence[Judged]) -> float:
    """The largest share of answers that can be handed out with at most this share wrong.

    Only at ends of groups of equal confidence: a threshold cannot part these.
    """
    curve = risks(answers)
    ordered = sorted((confidence for confidence, _ in answers), reverse=True)
    kept = [
        i
        for i, found in enumerate(curve, start=1)
        if found <= risk and (i == len(ordered) or ordered[i] < ordered[i - 1])
    ]
    return max(kept, default=0) / len(curve) if curve else 0.0


def calibration_error(answers: Sequence[Judged], bins: int = BINS) -> float | None:
    """Expected calibration error: the mean distance of confidence and share right in bins of
    equal count, weighted by count (Naeini et al. 2015, with bins of equal count).

    Equal confidences that two bins share count in both as their group's share right, so that the
    order of the answers changes nothing.
    """
    gaps: list[float] = []
    for confidence, group in groupby(sorted(answers), key=itemgetter(0)):
        rights = [right for _, right in group]
        gaps += [confidence - sum(rights) / len(rights)] * len(rights)
    edges = [round(len(gaps) * i / bins) for i in range(bins + 1)]
    total = sum(abs(sum(gaps[low:high])) for low, high in pairwise(edges))
    return total / len(gaps) if gaps else None
