"""Repair from feedback, one conversation at a time."""

from assay.feedback import Attempt, Feedback
from assay.feedback.combine import gather
from assay.feedback.steps import Steps, try_
from assay.model import Message, Prompt
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.sample import draw
from assay.search.turns import opening, write


def self_debug(problem: Problem, prompter: Prompter, rounds: int = 3) -> Steps[str]:
    """Self-Debug, the unit-test variant: show the failing visible test, ask for a fix.

    Chen et al. 2023, "Teaching Large Language Models to Self-Debug" (MBPP, GPT-3.5: 67.6 to
    about 74 %; most of the gain within 3 rounds). The conversation holds the task, the last
    program and what went wrong with it. Repairs are greedy as in the paper, but a program that
    was tried before is not tried again: the next round then draws at the prompter's temperature.
    Stops when the visible tests pass; without visible tests there is nothing to repair from.
    """
    attempts = yield from draw(problem, prompter, range(1), made_by="self_debug:0")
    if not attempts:
        return SILENT
    if not problem.tests:
        return NO_TESTS
    [attempt] = attempts
    seen = {attempt.candidate.id}
    stuck = 0
    for number in range(1, rounds + 1):
        if attempt.passed:
            return PASSED
        if not attempt.measured:
            return UNMEASURED
        feedback = yield from gather(problem, attempt, prompter)
        prompt = revision(problem, prompter, attempt, feedback, stuck)
        parent = attempt.candidate.id
        made = yield from write(problem, prompter, prompt, f"self_debug:{number}", parent)
        if made is None:
            return SILENT
        if made.id in seen:
            stuck += 1
            continue
        seen.add(made.id)
        [attempt] = yield from try_([made])
    return PASSED if attempt.passed else ROUNDS


def revision(
    problem: Problem, prompter: Prompter, attempt: Attempt, feedback: Feedback, draw: int
) -> Prompt:
    """The task, the program that failed and what is said of it."""
    asked = prompter.text("self_debug", problem=problem, feedback=feedback.message)
    messages = (
        *opening(problem, prompter),
        Message("assistant", attempt.candidate.text),
        Message("user", asked),
    )
    return prompter.prompt(messages, draw)
