"""Whether a value is the one asked for: Python's own `==`, with a tolerance where one is given."""

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


def _near(actual: complex, expected: complex, tolerance: float) -> bool:
    try:
        return abs(actual - expected) <= tolerance
    except OverflowError:  # an int beyond the floats is near to no other number
        return False
