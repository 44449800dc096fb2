"""Tests as JSON, one a line: an assert as a string, `{"stdin", "expected"}` for a whole program,
or a test with its `kind` as problem rows hold it. Problem rows give their visible tests."""

import json
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from assay.errors import ProblemError
from assay.problem import Test
from assay.problem.jsonl import TestRow, Text, asserts_of, test_of
from assay.problem.reading import read_bytes

_ROW: TypeAdapter[Any] = TypeAdapter(Text | TestRow)
_OF_PROBLEM = ("prompt", "task_id")


def load(path: Path) -> tuple[Test, ...]:
    """The tests of a `.jsonl` file. Raises `ProblemError` with the line that cannot be read."""
    lines = [
        (number, parsed(line, f"{path}, line {number}"))
        for number, line in enumerate(read_bytes(path).splitlines(), 1)
        if line.strip()
    ]
    if any(isinstance(row, dict) and any(key in row for key in _OF_PROBLEM) for _, row in lines):
        tests = asserts_of(path)
    else:
        tests = tuple(test_on(row, number, path) for number, row in lines)
    if not tests:
        raise ProblemError(f"{path}: no tests in it")
    names = [test.id for test in tests]
    if again := next((name for name in names if names.count(name) > 1), None):
        raise ProblemError(f"{path}: two tests are named {again!r}")
    return tests


def parsed(line: bytes, where: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProblemError(f"{where}: not JSON: {error}") from None


def test_on(row: Any, number: int, path: Path) -> Test:
    where = f"{path}, line {number}"
    if isinstance(row, dict) and "stdin" in row:
        row = {"kind": "io"} | row
    try:
        return test_of(_ROW.validate_python(row), number, where)
    except ValidationError:
        raise ProblemError(
            f"{where}: not a test: give an assert as a string, or stdin and expected, or a kind "
            "(call, io, script, command) with its fields"
        ) from None
