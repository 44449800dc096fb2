"""Spend little on easy problems, more on hard ones, and stop when it is not worth it."""

from collections.abc import Callable

from assay.feedback import Attempt
from assay.feedback.steps import Steps, try_
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, NOT_WORTH, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.ideas import VALUES, guided, reply_to
from assay.search.sample import draw
from assay.search.turns import asked, opening, write_new
from assay.search.worth import attempts_worth, two_kinds

ALIKE = 3
"""Programs without a visible test: as few as can have a majority."""

Move = Callable[[Problem, Prompter, Attempt, int], Steps[tuple[Message, ...]]]
"""From the best attempt so far, and how many were made, to the next conversation."""


def adaptive(
    problem: Problem,
    prompter: Prompter,
    wrong: float = 1.0,
    cost: float = 0.05,
    most: int = 8,
    share: float = 0.61,
    easy: float = 0.87,
    hard: float = 0.13,
    complete: float = 0.99,
    sound: float = 0.95,
) -> Steps[str]:
    """A greedy program first; then repair, a fresh draw, a plan: the next where one does not help.

    Three papers. Stroebl et al. 2024, "Inference Scaling fLaws": it stops where the expected gain
    of another attempt is not above its cost; `wrong` is the price of a wrong answer that passes
    and `cost` that of an attempt, a right answer being worth 1 (on HumanEval+ the best number of
    attempts of Llama-3.1-8B fell from 200 to 4 as the price rose from 1 to 4). Wang et al. 2024,
    "Selection of Prompt Engineering Techniques for Code Generation through Predicting Code
    Complexity" (PET-Select: up to 74.8 % fewer tokens): the technique goes by the difficulty;
    here that is what failed, not what an encoder foretells, which each model would need trained
    for it. Tong et al. 2024, "DART-Math": hard problems get more attempts, up to a cap, `most`.
    Calls: 1 an attempt, 2 with a plan.

    The rates: a `share` of problems is `easy` (solved at that rate by one attempt), the others
    are `hard`; visible tests accept right programs at rate `complete` and reject wrong ones at
    `sound`. Measured with embedded qwen2.5-coder-0.5b (Q4_K_M), greedy, on the 154 problems of
    HumanEval that have examples: 90 programs are right, of which 89 pass the examples; of the 64
    wrong ones 3 pass. Its 0.58 right in the mean gives `share`; the two rates of the kinds are
    assumed, as they need many draws a problem. Another model or suite has others.
    """
    if not problem.tests:
        attempts = yield from draw(problem, prompter, range(ALIKE), made_by="adaptive:0")
        return NO_TESTS if attempts else SILENT
    rates = two_kinds(share, easy, hard, complete, sound)
    worth = attempts_worth(rates, wrong, cost, most)
    if not worth:
        return NOT_WORTH
    attempts = yield from draw(problem, prompter, range(1), made_by="adaptive:0")
    if not attempts:
        return SILENT
    [best] = attempts
    attempt, seen, level = best, {best.candidate.id}, 0
    for number in range(1, worth + 1):
        if attempt.passed:
            return PASSED
        if not attempt.measured:
            return UNMEASURED
        if number == worth:
            break
        move = MOVES[level % len(MOVES)]
        messages = yield from move(problem, prompter, best, number)
        made = yield from write_new(
            problem,
            prompter,
            messages,
            f"adaptive:{number}",
            seen,
            best.candidate.id if move is repair else None,
            draw=number if level else 0,
        )
        if made == SILENT:
            return SILENT
        level += 1
        if isinstance(made, str):
            continue
        [attempt] = yield from try_([made])
        if attempt.score > best.score:
            best, level = attempt, 0
    return ROUNDS if worth == most else NOT_WORTH


def repair(
    problem: Problem, prompter: Prompter, best: Attempt, number: int
) -> Steps[tuple[Message, ...]]:
    del number
    return (yield from asked(problem, prompter, best, "self_debug", preferred=VALUES))


def afresh(
    problem: Problem, prompter: Prompter, best: Attempt, number: int
) -> Steps[tuple[Message, ...]]:
    del best, number
    return opening(problem, prompter)
    yield  # asks for nothing


def plan_first(
    problem: Problem, prompter: Prompter, best: Attempt, number: int
) -> Steps[tuple[Message, ...]]:
    del best
    plan = yield from reply_to(problem, prompter, "plan", draw=number)
    return guided(problem, prompter, plan)


MOVES: tuple[Move, ...] = (repair, afresh, plan_first)
"""From cheap to dear; after a better program it begins again with a repair of that."""
