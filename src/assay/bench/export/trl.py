"""TRL: prompt-only rows in its conversational form, for online trainers such as GRPO.

The prompt is the bare task, as `sample` asks for it, whatever the strategy of the run was. The
other columns are what a reward needs. Rows of a test split are no training data: the command leaves
them out unless it is told otherwise, and each row says its split. All values are texts or lists of
texts, so that a reader need not guess at a type.
"""

from dataclasses import asdict
from typing import Any

from assay.bench.export import Export, Files
from assay.bench.export.plain import dumped, lines, row_of_test
from assay.grade import Item
from assay.model.prompter import Prompter
from assay.problem import Test
from assay.search.turns import opening


def files(export: Export) -> Files:
    return [(".jsonl", lines([row(export, item) for item in export.items.values()]))]


def row(export: Export, item: Item) -> dict[str, Any]:
    problem = item.problem
    found = {
        "prompt": [asdict(message) for message in opening(problem, Prompter())],
        "task_id": problem.id,
        "suite": export.suite,
        "split": item.split,
        "language": problem.language,
        "entry_point": problem.entry_point or "",
        "starter": problem.starter,
        "stubs": list(problem.stubs),
        "tests": written(problem.tests),
    }
    return found | ({"hidden_tests": written(item.hidden)} if export.hidden else {})


def written(tests: tuple[Test, ...]) -> list[str]:
    """Each as the JSON of a row of a problem file."""
    return [dumped(row_of_test(asdict(test))).decode() for test in tests]
