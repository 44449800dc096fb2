"""CodeT's recorded programs and tests as matrices, with the hidden verdict of every program.

The recorded matrix has no values; `values` is a file of what each program returned on the inputs
of the tests, which `rank_codet.py --values` makes in the sandbox.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from shared_data import lines

from assay.select.judging import numbered
from assay.select.matrix import Bools, Matrix, matrix_of
from assay.select.pool import outline

FOLDER = "data/codet-humaneval-codegen16b"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    matrix: Matrix
    right: Bools
    """The hidden verdict of each program."""

    @property
    def random(self) -> float:
        """pass@1 of a program drawn from all that were written."""
        return float(self.matrix.count @ self.right / self.matrix.count.sum())

    def share_right(self, best: Bools) -> float:
        """Of a program drawn from the written ones among `best`."""
        count = self.matrix.count[best]
        return float(count @ self.right[best] / count.sum())


def recorded(values: Path | None) -> list[Recorded]:
    """All 164 tasks, in order."""
    prompts = {
        row["task_id"]: row["prompt"]
        for row in lines(f"{FOLDER}/HumanEval_for_code_generation.jsonl")
    }
    seen = {
        row["task_id"]: row
        for row in (map(json.loads, values.read_text("utf-8").splitlines()) if values else ())
    }
    rows = lines(f"{FOLDER}/pass_matrix.jsonl.gz")
    return [one(row, prompts[row["task_id"]], seen.get(row["task_id"])) for row in rows]


def one(row: dict[str, Any], prompt: str, seen: dict[str, Any] | None) -> Recorded:
    width = len(row["tests"])
    cells = [[mark == "1" for mark in text.ljust(width, "-")[:width]] for text in row["matrix"]]
    bare = matrix_of(row["task_id"], cells, row["solution_count"], row["test_count"])
    outlines = [outline(prompt + solution) for solution in row["solutions"]]
    shapes: dict[str, int] = {}
    full = replace(
        bare,
        loaded=np.array(["-" not in text for text in row["matrix"]], bool),
        shape=np.array([shapes.setdefault(text, len(shapes)) for text, _ in outlines]),
        size=np.array([size for _, size in outlines], float),
        tests=tuple(row["tests"]),
    )
    if seen and seen["inputs"]:
        gone = ["!gone"] * len(seen["inputs"])
        numbers, shown = numbered(
            [seen["values"].get(str(n), gone) for n in range(len(row["solutions"]))]
        )
        full = replace(
            full,
            inputs=tuple(seen["inputs"]),
            values=numbers,
            shown=shown,
        )
    return Recorded(matrix=full, right=np.array(row["gt_pass"], bool))
