"""Sources served by scripted parties, or by the real sandbox."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from assay.candidate import Candidate
from assay.feedback import Attempt
from assay.feedback.steps import Question, Reply, Steps
from assay.feedback.tests import explain
from assay.model.scripted import Reply as Said
from assay.model.scripted import Scripted
from assay.problem import Problem
from assay.sandbox import Detail, Run, Sandbox, Verdict
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.scripted import Scripted as Machine
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties, Trail

T = TypeVar("T")


@dataclass
class Teller:
    """A person who gives these replies, in order, and then nothing."""

    replies: list[Reply]
    asked: list[Question] = field(default_factory=list)

    async def answer(self, question: Question) -> Reply | None:
        self.asked.append(question)
        return self.replies.pop(0) if self.replies else None


async def serve(
    problem: Problem,
    steps: Steps[T],
    *,
    replies: Iterable[str | Said] = (),
    sandbox: Sandbox | None = None,
    person: Teller | None = None,
) -> tuple[T | None, Scripted, Trail]:
    model = Scripted(replies)
    parties = Parties(model, sandbox or Machine([]), person)
    driver = Driver(problem, parties, Ledger(Budget()), Forgetful())
    return await driver.drive(steps), model, driver.trail


def attempt_of(problem: Problem, code: str | None, *actual: str) -> Attempt:
    """A program that gave these values on the visible tests, in order."""
    verdicts = []
    for test, got in zip(problem.tests, actual, strict=False):
        wanted: Any = getattr(test, "expected", None)
        outcome: Any = "passed" if got == wanted else "wrong"
        detail = Detail(call=getattr(test, "expression", None), expected=wanted, actual=got)
        verdicts.append(Verdict(test=test.id, outcome=outcome, detail=detail))
    failed: Sequence[Verdict] = [verdict for verdict in verdicts if verdict.outcome != "passed"]
    run = Run(
        verdicts=tuple(verdicts),
        isolation=ISOLATION,
        outcome=failed[0].outcome if failed else "passed",
    )
    candidate = Candidate(code=code, text=code or "", made_by="test")
    return Attempt(candidate=candidate, run=run, feedback=explain(problem, run))
