"""Repair from feedback, one conversation at a time."""

from assay.feedback import Attempt
from assay.model import Message, Prompt
from assay.problem import Problem
from assay.search import Steps, ask, try_
from assay.search.prompter import Prompter
from assay.search.sample import candidate_of, draw, opening


def self_debug(problem: Problem, prompter: Prompter, rounds: int = 3) -> Steps[None]:
    """Self-Debug, the unit-test variant: show the failing visible test, ask for a fix.

    Chen et al. 2023, "Teaching Large Language Models to Self-Debug" (MBPP, GPT-3.5: 67.6 to
    about 74 %; most of the gain within 3 rounds). The conversation holds the task, the last
    program and what went wrong with it. Repairs are greedy as in the paper, but a program that
    was tried before is not tried again: the next round then draws at the prompter's temperature.
    Stops when the visible tests pass; without visible tests there is nothing to repair from.
    """
    attempts = yield from draw(problem, prompter, range(1), made_by="self_debug:0")
    if not attempts or not problem.tests:
        return
    [attempt] = attempts
    seen = {attempt.candidate.id}
    stuck = 0
    for number in range(1, rounds + 1):
        if attempt.passed or not attempt.measured:
            return
        prompt = revision(problem, prompter, attempt, stuck)
        completions = yield from ask([prompt])
        if not completions:
            return
        made = candidate_of(problem, completions[0], f"self_debug:{number}", attempt.candidate.id)
        if made.id in seen:
            stuck += 1
            continue
        seen.add(made.id)
        [attempt] = yield from try_([made])


def revision(problem: Problem, prompter: Prompter, attempt: Attempt, draw: int) -> Prompt:
    """The task, the program that failed and its feedback."""
    asked = prompter.text("self_debug", problem=problem, feedback=attempt.feedback.message)
    messages = (
        *opening(problem, prompter),
        Message("assistant", attempt.candidate.text),
        Message("user", asked),
    )
    return prompter.prompt(messages, draw)
