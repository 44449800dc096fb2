"""Implementations by name: those of a folder's dict, and anybody's as `package.module:name`."""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from assay.errors import UnknownName


def load(kind: str, name: str, known: Mapping[str, str]) -> Callable[..., Any]:
    """What `known` has under `name`, or what `package.module:attribute` names.

    Raises `UnknownName`.
    """
    target = known.get(name, name)
    module, _, attribute = target.partition(":")
    if not attribute:
        raise UnknownName(kind, name, known)
    try:
        found: Callable[..., Any] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise UnknownName(kind, name, known) from error
    return found
