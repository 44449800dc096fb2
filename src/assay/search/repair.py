"""Repair from feedback, one conversation at a time."""

from assay.feedback import Attempt
from assay.feedback.combine import gather
from assay.feedback.steps import Steps
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import SILENT
from assay.search.sample import draw
from assay.search.turns import improve, opening, said


def self_debug(problem: Problem, prompter: Prompter, rounds: int = 3) -> Steps[str]:
    """Self-Debug, the unit-test variant: show the failing visible test, ask for a fix.

    Chen et al. 2023, "Teaching Large Language Models to Self-Debug" (MBPP, GPT-3.5: 67.6 to
    about 74 %; most of the gain within 3 rounds). The conversation holds the task, the last
    program and what went wrong with it. Repairs are greedy as in the paper, but a program that
    was tried before is not tried again: it gets a further draw at the prompter's temperature.
    Stops when the visible tests pass; without visible tests there is nothing to repair from.
    """

    def revise(attempt: Attempt) -> Steps[tuple[Message, ...]]:
        feedback = yield from gather(problem, attempt, prompter)
        asked = prompter.text("self_debug", problem=problem, feedback=feedback.message)
        return (
            *opening(problem, prompter),
            said(attempt.candidate.text),
            Message("user", asked),
        )

    attempts = yield from draw(problem, prompter, range(1), made_by="self_debug:0")
    if not attempts:
        return SILENT
    return (yield from improve(problem, prompter, attempts[0], rounds, revise))
