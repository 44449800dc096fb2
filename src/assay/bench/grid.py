"""The grid of a comparison: the product of its axes, and cells that are given one by one."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import product
from pathlib import Path
from typing import Any

from assay.bench import Cell
from assay.bench.conditions import sources_in
from assay.errors import UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """What is combined with what. A condition is a set of feedback sources by name; where only
    conditions are given, there is no cell without one."""

    model: tuple[str, ...]
    strategy: tuple[str, ...]
    feedback: tuple[str, ...] = ()
    """Sets of sources, each as in `tests,trace`; empty: what the strategy prefers."""
    condition: tuple[str, ...] = ()
    selector: tuple[str, ...]
    seed: tuple[int, ...] = (0,)

    def cells(self, suite: str) -> Iterator[Cell]:
        """Seeds change fastest. Raises `UnknownName` for a condition."""
        told = [("", names) for names in self.feedback]
        told += [(name, sources_in(name)) for name in self.condition]
        grid = product(self.model, self.strategy, told or [("", "")], self.selector, self.seed)
        for model, strategy, (condition, feedback), selector, seed in grid:
            yield Cell(
                suite=suite,
                model=model,
                strategy=strategy,
                selector=selector,
                seed=seed,
                feedback=feedback,
                condition=condition,
            )


NAMES = tuple(field.name for field in fields(Axes))


def distinct(cells: Iterator[Cell]) -> list[Cell]:
    return list({cell.key: cell for cell in cells}.values())


def cells_in(path: Path, flags: Axes, suite: str) -> list[Cell]:
    """The grid that a TOML file describes: a list for each axis, and tables `[[cell]]` with one
    value for each; an axis that the file does not have is that of the flags. A file of nothing
    but `[[cell]]` is these cells alone.

    Raises `UsageError` with the key or the line of what is wrong.
    """
    content = load(path)
    if not content:
        raise UsageError(f"--grid {path}: it is empty; keys: {', '.join(NAMES)}, [[cell]]")
    given = content.pop("cell", [])
    if not isinstance(given, list) or not all(isinstance(table, dict) for table in given):
        raise UsageError(f"--grid {path}: cells are tables, each under [[cell]]")
    axes = changed(flags, content, f"--grid {path}")
    whole = [] if given and not content else [axes]
    for number, table in enumerate(given, 1):
        where = f"--grid {path}, cell {number}"
        if many := [name for name, value in table.items() if isinstance(value, list)]:
            raise UsageError(f"{where}: {many[0]} wants one value, not a list")
        one = changed(axes, table, where)
        for name in NAMES:
            if len(getattr(one, name)) > 1:
                raise UsageError(f"{where}: it does not say which {name} of several")
        whole.append(one)
    return distinct(cell for axes in whole for cell in axes.cells(suite))


def load(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except OSError as error:
        raise UsageError(f"--grid {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"--grid {path}: {error}") from None


def changed(axes: Axes, content: Mapping[str, Any], where: str) -> Axes:
    """The axes with what is given in their place. Feedback and a condition exclude each other
    where only one of them is given: it takes the place of both."""
    values: dict[str, tuple[Any, ...]] = {}
    for name, value in content.items():
        if name not in NAMES:
            raise UsageError(f"{where}: unknown key {name!r}; keys: {', '.join(NAMES)}, [[cell]]")
        values[name] = axis(name, value if isinstance(value, list) else [value], where)
    told = {"feedback", "condition"}
    if told & values.keys():
        values = dict.fromkeys(told, ()) | values
    return replace(axes, **values)


def axis(name: str, values: list[Any], where: str) -> tuple[Any, ...]:
    for value in values:
        named = isinstance(value, str) and (value.strip() or name == "feedback")
        if not (type(value) is int if name == "seed" else named):
            wanted = "whole numbers" if name == "seed" else "names"
            raise UsageError(f"{where}: {name} wants {wanted}, not {value!r}")
    if not values:
        raise UsageError(f"{where}: {name} has no values")
    if name == "feedback":
        values = [",".join(part.strip() for part in value.split(",")) for value in values]
    return tuple(dict.fromkeys(values))
