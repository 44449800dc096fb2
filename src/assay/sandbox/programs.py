"""A candidate as a whole program: standard input, output and how it ended."""

from dataclasses import dataclass
from typing import Any

from assay.problem import Comparison, Io
from assay.sandbox import Detail, Diagnostic, Job, Outcome, Verdict, verdicts
from assay.sandbox.candidate_run import CandidateRun, setup_error, stdin_file
from assay.sandbox.child.report import shorten
from assay.sandbox.child.wire import close_all
from assay.sandbox.worker import Worker


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
        run = CandidateRun(worker, job.limits, 1, [], source)
    finally:
        close_all([source])
    try:
        run.send({"op": "program", "code": job.code} | run.clocks())
        stop = run.watch(lambda: bool(run.line.messages) or not run.line.open, [run.line])
        message = run.line.take()
        setup_error(message)
        if stop is not None and stop != "gone":
            outcome, detail = run.stopped(stop)
            message = {}
        peak = worker.memory.peak() if worker.memory else None
        out_of_memory = run.out_of_memory()
    finally:
        status = run.end()
    if stop == "gone" or (stop is None and type(message) is not dict):
        outcome, detail = run.ended(status)
    elif stop is None:
        outcome, detail = _ended(run, message, out_of_memory)
    known = message if type(message) is dict else {}
    failure = known.get("exc")
    if outcome == "raised" and isinstance(failure, dict) and "column" in failure:
        outcome = "build_failed"  # a position within the line: the candidate does not compile
    cpu, told_peak = known.get("cpu"), verdicts.number(known.get("peak"))
    return ProgramRun(
        outcome=outcome,
        detail=verdicts.with_source(detail, job.code),
        stdout=run.streams.out.text(),
        stderr=run.streams.err.text(),
        diagnostics=(verdicts.diagnostic(failure),) if outcome == "build_failed" else (),
        cpu_seconds=cpu if type(cpu) is float else run.cpu_seconds,
        peak=peak or told_peak,
    )


def _ended(run: CandidateRun, message: Any, out_of_memory: bool) -> tuple[Outcome, Detail]:
    """The program ended by itself or by a signal, and the process above it said how."""
    status = verdicts.status_of(message)
    if run.streams.full:
        return run.stopped("output")
    if status == 0:
        return "passed", Detail()
    failure = message.get("exc")
    if status == 1 and type(failure) is dict:
        return verdicts.raised(failure)
    if status > 0:
        text = f"ended with status {status}"
        return "raised", Detail(exception="SystemExit", message=text)
    return run.ended(status)


def judge_io(worker: Worker, job: Job, test: Io) -> tuple[Verdict, ProgramRun]:
    """Runs the program on the test's input and compares what it printed, here."""
    run = run_program(worker, job, test.stdin)
    outcome, detail = run.outcome, run.detail
    if outcome == "passed":
        same = same_output(run.stdout, test.expected, test.comparison)
        outcome = "passed" if same else "wrong"
        detail = Detail(
            call=shorten(f"stdin: {test.stdin!r}"),
            expected=shorten(repr(test.expected)),
            actual=shorten(repr(run.stdout)),
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
    return _lines(actual) == _lines(expected)


def _lines(text: str) -> list[str]:
    """Lines without trailing blanks, and without empty lines at the end."""
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip("\n").split("\n")
