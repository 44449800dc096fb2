"""One job on one worker: from the code and the tests to a `Run`."""

import os
import secrets
import time
from typing import Any

from assay.errors import UsageError
from assay.problem import Call, Command, Io, Script
from assay.sandbox import (
    Detail,
    Diagnostic,
    Isolation,
    Job,
    Judging,
    Outcome,
    Run,
    Verdict,
    commands,
    plan,
    programs,
    verdicts,
)
from assay.sandbox.calls import NOT_PYTHON, ONLY_CALLS, Driver
from assay.sandbox.candidate_run import CandidateRun
from assay.sandbox.child import orders
from assay.sandbox.command_tests import judge_command
from assay.sandbox.judging import Judge, end_judge, judge_for
from assay.sandbox.languages.python import is_own
from assay.sandbox.layout import test_packages
from assay.sandbox.limits import check
from assay.sandbox.pipes import Stop
from assay.sandbox.plan import Place
from assay.sandbox.worker import ROLES, Worker, WorkerLost, exited

Failed = tuple[Outcome, Detail]
_JUDGE_ENDED: Failed = (
    "killed",
    Detail(message="the test ended the process that judges it"),
)
MAX_RESTARTS = 16
"""Tests of one job that may end their process badly before the rest is left out."""
_SETTLE_SECONDS = 1.0


class Session:
    """Judges the calls and scripts of a job. `close` ends every process it started."""

    def __init__(self, worker: Worker, job: Job, driver: Driver | None = None) -> None:
        self._worker, self._job, self._driver = worker, job, driver
        self._text = job.code if driver is None else NOT_PYTHON
        self._tests = [test for test in job.tests if isinstance(test, Call | Script)]
        self._run: CandidateRun | None = None
        self._null = os.open("/dev/null", os.O_RDONLY | os.O_CLOEXEC)
        self._done: dict[int, Verdict] = {}
        self._loaded = False
        self._restarts = self._judges_lost = 0
        self.cpu_seconds = 0.0
        self.peak: int | None = None
        self.stdout = self.stderr = ""
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.detail = Detail()

    def run(self) -> list[Verdict]:
        """One verdict a test, in order."""
        for group in plan.groups(self._tests, self._text):
            waiting = [index for index in group.tests if index not in self._done]
            self._judge(waiting, group.place)
        return [self._done[index] for index in range(len(self._tests))]

    def _judge(self, waiting: list[int], place: Place) -> None:
        """Begins anew without each test that ended the candidate, until none waits."""
        if place == "direct" and self._driver is not None:
            for index in waiting:
                self._keep(index, "skipped", ONLY_CALLS, "shared")
            return
        while waiting:
            if self._restarts > MAX_RESTARTS:
                skipped = Detail(message=f"not run: {self._restarts} tests had to be stopped")
                for index in waiting:
                    self._keep(index, "skipped", skipped, place)
                return
            apart = (self._direct if place == "direct" else self._split)(waiting, place)
            if apart is not None:
                self._judge([apart], "direct")

    # -- the candidate's process ------------------------------------------------------------

    def _start(self, order: Any) -> CandidateRun:
        run = CandidateRun(self._worker, self._job.limits, len(self._tests), self._null)
        self._run = run
        run.send(order)
        return run

    def _open(self) -> CandidateRun:
        """A process that loads the candidate, and then answers a judge."""
        if self._driver is not None:
            self._run = self._driver.open()
            return self._run
        limits = self._job.limits
        order = orders.SplitOrder(
            limits.cpu_seconds, limits.wall_seconds, limits.output_bytes, self._job.code
        )
        return self._start(order.pack())

    def _end_candidate(self) -> int:
        run, self._run = self._run, None
        if run is None:
            return 0
        if self._worker.memory is not None:
            self.peak = max(self.peak or 0, self._worker.memory.peak() or 0) or None
        status = run.end()
        self.cpu_seconds += run.cpu_seconds
        self.stdout, self.stderr = run.said(), run.streams.err.text()
        return status

    def _why(self, stop: Stop) -> Failed:
        """Ends the candidate's processes and says why it had to be."""
        run = self._run
        assert run is not None
        if stop == "gone":
            exited(run.process.pidfd, 0.05)
            outcome, detail = run.ended(self._end_candidate())
            if self._driver is not None:
                outcome, detail = self._driver.explain(run, (outcome, detail))
        else:
            outcome, detail = run.stopped(stop)
            self._end_candidate()
        return outcome, verdicts.with_source(detail, self._job.code)

    def _not_loaded(self, told: Any, why: Failed | None, waiting: list[int], place: Place) -> None:
        """The code failed before any test; it would fail for every test of the job.

        `told` is what its process said before it ended: that is why it did, if it is well formed.
        """
        if type(told) is dict and "build" in told:
            self.diagnostics = (verdicts.diagnostic(told["build"]),)
            failed: Failed = ("build_failed", verdicts.raised_detail(told["build"]))
        elif type(told) is dict and "failed" in told:
            failed = verdicts.raised(told["failed"])
        else:
            failed = why or self._why("gone")
        self._end_candidate()
        self.detail = failed[1]
        for index in waiting if self._loaded else range(len(self._tests)):
            self._keep(index, *failed, "shared" if not self._loaded else place)
        waiting.clear()

    # -- judged by another process ----------------------------------------------------------

    def _split(self, waiting: list[int], place: Place) -> int | None:
        """Takes tests off `waiting` until one ends badly; gives one to be judged directly."""
        run = self._open()
        judge = judge_for(self._worker, pure=place == "shared")
        tests = [[index, plan.read(self._tests[index]).data] for index in waiting]
        judge.take_on({"tests": tests, "code": self._text} | run.clocks(), run.line.sock)
        run.line.close()
        bad: Any = None
        while True:
            stop = run.watch(judge.has_news, [judge.line])
            why = self._why(stop) if stop is not None else None
            message = judge.message(0 if why is None else _SETTLE_SECONDS)
            while why is not None and message is not None and "end" not in message:
                bad = self._take(message, waiting, place) or bad
                message = judge.message(_SETTLE_SECONDS)
            if message is None:
                end_judge(self._worker)
                if (why is None or not judge.line.open) and self._judge_was_lost(judge, place):
                    return None
                self._failed(waiting, why or _JUDGE_ENDED, Detail(), place)
                return None
            bad = self._take(message, waiting, place) or bad
            if "end" in message:
                return self._ended(message["end"], bad, why, waiting, place)
            run.begin()

    def _judge_was_lost(self, judge: Judge, place: Place) -> bool:
        """Whether a judge's end is ours to mend: no test can end a shared one, or one that did
        not come to it, and one that ends its own does so again."""
        if place == "shared" or not judge.streams.reached:
            raise WorkerLost("a judge was lost")
        self._end_candidate()
        self._judges_lost += 1
        return self._judges_lost == 1

    def _take(self, message: dict[str, Any], waiting: list[int], place: Place) -> Any:
        """Keeps the verdicts in a message; gives what is said of a test that has none."""
        done = message.get("done")
        for found in done if type(done) is list else []:
            self._loaded = True
            known = type(found) is dict and "outcome" in found and bool(waiting)
            if not known or found.get("test") != waiting[0]:
                return found
            if place == "shared" and not verdicts.is_outcome(found["outcome"]):
                raise WorkerLost("a judge wrote what is no verdict")  # no test can make it do so
            index = waiting.pop(0)
            self._done[index] = verdicts.verdict(self._tests[index], found, _mark(place))
        return None

    def _ended(
        self, end: Any, bad: Any, why: Failed | None, waiting: list[int], place: Place
    ) -> int | None:
        if not waiting:
            self._end_candidate()
        elif type(end) is dict and not self._loaded:
            self._not_loaded(end.get("load"), why, waiting, place)
        elif end == "unsplit" and why is None:
            self._end_candidate()
            return waiting.pop(0)
        else:
            given = verdicts.detail_of(bad) if type(bad) is dict else Detail()
            self._failed(waiting, why or self._why("gone"), given, place)
        return None

    def _failed(self, waiting: list[int], why: Failed, given: Detail, place: Place) -> None:
        """The test at the head ended its process; the others begin anew."""
        self._end_candidate()
        if not waiting:  # it ended after its last verdict
            return
        self._restarts += 1
        self._keep(waiting.pop(0), why[0], verdicts.merged(given, why[1]), place)

    def _keep(self, index: int, outcome: Outcome, detail: Detail, place: Place) -> None:
        name = self._tests[index].id
        self._done[index] = Verdict(test=name, outcome=outcome, detail=detail, judging=_mark(place))

    # -- judged in the candidate's process --------------------------------------------------

    def _direct(self, waiting: list[int], place: Place) -> None:
        nonce = secrets.token_hex(16)
        tests = [[index, plan.read(self._tests[index]).data] for index in waiting]
        clocks = {"cpu": self._job.limits.cpu_seconds, "wall": self._job.limits.wall_seconds}
        order = {"op": "direct", "code": self._job.code, "nonce": nonce, "tests": tests}
        run = self._start(order | clocks | {"output": self._job.limits.output_bytes})
        loaded = False
        while waiting:
            run.begin()
            stop = run.watch(lambda: bool(run.line.messages) or not run.line.open, [run.line])
            message = run.line.take() if stop in (None, "gone") else None
            if not loaded:
                loaded = type(message) is dict and "names" in message
                if not loaded:
                    why = self._why(stop) if stop not in (None, "gone") else None
                    self._not_loaded(message, why, waiting, place)
                    return
                self._loaded = True
            elif _is_for(message, waiting[0], nonce):
                self._take({"done": [message]}, waiting, place)
            else:
                self._failed(waiting, self._why(stop or "gone"), Detail(), place)
                return
        self._end_candidate()

    def close(self) -> None:
        try:
            self._end_candidate()
        finally:
            os.close(self._null)
            if self._driver is not None:
                self._driver.close()


def _is_for(message: Any, index: int, nonce: str) -> bool:
    return (
        type(message) is dict
        and message.get("test") == index
        and message.get("nonce") == nonce
        and "outcome" in message
    )


def _mark(place: Place) -> Judging:
    return "in-process" if place == "direct" else "isolated"


def run_job(worker: Worker, job: Job, isolation: Isolation) -> Run:
    """Raises `SandboxError` for a failure of ours, `UsageError` for what cannot be run here."""
    check(job.limits)
    pytest = any(isinstance(test, Script) and test.framework == "pytest" for test in job.tests)
    if pytest and not test_packages():
        raise UsageError("these tests need pytest, which this interpreter does not have")
    for zygote in [worker.zygotes[role] for role in ROLES] if pytest else []:
        zygote.preload_pytest()
    run = _once(worker, job, isolation)
    # A SIGKILL that no limit explains may have come from outside, from a machine without memory
    # say. A program that kills itself does so again.
    details = (run.detail, *(verdict.detail for verdict in run.verdicts))
    if any(detail.signal == "SIGKILL" and detail.limit is None for detail in details):
        run = _once(worker, job, isolation)
    return run


def _once(worker: Worker, job: Job, isolation: Isolation) -> Run:
    started = time.monotonic()
    run_program = programs.run_program if is_own(job.language) else commands.run_program
    if not job.tests:
        program = run_program(worker, job, job.stdin)
        run = Run(
            verdicts=(),
            isolation=isolation,
            outcome=program.outcome,
            detail=program.detail,
            diagnostics=program.diagnostics,
            stdout=program.stdout,
            stderr=program.stderr,
            cpu_seconds=program.cpu_seconds,
            peak_bytes=program.peak,
        )
    else:
        run = _run_tests(worker, job, isolation, run_program)
    return verdicts.finished(run, job, time.monotonic() - started)


def _run_tests(
    worker: Worker, job: Job, isolation: Isolation, run_program: programs.RunProgram
) -> Run:
    found: dict[int, Verdict] = {}
    stdout = stderr = ""
    cpu, peaks = 0.0, [0]
    diagnostics: tuple[Diagnostic, ...] = ()
    detail = Detail()
    for index, test in enumerate(job.tests):
        if isinstance(test, Io | Command):
            if isinstance(test, Io):
                found[index], program = programs.judge_io(worker, job, test, run_program)
            else:
                found[index], program = judge_command(worker, job, test)
            stdout, stderr, diagnostics = program.stdout, program.stderr, program.diagnostics
            cpu += program.cpu_seconds
            peaks.append(program.peak or 0)
    others = [index for index, test in enumerate(job.tests) if index not in found]
    if others:
        driver = None if is_own(job.language) else Driver(worker, job)
        session = Session(worker, job, driver)
        try:
            judged = session.run()
        finally:
            session.close()
        found |= dict(zip(others, judged, strict=True))
        stdout, stderr = session.stdout or stdout, session.stderr or stderr
        diagnostics, detail = session.diagnostics or diagnostics, session.detail
        cpu += session.cpu_seconds
        peaks.append(session.peak or 0)
    verdicts_ = tuple(found[index] for index in range(len(job.tests)))
    first: Outcome = next((v.outcome for v in verdicts_ if v.outcome != "passed"), "passed")
    return Run(
        verdicts=verdicts_,
        isolation=isolation,
        outcome=first,
        detail=detail,
        diagnostics=diagnostics,
        stdout=stdout,
        stderr=stderr,
        cpu_seconds=cpu,
        peak_bytes=max(peaks) or None,
    )
