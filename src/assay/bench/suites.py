"""Where items come from: bundled suites by name, files by path."""

from collections.abc import Callable
from pathlib import Path

from assay.errors import UnknownName, UsageError
from assay.grade import Item, humaneval, jsonl, quixbugs

SUITES: dict[str, Callable[[], list[Item]]] = {"humaneval": humaneval.items}
"""Suites that need no file."""

FILE_SUITES: dict[str, Callable[[Path], list[Item]]] = {"quixbugs": quixbugs.items}
"""Suites whose data is a file of the user's."""


def load_suite(name: str, data: Path | None = None) -> list[Item]:
    """The suite's items; `data` is the file of one of `FILE_SUITES`.

    Raises `UnknownName`, `ProblemError`, and `UsageError` where its data is not here.
    """
    if data is not None and name not in FILE_SUITES:
        raise UsageError(f"--data is for {', '.join(FILE_SUITES)}, not for {name}")
    if name in FILE_SUITES:
        if data is None:
            raise UsageError(f"suite {name} needs its file: --data FILE (docs/bench.md)")
        return FILE_SUITES[name](data)
    if name in SUITES:
        return SUITES[name]()
    if name.endswith(".jsonl"):
        return jsonl.items(Path(name))
    raise UnknownName("suite", name, [*SUITES, *FILE_SUITES, "FILE.jsonl"])


def load_item(reference: str) -> Item:
    """`suite:ID`, one item. Raises `UnknownName`, and `UsageError` for an unknown id."""
    name, _, wanted = reference.partition(":")
    items = load_suite(name)
    for item in items:
        if item.problem.id == wanted:
            return item
    first, last = items[0].problem.id, items[-1].problem.id
    raise UsageError(f"suite {name} has no problem {wanted!r}; it has {first} to {last}")


def limit_items(items: list[Item], limit: int | None, every: int = 1) -> list[Item]:
    """Every `every`-th item, at most `limit` of them."""
    return items[::every][:limit]
