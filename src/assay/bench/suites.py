"""Where items come from: bundled suites by name, files by path."""

from collections.abc import Callable
from pathlib import Path

from assay.errors import UnknownName, UsageError
from assay.grade import Item, humaneval, jsonl

SUITES: dict[str, Callable[[], list[Item]]] = {"humaneval": humaneval.items}
"""Suites that need no file."""


def load_suite(name: str) -> list[Item]:
    """The suite's items. Raises `UnknownName`, and `UsageError` where its data is not here."""
    if name in SUITES:
        return SUITES[name]()
    if name.endswith(".jsonl"):
        return jsonl.items(Path(name))
    raise UnknownName("suite", name, [*SUITES, "FILE.jsonl"])


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
