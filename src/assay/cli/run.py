"""From a command to an exit status: errors, interruption, signals."""

import asyncio
import signal
import sys
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

import typer

from assay.errors import AssayError

T = TypeVar("T")

INTERRUPTED = 130
USAGE = 2


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
        return complain(f"{error.format_message()} (try --help)", USAGE)
    except (KeyboardInterrupt, asyncio.CancelledError, typer.Abort):
        return complain("interrupted; what was done is kept (assay log)", INTERRUPTED)
    except BrokenPipeError:
        return 0
    if status == INTERRUPTED:
        complain("interrupted; what was done is kept (assay log)", INTERRUPTED)
    return status if isinstance(status, int) else 0


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
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        loop.add_signal_handler(signal.SIGTERM, task.cancel)
        try:
            return await work
        finally:
            loop.remove_signal_handler(signal.SIGTERM)

    return asyncio.run(guarded())
