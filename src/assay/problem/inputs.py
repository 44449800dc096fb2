"""Inputs for a function as plain values: its visible tests', near ones, ones of a parameter's type.

Nothing is evaluated beyond `ast.literal_eval` on text of bounded size.
"""

import ast
import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

from assay.problem import Call, Problem

MAX_SOURCE = 2_000
"""Characters of one test's expression: a longer one is no cheap input."""


def seeds(problem: Problem) -> list[list[Any]]:
    """The arguments of the visible tests that call the entry point with literals."""
    return [args for test in problem.tests if (args := arguments(problem, test)) is not None]


def arguments(problem: Problem, test: object) -> list[Any] | None:
    """The literal positional arguments of a test that calls the entry point, else `None`."""
    if not isinstance(test, Call) or len(test.expression) > MAX_SOURCE:
        return None
    try:
        call = ast.parse(test.expression, mode="eval").body
        if not isinstance(call, ast.Call) or call.keywords:
            return None
        if ast.unparse(call.func) != problem.entry_point:
            return None
        return [ast.literal_eval(argument) for argument in call.args]
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def near(given: Sequence[list[Any]], chance: random.Random, count: int) -> list[list[Any]]:
    """At most `count` distinct argument lists of the same types near `given`, none of it."""
    known = {repr(args) for args in given}
    made: list[list[Any]] = []
    for _ in range(count * 4 if given else 0):
        args = [mutate(value, chance) for value in chance.choice(given)]
        text = repr(args)
        if text in known or len(text) > MAX_SOURCE:
            continue
        known.add(text)
        made.append(args)
        if len(made) == count:
            break
    return made


def expression(name: str, args: Sequence[Any]) -> str:
    """The call, as Python."""
    return f"{name}({', '.join(map(repr, args))})"


def mutate(value: Any, chance: random.Random) -> Any:
    """A value of the same type near this one; some come back as they were."""
    if chance.random() < 0.25:
        return value
    choices = list(variants(value, chance))
    return chance.choice(choices) if choices else value


def variants(value: Any, chance: random.Random) -> Iterator[Any]:
    match value:
        case bool():
            yield not value
        case int():
            # Signs are kept: many tasks allow no negative number, and an input outside of what
            # is allowed separates programs that are all right.
            yield value + 1
            if value > 1:
                yield value - 1
            yield value + chance.randint(2, 9)
        case float():
            yield from filter(math.isfinite, (value + 0.5, value * 2))
        case str():
            yield from texts(value, chance)
        case list() | tuple():
            yield from sequences(value, chance)
        case dict() if value:
            key = chance.choice(list(value))
            yield {k: v for k, v in value.items() if k != key}
            yield {**value, key: mutate(value[key], chance)}
        case set() if value:
            yield set(list(value)[1:])


def texts(value: str, chance: random.Random) -> Iterator[str]:
    if not value:
        return
    at = chance.randrange(len(value))
    yield value[:at] + value[at + 1 :]
    yield value[:at] + value[at] + value[at:]
    yield value[::-1]
    yield value + value[: at + 1]


def sequences(value: list[Any] | tuple[Any, ...], chance: random.Random) -> Iterator[Any]:
    if not value:
        return
    kind = type(value)
    at = chance.randrange(len(value))
    items = list(value)
    yield kind(items[:at] + items[at + 1 :])
    yield kind([*items, items[at]])
    yield kind(reversed(items))
    yield kind([*items[:at], mutate(items[at], chance), *items[at + 1 :]])
