"""The table of selectors on CodeT's recorded data: 164 tasks, 100 programs each, hidden verdicts.

    nice -n 19 python bench/rank_codet.py [--values FILE.jsonl] [--splits 6]

The recorded matrix says which program passes which test. --values FILE adds what each program
returns on the inputs of the tests; where the file is not there it is made in the sandbox (12,408
programs; progress on stderr; the same command goes on where it ended). `posterior` is fitted on one
half of the tasks and reported on the other, both ways; confidence by ten folds. Ties count in
expectation.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from codet_programs import Program, programs
from rank_data import FOLDER, Recorded, recorded
from rank_figures import bootstrap, calibration_error, coverage, noise_floor, pass_at
from rank_fit import choice, fit, platt
from shared_data import lines

from assay.problem import Limits
from assay.sandbox import open_sandbox
from assay.select.confidence import EVIDENCE, sigmoid
from assay.select.hanging import without_hanging
from assay.select.judging import assemble, observe
from assay.select.matrix import by_passed
from assay.select.pool import pool_of
from assay.select.ranking import rank
from assay.store.runs import Runs

LIMITS = Limits(cpu_seconds=0.1, wall_seconds=3.0)
"""As the recorded matrix was made."""
RULES = ("visible", "majority", "codet", "b4", "pagerank", "minimax")


async def make_values(file: Path) -> None:
    """Judges every program on every test, and writes what each returned."""
    rows = {row["task_id"]: row for row in lines(f"{FOLDER}/pass_matrix.jsonl.gz")}
    by_task: dict[str, list[Program]] = {}
    for program in programs():
        by_task.setdefault(program.task, []).append(program)
    sandbox, memory = open_sandbox(), Runs(file.with_suffix(".db"))
    done, agree, cells, started = 0, 0, 0, time.monotonic()
    found: list[dict[str, Any]] = []
    try:
        for task, members in by_task.items():
            row = rows[task]
            # One pool entry a recorded program, also where two differ in nothing.
            full = pool_of(task, [program.code for program in members], row["tests"])
            pool = await without_hanging(sandbox, full, LIMITS)
            seen = await observe(sandbox, pool, LIMITS, memory, lambda _: None)
            matrix = assemble(pool, seen)
            found.append(
                {
                    "task_id": task,
                    "inputs": matrix.inputs,
                    "values": {
                        str(n): [
                            ("!" if v < 0 else "") + matrix.shown[int(v)]
                            for v in matrix.values[pool.member[n]]
                        ]
                        for n in range(len(members))
                    },
                }
            )
            for n, text in enumerate(row["matrix"]):
                if len(pool.tests) == len(row["tests"]) and len(text) == len(row["tests"]):
                    mine = matrix.passed[pool.member[n]]
                    agree += sum((c == "1") == bool(m) for c, m in zip(text, mine, strict=True))
                    cells += len(text)
            done += len(members)
            speed = done / (time.monotonic() - started)
            print(f"{task}: {done} programs, {speed:.0f} a second", file=sys.stderr)
    finally:
        await sandbox.close()
        memory.close()
    file.write_text("".join(json.dumps(row) + "\n" for row in found), "utf-8")
    print(f"{agree} of {cells} verdicts as recorded ({agree / max(cells, 1):.3%})", file=sys.stderr)


def codet_published(tasks: Sequence[Recorded], k: int) -> float:
    """pass@k as CodeT's script scores it: one program from each of the best k scores' sets, again
    from the first where there are fewer; tasks where nothing passes count as a random draw."""
    return 100 * float(np.mean([pass_at(task, k) for task in tasks]))


def pooled(task: Recorded, power: float, exponent: float) -> float:
    """The best of the simple rules: (sum of Jaccard^power)^exponent x tests passed."""
    cells = task.matrix.passed.astype(float)
    both = cells @ cells.T
    either = cells.sum(1)[:, None] + cells.sum(1) - both
    near = (both / np.maximum(either, 1)) ** power @ task.matrix.count
    score = near**exponent * cells.sum(1)
    return task.share_right(score >= score.max() - 1e-9)


def best_cluster(task: Recorded) -> float:
    group = by_passed(task.matrix)
    return max(task.share_right(group == number) for number in range(group.max() + 1))


def halves(tasks: Sequence[Recorded], seed: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Each task's result by weights of the other half; seed 0: every second task."""
    chance = np.random.default_rng(seed)
    order = np.arange(len(tasks)) if seed == 0 else chance.permutation(len(tasks))
    parts = (order[::2], order[1::2]) if seed == 0 else np.array_split(order, 2)
    result = np.zeros(len(tasks))
    for train, test in ((parts[0], parts[1]), (parts[1], parts[0])):
        weights = fit([tasks[int(n)] for n in train])
        for n in test:
            result[n] = choice(tasks[int(n)], weights)[0]
    return result


def choices(
    tasks: Sequence[Recorded], seed: int, folds: int
) -> tuple[list[dict[str, float]], np.ndarray[Any, np.dtype[np.float64]]]:
    """Evidence of the confidence, and result, of each task's choice by a fit without its fold."""
    fold = np.random.default_rng(seed).permutation(len(tasks)) % folds
    result, rows = np.zeros(len(tasks)), [dict[str, float]() for _ in tasks]
    for number in range(folds):
        weights = fit([task for task, f in zip(tasks, fold, strict=True) if f != number])
        for n in np.flatnonzero(fold == number):
            result[n], rows[n] = choice(tasks[int(n)], weights)
    return rows, result


def confidences(
    tasks: Sequence[Recorded], seed: int, folds: int
) -> tuple[np.ndarray[Any, np.dtype[np.float64]], np.ndarray[Any, np.dtype[np.float64]]]:
    """Confidence and result of each task, both from fits without its fold."""
    rows, result = choices(tasks, seed, folds)
    fold = np.random.default_rng(seed).permutation(len(tasks)) % folds
    sure = np.zeros(len(tasks))
    for number in range(folds):
        train = np.flatnonzero(fold != number)
        fitted = platt([rows[n] for n in train], result[train].tolist(), EVIDENCE["many"])
        for n in np.flatnonzero(fold == number):
            sure[n] = sigmoid(rows[n], fitted)
    return sure, result


def table(tasks: Sequence[Recorded], splits: int) -> None:
    def show(name: str, value: float, note: str = "") -> None:
        print(f"{name:<44}{value:7.2f}  {note}".rstrip())

    show("a random program", 100 * float(np.mean([task.random for task in tasks])))
    published = [codet_published(tasks, k) for k in (1, 2, 10)]
    show(
        "CodeT as published, pass@1",
        published[0],
        "pass@2 {:.2f}, pass@10 {:.2f}".format(*published[1:]),
    )
    base: dict[str, Any] = {}
    for name in RULES:
        started = time.perf_counter()
        base[name] = np.array([task.share_right(rank(task.matrix, name).first) for task in tasks])
        each = (time.perf_counter() - started) / len(tasks) * 1000
        show(name, 100 * base[name].mean(), f"{each:.1f} ms a task")
    for power, exponent in ((5, 0.5), (3, 0.75)):
        mean = 100 * float(np.mean([pooled(task, power, exponent) for task in tasks]))
        show(f"pooled, p={power} a={exponent} (chosen on these tasks)", mean)
    results = [halves(tasks, seed) for seed in range(splits)]
    means = [100 * float(result.mean()) for result in results]
    show("posterior, halves: every second task", means[0])
    show(
        f"posterior, mean of {splits} halvings",
        float(np.mean(means)),
        f"{min(means):.1f} to {max(means):.1f}",
    )
    low, high, below = bootstrap(results[0] - base["codet"])
    print(
        f"  above codet by {100 * (results[0] - base['codet']).mean():.1f}, paired bootstrap"
        f" 95 % {low:.1f} to {high:.1f}, P(not above) {below:.4f}"
    )
    show("best cluster by hidden tests", 100 * float(np.mean([best_cluster(t) for t in tasks])))
    for folds in (10, 2):
        abstention(tasks, folds)


def abstention(tasks: Sequence[Recorded], folds: int) -> None:
    rows = []
    for seed in range(4):
        sure, right = confidences(tasks, seed, folds)
        rows.append(
            [coverage(sure, right, 0.8), coverage(sure, right, 0.9)]
            + [calibration_error(sure, right, bins) for bins in (5, 10)]
            + [noise_floor(sure, bins) for bins in (5, 10)]
        )
    mean = np.mean(rows, axis=0)
    print(f"{folds} parts, answered at 80 % / 90 %: {mean[0]:.1f} % / {mean[1]:.1f} % of the tasks")
    print(
        f"  calibration error, 5 / 10 bins: {mean[2]:.3f} / {mean[3]:.3f}; a perfect one would show"
        f" {mean[4]:.3f} / {mean[5]:.3f} on so few tasks"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--values", type=Path)
    parser.add_argument("--splits", type=int, default=6)
    options = parser.parse_args()
    if options.values and not options.values.exists():
        asyncio.run(make_values(options.values))
    table(recorded(options.values), options.splits)
    return 0


if __name__ == "__main__":
    sys.exit(main())
