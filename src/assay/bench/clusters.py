"""Several seeds of one cell: a problem that is run again is the same problem, not another one.

The results of a problem are alike whatever the seed, so that the problems are what is counted and
the seeds are what is averaged (cluster sampling; for evaluations of models Miller 2024, "Adding
Error Bars to Evals").
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from assay.bench import APART, Cell, Result
from assay.bench.paired import LEVEL, convolved, holm
from assay.bench.pairs import Verdicts, verdicts
from assay.bench.stats import score_interval

Group = Mapping[int, Verdicts]
"""What a cell solved, by seed and problem."""


Parts = tuple[tuple[str, str], ...]
"""What tells a group from the others: names of parts, and their values."""


def pooled(results: Iterable[tuple[Cell, Sequence[Result]]]) -> dict[str, Any]:
    """Of the cells that differ in the seed alone, each group's figures and what two of them
    differ by. Empty lists where each has one seed."""
    groups = several(results)
    return of_groups(groups, combinations(groups, 2))


def pooled_runs(
    a: tuple[str, Iterable[tuple[Cell, Sequence[Result]]]],
    b: tuple[str, Iterable[tuple[Cell, Sequence[Result]]]],
) -> dict[str, Any]:
    """The same of two runs, each with its id: each group of the first with each of the second."""
    (first, of_first), (second, of_second) = a, b
    mine, theirs = several(of_first, run=first), several(of_second, run=second)
    return of_groups(mine | theirs, product(mine, theirs))


def several(
    results: Iterable[tuple[Cell, Sequence[Result]]], **more: str
) -> dict[Parts, dict[int, Verdicts]]:
    """The groups of more than one seed; `more` are parts that all of them have."""
    groups: dict[Parts, dict[int, Verdicts]] = defaultdict(dict)
    for cell, rows in results:
        parts = (*more.items(), *((name, getattr(cell, name)) for name in APART))
        groups[parts][cell.seed] = verdicts(rows)
    return {parts: group for parts, group in groups.items() if len(group) > 1}


def of_groups(
    groups: Mapping[Parts, Group], wanted: Iterable[tuple[Parts, Parts]]
) -> dict[str, Any]:
    pairs = [{"a": dict(a), "b": dict(b), **difference(groups[a], groups[b])} for a, b in wanted]
    tested = [pair for pair in pairs if pair["p"] is not None]
    for pair, p in zip(tested, holm([pair["p"] for pair in tested]), strict=True):
        pair["p_holm"] = p
    return {"cells": [dict(parts) | rates(groups[parts]) for parts in groups], "paired": pairs}


def rates(group: Group) -> dict[str, Any]:
    """`pass@1` is over all results; `interval` is of so many problems, not of so many results."""
    each = {
        seed: {"solved": sum(found.values()), "measured": len(found)}
        for seed, found in sorted(group.items())
    }
    problems = dict.fromkeys(problem for found in group.values() for problem in found)
    counts = [[found[p] for found in group.values() if p in found] for p in problems]
    solved, trials = [sum(one) for one in counts], [len(one) for one in counts]
    known = clustered(solved, trials)
    return {
        "seeds": {str(seed): figures for seed, figures in each.items()},
        "problems": len(problems),
        "results": sum(trials),
        "solved": sum(solved),
        "pass@1": sum(solved) / sum(trials) if trials else None,
        "interval": None if known is None else list(known[0]),
        "design_effect": None if known is None else known[1],
    }


def clustered(
    solved: Sequence[int], trials: Sequence[int]
) -> tuple[tuple[float, float], float] | None:
    """The interval of a rate over clusters, and the design effect d; `None` without any.

    Rao and Scott 1992, "A Simple Method for the Analysis of Clustered Binary Data": Wilson's
    interval of n / d trials, where d = v / (p(1-p) / n), with v the variance of the ratio p = sum
    of s / sum of n over m clusters, v = m / (m-1) * sum of (s - p n)^2 / (sum of n)^2. It is kept
    between 1, as many results as there are, and n / m, as many as there are clusters: seeds that
    always agree give just the interval of one.
    """
    clusters, total = len(trials), sum(trials)
    if total == 0:
        return None
    p, highest = sum(solved) / total, total / clusters
    effect = highest
    if clusters > 1 and 0 < p < 1:
        squares = sum((s - p * n) ** 2 for s, n in zip(solved, trials, strict=True))
        variance = clusters / (clusters - 1) * squares / total**2
        effect = min(max(1.0, variance * total / (p * (1 - p))), highest)
    return score_interval(p, total / effect), effect


def difference(a: Group, b: Group) -> dict[str, Any]:
    """Rate of a minus rate of b, over the problems and seeds that both have whole.

    The interval is the paired bootstrap over problems (Efron 1979), each with the mean of its
    seeds; p is that of the exact sign-flip test (Fisher 1935) on the same means, which for one
    seed is McNemar's. Both are computed without resampling, as in `paired`.
    """
    seeds = [seed for seed in a if seed in b]
    both = [found for seed in seeds for found in (a[seed], b[seed])]
    problems = [p for p in both[0] if all(p in found for found in both)] if both else []
    steps = np.array(
        [sum(int(a[seed][p]) - int(b[seed][p]) for seed in seeds) for p in problems], dtype=int
    )
    figures: dict[str, Any] = {"seeds": len(seeds), "problems": len(problems)}
    figures |= {"difference": None, "interval": None, "p": None, "p_holm": None}
    if problems:
        scale = len(seeds) * len(problems)
        low, high = bootstrap(steps, len(seeds))
        figures["difference"] = int(steps.sum()) / scale
        figures["interval"] = [low / scale, high / scale]
        figures["p"] = sign_flip(steps)
    return figures


def bootstrap(steps: NDArray[np.int_], most: int) -> tuple[int, int]:
    """The ends of the percentile interval of the sum of as many steps, drawn again."""
    shares = np.bincount(steps + most, minlength=2 * most + 1) / len(steps)
    sums = np.cumsum(convolved(shares, len(steps)))
    # As in `paired_bootstrap`, a margin for what is rounding.
    low = int(np.searchsorted(sums, LEVEL / 2 + 1e-12, side="right"))
    high = int(np.searchsorted(sums, 1 - LEVEL / 2 - 1e-12, side="left"))
    return low - most * len(steps), high - most * len(steps)


def sign_flip(steps: NDArray[np.int_]) -> float:
    """Two-sided: the chance of a sum as far from 0 where each step has either sign alike."""
    chances = np.ones(1)
    for size in np.abs(steps[steps != 0]):
        one = np.zeros(2 * size + 1)
        one[0] = one[-1] = 0.5
        chances = np.convolve(chances, one)
    middle, far = len(chances) // 2, abs(int(steps.sum()))
    away = np.abs(np.arange(len(chances)) - middle) >= far
    return min(1.0, float(chances[away].sum()))
