"""Simulated annealing over fine-grained feedback."""

import math
from random import Random

from assay.feedback import SOURCES, Attempt
from assay.feedback.combine import find_source, gather
from assay.feedback.steps import Steps, try_
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.ideas import VALUES, after
from assay.search.sample import draw
from assay.search.turns import write_new

MAJOR, MINOR = 5, 1
"""What an error costs, as in the paper: here a failing test, and a finding of the linter."""


def anneal(
    problem: Problem,
    prompter: Prompter,
    rounds: int = 5,
    temperature: float = 1.0,
    cooling: float = 0.3,
) -> Steps[str]:
    """Each round edits the current program by its located errors; a worse one may be accepted.

    Xu et al. 2024, "LLMRefine: Pinpointing and Refining Large Language Models via Fine-Grained
    Actionable Feedback" (FITO; up to +1.7 MetricX on translation with annealing; no figures on
    code). Score: -(5 a failing visible test + 1 a finding of the linter); accepted with
    probability min(1, exp((new - old) / (tests * T))); after a round T falls by `cooling` * T.
    Changed: errors are pinpointed by running and tracing, not by a model, so that a round is 1
    call and not 2. `temperature=0` is greedy, the arm to compare with; start and cooling are not
    the paper's. Which programs are accepted depends on the seed and the problem alone.
    """
    attempts = yield from draw(problem, prompter, range(1), made_by="anneal:0")
    if not attempts:
        return SILENT
    if not problem.tests:
        return NO_TESTS
    [current] = attempts
    chance = Random(f"{prompter.seed}:{problem.id}")
    seen = {current.candidate.id}
    if current.passed or not current.measured:
        return PASSED if current.passed else UNMEASURED
    score = yield from score_of(problem, current, prompter)
    for number in range(1, rounds + 1):
        messages = yield from correction(problem, current, prompter)
        parent = current.candidate.id
        made = yield from write_new(
            problem, prompter, messages, f"anneal:{number}", seen, parent, draw=number - 1
        )
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
        if attempt.passed or not attempt.measured:
            return PASSED if attempt.passed else UNMEASURED
        new = yield from score_of(problem, attempt, prompter)
        if chance.random() < acceptance(score, new, len(problem.tests), temperature):
            current, score = attempt, new
        temperature -= cooling * temperature
    return ROUNDS


def acceptance(old: float, new: float, scale: int, temperature: float) -> float:
    """The probability min(1, exp((new - old) / (scale * temperature))); at 0 its limit."""
    if new >= old:
        return 1.0
    return math.exp((new - old) / (scale * temperature)) if temperature > 0 else 0.0


def score_of(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[float]:
    """0 is a program without a known error. A test that was not reached counts as failed."""
    failing = (1 - attempt.score) * len(problem.tests)
    findings = 0
    if "lint" in SOURCES:
        advice = yield from find_source("lint")(problem, attempt, prompter)
        findings = len(advice.spans) if advice else 0
    return -(MAJOR * failing + MINOR * findings)


def correction(
    problem: Problem, attempt: Attempt, prompter: Prompter
) -> Steps[tuple[Message, ...]]:
    feedback = yield from gather(problem, attempt, prompter, VALUES)
    asked = prompter.text("anneal", problem=problem, feedback=feedback.message)
    return after(problem, prompter, attempt, asked)
