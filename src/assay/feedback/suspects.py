"""Which lines to look at first: those run by what fails and not by what passes.

Ochiai's coefficient over the calls of the visible tests (Abreu et al. 2007, "On the accuracy of
spectrum-based fault localization"): failing calls that run the line over the geometric mean of
the failing calls and of the calls that run it. Equal lines: where it was raised, what goes round
for ever, then the statement with most operators, calls, indices and numbers.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from assay.feedback import Attempt, Span
from assay.feedback.cases import NOTHING_RAN, Case, failing_case, tried
from assay.feedback.layout import Layout
from assay.feedback.programs import job, number, records
from assay.feedback.traced import Step
from assay.problem import Problem
from assay.sandbox import Job, Run

TESTS = 20
"""Visible tests that are counted, failing ones included."""
MOST = 100_000
"""Lines of one test."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Row:
    """The statements that one call ran, by their first lines."""

    lines: frozenset[int]
    failed: bool


def spectrum_job(problem: Problem, attempt: Attempt) -> tuple[Job, list[bool]]:
    """One run over the visible tests, what fails last; and which of them fail."""
    tests = tried(problem)
    ran = [v for v in (attempt.run.verdicts if attempt.run else ()) if v.test in tests]
    ran = [v for v in ran if v.outcome not in NOTHING_RAN]
    failing = [v for v in ran if v.outcome != "passed"][: TESTS // 2]
    passing = [v for v in ran if v.outcome == "passed"][: TESTS - len(failing)]
    failing.sort(key=lambda verdict: verdict.outcome not in ("wrong", "raised"))
    cases: list[Case] = []
    for verdict in [*passing, *failing]:
        case = failing_case(attempt, tests[verdict.test], verdict)
        cases.append(case)
    order = {"code": attempt.candidate.code, "cases": cases, "most": MOST}
    made = job("spectrum", order, problem.limits)
    return made, [verdict.outcome != "passed" for verdict in [*passing, *failing]]


def rows(run: Run | None, failed: Sequence[bool], made: Layout) -> list[Row]:
    found: list[Row] = []
    for record in records(run):
        case, calls = number(record.get("case"), len(failed) - 1), record.get("calls")
        if case is None or type(calls) is not list:
            continue
        for index, lines in enumerate(calls):
            known = {made.statement.get(n) for n in lines if type(n) is int}
            ran = frozenset(line for line in known if line is not None and line not in made.silent)
            found.append(Row(ran, failed[case] and index == len(calls) - 1))
    return found


def rank(found: Iterable[Row], steps: Sequence[Step], made: Layout, endless: bool) -> list[int]:
    """First lines of statements, most suspicious first."""
    traced = frozenset(made.statement.get(step.line, step.line) for step in steps) - made.silent
    known = [row for row in found if row.lines]
    if not any(row.failed for row in known):
        known.append(Row(traced, True))
    raised = {step.line for step in steps if step.raised}
    inner = {made.statement.get(line, line) for line in raised}
    last = {made.statement.get(step.line, step.line) for step in steps[-12:]} if endless else set()
    failing = [row.lines for row in known if row.failed]

    def score(line: int) -> tuple[float, bool, bool, int, int]:
        ran = sum(line in row.lines for row in known)
        share = sum(line in lines for lines in failing) / math.sqrt(len(failing) * ran)
        weight = made.weight.get(line, 0)
        return (-round(share, 6), line not in inner, line not in last, -weight, line)

    return sorted({line for lines in failing for line in lines}, key=score)


def spans(lines: Sequence[int]) -> tuple[Span, ...]:
    return tuple(Span(line, message="run by what fails") for line in lines[:SHOWN])
