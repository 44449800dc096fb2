"""What the visible tests say, told in part: for strategies that fix one thing at a time, and to
measure how much of it a model needs (ConvCodeWorld, Han et al. 2025, varies it in this way)."""

from dataclasses import replace

from assay.feedback import Attempt, Feedback
from assay.feedback.steps import Steps
from assay.feedback.tests import explain, plural
from assay.model.prompter import Prompter
from assay.problem import Problem


def tests_one(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The first failing test alone."""
    del prompter
    run = attempt.run
    if run is None or run.passed:
        return retold("tests_one", attempt)
    first = [verdict for verdict in run.verdicts if verdict.outcome != "passed"][:1]
    told = explain(problem, replace(run, verdicts=tuple(first)))
    return retold("tests_one", attempt, told.message)
    yield  # a generator, as every source


def tests_partial(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The first half of the tests, rounded up, as if there were no others."""
    del prompter
    run = attempt.run
    if run is None or run.passed or not run.verdicts:
        return retold("tests_partial", attempt)
    half = run.verdicts[: (len(run.verdicts) + 1) // 2]
    failed = [verdict.outcome for verdict in half if verdict.outcome != "passed"]
    if not failed:
        text = f"Your code passed {plural(len(half))}, but it is not right: another test failed."
        return retold("tests_partial", attempt, text)
    told = explain(problem, replace(run, verdicts=half, outcome=failed[0]))
    return retold("tests_partial", attempt, told.message)
    yield


def tests_verdict(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """Right or wrong, and nothing of why: Self-Debug's simple feedback (Chen et al. 2023)."""
    del problem, prompter
    run = attempt.run
    if run is None:
        return retold("tests_verdict", attempt)
    return retold("tests_verdict", attempt, f"Your code is {'right' if run.passed else 'wrong'}.")
    yield


def retold(name: str, attempt: Attempt, message: str | None = None) -> Feedback:
    """What the attempt carries, under another name and in other words."""
    text = attempt.feedback.message if message is None else message
    return replace(attempt.feedback, source=name, message=text)
