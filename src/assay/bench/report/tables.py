"""The figures as CSV: one table of cells, one of results, one of pairs."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""A spreadsheet takes a text that begins so for a formula."""


def tables(figures: dict[str, Any]) -> dict[str, str]:
    """File name to text. Of one cell there are no pairs, and so no table of them."""
    files = {
        "cells.csv": table(figures["cells"]),
        "results.csv": table(figures["results"]),
    }
    return files | ({"pairs.csv": table(figures["paired"])} if figures["paired"] else {})


def table(rows: Iterable[dict[str, Any]]) -> str:
    """A column a key; a key of an object within a row is `outer.inner`, an item of a list
    `outer.0`. What is not known is empty."""
    flat = [dict(flattened(row)) for row in rows]
    columns = dict.fromkeys(name for row in flat for name in row)
    text = io.StringIO()
    writer = csv.writer(text)  # with its "\r\n" a lone "\r" or "\n" in a text is quoted too
    writer.writerow(map(safe, columns))
    writer.writerows([safe(row.get(name)) for name in columns] for row in flat)
    # A program may print lone surrogates, which no file of UTF-8 holds.
    return text.getvalue().encode("utf-8", "backslashreplace").decode("utf-8")


def flattened(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list | tuple):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        for key, one in inner:
            yield from flattened(one, f"{name}.{key}" if name else str(key))
    else:
        yield name, value


def safe(value: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
