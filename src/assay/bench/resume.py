"""Going on with a run: which of its results still stand, and what it has spent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from assay.bench import Result
from assay.search.budget import Cost
from assay.store import Log, RunRow

MARKS = ("graded_by", "asked")
"""Keys of a run's configuration that say what each problem was, as short hashes."""


def marks_of(log: Log, row: RunRow) -> dict[str, Any]:
    """What the problems of a run were when it was last taken up."""
    resumed = log.events(row.id, kind="resume")
    source = resumed[-1].body if resumed else row.config
    return {mark: source[mark] for mark in MARKS if mark in source}


def same_run(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two configurations are one but for the content of their problems."""
    return all(a.get(key) == b.get(key) for key in {*a, *b} - set(MARKS))


def take_up(log: Log, row: RunRow, config: Mapping[str, Any]) -> list[str]:
    """Notes that the run goes on, and gives the problems that are others than they were: what it
    has of them no longer stands."""
    before = marks_of(log, row)
    problems: Sequence[str] = config["problems"]
    anew = [
        problem
        for number, problem in enumerate(problems)
        if any(before[mark][number] != config[mark][number] for mark in before)
    ]
    log.append(row.id, "", "resume", {"anew": anew} | {mark: config[mark] for mark in MARKS})
    return anew


def spent_before(log: Log, row: RunRow, done: Iterable[Result]) -> Cost:
    """What the run has spent on the items that are done. Its seconds are those during which it
    was under way, as of a run that nothing interrupted: items overlap, and pauses do not count.

    Raises `StoreError`.
    """
    total = sum((Cost(**result.cost) for result in done), Cost())
    seconds, start, last = 0.0, row.started, row.started
    for kind, at in log.moments(row.id):
        if kind == "resume":
            seconds += max(0.0, last - start)
            start = at
        last = at
    return replace(total, seconds=seconds + max(0.0, last - start))
