"""One job on one worker: from the code and the tests to a `Run`."""

import os
import secrets
import socket
import time
from dataclasses import replace
from typing import Any

from assay.errors import SandboxError, UsageError
from assay.problem import Io, Script
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
    programs,
    verdicts,
)
from assay.sandbox.calls import NOT_PYTHON, ONLY_CALLS, Driver
from assay.sandbox.candidate_run import CandidateRun, Spawned, setup_error
from assay.sandbox.languages.python import is_own
from assay.sandbox.pipes import Line, Stop
from assay.sandbox.verdicts import test_data
from assay.sandbox.worker import Worker, test_packages

MAX_RESTARTS = 16
"""Tests of one job that may end their process badly before the rest is left out."""
_JUDGE = {"memory_mb": 1024, "disk_mb": 64, "processes": 64, "cpu_total": 600}
_JUDGE_OUTPUT = 65_536
_SETTLE_SECONDS = 2.0


class Session:
    """Judges the calls and scripts of a job. `close` ends every process it started."""

    def __init__(
        self, worker: Worker, job: Job, preload: list[str], driver: Driver | None = None
    ) -> None:
        self._worker, self._job, self._preload, self._driver = worker, job, preload, driver
        self._tests = [test for test in job.tests if not isinstance(test, Io)]
        self._data = [test_data(test) for test in self._tests]
        self._candidate: CandidateRun | None = None
        self._judge: Spawned | None = None
        self._names: list[Any] = []
        self._groups: list[dict[str, Any]] = []
        self._serves = self._ended = 0
        self._null = os.open("/dev/null", os.O_RDONLY)
        self.cpu_seconds = 0.0
        self.peak: int | None = None
        self.stdout = self.stderr = ""
        self.diagnostics: tuple[Diagnostic, ...] = ()
        self.detail = Detail()
        self.restarts = 0

    # -- starting ---------------------------------------------------------------------------

    def start(self) -> tuple[Outcome, Detail] | None:
        """A loaded candidate and a judge that knows the tests, or why it did not load."""
        fresh = self._judge is None
        if fresh:
            self._start_judge()
        failed = self._load() if self._candidate is None else None
        if fresh and failed is None:
            self._groups = list(self._judge_message()["groups"])
        return failed

    def _start_judge(self) -> None:
        zygote = self._worker.zygotes["judge"]
        null = self._null
        self._judge = Spawned(zygote, _JUDGE, self._preload, _JUDGE_OUTPUT, null)
        text = self._job.code if self._driver is None else NOT_PYTHON
        self._judge.send({"code": text, "tests": self._data})

    def _judge_message(self) -> dict[str, Any]:
        assert self._judge is not None
        message = _next_message(self._judge.line)
        setup_error(message)
        if type(message) is not dict:
            raise SandboxError("the judge ended before it could judge")
        return message

    def _load(self) -> tuple[Outcome, Detail] | None:
        run = self._candidate = self._open()
        self._serves = self._ended = 0
        stop = run.watch(lambda: bool(run.line.messages) or not run.line.open, [run.line])
        message = run.line.take()
        setup_error(message)
        if type(message) is dict and "names" in message:
            self._names = verdicts.names_of(message["names"])
            return None
        if type(message) is dict and "build" in message:
            self.diagnostics = (verdicts.diagnostic(message["build"]),)
            return "build_failed", verdicts.raised_detail(message["build"])
        if type(message) is dict and "failed" in message:
            return verdicts.raised(message["failed"])
        if type(message) is dict and "ended" in message:
            return self._explained(run, run.ended(verdicts.status_of(message)))
        return self._ended_badly(stop or "gone")

    def _open(self) -> CandidateRun:
        """A process that loads the candidate."""
        if self._driver is not None:
            return self._driver.open()
        limits = self._job.limits
        run = CandidateRun(self._worker, limits, len(self._tests), self._preload, self._null)
        order = {"op": "load", "code": self._job.code, "output": limits.output_bytes}
        run.send(order | run.clocks())
        return run

    def _ended_badly(self, stop: Stop) -> tuple[Outcome, Detail]:
        """Ends the candidate's processes and says why it had to be."""
        run = self._candidate
        assert run is not None
        if stop != "gone":
            outcome, detail = run.stopped(stop)
            self._end_candidate()
        else:
            outcome, detail = run.ended(self._end_candidate())
        return outcome, verdicts.with_source(detail, self._job.code)

    # -- groups of tests --------------------------------------------------------------------

    def run(self) -> list[Verdict]:
        """One verdict a test, in order."""
        failed = self.start()
        if failed is not None:
            outcome, self.detail = failed
            return [Verdict(test=t.id, outcome=outcome, detail=self.detail) for t in self._tests]
        done: dict[int, Verdict] = {}
        for group in self._groups:
            self._run_group(list(group["tests"]), bool(group["direct"]), done)
        return [done[index] for index in range(len(self._tests))]

    def _run_group(self, waiting: list[int], direct: bool, done: dict[int, Verdict]) -> None:
        """Runs the group again without each test that ended its processes, until none waits."""
        apart: list[int] = []
        if direct and self._driver is not None:
            for index in waiting:
                self._keep(done, index, "skipped", ONLY_CALLS, False)
            return
        while waiting:
            if self.restarts > MAX_RESTARTS:
                skipped = Detail(message=f"not run: {self.restarts} tests had to be stopped")
                for index in waiting:
                    self._keep(done, index, "skipped", skipped, direct)
                return
            failed = self.start()
            if failed is not None:
                for index in waiting:
                    self._keep(done, index, *failed, direct)
                return
            line = self._open_direct(waiting) if direct else self._open_split(waiting)
            try:
                apart += self._take_verdicts(line, waiting, direct, done)
            finally:
                line.close()
        if apart:
            self._run_group(apart, True, done)

    def _open_split(self, tests: list[int]) -> "GroupLine":
        assert self._candidate is not None
        assert self._judge is not None
        theirs, judges = socket.socketpair()
        ours, verdict_end = socket.socketpair()
        with theirs, judges, verdict_end:
            self._serve({"op": "serve"}, theirs)
            order = {"tests": tests, "names": self._names} | self._candidate.clocks()
            self._judge.send(order, [judges.fileno(), verdict_end.fileno()])
        return GroupLine(ours, nonce=None)

    def _open_direct(self, tests: list[int]) -> "GroupLine":
        assert self._candidate is not None
        nonce = secrets.token_hex(16)
        ours, theirs = socket.socketpair()
        with theirs:
            order = {"op": "direct", "nonce": nonce, "tests": [[i, self._data[i]] for i in tests]}
            self._serve(order | self._candidate.clocks(), theirs)
        return GroupLine(ours, nonce)

    def _serve(self, order: dict[str, Any], sock: socket.socket) -> None:
        assert self._candidate is not None
        self._candidate.send(order, [sock.fileno()])
        self._serves += 1

    def _take_verdicts(
        self, line: "GroupLine", waiting: list[int], direct: bool, done: dict[int, Verdict]
    ) -> list[int]:
        """Takes verdicts off `waiting` until one ends badly; gives those to be judged directly."""
        run = self._candidate
        assert run is not None
        while waiting:
            index = waiting[0]
            run.begin()
            lines = [line, run.line, *([self._judge.line] if self._judge else [])]
            stop = run.watch(lambda: bool(line.messages) or not line.open, lines)
            message = line.take_for(index)
            waiting.pop(0)
            if message is not None and "outcome" in message:
                done[index] = verdicts.verdict(self._tests[index], message, _mark(direct))
                continue
            if message is not None and "unsplit" in message and not direct:
                return [index]
            self.restarts += 1
            outcome, detail = self._why(stop, message is None and not direct)
            given = verdicts.detail_of(message) if message else Detail()
            self._keep(done, index, outcome, verdicts.merged(given, detail), direct)
            return []
        return []

    def _why(self, stop: Stop | None, judge_ended: bool) -> tuple[Outcome, Detail]:
        """Why a test has no outcome: a limit, or the candidate's process, or the test's own."""
        run = self._candidate
        assert run is not None
        if stop is not None:
            result = self._ended_badly(stop)
            self._end_judge()
            return result
        status = self._fork_status()
        if judge_ended and status in (None, 0):
            self._end_judge()
            self._end_candidate()
            return "killed", Detail(message="the test ended the process that judges it")
        if status is None:
            return self._ended_badly("gone")
        outcome, detail = self._explained(run, run.ended(status))
        return outcome, verdicts.with_source(detail, self._job.code)

    def _explained(self, run: CandidateRun, told: tuple[Outcome, Detail]) -> tuple[Outcome, Detail]:
        return told if self._driver is None else self._driver.explain(run, told)

    def _fork_status(self) -> int | None:
        """How the fork that served the group ended, as its parent says."""
        run = self._candidate
        assert run is not None
        run.begin()
        until = time.monotonic() + _SETTLE_SECONDS

        def settled() -> bool:
            while self._ended < self._serves and run.line.messages:
                self._status = verdicts.status_of(run.line.take())
                self._ended += 1
            return self._ended >= self._serves or time.monotonic() > until

        run.watch(settled, [run.line])
        return self._status if self._ended >= self._serves else None

    def _keep(
        self, done: dict[int, Verdict], index: int, outcome: Outcome, detail: Detail, direct: bool
    ) -> None:
        name = self._tests[index].id
        done[index] = Verdict(test=name, outcome=outcome, detail=detail, judging=_mark(direct))

    # -- the end ----------------------------------------------------------------------------

    def _end_candidate(self) -> int:
        run, self._candidate = self._candidate, None
        if run is None:
            return 0
        status = run.end()
        self.cpu_seconds += run.cpu_seconds
        self.stdout, self.stderr = run.streams.out.text(), run.streams.err.text()
        if self._worker.memory is not None:
            self.peak = self._worker.memory.peak()
        return status

    def _end_judge(self) -> None:
        judge, self._judge = self._judge, None
        if judge is not None:
            judge.end()

    def close(self) -> None:
        try:
            self._end_candidate()
        finally:
            try:
                self._end_judge()
            finally:
                os.close(self._null)
                if self._driver is not None:
                    self._driver.close()


class GroupLine(Line):
    """Where the verdicts of a group arrive."""

    def __init__(self, sock: socket.socket, nonce: str | None) -> None:
        super().__init__(sock)
        self._nonce = nonce

    def take_for(self, index: int) -> dict[str, Any] | None:
        """The message for that test; anything else counts as none."""
        message = self.take()
        if type(message) is not dict or message.get("test") != index:
            return None
        return message if message.get("nonce") == self._nonce else None


def _mark(direct: bool) -> Judging:
    return "in-process" if direct else "isolated"


def _next_message(line: Line) -> Any:
    """Waits for a message of a process of ours."""
    line.sock.settimeout(30)
    try:
        while not line.messages and line.open:
            data = line.sock.recv(65_536)
            line.feed(data)
    except OSError:
        return None
    return line.take()


def run_job(worker: Worker, job: Job, isolation: Isolation) -> Run:
    """Raises `SandboxError` for a failure of ours, `UsageError` for what cannot be run here."""
    started = time.monotonic()
    run_program = programs.run_program if is_own(job.language) else commands.run_program
    pytest = any(isinstance(test, Script) and test.framework == "pytest" for test in job.tests)
    if pytest and not test_packages():
        raise UsageError("these tests need pytest, which this interpreter does not have")
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
        run = _run_tests(worker, job, isolation, ["pytest"] if pytest else [], run_program)
    return replace(run, wall_seconds=time.monotonic() - started)


def _run_tests(
    worker: Worker,
    job: Job,
    isolation: Isolation,
    preload: list[str],
    run_program: programs.RunProgram,
) -> Run:
    found: dict[int, Verdict] = {}
    stdout = stderr = ""
    cpu, peaks = 0.0, [0]
    diagnostics: tuple[Diagnostic, ...] = ()
    detail = Detail()
    for index, test in enumerate(job.tests):
        if isinstance(test, Io):
            found[index], program = programs.judge_io(worker, job, test, run_program)
            stdout, stderr, diagnostics = program.stdout, program.stderr, program.diagnostics
            cpu += program.cpu_seconds
            peaks.append(program.peak or 0)
    others = [index for index, test in enumerate(job.tests) if not isinstance(test, Io)]
    if others:
        driver = None if is_own(job.language) else Driver(worker, job)
        session = Session(worker, job, preload, driver)
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
