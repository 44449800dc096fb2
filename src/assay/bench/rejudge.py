"""The programs of a stored run graded again: other tests, limits or comparisons, no model.

Problems and programs come from the log. Hidden tests are not in it, by design: they come from the
suite as it is now, or from another one.
"""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from assay.bench import Cell, Result
from assay.bench.compare import prefix
from assay.bench.history import searched
from assay.bench.resume import MARKS
from assay.bench.stored import Stored, asked, graded_by, tests_of
from assay.errors import UsageError
from assay.grade import Item, grade, limits_of, solved, timed
from assay.problem import Call, Command, Comparison, Io, Test
from assay.sandbox import Run, Sandbox
from assay.search.records import run_record
from assay.store import Event, ItemJournal, Log
from assay.store.problems import problem_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What is judged in another way; `None` leaves it as it is."""

    time: float | None = None
    """CPU seconds of a hidden test."""
    memory: int | None = None
    """MB."""
    tolerance: float | None = None
    """Largest absolute difference of floats, of tests that compare values."""
    comparison: Comparison | None = None
    """Of tests that compare what is printed."""

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "Terms":
        """Those that a rejudged run was graded by; of another run, none."""
        told = config.get("rejudged", {})
        return cls(**{field.name: told.get(field.name) for field in fields(cls)})

    def applied(self, item: Item) -> Item:
        limits = None
        if self.time is not None or self.memory is not None:
            limits = limits_of(item)
            limits = limits if self.time is None else timed(limits, self.time)
            limits = replace(limits, memory_mb=self.memory or limits.memory_mb)
        return replace(item, hidden=tuple(map(self._test, item.hidden)), limits=limits)

    def _test(self, test: Test) -> Test:
        match test:
            case Call(expected=str()) if self.tolerance is not None:
                return replace(test, tolerance=self.tolerance)
            case Io() | Command(expected=str()) if self.comparison is not None:
                return replace(test, comparison=self.comparison)
            case _:
                return test

    def check(self, items: Sequence[Item]) -> None:
        """Raises `UsageError` where a term would change no test."""
        kinds = {
            "--tolerance": (self.tolerance, Terms(tolerance=self.tolerance), "values"),
            "--comparison": (self.comparison, Terms(comparison=self.comparison), "what is printed"),
        }
        for flag, (given, alone, what) in kinds.items():
            if given is not None and not any(alone.changes(item) for item in items):
                raise UsageError(f"{flag} {given}: no hidden test compares {what} otherwise")

    def changes(self, item: Item) -> bool:
        return self.applied(item).hidden != item.hidden


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One answer, graded again."""

    cell: Cell
    was: Result
    now: Result
    run: Run | None
    candidates: tuple[bool | None, ...]
    """The verdicts of every distinct program that was tried; empty where only the answer was."""

    @property
    def changed(self) -> bool:
        return self.was.hidden is not self.now.hidden

    @property
    def why(self) -> str:
        """The first test that does not pass now."""
        failed = [v for v in self.run.verdicts if v.outcome != "passed"] if self.run else []
        if self.now.hidden is None or not failed:
            return ""
        detail = failed[0].detail
        said = detail.message or detail.limit or (detail.actual and f"gave {detail.actual}") or ""
        return f"{failed[0].test}: {failed[0].outcome}{said and ', '}{said}"


def items_of(log: Log, run: Stored, suite: Sequence[Item], terms: Terms) -> dict[str, Item]:
    """The problems of the run, as the log has them, with the tests of `suite`, by id: those that
    both have. Raises `UsageError` where that is none."""
    tests = {item.problem.id: item for item in suite if item.hidden}
    found: dict[str, Item] = {}
    for problem in run.row.config["problems"]:
        results = [cell[problem] for cell in run.cells.values() if problem in cell]
        if problem in tests and results:
            body = events_of(log, results[0])[0].body
            found[problem] = replace(tests[problem], problem=problem_from(body))
    if not found:
        raise UsageError(f"no problem of run {run.row.id} has hidden tests there")
    terms.check(list(found.values()))
    return {problem: terms.applied(item) for problem, item in found.items()}


def events_of(log: Log, result: Result) -> Sequence[Event]:
    """How it was searched for. Raises `UsageError` where the log has it no more."""
    events = searched(log, result)
    if not events or events[0].kind != "problem":
        raise UsageError(f"the log has no problem {result.log}")
    return events


def tests_from(
    config: Mapping[str, Any], hidden: str | None, data: Path | None
) -> tuple[str, Path | None]:
    """The suite with the tests, and its data: as given, else those that graded the run."""
    if hidden is not None:
        return hidden, data
    told = config.get("rejudged", {})
    known = told.get("data")
    return told.get("hidden") or config["suite"], data or (Path(known) if known else None)


def graded_otherwise(log: Log, run: Stored, suite: Sequence[Item]) -> list[str]:
    """Problems of which `suite` has other tests than those that graded the run."""
    now = items_of(log, run, suite, Terms())
    then = tests_of(run)
    marks = zip(now, graded_by(now.values()), strict=True)
    return [problem for problem, mark in marks if then[problem] != mark]


def config_of(run: Stored, items: Mapping[str, Item], terms: dict[str, Any]) -> dict[str, Any]:
    """Of the new run: that of the old one, what graded it now, and where it comes from."""
    kept = list(items.values())
    marks = dict(zip(MARKS, (graded_by(kept), asked(kept)), strict=True))
    begun = {name: value for name, value in run.row.config.items() if name != "isolation"}
    sandbox = {name: terms[name] for name in ("tier", "unsafe", "remote") if name in terms}
    now: dict[str, Any] = {"problems": list(items), "rejudged": {"run": run.row.id, **terms}}
    return begun | marks | sandbox | now


async def rejudge(
    sandbox: Sandbox,
    log: Log,
    new: str,
    run: Stored,
    items: Mapping[str, Item],
    *,
    every: bool,
    jobs: int,
) -> list[Judged]:
    """Grades every answer of `run`, with `every` also each program that was tried, and writes it
    down under `new`. In the order of cells and problems. Raises `StoreError`."""
    turn = asyncio.Semaphore(jobs)

    async def one(cell: Cell, was: Result) -> Judged:
        async with turn:
            judged = await again(sandbox, log, cell, was, items[was.problem], every=every)
        journal = ItemJournal(log, new, prefix(cell) + was.problem)
        if judged.run is not None:
            journal.note("grade", run_record(judged.run))
        journal.note("result", asdict(judged.now))
        return judged

    async with asyncio.TaskGroup() as group:
        tasks = [
            group.create_task(one(cell, found[problem]))
            for cell, found in run.cells.items()
            for problem in items
            if problem in found
        ]
    return [task.result() for task in tasks]


async def again(
    sandbox: Sandbox, log: Log, cell: Cell, was: Result, item: Item, *, every: bool
) -> Judged:
    attempts = [event.body for event in events_of(log, was) if event.kind == "attempt"]
    run = await grade(sandbox, item, was.code) if was.undisturbed else None
    hidden = solved(item, was.code, run) if was.undisturbed else None
    cost = was.cost | {"cached_runs": int(run is not None and run.cached)}
    now = replace(was, hidden=hidden, judging=judging(was, attempts, run), cost=cost)
    verdicts: list[bool | None] = []
    for code in programs(attempts) if every else ():
        verdicts.append(solved(item, code, await grade(sandbox, item, code)))
    return Judged(cell=cell, was=was, now=now, run=run, candidates=tuple(verdicts))


def programs(attempts: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The distinct ones, in the order in which they were tried."""
    codes = {body["candidate"]["id"]: body["candidate"]["code"] for body in reversed(attempts)}
    yield from (code for code in reversed(codes.values()) if code is not None)


def judging(was: Result, attempts: Sequence[Mapping[str, Any]], run: Run | None) -> str | None:
    """Where the verdicts that count now were made: of the answer's own run, and of its grade."""
    own = [body["run"] for body in attempts if body["candidate"]["code"] == was.code]
    marks = {one["judging"] for one in own if one} | ({run.judging} if run else set())
    return ("in-process" if "in-process" in marks else "isolated") if marks else None


def reached(judged: Sequence[Judged]) -> list[dict[str, Any]]:
    """For each cell: of how many problems the answer is right, and of how many any program that
    was tried is. The difference is what selection lost. `unmeasured`: programs without a verdict,
    of which one may be right; `left_out`: problems without one."""
    rows = []
    for cell in dict.fromkeys(one.cell for one in judged):
        everything = [one for one in judged if one.cell == cell]
        mine = [one for one in everything if one.now.hidden is not None]
        rows.append(
            {
                "cell": cell.key,
                "problems": len(mine),
                "answers_right": sum(one.now.hidden is True for one in mine),
                "any_right": sum(True in (*one.candidates, one.now.hidden) for one in mine),
                "programs": sum(len(one.candidates) for one in mine),
                "unmeasured": sum(one.candidates.count(None) for one in mine),
                "left_out": len(everything) - len(mine),
            }
        )
    return rows
