"""What tests of strategies share: a problem, programs, runs, and a drive with scripted parties."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assay.errors import BudgetSpent, ModelError, SandboxError
from assay.feedback.steps import Request, Steps, Try
from assay.model import Prompt
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Detail, Run, Verdict
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.scripted import Scripted as Machine
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties, Trail

TEST = Call(id="t", expression="add(2, 3)", expected="5")
PROBLEM = Problem(id="p", prompt="Add two numbers.", entry_point="add", tests=(TEST,))
MOST_REQUESTS = 400


def code(body: str) -> str:
    return f"```python\ndef add(a, b):\n    return {body}\n```"


def run_of(actual: str, test: str = "t") -> Run:
    outcome: Any = "passed" if actual == "5" else "wrong"
    detail = Detail(call="add(2, 3)", expected="5", actual=actual)
    verdict = Verdict(test=test, outcome=outcome, detail=detail)
    return Run(verdicts=(verdict,), isolation=ISOLATION, outcome=outcome)


def loaded(outcome: Any = "passed") -> Run:
    """A run without tests."""
    return Run(verdicts=(), isolation=ISOLATION, outcome=outcome)


@dataclass(frozen=True)
class Played:
    reason: str | None
    trail: Trail
    model: Scripted
    machine: Machine
    ledger: Ledger
    tries: list[Try]
    calls_before: list[int]
    """Calls of the model before each of `tries`."""

    @property
    def asked(self) -> list[Prompt]:
        return self.model.asked

    @property
    def last(self) -> list[str]:
        """The last message of each prompt."""
        return [prompt.messages[-1].content for prompt in self.model.asked]

    @property
    def temperatures(self) -> list[float]:
        return [prompt.temperature for prompt in self.model.asked]


async def play(
    steps: Steps[str],
    replies: Iterable[str | Reply],
    runs: Iterable[Run | SandboxError],
    problem: Problem = PROBLEM,
    budget: Budget | None = None,
) -> Played:
    """Drives a strategy. Fails where it asks without end, or leaves something reserved."""
    tries: list[Try] = []
    calls_before: list[int] = []

    def watched() -> Steps[str]:
        requests = 0
        answer: Any = None
        error: Exception | None = None
        while True:
            try:
                request: Request = steps.send(answer) if error is None else steps.throw(error)
            except StopIteration as end:
                return str(end.value)
            requests += 1
            assert requests <= MOST_REQUESTS, "it does not end"
            if isinstance(request, Try):
                tries.append(request)
                calls_before.append(len(model.asked))
            try:
                answer, error = (yield request), None
            except (BudgetSpent, ModelError) as raised:  # not served: the strategy's to catch
                answer, error = None, raised

    model, machine, ledger = Scripted(replies), Machine(runs), Ledger(budget or Budget())
    driver = Driver(problem, Parties(model, machine), ledger, Forgetful())
    reason = await driver.drive(watched())
    assert (ledger._held_prompt, ledger._held_completion, ledger._held_calls) == (0, 0, 0)
    return Played(reason, driver.trail, model, machine, ledger, tries, calls_before)
