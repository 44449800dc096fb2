"""One problem from question to answer: search, then select, under one ledger."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from assay.feedback import Attempt
from assay.feedback.property import violates
from assay.feedback.shorten import brief
from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NOT_WORTH, PASSED, ROUNDS, SILENT, STUCK
from assay.search.budget import Cost, Ledger
from assay.search.driver import BY_HAND, Driver, Journal, Parties, Trail
from assay.select import Choice, Selector
from assay.select.refuted import joined, known_to, refuted, repaired

Status = Literal["verified", "likely", "abstained", "failed", "unmeasured"]
"""`verified`: passes every visible test; where there are none, it returns a value that a person
gave, and is more likely right than not. `likely`: there are none, but it was run and is more likely
right than not. `abstained`: it is not, or less likely than was asked for. `failed`: no candidate
passes the visible tests within the budget. `unmeasured`: a failure of ours, of model or sandbox,
or a budget in which no call can be made."""

LIKELY = 0.5
"""Confidence of an answer that no visible test speaks for."""
NAMED = 3
"""Inputs that a reason lists."""
ENDS = {
    ROUNDS: "all rounds are taken",
    STUCK: "the model has nothing new to say",
    SILENT: "the model gave nothing to go on with",
    NOT_WORTH: "another attempt is not worth its cost",
    BY_HAND: BY_HAND,
}
"""Why a search ended without an answer, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    problem: str
    status: Status
    reason: str
    """One line on why it is this status."""
    code: str | None
    """The best candidate's program, whatever the status."""
    confidence: float | None
    """Probability that it is right, where the selector has one that is calibrated (`posterior`);
    else the share of the compared candidates that behave like it. `None`: nothing to compare."""
    attempt: Attempt | None
    """The best candidate's."""
    candidates: int
    """Distinct programs that were tried."""
    cost: Cost
    stopped: str
    """Why the search ended, as in `Trail`."""
    questions: int = 0
    """Put to a person."""
    failures: int = 0
    """Of model and sandbox, that it was found in spite of."""
    cut_off: bool = False
    """The budget of the whole run ended it before its own did, or left less for a reply."""

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
    prompter: Prompter,
    least: float = 0.0,
) -> Answer:
    """Runs the strategy and the selector; abstains where the confidence is below `least`.

    Raises no `ModelError` or `SandboxError`: those leave the answer `unmeasured` or, where
    something was measured before, end the search."""
    driver = Driver(problem, parties, ledger, journal)
    trail = driver.trail
    reason = await driver.drive(strategy)
    # A budget with room for some programs of several ended nothing where one of these passed.
    if reason == PASSED and trail.stopped == "budget":
        trail.stopped, trail.spent = "done", ""
    if reason is not None and trail.stopped == "done":
        trail.stopped = reason
    if reason == ROUNDS and ledger.last_reply_cut:
        trail.spent = ledger.spent()
    choice = await _select(selector, driver, prompter, trail.attempts) if trail.attempts else None
    if (best := refuted(choice)) is not None and choice is not None:
        choice = await _repair(selector, driver, prompter, choice, best)
    if choice is not None and choice.answers:
        # What a person said is as binding as what was given.
        problem = replace(problem, tests=(*problem.tests, *choice.answers))
    answer = conclude(problem, trail, choice, ledger.cost, least)
    journal.note("decision", decision_record(answer, choice))
    return answer


async def _repair(
    selector: Selector, driver: Driver, prompter: Prompter, choice: Choice, best: Attempt
) -> Choice:
    """The choice after repairs for what a person said; the one before where none helps. What
    fails meanwhile says nothing about the search."""
    trail, before = driver.trail, driver.problem
    stopped, spent, failures = trail.stopped, trail.spent, list(trail.failures)
    made = len(trail.attempts)
    driver.problem = replace(before, tests=(*before.tests, *choice.answers))
    await driver.drive(repaired(driver.problem, prompter, best))
    trail.stopped, trail.spent, trail.failures = stopped, spent, failures
    new = trail.attempts[made:]
    later = None
    if any(attempt.passed for attempt in new):
        known = known_to(driver.problem, [*choice.order, *new])
        later = await _select(selector, driver, prompter, known)
    driver.problem = before
    return joined(choice, later) if later is not None else choice


async def _select(
    selector: Selector, driver: Driver, prompter: Prompter, tried: Sequence[Attempt]
) -> Choice | None:
    """The selector's choice; by visible tests alone where it could not be served to its end.
    What fails meanwhile says nothing about the search."""
    from assay.select.visible import visible

    trail = driver.trail
    # Of programs that are equal else, one that violates a property comes after the others.
    violating = {said.candidate for said in trail.told if violates(said.feedback)}
    attempts = tuple(sorted(tried, key=lambda one: one.candidate.id in violating))
    stopped, spent, failures = trail.stopped, trail.spent, list(trail.failures)
    choice = await driver.drive(selector(driver.problem, attempts, prompter))
    trail.stopped, trail.spent, trail.failures = stopped, spent, failures
    return choice or await driver.drive(visible(driver.problem, attempts, prompter))


def conclude(
    problem: Problem, trail: Trail, choice: Choice | None, cost: Cost, least: float = 0.0
) -> Answer:
    best = choice.order[0] if choice and choice.order else None
    confidence = None
    if choice and best and best.measured:
        confidence = choice.confidence
        if confidence is None and choice.of > 1:
            confidence = round(choice.support / choice.of, 4)
    status, reason = judge(problem, trail, choice, best, confidence, least, cost)
    if status == "failed" and confidence is not None:
        confidence = 0.0  # whatever share of the candidates agrees with it
    if choice and choice.unused:
        reason += f"; no candidate was seen on {', '.join(map(brief, choice.unused[:NAMED]))}"
        more = len(choice.unused) - NAMED
        reason += f" and {more} more" * (more > 0) + ", so what was answered there is not used"
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
        failures=trail.disturbed,
        cut_off=trail.cut_off,
    )


def judge(
    problem: Problem,
    trail: Trail,
    choice: Choice | None,
    best: Attempt | None,
    confidence: float | None,
    least: float,
    cost: Cost,
) -> tuple[Status, str]:
    if best is None or choice is None or not best.measured:
        if best is None and trail.stopped.endswith("budget"):
            if not cost.calls:
                # What a call could cost at worst is more than what it would have: no result.
                return "unmeasured", f"{trail.spent} has no room for a first call at its worst case"
            return "failed", f"{trail.spent} was spent before a candidate was tried"
        if best is None and trail.stopped == NOT_WORTH:
            return "abstained", "an attempt is not worth its cost at the price of a wrong answer"
        if best is None and trail.stopped == BY_HAND:
            return "failed", "stopped by hand before a candidate was tried"
        return "unmeasured", _unmeasured_reason(trail, best)
    given = len(problem.tests) > len(choice.answers)
    bar = max(least, LIKELY)
    if best.passed and given and (confidence or 0.0) < least:
        begin = "it passes every visible test, but"
        return "abstained", _doubtful(begin, choice, confidence, least)
    # That a person took none of the values listed speaks for no other one.
    if best.passed and (given or (choice.confirmed and (confidence or 0.0) >= bar)):
        said = f", {len(choice.answers)} of them answered by a person" if choice.answers else ""
        return "verified", f"passes every visible test{said}"
    if not best.passed and trail.failures:
        # Without our failure the strategy would have gone on, so this is not its result.
        return "unmeasured", trail.failures[0]
    if problem.tests and not best.passed:
        return "failed", f"no candidate passes every visible test{_ended(trail)}"
    if best.candidate.code is None or not best.passed:
        return "failed", f"no candidate loads without an error{_ended(trail)}"
    return _untested(choice, confidence, bar)


def _ended(trail: Trail) -> str:
    why = f"{trail.spent} is spent" if trail.spent else ENDS.get(trail.stopped)
    return f"; {why}" if why else ""


def _untested(choice: Choice, confidence: float | None, bar: float) -> tuple[Status, str]:
    alike = f"{choice.support} of {choice.of} candidates are alike"
    if choice.of < 2:
        return "abstained", "there are no tests, and no other candidate to compare with"
    if (confidence or 0.0) < bar or _halved(choice):
        return "abstained", _doubtful("there are no tests, and", choice, confidence, bar)
    if not choice.observed:
        return "abstained", f"there are no tests; {alike}, but none was checked on any input"
    return "likely", f"{alike}; there are no tests"


def _halved(choice: Choice) -> bool:
    """A share of just a half is no majority; a calibrated probability needs none."""
    return choice.confidence is None and choice.support * 2 <= choice.of


def _doubtful(begin: str, choice: Choice, confidence: float | None, bar: float) -> str:
    known = "not known" if confidence is None else f"{confidence:.2f}"
    why = choice.doubt or "no majority of candidates is alike"
    if confidence is not None and confidence >= bar:  # half of the candidates
        return f"{begin} its confidence is {known}: {why}"
    return f"{begin} its confidence is {known}, below {bar:g}: {why}"


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
        "evidence": choice.evidence if choice else None,
        "stopped": answer.stopped,
        "answers": [asdict(test) for test in choice.answers] if choice else [],
        "said": [{"input": call, "value": value} for call, value in choice.said] if choice else [],
        "silence": choice.silence if choice else "",
        "cost": asdict(answer.cost),
    }
