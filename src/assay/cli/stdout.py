"""Standard output that cannot be written is one line for a person, not a traceback."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO, cast

from assay.errors import AssayError


class Told:
    """A text stream whose failures are `AssayError`; a reader that went away is none."""

    def __init__(self, inner: TextIO) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def write(self, text: str) -> int:
        if text == "":  # typer tries with it what kind of stream this is
            return 0
        with _told():
            return self._inner.write(text)

    def flush(self) -> None:
        with _told():
            self._inner.flush()


@contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        drop()
        raise AssayError(f"standard output cannot be written: {error.strerror}") from None


def drop() -> None:
    """What is still to be written goes nowhere; else Python would complain once more at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def open_streams() -> None:
    """Once, at the start. Raises `AssayError` where standard output is closed: files opened later
    would take its place."""
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - as long as the process lives
    if sys.stdout is None:
        sys.stdout = sys.stderr
        raise AssayError("standard output is closed; to have none, give >/dev/null")
    sys.stdout = cast(TextIO, Told(sys.stdout))
