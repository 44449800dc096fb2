"""Items of a JSONL file: each row a problem, its hidden tests under the key `hidden`."""

from pathlib import Path

from assay.grade import Item
from assay.problem.jsonl import hidden_of, problem_of, read_rows, reference_of


def items(path: Path) -> list[Item]:
    """Raises `ProblemError` with the line of the first row that is wrong."""
    return [
        Item(
            problem=problem_of(row),
            hidden=hidden_of(row),
            reference=reference_of(row),
            split=row.split,
        )
        for row in read_rows(path)
    ]
