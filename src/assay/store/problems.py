"""Problems out of the log, as they were."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from assay.errors import StoreError
from assay.problem import Limits, Problem, Test
from assay.sandbox.transfer import KINDS


def problem_from(body: Mapping[str, Any]) -> Problem:
    """The problem of an event `problem`. Raises `StoreError` for one of another version."""
    try:
        more = {
            "stubs": tuple(body["stubs"]),
            "tests": tuple(map(test_from, body["tests"])),
            "limits": Limits(**body["limits"]),
        }
        return Problem(**{**body, **more})
    except (KeyError, TypeError, StopIteration) as error:
        raise StoreError(f"the log has a problem of another version of Assay ({error!r})") from None


def test_from(body: Mapping[str, Any]) -> Test:
    """Of the first kind that has all of its fields: an older log may have fewer."""
    kinds = (kind for kind in KINDS.values() if {field.name for field in fields(kind)} >= set(body))
    return next(kinds)(**{name: frozen(value) for name, value in body.items()})


def frozen(value: Any) -> Any:
    return tuple(map(frozen, value)) if isinstance(value, list) else value
