"""What TARGET may be: a file with stubs, JSONL, `suite:ID`, `-`, or the task itself."""

import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from assay.bench.suites import SUITES, load_item, load_suite
from assay.errors import ProblemError, UsageError
from assay.grade import Item, jsonl
from assay.problem import Problem, Test, python, text

MAX_STDIN = 10_000_000


@dataclass(frozen=True, slots=True)
class Target:
    item: Item
    path: Path | None = None
    """The file that `--write` would change."""


def targets_of(given: str, tests: Sequence[Test]) -> list[Target]:
    """Everything that one TARGET names. Raises `UsageError` and `ProblemError`."""
    name, colon, wanted = given.partition(":")
    if given == "-":
        found = [Target(Item(problem=from_stdin()))]
    elif colon and re.fullmatch(r"[\w+-]+", name) and wanted and " " not in given:
        found = [Target(item) for item in from_suite(name, wanted)]
    elif given.endswith(".jsonl"):
        found = [Target(item) for item in jsonl.items(Path(given))]
    elif given.endswith(".py"):
        found = [Target(Item(problem=python.load(Path(given))), Path(given))]
    elif looks_like_path(given):
        if Path(given).exists():
            raise UsageError(
                f"{given}: cannot fill this; give a .py or .jsonl file, or the task in words"
            )
        raise ProblemError(f"{given}: no such file")
    else:
        return [Target(Item(problem=text.problem(given, tests)))]
    return [with_tests(target, tests) for target in found]


def with_tests(target: Target, tests: Sequence[Test]) -> Target:
    if not tests:
        return target
    problem = target.item.problem
    problem = replace(problem, tests=(*problem.tests, *tests))
    return replace(target, item=replace(target.item, problem=problem))


def from_stdin() -> Problem:
    content = sys.stdin.read(MAX_STDIN + 1)
    if not content.strip():
        raise UsageError("standard input is empty; give a task")
    if len(content) > MAX_STDIN:
        raise UsageError(f"standard input is over {MAX_STDIN:,} characters")
    if python.has_stubs(content):
        return python.problem_of(content, name="stdin")
    return text.problem(content)


def from_suite(name: str, wanted: str) -> list[Item]:
    """`ID`, or `FIRST-LAST` by position, both included."""
    span = re.fullmatch(r"(\d+)(?:-(\d+))?", wanted)
    if name not in SUITES or not span:
        return [load_item(f"{name}:{wanted}")]
    items = load_suite(name)
    first, last = int(span[1]), int(span[2] or span[1])
    if not first <= last < len(items):
        raise UsageError(f"suite {name} has problems 0 to {len(items) - 1}, not {wanted}")
    return items[first : last + 1]


def looks_like_path(given: str) -> bool:
    """A single word with a slash or an ending, or of something that is here: nobody's task."""
    named = re.search(r"/|\.\w{1,5}$", given) or os.path.lexists(given)
    return not re.search(r"\s", given) and bool(named)
