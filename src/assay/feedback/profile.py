"""Where a program that is right, or too slow, spends its time and memory, and how that grows.

The per-line profile of Effi-Code (Huang et al. 2024), and inputs that make a program slow as in
WEDGE (Yang et al. 2025), here the visible tests' own arguments made larger.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from assay.feedback import Attempt, Feedback, Span
from assay.feedback.cases import (
    Tried,
    calls_in,
    case_of,
    first_failing,
    is_literal_call,
    title,
    traceable,
    tried,
)
from assay.feedback.growth import Series, worst
from assay.feedback.layout import Layout, layout
from assay.feedback.programs import job, number, records
from assay.feedback.shorten import clip, inline
from assay.feedback.steps import Steps, execute
from assay.model.prompter import Prompter
from assay.problem import Call, Io, Problem, Script
from assay.sandbox import Run, Verdict

MOST = 200_000
"""Lines of the profiled call."""
GROWTH_MOST = 20_000
"""Lines of one call with a larger input."""
SHARE = 0.6
"""Of the CPU time of a test, for all larger inputs together."""
SHOWN = 3
LEAST = 0.05
"""Share of the whole below which a line is not named."""
BRIEF, BRIEF_TIME = 1_000, 250_000_000
"""Lines and nanoseconds below which times of lines say nothing: then lines are counted."""
MEMORY = 1_000_000
"""Bytes below which memory is not worth a line."""
WIDTH = 80
TOO_SLOW = frozenset({"timeout"})


@dataclass(slots=True)
class Cost:
    """What one measured call cost, by line."""

    total: int = 0
    """Nanoseconds, or bytes at most at once."""
    lines: int = 0
    """Lines that ran."""
    whole: bool = True
    """It was watched to its end."""
    hits: dict[int, int] = field(default_factory=dict)
    costs: dict[int, int] = field(default_factory=dict)


def main_parts(time: Cost) -> list[tuple[int, float]]:
    """By time, or by lines run where that was too short to be read."""
    return parts_of(time.hits if brief(time) else time.costs)


def brief(time: Cost) -> bool:
    return time.lines < BRIEF and time.total < BRIEF_TIME


def parts_of(costs: dict[int, int]) -> list[tuple[int, float]]:
    """Lines with their share of what all lines cost, most first."""
    known = sum(costs.values())
    order = sorted(costs, key=lambda line: (-costs[line], line))
    return [(line, costs[line] / known) for line in order] if known else []


def profile(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: for a program that passed, or that hit its time limit (two runs)."""
    del prompter
    found = chosen(problem, attempt) if traceable(problem, attempt) else None
    made = layout(attempt.candidate.code or "")
    if found is None or made is None:
        return None
    test, verdict = found
    case = case_of(test, verdict.detail.call)
    seconds = SHARE * problem.limits.cpu_seconds
    order = {"code": attempt.candidate.code, "case": case, "most": MOST, "seconds": seconds / 2}
    jobs = [job("profiler", order, problem.limits)]
    call = call_of(test, verdict, problem.entry_point)
    if call is not None:
        larger = {
            "code": attempt.candidate.code,
            "setup": test.setup if isinstance(test, Call) else "",
            "expression": call,
            "entry": problem.entry_point,
            "most": GROWTH_MOST,
            "seconds": seconds,
        }
        jobs.append(job("growth", larger, problem.limits))
    runs = yield from execute(jobs)
    time, memory = (cost_of(runs[0], name, made) for name in ("time", "memory"))
    series = worst(runs[1]) if len(runs) > 1 and runs[1] is not None else None
    slow = verdict.outcome in TOO_SLOW
    hot = hot_line(time, series, verdict, made)
    parts = [
        "\n".join(costs(title(case), time, memory, made)),
        "\n".join(grown(series, made)) if series is not None else "",
    ]
    if slow and hot:
        limit = verdict.detail.limit or "its time limit"
        where = f"line {hot}: {inline(made.source(hot), WIDTH)}"
        parts.insert(0, f"Too slow: {clip(title(case))} ran over {limit}; the time goes to {where}")
    message = "\n\n".join(filter(None, parts))
    if not message:
        return None
    marked = (Span(hot, message="most of the time"),) if hot else ()
    return Feedback(source="profile", message=message, spans=marked)


def call_of(test: Tried, verdict: Verdict, entry: str | None) -> str | None:
    """A call with arguments that are written out: the test's own, or one in its script."""
    match test:
        case Call():
            found = [test.expression]
        case Script():
            found = [verdict.detail.call or "", *calls_in(test.source, entry)]
        case Io():
            return None
    return next((text for text in found if is_literal_call(text)), None)


def chosen(problem: Problem, attempt: Attempt) -> tuple[Tried, Verdict] | None:
    """The first test that hit the time limit; of a program that passed the slowest."""
    slow = first_failing(problem, attempt, TOO_SLOW)
    if slow is not None or not attempt.passed or attempt.run is None:
        return slow
    tests = tried(problem)
    known = [verdict for verdict in attempt.run.verdicts if verdict.test in tests]
    verdict = max(known, key=lambda one: one.cpu_seconds or 0.0, default=None)
    return None if verdict is None else (tests[verdict.test], verdict)


def cost_of(run: Run | None, name: str, made: Layout) -> Cost | None:
    """By the first lines of statements; `None` where the program did not say."""
    for record in records(run) if run is not None else ():
        data = record.get(name)
        if type(data) is dict:
            return Cost(
                total=number(data.get("total")) or 0,
                lines=number(data.get("lines")) or 0,
                whole=data.get("whole") is True,
                hits=by_line(data.get("hits"), made, max),
                costs=by_line(data.get("costs"), made, lambda a, b: a + b),
            )
    return None


def by_line(data: Any, made: Layout, join: Any) -> dict[int, int]:
    found: dict[int, int] = {}
    for key, value in list(data.items())[:2000] if type(data) is dict else []:
        line = made.statement.get(int(key)) if type(key) is str and key.isdecimal() else None
        if line is not None and line not in made.silent and (n := number(value)) is not None:
            found[line] = join(found[line], n) if line in found else n
    return found


def hot_line(
    time: Cost | None, series: Series | None, verdict: Verdict, made: Layout
) -> int | None:
    """Where most of the time goes; where it hung in one call of C code, the sandbox knows."""
    shares = main_parts(time) if time is not None else []
    if shares:
        return shares[0][0]
    line = verdict.detail.line or (series.hot if series is not None else None)
    return made.statement.get(line) if line else None


def costs(call: str, time: Cost | None, memory: Cost | None, made: Layout) -> Iterator[str]:
    if time is None:
        return
    end = "" if time.whole else ", and it had not ended"
    yield f"Profile of {clip(call)}: {time.lines:,} lines ran{end}."
    what = "lines" if brief(time) else "time"
    for line, share in main_parts(time)[:SHOWN]:
        if share >= LEAST:
            source = inline(made.source(line), WIDTH)
            times = time.hits.get(line, 0)
            yield f"  line {line}: {share:.0%} of the {what}, {times:,} times: {source}"
    if memory is not None and memory.total >= MEMORY and (shares := parts_of(memory.costs)):
        line, share = shares[0]
        source = inline(made.source(line), WIDTH)
        megabytes = memory.total / 1e6
        yield f"  memory: {megabytes:.0f} MB at most, {share:.0%} of it from line {line}: {source}"


def grown(series: Series, made: Layout) -> Iterator[str]:
    """What larger inputs cost, with the figures that it is read from."""
    if len(series.lines) < 2 and not series.over:
        return
    where = argument(series)
    if len(series.lines) < 2:
        yield f"Even with a small {where} it did not end within {GROWTH_MOST:,} lines."
    else:
        points = series.times if series.timed else series.lines
        shown = [f"{size:.0f}: {figure(work, series.timed)}" for size, work in points[-4:]]
        unit = "time" if series.timed else "lines run"
        over = f"; the next was over {GROWTH_MOST:,}" if series.over and not series.timed else ""
        yield f"Work grows {series.name} with the {where}"
        yield f"  ({unit} by size: {', '.join(shown)}{over})."
    if series.hot and not series.timed:
        yield f"  Most often runs line {series.hot}: {inline(made.source(series.hot), WIDTH)}"


def figure(work: float, timed: bool) -> str:
    return f"{work * 1000:.0f} ms" if timed else f"{work:,.0f}"


def argument(series: Series) -> str:
    size, _, how = series.shape.partition(", ")
    numbers = [str(place + 1) for place in series.places]
    which = f"argument {numbers[0]}" if len(numbers) == 1 else f"arguments {' and '.join(numbers)}"
    return f"{size} of {which}" + (f" ({how})" if how else "")
