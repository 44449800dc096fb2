"""Assay's own strategy, the default: what the measurements in docs/strategies.md speak for."""

from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, ROUNDS, SILENT, STUCK
from assay.search.sample import draw
from assay.search.turns import asked, ended, opening, write_new

ALIKE = 5
"""Programs without a visible test: what they agree on is all that there is to go by."""
EVERY = 3
"""Each so-manieth program is a repair of the best one, the others are written afresh."""
STALE = 3
"""Fresh draws that gave a program of before, with no new one between: the model has no other."""


def assay(problem: Problem, prompter: Prompter, most: int = 12) -> Steps[str]:
    """A greedy program; then fresh ones, and now and then a repair of the best, until one passes.

    A fresh program costs less than a repair, whose prompt repeats the program and what is said of
    it, and it is not drawn to the same mistake: at equal tokens repair rarely beats sampling
    (Olausson et al. 2024, "Is Self-Repair a Silver Bullet for Code Generation?"). With a small
    model a repair mostly gives the same program again; then no further one is asked for. With a
    strong one repairs reach problems that no fresh program does, so they are not given up before;
    and where sources of feedback were asked for, every second program is a repair, the first too.
    `most` programs at most; the selector chooses among all.
    """
    first = range(ALIKE if not problem.tests else 1)
    attempts = yield from draw(problem, prompter, first, made_by="assay:0")
    if not attempts:
        return SILENT
    if not problem.tests:
        return NO_TESTS
    best, attempt = attempts[0], attempts[0]
    seen, repairs, stale = {attempt.candidate.id}, True, 0
    for number in range(1, most):
        if stopped := ended([attempt]):
            return stopped
        repair = repairs and (number % EVERY == 0 if prompter.sources is None else number % 2)
        messages, parent = opening(problem, prompter), None
        if repair:
            messages = yield from asked(problem, prompter, best, "self_debug")
            parent = best.candidate.id
        name = f"assay:{number}"
        made = yield from write_new(problem, prompter, messages, name, seen, parent, draw=number)
        if made == SILENT:
            return SILENT
        if isinstance(made, str):
            repairs = repairs and not repair
            stale += not repair
            if stale == STALE:
                return STUCK
            continue
        stale = 0
        [attempt] = yield from try_([made])
        best = attempt if attempt.score > best.score else best
    return ended([attempt]) or ROUNDS
