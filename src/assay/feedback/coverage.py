"""What the visible tests never reach: statements, and conditions that went one way only.

Also of a program that passes: what no test reaches, no test can find wrong.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from assay.feedback import Attempt, Feedback, Span
from assay.feedback.analysis import python_of
from assay.feedback.cases import case_of, tried
from assay.feedback.programs import LIMITS, answer, job, rows, shaped, silence
from assay.feedback.shorten import inline
from assay.feedback.steps import Steps, execute
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.problem.stubs import code_lines

SECONDS = 10.0
"""CPU for all calls together; a tight loop takes three times as long as alone."""
SHOWN = 8


def coverage(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: one run of a program that makes all calls again."""
    del prompter
    code = python_of(problem, attempt)
    if code is None or not problem.tests:
        return None
    seconds = min(problem.limits.cpu_seconds, SECONDS / len(problem.tests))
    limits = replace(LIMITS, memory_mb=problem.limits.memory_mb + 64)
    cases = [case_of(test, None) for test in tried(problem).values()]
    order = {"code": code, "tests": cases, "seconds": seconds}
    [run] = yield from execute([job("coverage", order, limits)])
    data = answer(run)
    if not shaped(data, reached=int, statements=int, cut=int):
        return Feedback(source="coverage", message="", note=silence(run))
    message = "\n".join(report(data, code_lines(code)))
    note = "" if message else "every statement is reached"
    if data["cut"]:
        note = f"{data['cut']} of {len(problem.tests)} calls were cut short after {seconds:g} s"
    spans = tuple(Span(row["line"]) for row in unreached(data))
    return Feedback(source="coverage", message=message, spans=spans, note=note)


def unreached(data: dict[str, Any]) -> list[dict[str, Any]]:
    return rows(data, "missed", line=int, end=int, owner=str)[:SHOWN]


def report(data: dict[str, Any], lines: list[str]) -> Iterator[str]:
    stretches = unreached(data)
    if stretches:
        yield f"The visible tests reach {data['reached']} of {data['statements']} statements. Not:"
    for row in stretches:
        first, last = row["line"], row["end"]
        place = f"line {first}" if last <= first else f"lines {first} to {last}"
        owner = f" (`{inline(row['owner'])}` is never called)" if row["owner"] else ""
        text = f": {inline(lines[first - 1])}" if 0 < first <= len(lines) else ""
        yield f"{place}{owner}{text}"
    for row in rows(data, "one_way", line=int, text=str, always=bool)[:SHOWN]:
        way = "false" if row["always"] else "true"
        yield f"In the visible tests `{inline(row['text'])}` in line {row['line']} is never {way}."
