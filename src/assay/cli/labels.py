"""Names of cells: a letter each, as in the report, and words for what they differ in; counts."""

from collections.abc import Sequence
from typing import Any


def letters(count: int) -> list[str]:
    """A to Z, then AA, AB, …, as the columns of a spreadsheet."""
    return [letter(index) for index in range(count)]


def letter(index: int) -> str:
    above, place = divmod(index, 26)
    return (letter(above - 1) if above else "") + chr(ord("A") + place)


def number_of(text: str) -> int | None:
    """The place of a cell, from 1, by its letter; `None` where the text is none."""
    if not (text.isascii() and text.isalpha() and text.isupper() and len(text) < 3):
        return None
    place = 0
    for one in text:
        place = 26 * place + ord(one) - ord("A") + 1
    return place


def labels(rows: Sequence[dict[str, Any]], without: str = "") -> list[str]:
    """The shortest names that tell the cells apart: the strategy, and what else differs;
    `without` a part that stands elsewhere."""
    parts = {
        "run": [row.get("run", "") for row in rows],
        "strategy": [row["strategy"] for row in rows],
        "told": [told(row) for row in rows],
        "selector": [f"/ {row['selector']}" for row in rows],
        "model": [f"with {row['model']}" for row in rows],
        "seed": [f"seed {row['seed']}" for row in rows if "seed" in row],
    }
    kept = [
        values
        for name, values in parts.items()
        if name == "strategy" or (name != without and len(set(values)) > 1)
    ]
    return [" ".join(filter(None, words)) for words in zip(*kept, strict=True)]


def told(row: dict[str, Any]) -> str:
    """The feedback of a cell, by its condition's name where it has one."""
    names = row.get("condition") or row.get("feedback")
    return f"[{names}]" if names else ""


def plural(count: int, word: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"
