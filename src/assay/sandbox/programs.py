"""A candidate as a whole program: standard input, output and how it ended."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from assay.problem import Comparison, Io
from assay.sandbox import Detail, Diagnostic, Job, Outcome, Verdict, verdicts
from assay.sandbox.candidate_run import CPU_SLACK, CandidateRun, stdin_file
from assay.sandbox.child.report import around, shorten
from assay.sandbox.child.wire import close_all
from assay.sandbox.worker import Worker

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,9})?")


@dataclass(frozen=True, kw_only=True)
class ProgramRun:
    """How one run of a program went."""

    outcome: Outcome
    detail: Detail
    stdout: str
    stderr: str
    diagnostics: tuple[Diagnostic, ...]
    cpu_seconds: float
    peak: int | None


def run_program(worker: Worker, job: Job, stdin: str) -> ProgramRun:
    """Runs it to its end or its limits. Whatever it started is gone afterwards."""
    source = stdin_file(stdin)
    try:
        run = CandidateRun(worker, job.limits, 1, source)
    finally:
        close_all([source])
    try:
        run.line.most = 1
        run.send({"op": "program", "code": job.code} | run.clocks())
        stop = run.watch(lambda: False, [run.line])
        stopped = run.stopped(stop) if stop not in (None, "gone") else None
        peak = worker.memory.peak() if worker.memory else None
    finally:
        status = run.end()
    if run.starved() and (stopped is None or stopped[0] != "memory"):
        stopped = run.stopped("memory")  # a child of its own may be what was killed
    if stop == "memory":  # polled, so there is no cgroup to ask
        peak = run.resident
    if stopped is None and run.cpu_seconds > job.limits.cpu_seconds + CPU_SLACK:
        stopped = run.stopped("cpu")  # used by what it left behind
    if stopped is None:
        run.check_reached(f"ended before the program's code (status {status})")
    message = run.line.take()
    known = message if type(message) is dict else {}
    failure = known.get("exc")
    outcome, detail = stopped or _ended(run, status, failure)
    if outcome == "raised" and known.get("built") is False:
        outcome = "build_failed"
    return ProgramRun(
        outcome=outcome,
        detail=verdicts.with_source(detail, job.code),
        stdout=run.streams.out.text(),
        stderr=run.streams.err.text(),
        diagnostics=(verdicts.diagnostic(failure),) if outcome == "build_failed" else (),
        cpu_seconds=run.cpu_seconds,
        peak=run.peak_bytes if peak is None else peak,
    )


def _ended(run: CandidateRun, status: int, failure: Any) -> tuple[Outcome, Detail]:
    """The program ended by itself or by a signal."""
    if run.streams.full:
        return run.stopped("output")
    if status == 0:
        return "passed", Detail(exit_status=0)
    if status == 1 and type(failure) is dict:
        outcome, detail = verdicts.raised(failure)
        return outcome, replace(detail, exit_status=status)
    if status > 0:
        text = f"ended with status {status}"
        return "raised", Detail(exception="SystemExit", message=text, exit_status=status)
    return run.ended(status)


RunProgram = Callable[[Worker, Job, str], ProgramRun]


def judge_io(
    worker: Worker, job: Job, test: Io, runs: RunProgram = run_program
) -> tuple[Verdict, ProgramRun]:
    """Runs the program on the test's input and compares what it printed, here."""
    run = runs(worker, job, test.stdin)
    outcome, detail = run.outcome, run.detail
    if outcome == "passed":
        same = same_output(run.stdout, test.expected, test.comparison)
        outcome = "passed" if same else "wrong"
        detail = replace(detail, actual=repr(run.stdout))
    expected, actual = around(repr(test.expected), detail.actual or "")
    detail = replace(
        detail,
        call=shorten(f"stdin: {test.stdin!r}"),
        expected=expected,
        actual=None if detail.actual is None else actual,
        stdout=shorten(run.stdout),
    )
    verdict = Verdict(
        test=test.id,
        outcome=outcome,
        detail=detail,
        cpu_seconds=run.cpu_seconds,
        peak_bytes=run.peak,
    )
    return verdict, run


def same_output(actual: str, expected: str, comparison: Comparison) -> bool:
    if comparison == "exact":
        return actual == expected
    if comparison == "tokens":
        return actual.split() == expected.split()
    if comparison == "unordered":
        return sorted(_lines(actual)) == sorted(_lines(expected))
    if comparison == "numbers":
        return _numbers(actual) == _numbers(expected)
    return _lines(actual) == _lines(expected)


def _lines(text: str) -> list[str]:
    """Lines without trailing blanks, and without empty lines at the end."""
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n").split("\n")


def _numbers(text: str) -> list[list[str | Decimal]]:
    """Lines without blanks around them; one of numbers alone as these, so that 1.50 is 1.5."""
    return [_of_numbers(line.split()) or [line.strip()] for line in text.strip().split("\n")]


def _of_numbers(words: list[str]) -> list[str | Decimal]:
    """Nothing where one is no finite number as they are written in output."""
    if not all(_NUMBER.fullmatch(word) for word in words):
        return []
    return [Decimal(word) for word in words]
