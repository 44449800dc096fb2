"""Iterative agent decoding: draw, verify, draw again with the best in sight."""

from assay.feedback import Attempt
from assay.feedback.combine import gather
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, try_
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.ideas import LONGEST, unseen
from assay.search.sample import draw
from assay.search.turns import turn, write_all


def iad(
    problem: Problem, prompter: Prompter, width: int = 3, rounds: int = 3, worst: bool = True
) -> Steps[str]:
    """Rounds of `width` programs, each round drawn with the best one and its verdict in sight.

    Chakraborty et al. 2025, "Review, Refine, Repeat: Understanding Iterative Decoding of AI
    Agents with Dynamic Evaluation and Selection" (3 to 6 points over best-of-N on Sketch2Code
    and Text2SQL at equal calls; width and rounds are not given for sure). The verifier is the
    visible tests: the share passed, and what fails. `worst` shows the worst program as well, as
    one to avoid. A program takes the place of the best only where its share is higher; the first
    draw after that is greedy. Calls: `width` a round, the first included.
    """
    attempts = yield from draw(problem, prompter, range(width), made_by="iad:0")
    if not attempts:
        return SILENT
    if not problem.tests:
        return NO_TESTS
    seen = {attempt.candidate.id for attempt in attempts}
    tried: list[Attempt] = []
    best: Attempt | None = None
    number = 0
    for level in range(1, rounds + 1):
        tried += attempts
        if any(attempt.passed for attempt in attempts):
            return PASSED
        if not all(attempt.measured for attempt in attempts):
            return UNMEASURED
        if level == rounds:
            break
        leader = max(tried, key=lambda one: one.score)  # the first of equals
        number = 0 if leader is not best else number + width
        best = leader
        messages = yield from with_best(problem, prompter, best, least(tried) if worst else None)
        prompts = [prompter.prompt(messages, number + at) for at in range(width)]
        made = yield from write_all(problem, prompter, prompts, f"iad:{level}", best.candidate.id)
        if not made:
            return SILENT
        new = unseen(made, seen)
        attempts = (yield from try_(new)) if new else []
    return ROUNDS


def least(tried: list[Attempt]) -> Attempt | None:
    """The worst program with code, where it is worse than the best."""
    coded = [attempt for attempt in tried if attempt.candidate.code is not None]
    lowest = min(coded, key=lambda one: one.score, default=None)
    top = max(attempt.score for attempt in tried)
    return lowest if lowest is not None and lowest.score < top else None


def with_best(
    problem: Problem, prompter: Prompter, best: Attempt, worst: Attempt | None
) -> Steps[tuple[Message, ...]]:
    """The task with the best program so far, and the worst where one is given."""
    praised = yield from gather(problem, best, prompter)
    blamed = (yield from gather(problem, worst, prompter)) if worst else None
    return turn(
        problem,
        prompter,
        best,
        "iad",
        best=praised.message,
        worst=clip(worst.candidate.code or "", LONGEST) if worst else "",
        worst_feedback=blamed.message if blamed else "",
    )
