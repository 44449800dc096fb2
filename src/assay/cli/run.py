"""From a command to an exit status: errors, interruption, signals."""

import asyncio
import re
import signal
import sys
import time
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import typer

from assay.errors import AssayError

T = TypeVar("T")

INTERRUPTED = 130
USAGE = 2
RANGES = (
    (r"is not in the range (\S+?)<=x<=(\S+?)\.?$", r"is not between \1 and \2"),
    (r"is not in the range x>=(\S+?)\.?$", r"is below \1, the least"),
    (r"is not in the range x<=(\S+?)\.?$", r"is above \1, the most"),
    (r"Input should be greater than or equal to (\S+)", r"the least is \1"),
    (r"Input should be less than or equal to (\S+)", r"the most is \1"),
)
SIGNALS = (signal.SIGINT, signal.SIGTERM)
PATIENCE = 2.0


def execute(app: typer.Typer, arguments: Sequence[str]) -> int:
    """Runs the command line; gives the exit status of the design's list."""
    try:
        status = app(list(arguments), standalone_mode=False)
    except AssayError as error:
        return complain(str(error), error.code)
    except BaseExceptionGroup as group:
        return from_group(group)
    except typer.TyperException as error:
        if type(error).__name__ == "NoArgsIsHelpError":  # typer does not export it
            print(error.format_message(), file=sys.stderr)
            return USAGE
        return complain(f"{in_words(error.format_message())} (try --help)", USAGE)
    except typer.Abort:
        print(file=sys.stderr)  # the question's line
        return complain("interrupted; what was done is kept (assay log)", INTERRUPTED)
    except (KeyboardInterrupt, asyncio.CancelledError):
        return complain("interrupted; what was done is kept (assay log)", INTERRUPTED)
    except BrokenPipeError:
        return 0
    except SystemExit as end:  # so typer ends where the reader of stdout went away
        return 0 if isinstance(end.__context__, BrokenPipeError) else int(end.code or 0)
    if status == INTERRUPTED:
        complain("interrupted; what was done is kept (assay log)", INTERRUPTED)
    return status if isinstance(status, int) else 0


def in_words(message: str) -> str:
    """Ranges of numbers as one says them; typer writes `0<=x<=1`, or as pydantic does."""
    for pattern, words in RANGES:
        message = re.sub(pattern, words, message)
    return message


def from_group(group: BaseExceptionGroup[BaseException]) -> int:
    """Of the failures of parallel work, the first that says something to a person."""
    expected, unexpected = group.split(AssayError)
    if expected is None or unexpected is not None:
        raise group
    first: BaseException = expected
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    assert isinstance(first, AssayError)
    return complain(str(first), first.code)


def complain(message: str, status: int) -> int:
    print(f"assay: {message}", file=sys.stderr)
    return status


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Runs `work` so that Ctrl-C and SIGTERM cancel it, which ends every process it started."""

    async def guarded() -> T:
        task = asyncio.current_task()
        assert task is not None
        stopper.task = task
        return await work

    with Stopper() as stopper:
        return asyncio.run(guarded())


class Stopper:
    """The first signal cancels the task. More of them, from an impatient person, are ignored
    while it tidies up; after `PATIENCE` seconds they end it by force."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Any] | None = None
        self._first: float | None = None
        self._before: list[Any] = []

    def __enter__(self) -> "Stopper":
        self._before = [signal.signal(number, self._stop) for number in SIGNALS]
        return self

    def __exit__(self, *_: object) -> None:
        """Once stopped, all that is left to do is to say so: nothing shall break into that."""
        for number, before in zip(SIGNALS, self._before, strict=True):
            signal.signal(number, before if self._first is None else signal.SIG_IGN)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        if self.task is None or (self._first and time.monotonic() - self._first > PATIENCE):
            raise KeyboardInterrupt
        if self._first is None:
            self._first = time.monotonic()
            self.task.get_loop().call_soon_threadsafe(self.task.cancel)


@contextmanager
def asking() -> Iterator[None]:
    """While a person is asked, a signal ends the question: nobody serves the loop meanwhile."""
    before = [signal.signal(number, signal.default_int_handler) for number in SIGNALS]
    try:
        yield
    finally:
        for number, handler in zip(SIGNALS, before, strict=True):
            signal.signal(number, handler)
