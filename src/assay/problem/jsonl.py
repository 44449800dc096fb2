"""Problems as JSON, one a line: the fields of `Problem`, and hidden tests under `hidden`."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError

from assay.errors import ProblemError
from assay.problem import (
    Call,
    Command,
    Comparison,
    Framework,
    Io,
    Limits,
    Origin,
    Problem,
    Script,
    Test,
)
from assay.problem.humaneval import visible_tests
from assay.problem.reading import MAX_BYTES, lines_of
from assay.problem.testfile import tests_in

Text = Annotated[str, Field(max_length=1_000_000)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class CallRow(Strict):
    kind: Literal["call"]
    id: str = ""
    expression: Text
    expected: Text | None = None
    tolerance: float | None = None
    raises: str | None = None
    setup: Text = ""
    origin: Origin = "given"


class IoRow(Strict):
    kind: Literal["io"]
    id: str = ""
    stdin: Text
    expected: Text
    comparison: Comparison = "lines"
    origin: Origin = "given"


class ScriptRow(Strict):
    kind: Literal["script"]
    id: str = ""
    source: Text
    call: Text
    framework: Framework = "plain"
    module: str | None = None
    origin: Origin = "given"


class CommandRow(Strict):
    kind: Literal["command"]
    id: str = ""
    argv: Annotated[list[str], Field(min_length=1)]
    files: dict[str, Text] = {}
    file: str = ""
    stdin: Text = ""
    status: int = 0
    expected: Text | None = None
    comparison: Comparison = "lines"
    origin: Origin = "given"


ROWS: dict[str, type[Strict]] = {
    "call": CallRow, "io": IoRow, "script": ScriptRow, "command": CommandRow
}  # fmt: skip
AnyRow = CallRow | IoRow | ScriptRow | CommandRow
TestRow = Annotated[AnyRow, Field(discriminator="kind")]


class LimitsRow(Strict):
    cpu_seconds: float = Field(5.0, gt=0, le=3600)
    wall_seconds: float = Field(15.0, gt=0, le=3600)
    memory_mb: int = Field(512, gt=0)
    processes: int = Field(48, gt=0)
    output_bytes: int = Field(65_536, gt=0)
    disk_mb: int = Field(16, gt=0)


class Row(Strict):
    """One line. HumanEval's and EvalPlus's rows (`task_id`, `test`) are read as well."""

    id: str = Field(validation_alias=AliasChoices("id", "task_id"), min_length=1, max_length=200)
    prompt: Text
    language: str = "python"
    entry_point: str | None = None
    starter: Text = ""
    stubs: list[str] = []
    tests: list[Text | TestRow] = []
    limits: LimitsRow | None = None
    hidden: list[Text | TestRow] = []
    """Only `grade` makes tests of these."""
    split: Literal["train", "test"] = "test"
    """Of `grade` too: whether a model may be trained on it."""
    test: Text | None = None
    """HumanEval's: source that defines `check`."""
    canonical_solution: str | None = None
    """A program that is held to be right; in HumanEval's rows what follows the prompt."""


def read_rows(path: Path) -> list[Row]:
    """All rows. Raises `ProblemError` with the line and the field that is wrong."""
    rows: list[Row] = []
    seen: set[str] = set()
    for number, line in enumerate(lines_of(path), 1):
        if line.strip():
            row = row_of(line, f"{path}, line {number}")
            if row.id in seen:
                raise ProblemError(f"{path}, line {number}: {row.id!r} is there twice")
            seen.add(row.id)
            rows.append(row)
    if not rows:
        raise ProblemError(f"{path}: no problem in it")
    return rows


def row_of(line: bytes, where: str) -> Row:
    if len(line) > MAX_BYTES:
        raise ProblemError(f"{where}: longer than {MAX_BYTES // 1024**2} MB")
    try:
        content = json.loads(line)
        return Row.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = first["loc"][:2]
        if len(place) == 2 and place[0] in ("tests", "hidden") and isinstance(content, dict):
            given = content[place[0]][place[1]]
            raise ProblemError(f"{where}: {place[0]} {place[1]}: {wrong_test(given)}") from None
        field = ".".join(str(part) for part in first["loc"]) or "row"
        raise ProblemError(f"{where}: {field}: {first['msg']}") from None
    except (ValueError, RecursionError) as error:
        raise ProblemError(f"{where}: not JSON: {error}") from None


def with_kind(test: dict[str, Any]) -> dict[str, Any]:
    """A test's fields with its `kind` first, by a field that only tests of this kind have."""
    known = {"expression": "call", "argv": "command", "source": "script", "stdin": "io"}
    return next(({"kind": kind} | test for field, kind in known.items() if field in test), test)


def wrong_test(given: object) -> str:
    """What is wrong with a test: its kind, the field, and what is allowed."""
    if not isinstance(given, dict):
        return "a test is a text with an assert, or an object with a `kind`"
    row = ROWS.get(str(given.get("kind")))
    if row is None:
        said = f", not {given['kind']!r}" if "kind" in given else ""
        return f"the `kind` of a test is one of {', '.join(ROWS)}{said}"
    try:
        row.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
    field, fields = ".".join(map(str, first["loc"])), ", ".join(row.model_fields)
    begin = f"a test of kind {given['kind']!r}"
    if first["type"] == "extra_forbidden":
        return f"{begin} has no field {field!r}; it has {fields}"
    if first["type"] == "missing":
        return f"{begin} wants a field {field!r}; it has {fields}"
    return f"{begin}: {field!r}: {first['msg']}"


def problem_of(row: Row) -> Problem:
    """The row without its hidden tests. Raises `ProblemError` for a test that cannot be read."""
    starter, stubs, tests = row.starter, tuple(row.stubs), tests_of(row.tests, row)
    if row.test is not None and row.entry_point and not starter:
        starter, stubs = row.prompt, (row.entry_point,)
        tests = tests or examples_of(row)
    return Problem(
        id=row.id,
        prompt=row.prompt,
        language=row.language,
        entry_point=row.entry_point,
        starter=starter,
        stubs=stubs,
        tests=tests,
        limits=Limits(**row.limits.model_dump()) if row.limits else Limits(),
    )


def examples_of(row: Row) -> tuple[Test, ...]:
    try:
        return visible_tests(row.id, row.prompt, row.entry_point or "")
    except (SyntaxError, ValueError):
        return ()


def tests_of(given: Sequence[str | AnyRow], row: Row) -> tuple[Test, ...]:
    """Tests of one row, numbered where they have no id. Raises `ProblemError`."""
    return tuple(test_of(test, number, row.id) for number, test in enumerate(given, 1))


def asserts_of(path: Path) -> tuple[Test, ...]:
    """The visible tests of all rows, for `--tests`. Raises `ProblemError`."""
    return tuple(test for row in read_rows(path) for test in tests_of(row.tests, row))


def hidden_of(row: Row) -> tuple[Test, ...]:
    """For `grade` alone."""
    if row.test is not None and row.entry_point:
        return (
            Script(id="check", source=row.test, call=f"check({row.entry_point})"),
            *tests_of(row.hidden, row),
        )
    return tests_of(row.hidden, row)


def reference_of(row: Row) -> str | None:
    """For `grade` alone."""
    if row.canonical_solution is None or row.test is None:
        return row.canonical_solution
    return row.prompt + row.canonical_solution


def test_of(given: str | AnyRow, number: int, name: str) -> Test:
    if isinstance(given, str):
        made = tests_in(given, f"{name}, test {number}")
        if len(made) != 1:
            raise ProblemError(f"{name}, test {number}: not one assert: {given[:60]!r}")
        return replace(made[0], id=f"test:{number}")
    fields: dict[str, Any] = given.model_dump(exclude={"kind"})
    fields["id"] = fields["id"] or f"test:{number}"
    if isinstance(given, CommandRow):
        fields |= {"argv": tuple(given.argv), "files": tuple(given.files.items())}
    kinds: dict[str, type[Test]] = {
        "call": Call, "io": Io, "script": Script, "command": Command
    }  # fmt: skip
    test: Test = kinds[given.kind](**fields)
    return test
