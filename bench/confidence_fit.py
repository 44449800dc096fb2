"""Fits the confidence of `posterior`, and says how well it is calibrated on tasks left out.

    nice -n 19 python bench/confidence_fit.py --values FILE.jsonl [--visible FILE.jsonl]
    python bench/confidence_fit.py --log LOG.db

From the recorded set (CodeT's, see `rank_codet.py`, which makes FILE): pools as `assay rank` has
them, all programs of a task; and as solving has them: 1 to 20 programs with up to 20 tests of the
model, with and without the examples of the task's text as visible tests (which are run once in the
sandbox, and kept in the file of --visible). From a log of `assay bench --selector posterior`: the
evidence that each decision noted, with the hidden verdict. Folds are by task, never within one.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from codet_programs import Program, programs
from rank_codet import choices
from rank_data import FOLDER, Recorded, recorded
from rank_figures import calibration_error, coverage
from rank_fit import platt
from shared_data import lines

from assay.problem import Limits, humaneval
from assay.problem.probes import probes
from assay.sandbox import open_sandbox
from assay.select.confidence import EVIDENCE, Kind, confidence_evidence, sigmoid
from assay.select.evidence import evidence
from assay.select.judging import look, numbered
from assay.select.posterior import WEIGHTS, combined
from assay.store import Log

FIRST = 25
"""Samples of a task that are run on its visible tests; small pools are drawn from these."""
SIZES = (1, 3, 5, 8, 12, 20)
TESTS, DRAWS, FOLDS = 20, 4, 10
LIMITS = Limits(cpu_seconds=0.2, wall_seconds=3.0)

Row = tuple[str, Kind, dict[str, float], float]
"""Task, kind, evidence of the confidence, and how right the choice was."""


async def make_visible(file: Path) -> None:
    """What the first samples do on the examples of the text, and on inputs near them."""
    order = {row["task_id"]: row["sample_order"] for row in lines(f"{FOLDER}/pass_matrix.jsonl.gz")}
    by_task: dict[str, list[Program]] = {}
    for program in programs():
        by_task.setdefault(program.task, []).append(program)
    sandbox, rows = open_sandbox(slots=2), []
    try:
        for problem in humaneval.problems():
            keep = sorted(set(order[problem.id][:FIRST]))
            tests = (*problem.tests, *probes(problem, 12))
            codes = [by_task[problem.id][number].code for number in keep]
            seen = await look(sandbox, codes, tests, LIMITS) if problem.tests else []
            found = {k: (s.loaded, s.passed, s.values) for k, s in zip(keep, seen, strict=False)}
            rows.append({"task_id": problem.id, "own": len(problem.tests), "seen": found})
            print(f"{problem.id}: {len(keep)} programs", file=sys.stderr)
    finally:
        await sandbox.close()
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def small(task: Recorded, visible: dict[str, Any], order: Sequence[int], chance: Any) -> list[Row]:
    """Pools as solving has them."""
    rows: list[Row] = []
    for size in SIZES * DRAWS:
        drawn = [order[n] for n in chance.choice(FIRST, size, replace=False)]
        columns = drawn_tests(task, chance)
        rows.append(result(bare(task, drawn, columns), task, drawn, "few"))
        seen = {int(number): one for number, one in visible["seen"].items()}
        own = visible["own"]
        able = [n for n in drawn if own and seen[n][0] and all(seen[n][1][:own])]
        if able:
            pool = checked(task, able, seen, own, columns)
            rows.append(result(replace(pool, written=float(size)), task, able, "checked"))
    return rows


def drawn_tests(task: Recorded, chance: Any) -> tuple[Any, Any]:
    weight = task.matrix.weight
    known = len(weight), len(task.matrix.inputs)
    if not known[0]:
        return np.zeros(0, int), np.zeros(0, int)
    tests = chance.choice(known[0], min(TESTS, known[0]), replace=False, p=weight / weight.sum())
    inputs = chance.choice(known[1], min(TESTS, known[1]), replace=False) if known[1] else []
    return np.sort(tests), np.sort(np.array(inputs, int))


def bare(task: Recorded, drawn: Sequence[int], columns: tuple[Any, Any]) -> Any:
    rows, matrix = sorted(set(drawn)), task.matrix
    tests, inputs = columns
    return replace(
        matrix,
        count=np.array([drawn.count(row) for row in rows], float),
        loaded=matrix.loaded[rows],
        shape=matrix.shape[rows],
        size=matrix.size[rows],
        tests=tuple(matrix.tests[number] for number in tests),
        weight=np.ones(len(tests)),
        binding=np.zeros(len(tests), bool),
        passed=matrix.passed[rows][:, tests],
        inputs=tuple(matrix.inputs[number] for number in inputs),
        input_of=np.full(len(tests), -1),
        values=matrix.values[rows][:, inputs],
    )


def checked(
    task: Recorded, able: Sequence[int], seen: dict[int, Any], own: int, columns: tuple[Any, Any]
) -> Any:
    """Only those that pass the visible tests; the model's tests only where they differ."""
    pool, rows = bare(task, able, columns), sorted(set(able))
    near = [list(seen[row][2]) for row in rows]
    visible = np.array([seen[row][1][:own] for row in rows], bool)
    if len(rows) > 1 and len({tuple(values[own:]) for values in near}) > 1:
        shown = pool.shown
        given = [
            [("!" if v < 0 else "") + shown.get(int(v), str(v)) for v in row] for row in pool.values
        ]
        values, _ = numbered([mine + more for mine, more in zip(near, given, strict=True)])
        passed = np.column_stack([visible, pool.passed])
    else:
        values, _ = numbered(near if len(rows) > 1 else [near[0][:own]])
        passed = visible
    width = passed.shape[1]
    return replace(
        pool,
        tests=tuple(f"test {number}" for number in range(width)),
        weight=np.ones(width),
        binding=np.arange(width) < own,
        passed=passed,
        input_of=np.full(width, -1),
        inputs=tuple(f"input {number}" for number in range(values.shape[1])),
        values=values,
    )


def result(pool: Any, task: Recorded, drawn: Sequence[int], kind: Kind) -> Row:
    known = evidence(pool)
    score = np.where(pool.loaded, combined(known, WEIGHTS), -np.inf)
    first = int(np.argmax(score))
    right = float(task.right[sorted(set(drawn))[first]])
    return task.matrix.task, kind, confidence_evidence(pool, known, first), right


def from_recorded(values: Path, visible: Path) -> list[Row]:
    tasks = recorded(values)
    rows: list[Row] = []
    for found, right, task in zip(*choices(tasks, 0, FOLDS), tasks, strict=True):
        rows.append((task.matrix.task, "many", found, float(right)))
    if not visible.exists():
        asyncio.run(make_visible(visible))
    seen = {row["task_id"]: row for row in map(json.loads, visible.read_text().splitlines())}
    order = {row["task_id"]: row["sample_order"] for row in lines(f"{FOLDER}/pass_matrix.jsonl.gz")}
    chance = np.random.default_rng(0)
    for task in tasks:
        rows += small(task, seen[task.matrix.task], order[task.matrix.task], chance)
    return rows


def from_log(file: Path) -> list[Row]:
    """Each item whose decision noted its evidence and whose hidden verdict is known."""
    rows: list[Row] = []
    with Log(file) as log:
        for run in log.runs():
            noted = {event.item: event.body for event in log.events(run.id, kind="decision")}
            for event in log.events(run.id, kind="result"):
                found = noted.get(event.item, {}).get("evidence")
                if found and event.body["hidden"] is not None:
                    kind: Kind = "checked" if found["visible"] else "few"
                    rows.append((event.body["problem"], kind, found, float(event.body["hidden"])))
    return rows


def report(rows: Sequence[Row], kind: Kind) -> None:
    mine = [row for row in rows if row[1] == kind]
    tasks = sorted({row[0] for row in mine})
    if len(tasks) < 2 * FOLDS:
        print(f"{kind}: {len(tasks)} tasks are too few to fit on")
        return
    place = {task: n for n, task in enumerate(np.random.default_rng(0).permutation(tasks))}
    fold = np.array([place[row[0]] % FOLDS for row in mine])
    right = np.array([row[3] for row in mine])
    sure = np.zeros(len(mine))
    names = EVIDENCE[kind]
    for number in range(FOLDS):
        train = np.flatnonzero(fold != number)
        fitted = platt([mine[n][2] for n in train], right[train].tolist(), names)
        for n in np.flatnonzero(fold == number):
            sure[n] = sigmoid(mine[n][2], fitted)
    print(
        f"{kind}: {len(mine)} choices of {len(tasks)} tasks, {right.mean():.1%} right; tasks left"
        f" out: calibration error {calibration_error(sure, right, 10):.3f} (10 bins), Brier"
        f" {np.mean((sure - right) ** 2):.3f}, answered at 80 / 90 %:"
        f" {coverage(sure, right, 0.8):.1f} / {coverage(sure, right, 0.9):.1f} %"
    )
    whole = platt([row[2] for row in mine], right.tolist(), names)
    print(f'    "{kind}": {json.dumps({name: round(w, 3) for name, w in whole.items()})},')


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--values", type=Path)
    parser.add_argument("--visible", type=Path)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    if (options.values is None) == (options.log is None):
        parser.error("either --values or --log")
    visible = options.visible or (options.values and options.values.with_suffix(".visible.jsonl"))
    rows = from_log(options.log) if options.log else from_recorded(options.values, visible)
    for kind in EVIDENCE:
        report(rows, kind)
    return 0


if __name__ == "__main__":
    sys.exit(main())
