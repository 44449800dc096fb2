"""The tests of `assay rank`: JSONL rows a task, or a Python file for all tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.candidate.samples import Sample
from assay.errors import ProblemError
from assay.problem import Test, testfile
from assay.problem.reading import json_rows
from assay.select.pool import Pool, pool_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTests:
    tests: tuple[str | Test, ...]
    """They may be wrong."""
    visible: tuple[str, ...] = ()
    """They are right."""
    prompt: str = ""
    """What a completion goes on from."""


def load(path: Path) -> dict[str, TaskTests] | TaskTests:
    """By task; or, of a Python file, the same for every task. Raises `ProblemError`."""
    if path.suffix != ".jsonl":
        return TaskTests(tests=testfile.load(path))
    found: dict[str, TaskTests] = {}
    for content, where in json_rows(path):
        task, row = task_of(content, where)
        if task in found:
            raise ProblemError(f"{where}: {task!r} is there twice")
        found[task] = row
    if not found:
        raise ProblemError(f"{path}: no tests in it")
    return found


def task_of(row: dict[str, Any], where: str) -> tuple[str, TaskTests]:
    task, prompt = row.get("task_id"), row.get("prompt", "")
    if not isinstance(task, str) or not isinstance(prompt, str):
        raise ProblemError(f"{where}: a row has a task_id, a text; its prompt too is a text")
    lists = [row.get(key, []) for key in ("tests", "visible")]
    if not all(isinstance(tests, list) for tests in lists):
        raise ProblemError(f"{where}: tests and visible are lists of assert statements")
    if not all(isinstance(test, str) for tests in lists for test in tests):
        raise ProblemError(f"{where}: a test is an assert statement, a text")
    # EvalPlus's own rows have more keys, and so may those of others.
    return task, TaskTests(tests=tuple(lists[0]), visible=tuple(lists[1]), prompt=prompt)


def pools(
    samples: Sequence[Sample], tests: dict[str, TaskTests] | TaskTests, trusted: bool = False
) -> list[Pool]:
    """One pool a task of the samples, in the order of the file; without tests where there are
    none for it. `trusted`: all tests are right. Raises `ProblemError`: no task has tests."""
    by_task: dict[str, list[Sample]] = {}
    for sample in samples:
        by_task.setdefault(sample.task, []).append(sample)
    if isinstance(tests, dict) and not any(task in tests for task in by_task):
        ours, theirs = next(iter(by_task)), next(iter(tests))
        raise ProblemError(f"no task has tests: the samples have {ours!r}, the tests {theirs!r}")
    found = []
    for task, written in by_task.items():
        mine = tests if isinstance(tests, TaskTests) else tests.get(task, TaskTests(tests=()))
        codes = [mine.prompt + one.code if one.completion else one.code for one in written]
        doubtful = () if trusted else mine.tests
        binding = (*mine.visible, *mine.tests) if trusted else mine.visible
        found.append(pool_of(task, codes, doubtful, binding))
    return found
