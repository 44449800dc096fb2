"""Inputs of another size, of the type and in the style of a given one."""

import random
from collections.abc import Callable
from typing import Any

Make = Callable[[int], Any]
WIDEST = 256
"""Rows and columns of a table."""


def shapes(value: Any) -> dict[str, Make]:
    """Ways to make a like value of size n, by name; none for what has no size."""
    kind = type(value)
    if kind is int and value > 0:
        return {"value": lambda n: n}
    if kind is str and value:
        return texts(value)
    if kind is dict and value:
        return {"length, more keys": lambda n: keyed(value, n)}
    if kind in (list, tuple, set) and value:
        made = numbers() if all(type(item) is int for item in value) else others(list(value))
        made["length, repeated"] = lambda n: cycle(list(value), n)
        return {name: converted(kind, make) for name, make in made.items()}
    return {}


def converted(kind: Any, make: Make) -> Make:
    return lambda n: kind(make(n))


def texts(value: str) -> dict[str, Make]:
    letters = sorted(set(value))
    return {
        "length, repeated": lambda n: "".join(cycle(list(value), n)),
        "length, all the same": lambda n: value[0] * n,
        "length, random": lambda n: "".join(random.Random(n).choices(letters, k=n)),
    }


def numbers() -> dict[str, Make]:
    return {
        "length, ascending": lambda n: list(range(1, n + 1)),
        "length, descending": lambda n: list(range(n, 0, -1)),
        "length, all the same": lambda n: [1] * n,
        "length, random": lambda n: random.Random(n).choices(range(1, n + 1), k=n),
    }


def others(value: list[Any]) -> dict[str, Make]:
    made: dict[str, Make] = {"length, all the same": lambda n: [value[0]] * n}
    if all(type(item) is str for item in value):
        made["length, all different"] = lambda n: [f"{value[0]}{i}" for i in range(n)]
    if all(type(item) is list and item for item in value):
        made["size of both dimensions"] = lambda n: square(value, n)
    return made


def square(value: list[Any], n: int) -> list[Any]:
    """Raises `ValueError` beyond what is worth the memory."""
    if n > WIDEST:
        raise ValueError(n)
    return [cycle(row, n) for row in cycle(value, n)]


def cycle(value: list[Any], n: int) -> list[Any]:
    return (value * (n // len(value) + 1))[:n]


def keyed(value: dict[Any, Any], n: int) -> dict[Any, Any]:
    keys, items = list(value), cycle(list(value.values()), n)
    if all(type(key) is int for key in keys):
        return dict(zip(range(n), items, strict=True))
    return dict(zip((f"{keys[0]}{i}" for i in range(n)), items, strict=True))
