"""One problem from question to answer: search, then select, under one ledger."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from assay.feedback import Attempt
from assay.feedback.steps import Steps
from assay.problem import Problem
from assay.search.budget import Cost, Ledger
from assay.search.driver import Driver, Journal, Parties, Trail
from assay.select import Choice, Selector

Status = Literal["verified", "likely", "abstained", "failed", "unmeasured"]
"""`verified`: passes every visible test. `likely`: there are none, but most candidates are
alike. `abstained`: nothing speaks for the answer. `failed`: no candidate passes the visible
tests within the budget. `unmeasured`: a failure of ours, of model or sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    problem: str
    status: Status
    reason: str
    """One line on why it is this status."""
    code: str | None
    """The best candidate's program, whatever the status."""
    confidence: float | None
    """Share of the compared candidates that behave like this one; `None`: nothing to compare.
    Not calibrated."""
    attempt: Attempt | None
    """The best candidate's."""
    candidates: int
    """Distinct programs that were tried."""
    cost: Cost
    stopped: str
    """Why the search ended, as in `Trail`."""
    questions: int = 0
    """Put to a person."""

    @property
    def visible(self) -> tuple[int, int]:
        """Visible tests passed, and all that were judged."""
        run = self.attempt.run if self.attempt else None
        verdicts = run.verdicts if run else ()
        return sum(v.outcome == "passed" for v in verdicts), len(verdicts)


async def solve(
    problem: Problem,
    strategy: Steps[str],
    selector: Selector,
    parties: Parties,
    ledger: Ledger,
    journal: Journal,
) -> Answer:
    """Runs the strategy and the selector. Raises no `ModelError` or `SandboxError`: those leave
    the answer `unmeasured` or, where something was measured before, end the search."""
    driver = Driver(problem, parties, ledger, journal)
    trail = driver.trail
    reason = await driver.drive(strategy)
    if reason is not None and trail.stopped == "done":
        trail.stopped = reason
    choice = await _select(selector, driver) if trail.attempts else None
    if choice is not None and choice.answers:
        # What a person said is as binding as what was given.
        problem = replace(problem, tests=(*problem.tests, *choice.answers))
    answer = conclude(problem, trail, choice, ledger.cost)
    journal.note("decision", decision_record(answer, choice))
    return answer


async def _select(selector: Selector, driver: Driver) -> Choice | None:
    """The selector's choice; by visible tests alone where it could not be served to its end."""
    from assay.select.visible import visible

    attempts = tuple(driver.trail.attempts)
    stopped = driver.trail.stopped
    choice = await driver.drive(selector(driver.problem, attempts))
    driver.trail.stopped = stopped
    return choice or await driver.drive(visible(driver.problem, attempts))


def conclude(problem: Problem, trail: Trail, choice: Choice | None, cost: Cost) -> Answer:
    best = choice.order[0] if choice and choice.order else None
    status, reason = judge(problem, trail, choice, best)
    confidence = None
    if choice and choice.of > 1 and best and best.measured:
        confidence = round(choice.support / choice.of, 4)
        if choice.confidence is not None:
            confidence = choice.confidence
    return Answer(
        problem=problem.id,
        status=status,
        reason=reason,
        code=best.candidate.code if best else None,
        confidence=confidence,
        attempt=best,
        candidates=len(choice.order) if choice else 0,
        cost=cost,
        stopped=trail.stopped,
        questions=trail.questions,
    )


def judge(
    problem: Problem, trail: Trail, choice: Choice | None, best: Attempt | None
) -> tuple[Status, str]:
    if best is None or choice is None or not best.measured:
        if best is None and trail.stopped.endswith("budget"):
            return "failed", f"the {trail.stopped} was spent before a candidate was tried"
        return "unmeasured", _unmeasured_reason(trail, best)
    if best.passed and problem.tests:
        said = f", {len(choice.answers)} of them answered by a person" if choice.answers else ""
        return "verified", f"passes every visible test{said}"
    if not best.passed and trail.failures:
        # Without our failure the strategy would have gone on, so this is not its result.
        return "unmeasured", trail.failures[0]
    if problem.tests:
        return "failed", "no candidate passes every visible test"
    if best.candidate.code is None or not best.passed:
        return "failed", "no candidate loads without an error"
    if choice.of > 1 and choice.support * 2 > choice.of:
        return "likely", f"{choice.support} of {choice.of} candidates are alike; there are no tests"
    return "abstained", "there are no tests, and no majority of candidates is alike"


def _unmeasured_reason(trail: Trail, best: Attempt | None) -> str:
    if trail.failures:
        return trail.failures[0]
    return best.feedback.message if best else "the strategy made no attempt"


def decision_record(answer: Answer, choice: Choice | None) -> dict[str, Any]:
    order: Sequence[Attempt] = choice.order if choice else ()
    return {
        "status": answer.status,
        "reason": answer.reason,
        "chosen": answer.attempt.candidate.id if answer.attempt else None,
        "order": [attempt.candidate.id for attempt in order],
        "cluster": list(choice.cluster) if choice else [],
        "confidence": answer.confidence,
        "stopped": answer.stopped,
        "answers": [asdict(test) for test in choice.answers] if choice else [],
        "cost": asdict(answer.cost),
    }
