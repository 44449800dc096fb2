"""Function calls to a candidate in another language, through the driver of its language.

The judge is the one that judges Python: it evaluates the tests' own text, and calls across a
channel that carries plain values. At the other end is a driver, which knows no expected value.
"""

from contextlib import ExitStack

from assay.errors import UsageError
from assay.sandbox import Detail, Job, Outcome
from assay.sandbox.candidate_run import CandidateRun
from assay.sandbox.commands import started, target
from assay.sandbox.languages import LANGUAGES
from assay.sandbox.worker import Worker

NOT_PYTHON = ""
"""What a judge reads of such a candidate. Simple calls share a driver, which loads the candidate
anew for each."""
ONLY_CALLS = Detail(message="not run: this test needs Python objects in the candidate's process")


class Driver:
    """Starts the process that runs drivers. Raises `UsageError` for a language without one."""

    def __init__(self, worker: Worker, job: Job) -> None:
        self._target, self._job = target(worker, job), job
        if not self._target.language.driver:
            able = [language.name for language in LANGUAGES.values() if language.driver]
            raise UsageError(
                f"tests that call functions are for {', '.join(['python', *able])}:"
                f" test {self._target.language.name} by standard input and output"
            )
        self._open = ExitStack()

    def open(self) -> CandidateRun:
        """A process that has been told to load the candidate; the caller ends it."""
        self.close()
        made, limits = self._target, self._job.limits
        *words, file = made.words(made.language.run, limits)
        words += [made.language.driver, file, str(limits.output_bytes)]
        many = len(self._job.tests) + 1  # loading counts as one more
        process = started(made, words, made.source(), limits, op="driver", tests=many)
        return self._open.enter_context(process)[0]

    def explain(self, run: CandidateRun, told: tuple[Outcome, Detail]) -> tuple[Outcome, Detail]:
        """The same, but for memory that ran out as stderr says, and the kernel's CPU limit."""
        errors = run.streams.err.text()
        run.streams.err.data.clear()
        if any(mark in errors for mark in self._target.language.exhausted):
            return "memory", Detail(limit=f"{self._job.limits.memory_mb} MB of memory")
        if told[1].signal == "SIGXCPU":
            return "timeout", Detail(limit=f"{self._job.limits.cpu_seconds:g} s of CPU")
        return told

    def close(self) -> None:
        self._open.close()
