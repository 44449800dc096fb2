"""Fits the weights of `posterior`, and its confidence, on recorded tasks.

Weights: the expected pass@1 of drawing a program with P(i) ~ exp(sum_k w_k x_ik), less a ridge
penalty, by Adam's gradient ascent from 0 (it is not convex, but has seven figures and no luck in
it). Confidence: a logistic function with a ridge penalty, by Newton's method.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rank_data import Recorded

from assay.select.confidence import confidence_evidence
from assay.select.evidence import evidence
from assay.select.posterior import combined

Floats = NDArray[np.float64]
RIDGE, STEPS, RATE = 0.003, 250, 0.15
PLATT_RIDGE = 1.0


def table(tasks: Sequence[Recorded]) -> tuple[list[str], Floats, Floats, Floats]:
    """Names of the evidence; evidence by task, program and kind; 0 or minus infinity where there
    is no such program; the hidden verdicts."""
    known = [evidence(task.matrix) for task in tasks]
    names = list(known[0])
    most = max(task.matrix.programs for task in tasks)
    cells = np.zeros((len(tasks), most, len(names)))
    room = np.full((len(tasks), most), -np.inf)
    right = np.zeros((len(tasks), most))
    for number, (task, found) in enumerate(zip(tasks, known, strict=True)):
        rows = task.matrix.programs
        cells[number, :rows] = np.stack([found[name] for name in names], 1)
        room[number, :rows] = np.where(task.matrix.loaded, 0, -np.inf)
        if not task.matrix.loaded.any():
            room[number, :rows] = 0
        right[number, :rows] = task.right
    return names, cells, room, right


def fit(tasks: Sequence[Recorded], ridge: float = RIDGE) -> dict[str, float]:
    """The weights that give the highest expected pass@1 on `tasks`."""
    names, cells, room, right = table(tasks)
    scale = cells[np.isfinite(room)].std(0) + 1e-9
    cells = cells / scale
    weights, mean, square = (np.zeros(len(names)) for _ in range(3))
    for step in range(1, STEPS + 1):
        logit = cells @ weights + room
        odds = np.exp(logit - logit.max(1, keepdims=True))
        share = odds / odds.sum(1, keepdims=True)
        gain = share * (right - (share * right).sum(1, keepdims=True))
        slope = np.einsum("ti,tik->k", gain, cells) / len(tasks) - ridge * weights
        mean = 0.9 * mean + 0.1 * slope
        square = 0.99 * square + 0.01 * slope**2
        rate = RATE if step < 0.7 * STEPS else RATE / 5
        move = (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.99**step)) + 1e-6)
        weights = weights + rate * move
    return dict(zip(names, (weights / scale).tolist(), strict=True))


def choice(task: Recorded, weights: dict[str, float]) -> tuple[float, dict[str, float]]:
    """The share of right ones among the chosen, and the evidence of its confidence."""
    known = evidence(task.matrix)
    score = combined(known, weights)
    score = np.where(task.matrix.loaded, score, score.min() - 1)
    best = score >= score.max() - 1e-9
    first = int(np.argmax(best))
    return task.share_right(best), confidence_evidence(task.matrix, known, first)


def platt(
    rows: Sequence[dict[str, float]], right: Sequence[float], names: Sequence[str]
) -> dict[str, float]:
    """The logistic function of this evidence that fits `right` (0 to 1, ties in expectation)."""
    cells = np.array([[row[name] for name in names] for row in rows])
    # One that never varies gets no weight.
    middle, scale = cells.mean(0), np.maximum(cells.std(0), 1e-6)
    cells = np.column_stack([(cells - middle) / scale, np.ones(len(rows))])
    wanted, factors = np.array(right), np.zeros(len(names) + 1)
    penalty = np.diag([PLATT_RIDGE] * len(names) + [1e-6])
    for _ in range(50):
        guess = 1 / (1 + np.exp(-cells @ factors))
        curve = cells.T @ (cells * (guess * (1 - guess) + 1e-9)[:, None]) + penalty
        factors = factors + np.linalg.solve(curve, cells.T @ (wanted - guess) - penalty @ factors)
    plain = factors[:-1] / scale
    found = dict(zip(names, plain.tolist(), strict=True))
    return found | {"bias": float(factors[-1] - plain @ middle)}
