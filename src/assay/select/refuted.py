"""Where what a person said rules out every candidate: the best is repaired against it, and the
choice is made again (the last steps of ConAIR: confirmed tests become visible tests, the model
repairs the top program against them)."""

from collections.abc import Sequence
from dataclasses import replace

from assay.feedback import Attempt
from assay.feedback.steps import Steps
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search.turns import asked, improve
from assay.select import Choice

ROUNDS = 3
"""Repairs for the answers that were given at once."""


def refuted(choice: Choice | None) -> Attempt | None:
    """The best candidate, where an answer rules it out, and so all of them."""
    if choice is None or not choice.answers or not choice.order:
        return None
    best = choice.order[0]
    usable = best.measured and best.candidate.code is not None
    return best if usable and not best.passed else None


def repaired(problem: Problem, prompter: Prompter, best: Attempt) -> Steps[str]:
    """Rounds of repair from `best`, on a problem whose tests hold the answers."""

    def revise(attempt: Attempt) -> Steps[tuple[Message, ...]]:
        return (yield from asked(problem, prompter, attempt, "self_debug"))

    return (yield from improve(problem, prompter, best, ROUNDS, revise))


def known_to(problem: Problem, attempts: Sequence[Attempt]) -> list[Attempt]:
    """Those that have a verdict of every test: what was not seen is no evidence."""
    wanted = {test.id for test in problem.tests}
    return [a for a in attempts if a.run and wanted == {v.test for v in a.run.verdicts}]


def joined(before: Choice, after: Choice) -> Choice:
    """The later choice with what was answered before it."""
    best = after.order[0] if after.order else None
    settled = any(value is not None for _, value in before.said)
    return replace(
        after,
        answers=(*before.answers, *after.answers),
        said=(*before.said, *after.said),
        confirmed=after.confirmed or (settled and best is not None and best.passed),
        unused=before.unused,
    )
