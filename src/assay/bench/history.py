"""What the log has of one result: how it was searched for, and how it was graded.

A rejudged run has grades of its own; the search is in the run whose programs it grades again.
"""

from collections.abc import Sequence
from typing import Any

from assay.bench import Result
from assay.store import Event, Log, last_try


def searched(log: Log, result: Result) -> Sequence[Event]:
    """The last try of its search. Raises `StoreError`."""
    run, _, item = result.log.partition("/")
    return last_try(log.events(run, item))


def graded(log: Log, run: str, item: str) -> dict[str, Any] | None:
    """The hidden tests' run of `item` (a problem with its cell) in `run` itself; `None`: no program
    was graded. Raises `StoreError`."""
    return last(last_try(log.events(run, item)), "grade")


def last(events: Sequence[Event], kind: str) -> dict[str, Any] | None:
    """The body of the newest event of that kind."""
    bodies = [event.body for event in events if event.kind == kind]
    return bodies[-1] if bodies else None
