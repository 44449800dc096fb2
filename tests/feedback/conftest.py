"""Sources served by the real sandbox: what an attempt with that program is told."""

from collections.abc import Callable, Iterator

import pytest

from assay.candidate import Candidate
from assay.errors import AssayError, NoSandbox
from assay.feedback import Attempt, Feedback
from assay.feedback.combine import find_source
from assay.feedback.steps import Execute
from assay.feedback.tests import explain
from assay.model.prompter import Prompter
from assay.problem import Limits, Problem, Test
from assay.sandbox import Job, Run, open_blocking
from assay.sandbox.blocking import Blocking
from assay.search.driver import job_for

Say = Callable[..., Feedback | None]


@pytest.fixture(scope="session")
def box() -> Iterator[Blocking]:
    """The tier that runs tools too."""
    try:
        with open_blocking(tier="namespaces", slots=1) as opened:
            yield opened
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def attempted(box: Blocking) -> Callable[[Problem, str], Attempt]:
    """A program, run on the visible tests."""

    def attempt(problem: Problem, code: str) -> Attempt:
        [run] = box.run([job_for(problem, code, problem.tests)])
        candidate = Candidate(code=code, text=code, made_by="test")
        return Attempt(candidate=candidate, run=run, feedback=explain(problem, run))

    return attempt


@pytest.fixture(scope="session")
def say(box: Blocking, attempted: Callable[[Problem, str], Attempt]) -> Say:
    """What the source of that name says of a program."""

    def source(
        name: str, code: str, *tests: Test, language: str = "python", cpu: float = 5.0
    ) -> Feedback | None:
        limits = Limits(cpu_seconds=cpu)
        problem = Problem(id="p", prompt="p", tests=tests, language=language, limits=limits)
        steps = find_source(name)(problem, attempted(problem, code), Prompter())
        try:
            request = next(steps)
            while True:
                assert isinstance(request, Execute)
                request = steps.send([served(box, job) for job in request.jobs])
        except StopIteration as end:
            said: Feedback | None = end.value
            return said

    return source


def served(box: Blocking, job: Job) -> Run | None:
    """As the driver does: a failure of ours leaves it open."""
    try:
        [run] = box.run([job])
    except AssayError:
        return None
    return run
