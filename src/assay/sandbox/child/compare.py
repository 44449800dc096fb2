"""Whether a value is the one asked for: Python's own `==`, with a tolerance where one is given."""

from collections.abc import Sequence
from typing import Any

_NUMBERS = (int, float, complex)


def equal(actual: Any, expected: Any, tolerance: float | None) -> bool:
    if tolerance is None:
        return bool(actual == expected)
    if isinstance(actual, _NUMBERS) and isinstance(expected, _NUMBERS):
        return bool(actual == expected) or _near(actual, expected, tolerance)
    if isinstance(actual, list | tuple) and isinstance(expected, list | tuple):
        same_kind = isinstance(actual, list) == isinstance(expected, list)
        return (
            same_kind
            and len(actual) == len(expected)
            and all(equal(one, two, tolerance) for one, two in zip(actual, expected, strict=True))
        )
    if isinstance(actual, dict) and isinstance(expected, dict):
        return actual.keys() == expected.keys() and all(
            equal(value, expected[key], tolerance) for key, value in actual.items()
        )
    return bool(actual == expected)


def apart(
    actual: Any, expected: Any, tolerance: float | None, place: str = ""
) -> tuple[str, Any, Any]:
    """Where two values that are not equal first differ, as indices and keys, and what is there in
    `actual` and `expected`; no place: in that there is nothing to look into."""
    if type(actual) is not type(expected):
        return place, actual, expected
    if isinstance(actual, set | frozenset):
        return f"{place}, in one alone", actual - expected, expected - actual
    if isinstance(actual, dict):
        if actual.keys() != expected.keys():
            mine = {key: value for key, value in actual.items() if key not in expected}
            theirs = {key: value for key, value in expected.items() if key not in actual}
            return f"{place}, in one alone", mine, theirs
        key = next(key for key in expected if not equal(actual[key], expected[key], tolerance))
        return apart(actual[key], expected[key], tolerance, f"{place}[{key!r:.80}]")
    if not isinstance(actual, list | tuple | str):
        return place, actual, expected
    at = _first(actual, expected, tolerance)
    if at == len(actual) == len(expected):
        return "", actual, expected  # a class of its own, which says that it differs
    if isinstance(actual, str) or at == min(len(actual), len(expected)):
        return f"{place}[{at}:]", actual[at:], expected[at:]
    return apart(actual[at], expected[at], tolerance, f"{place}[{at}]")


def _first(one: Sequence[Any], other: Sequence[Any], tolerance: float | None) -> int:
    pairs = enumerate(zip(one, other, strict=False))
    unequal = (at for at, pair in pairs if not equal(*pair, tolerance))
    return next(unequal, min(len(one), len(other)))


def _near(actual: complex, expected: complex, tolerance: float) -> bool:
    try:
        return abs(actual - expected) <= tolerance
    except OverflowError:  # an int beyond the floats is near to no other number
        return False
