"""Further inputs for a function, mutated by type from the inputs of its visible tests."""

import ast
import math
import random
from collections.abc import Iterator
from typing import Any

from assay.problem import Call, Problem

MAX_SOURCE = 2_000
"""Characters of one test's expression: a longer one is no cheap input."""


def probes(problem: Problem, count: int) -> tuple[Call, ...]:
    """At most `count` calls that only observe; the same ones for the same problem."""
    seeds = [args for test in problem.tests if (args := arguments(problem, test)) is not None]
    if not seeds or problem.entry_point is None:
        return ()
    chance = random.Random(problem.id)
    known = {repr(args) for args in seeds}
    made: list[Call] = []
    for _ in range(count * 4):
        args = [mutate(value, chance) for value in chance.choice(seeds)]
        text = repr(args)
        if text in known or len(text) > MAX_SOURCE:
            continue
        known.add(text)
        listed = ", ".join(map(repr, args))
        made.append(
            Call(
                id=f"probe-{len(made)}",
                expression=f"{problem.entry_point}({listed})",
                expected=None,
                origin="generated",
            )
        )
        if len(made) == count:
            break
    return tuple(made)


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
