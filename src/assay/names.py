"""Implementations by name: those of a folder's dict, and anybody's as `package.module:name`."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from assay.errors import UnknownName, UsageError


def load(kind: str, name: str, known: Mapping[str, str]) -> Callable[..., Any]:
    """What `known` has under `name`, or what `package.module:attribute` names.

    Raises `UnknownName`; `UsageError` for a module or an attribute that is not there.
    """
    target = known.get(name, name)
    module, _, attribute = target.partition(":")
    if not attribute:
        raise UnknownName(kind, name, known)
    try:
        found: Callable[..., Any] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        hint = "; is its folder on PYTHONPATH?" if isinstance(error, ImportError) else ""
        raise UsageError(f"{kind} {name!r}: {error}{hint}") from error
    return found
