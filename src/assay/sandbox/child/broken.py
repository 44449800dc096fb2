"""Whose fault a failure is: a test's whose own text cannot be run, or the candidate's."""

import contextlib
from collections.abc import Iterator
from typing import Any

from assay.sandbox.child import report, static
from assay.sandbox.child.peer import Gone
from assay.sandbox.child.proxies import Uncrossable


class Broken(Exception):
    """The test itself cannot be run: its own text fails, whatever the candidate does."""


def lacks_module(error: BaseException, test: dict[str, Any]) -> bool:
    """Whether the test's own text imports what is not there, and is not the candidate."""
    foreign = hasattr(error, "__assay__") or report.place_of(error.__traceback__)["line"]
    own = {*static.ALIASES, test.get("module")}
    return isinstance(error, ImportError) and not foreign and error.name not in own


@contextlib.contextmanager
def test_text(what: str, test: dict[str, Any]) -> Iterator[None]:
    """Failures of the test's own text are the test's, not the candidate's."""
    try:
        yield
    except (Gone, Uncrossable, NameError, AttributeError, AssertionError, Broken):
        raise
    except Exception as error:
        if hasattr(error, "__assay__"):
            raise
        if isinstance(error, ImportError) and not lacks_module(error, test):
            raise
        raise Broken(f"{what}: {type(error).__name__}: {report.message_of(error)}") from error
