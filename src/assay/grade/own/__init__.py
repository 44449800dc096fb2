"""Assay's own suite: problems written for it, one file a language, in this folder.

`docs/suites_own.md` says what a problem consists of and how to add one.
"""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from assay.errors import ProblemError
from assay.grade import Item
from assay.problem.jsonl import Row, examples_of, hidden_of, problem_of, with_kind

FOLDER = Path(__file__).parent
LANGUAGES = ("python", "javascript", "cpp", "bash", "sql")
"""In the order of the suite."""
LEVELS = ("easy", "middle", "hard")


@dataclass(frozen=True, slots=True)
class Entry:
    """One problem of a file."""

    level: str
    """One of `LEVELS`, as its author judged it."""
    item: Item


def items() -> list[Item]:
    """All, by language and then in the order of the file."""
    return [entry.item for entry in entries()]


@cache
def entries() -> tuple[Entry, ...]:
    """Raises `ProblemError` for a problem that is not of the right form."""
    return tuple(
        entry_of(given, language)
        for language in LANGUAGES
        for given in tomllib.loads((FOLDER / f"{language}.toml").read_text("utf-8"))["problem"]
    )


def entry_of(given: dict[str, Any], language: str) -> Entry:
    """From a table of the file. With a `stub` the prompt is that, and its examples are tests."""
    fields = dict(given)
    level, reference = fields.pop("level", None), fields.pop("reference", None)
    if level not in LEVELS or not reference:
        raise ProblemError(f"{given.get('id')}: needs a reference, and a level of {LEVELS}")
    if stub := fields.pop("stub", ""):
        fields |= {"prompt": stub, "starter": stub, "stubs": [fields.get("entry_point")]}
    for key in ("tests", "hidden"):
        fields[key] = [kinded(test) for test in fields.get(key, [])]
    try:
        row = Row.model_validate(fields | {"language": language})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ProblemError(f"{given.get('id')}: {where}: {first['msg']}") from None
    problem = problem_of(row)
    if stub:
        problem = replace(problem, tests=(*examples_of(row), *problem.tests))
    return Entry(level, Item(problem=problem, hidden=hidden_of(row), reference=reference))


def kinded(test: Any) -> Any:
    """A table with its `kind`. An assert of one equation is split by hand: to parse hundreds of
    them takes longer than all the rest."""
    if isinstance(test, str) and test.startswith("assert ") and test.count(" == ") == 1:
        expression, expected = test.removeprefix("assert ").split(" == ")
        return {"kind": "call", "expression": expression, "expected": expected}
    if not isinstance(test, dict) or "kind" in test:
        return test
    return with_kind(test)
