"""Sources served by a real sandbox: what is said of a program."""

from assay.candidate import Candidate
from assay.errors import AssayError
from assay.feedback import Attempt, Feedback
from assay.feedback.combine import find_source
from assay.feedback.steps import Execute
from assay.feedback.tests import explain
from assay.model.prompter import Prompter
from assay.problem import Limits, Problem, Test
from assay.sandbox import Job, Run
from assay.sandbox.blocking import Blocking
from assay.search.driver import job_for


def said_of(
    box: Blocking,
    name: str,
    code: str,
    *tests: Test,
    language: str = "python",
    cpu: float = 5.0,
    wall: float = 15.0,
) -> Feedback | None:
    """What the source of that name says of a program that ran on the tests."""
    limits = Limits(cpu_seconds=cpu, wall_seconds=wall)
    problem = Problem(id="p", prompt="p", tests=tests, language=language, limits=limits)
    [run] = box.run([job_for(problem, code, tests)])
    candidate = Candidate(code=code, text=code, made_by="test")
    attempt = Attempt(candidate=candidate, run=run, feedback=explain(problem, run))
    steps = find_source(name)(problem, attempt, Prompter())
    try:
        request = next(steps)
        while True:
            assert isinstance(request, Execute)
            request = steps.send([served(box, job) for job in request.jobs])
    except StopIteration as end:
        said: Feedback | None = end.value
        return said


def served(box: Blocking, job: Job) -> Run | None:
    """As the driver does: a failure of ours leaves it open."""
    try:
        [run] = box.run([job])
    except AssayError:
        return None
    return run
