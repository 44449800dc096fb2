"""Strategies served by a scripted model and by a sandbox that judges by a table."""

from collections.abc import Iterable, Mapping

from assay.errors import SandboxError
from assay.feedback.steps import Steps
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Detail, Isolation, Job, Run, Verdict
from assay.sandbox.scripted import ISOLATION
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties, Trail

CALLS = ("add(1, 2)", "add(2, 2)", "add(-3, 0)", "add(0, 5)")
TESTS = tuple(
    Call(id=call, expression=call, expected=expected)
    for call, expected in zip(CALLS, ("3", "4", "-3", "5"), strict=True)
)
PROBLEM = Problem(id="p", prompt="Add two numbers.", entry_point="add", tests=TESTS)
BLIND = Problem(id="p", prompt="Add two numbers.", entry_point="add")

STEPS = {
    "Write a short plan in at most": "plan",
    "through this plan, one short line": "verify",
    "Is each of these steps right": "check",
    "Compare what the program did": "analyse",
    "First name one similar problem": "codesim_plan",
    "Execute this plan by hand": "simulate",
    "Write the whole corrected plan": "refine",
    "First execute your code by hand": "debug",
    "observations that help": "observe",
    "Describe a solution in words": "sketch",
    "Somebody proposes this solution": "criticise",
    "different strategies": "strategies",
    'End with a last line "Score: N"': "review",
    "different ways to correct": "fixes",
    "Correct your code like this": "fix",
    "different thoughts that could come": "expand",
    "a better one in its place": "rethink",
    "Correct only what this says": "edit",
    "Write better code": "better",
    "Find the mistake and fix it": "repair",
    "Reply with the whole corrected code": "rewrite",
    "Your reply held no python code": "reminder",
    "Follow this:": "code",
    "Reply with the whole python code": "bare",
}
"""A phrase of the prompt to what is asked for; the first that fits."""


def code(number: int) -> str:
    """A reply with the program of that number."""
    return f"```python\ndef add(a, b):\n    return program({number})\n```"


class Judge:
    """A sandbox: program `n` passes as many tests as `shares` says, none where it says nothing.

    What is no run of the visible tests (a tracer) fails as of a fault of ours.
    """

    def __init__(self, shares: Mapping[int, int], broken: Iterable[int] = ()) -> None:
        self.shares = shares
        self.broken = set(broken)
        self.judged: list[int] = []

    @property
    def isolation(self) -> Isolation:
        return ISOLATION

    async def run(self, jobs: list[Job]) -> list[Run]:
        return [self._run(job) for job in jobs]

    async def close(self) -> None:
        """Nothing to give back."""

    def _run(self, job: Job) -> Run:
        if job.tests not in (TESTS, ()) or job.language != "python" or "program(" not in job.code:
            raise SandboxError("only programs are judged here")
        number = int(job.code.partition("program(")[2].partition(")")[0])
        if number in self.broken:
            raise SandboxError("no pids")
        self.judged.append(number)
        verdicts = tuple(
            Verdict(
                test=test.id,
                outcome="passed" if at < self.shares.get(number, 0) else "wrong",
                detail=Detail(call=test.id, expected="3", actual=f"<{number}>"),
            )
            for at, test in enumerate(job.tests)
        )
        wrong = any(verdict.outcome == "wrong" for verdict in verdicts)
        return Run(verdicts=verdicts, isolation=ISOLATION, outcome="wrong" if wrong else "passed")


class Served:
    """What came of a strategy: why it stopped, what was asked, tried and spent."""

    def __init__(self, stopped: str | None, trail: Trail, model: Scripted, judge: Judge) -> None:
        self.stopped = stopped
        self.trail = trail
        self.asked = model.asked
        self.judged = judge.judged
        self.texts = [prompt.messages[-1].content for prompt in model.asked]
        self.steps = [step_of(text) for text in self.texts]
        self.scores = [attempt.score for attempt in trail.attempts]


def step_of(text: str) -> str:
    return next((name for phrase, name in STEPS.items() if phrase in text), "?")


async def serve(
    steps: Steps[str],
    replies: Iterable[str | Reply],
    shares: Mapping[int, int] | None = None,
    problem: Problem = PROBLEM,
    broken: Iterable[int] = (),
    budget: Budget | None = None,
) -> Served:
    model, judge = Scripted(replies), Judge(shares or {}, broken)
    driver = Driver(problem, Parties(model, judge), Ledger(budget or Budget()), Forgetful())
    reason = await driver.drive(steps)
    stopped = driver.trail.stopped if driver.trail.stopped != "done" else reason
    return Served(stopped, driver.trail, model, judge)
