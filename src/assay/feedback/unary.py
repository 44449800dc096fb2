"""Nothing but that it is wrong: the control for every richer source.

UFO (Liu et al. 2025, "A Simple 'Try Again' Can Elicit Multi-Turn LLM Reasoning").
"""

from assay.feedback import Attempt, Feedback
from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.problem import Problem

MESSAGE = "Your answer is wrong. Try again."


def unary(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: silent about an attempt that passes, or that was not measured."""
    del problem, prompter
    if attempt.passed or not attempt.measured:
        return None
    return Feedback(source="unary", message=MESSAGE, passed=False)
    yield  # a generator, as every source
