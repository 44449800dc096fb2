"""Samples of any producer: EvalPlus's JSONL, or its folder of one file a sample."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import ProblemError
from assay.problem.reading import decoded, json_rows, read_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    task: str
    code: str
    completion: bool
    """It goes on where the task's prompt ends; else it is a whole program."""


def load(path: Path) -> list[Sample]:
    """The samples of a `.jsonl` file, or of a folder (`TASK/0.py`, `TASK/1.py`, …, where `_` in
    the name of a folder stands for `/` as in `HumanEval_0`; or `.jsonl` files).

    Raises `ProblemError` with the line that is wrong, and where there is no sample.
    """
    found = list(of_folder(path) if path.is_dir() else of_file(path))
    if not found:
        raise ProblemError(f"{path}: no sample in it")
    return found


def of_folder(folder: Path) -> Iterator[Sample]:
    for path in sorted(folder.glob("*.jsonl")):
        yield from of_file(path)
    for inner in sorted(path for path in folder.iterdir() if path.is_dir()):
        task = inner.name.replace("_", "/", 1) if "/" not in inner.name else inner.name
        for path in sorted(inner.glob("*.py"), key=lambda path: (len(path.stem), path.stem)):
            code = decoded(read_bytes(path), str(path))
            yield Sample(task=task, code=code, completion=False)


def of_file(path: Path) -> Iterator[Sample]:
    for row, where in json_rows(path):
        yield sample_of(row, where)


def sample_of(row: dict[str, Any], where: str) -> Sample:
    task, whole, rest = (row.get(key) for key in ("task_id", "solution", "completion"))
    if not isinstance(task, str) or not task:
        raise ProblemError(f"{where}: a sample has a task_id, a text")
    if isinstance(whole, str):
        return Sample(task=task, code=whole, completion=False)
    if isinstance(rest, str):
        return Sample(task=task, code=rest, completion=True)
    raise ProblemError(f"{where}: a sample has a solution or a completion, a text")
