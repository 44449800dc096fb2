"""What decides a call in EvalPlus' suites (Liu et al. 2023, package `evalplus` 0.3.1).

`evalplus` sends the text of this file into the judge, together with the problem's reference and
inputs: it runs there, beside no candidate, and needs the standard library alone.
"""

import copy
import json
import math
from collections.abc import Callable
from typing import Any

SETS = {
    "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly",
    "larg_nnum", "intersection_array", "find_dissimilar", "Diff",
}  # fmt: skip
"""Functions of MBPP+ whose results are compared as sets."""
NOT_NONE = {"check_str", "text_match_three", "text_starta_endb"}
"""Functions of MBPP+ of which only whether they give something counts: a match object, say."""
RELATIVE = 1e-07
Change = Callable[[list[Any]], list[Any]]


def tuples(value: Any, depth: int) -> Any:
    """Lists down to `depth` as tuples; the outermost has depth 1."""
    if depth == 0 or not isinstance(value, list):
        return value
    return tuple(tuples(part, depth - 1) for part in value)


def inner(value: Any) -> Any:
    """The lists in a list as tuples."""
    return [tuples(part, 1) for part in value] if isinstance(value, list) else value


def first(change: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda given: [change(given[0]), *given[1:]]


def each(change: Callable[[Any], Any]) -> Callable[[list[Any]], list[Any]]:
    return lambda given: [change(value) for value in given]


SHAPES: list[tuple[set[int], Change]] = [
    (
        {2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630,
         726, 740, 744, 809},
        each(lambda value: tuples(value, 1)),
    ),
    ({63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780}, each(inner)),
    ({75, 413, 444, 753}, first(inner)),
    ({106, 750}, lambda given: [given[0], tuples(given[1], 1)]),
    ({115}, first(lambda sets: [set(s) if isinstance(s, list) and s else {} for s in sets])),
    ({124}, lambda given: [float(given[0]), complex(given[1])]),
    ({250, 307, 405, 446, 617, 720, 763, 808}, first(lambda value: tuples(value, 1))),
    ({259, 278, 401, 445}, each(lambda value: tuples(value, 2))),
    ({722}, first(lambda rows: {name: tuple(row) for name, row in rows.items()})),
    ({252}, first(complex)),
    ({580, 615, 791}, each(lambda value: tuples(value, 99))),
]  # fmt: skip
"""Problems of MBPP+ whose inputs are not the lists that JSON holds, and what they are."""


def given_of(task: str, arguments: list[Any]) -> list[Any]:
    """The arguments of one call, out of JSON."""
    suite, _, number = task.partition("/")
    for tasks, change in SHAPES:
        if suite == "Mbpp" and int(number) in tasks:
            changed: list[Any] = change(arguments)
            return changed
    return arguments


def floats(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return bool(value) and all(isinstance(part, float) for part in value)
    return isinstance(value, float)


def close(actual: Any, expected: Any, absolute: float) -> bool:
    """NumPy's `allclose`: |a - b| <= absolute + relative * |b|, for every number."""
    if isinstance(expected, list | tuple):
        return len(actual) == len(expected) and all(
            close(one, two, absolute) for one, two in zip(actual, expected, strict=True)
        )
    return bool(actual == expected or abs(actual - expected) <= absolute + RELATIVE * abs(expected))


def same(entry: str, actual: Any, expected: Any, absolute: float) -> bool:
    """Whether a result is the one expected, by the rules of the suite."""
    if entry in NOT_NONE:
        wanted = expected is not None
        return wanted == (actual if isinstance(actual, bool) else actual is not None)
    exact = set(actual) == set(expected) if entry in SETS else actual == expected
    if absolute == 0 and floats(expected):
        absolute = 1e-6
    if exact or absolute == 0:
        return bool(exact)
    return type(actual) is type(expected) and close(actual, expected, absolute)


def also_right(entry: str, given: list[Any], actual: Any, absolute: float) -> bool:
    """Other readings of a task that its suite takes for right."""
    if entry == "surface_Area":  # `height` may be the one from the base to the apex
        base, height = given
        area = base**2 + 2 * base * math.sqrt((base / 2) ** 2 + height**2)
        return bool(abs(actual - round(area)) <= absolute)
    if entry == "digit_distance_nums":  # the shorter number may be filled with zeros
        one, two = map(str, given)
        width = max(len(one), len(two))
        pairs = zip(one.zfill(width), two.zfill(width), strict=True)
        return bool(actual == sum(abs(int(a) - int(b)) for a, b in pairs))
    return entry == "are_equivalent" or (entry == "sum_div" and bool(actual == 0))


def find_zero_right(given: list[Any], actual: float, absolute: float) -> bool:
    """HumanEval/32 asks for any root of a polynomial."""
    value = sum(factor * math.pow(actual, power) for power, factor in enumerate(given[0]))
    return bool(abs(value) <= absolute)


def check_calls(
    candidate: Any, reference: str, entry: str, task: str, calls: str, absolute: float
) -> None:
    """Calls candidate and reference with each input. Raises `AssertionError` at the first
    difference. `calls` is JSON: a list of lists of arguments."""
    names: dict[str, Any] = {"__name__": "reference"}
    exec(reference, names)
    for number, arguments in enumerate(json.loads(calls)):
        given = given_of(task, arguments)
        if entry == "find_zero":
            kept = copy.deepcopy(given)
            right = find_zero_right(kept, candidate(*given), absolute)
        else:
            expected = names[entry](*copy.deepcopy(given))
            kept = copy.deepcopy(given)
            actual = candidate(*given)
            right = same(entry, actual, expected, absolute)
            right = right or (
                task.startswith("Mbpp/") and also_right(entry, kept, actual, absolute)
            )
        assert right, f"input {number}"
