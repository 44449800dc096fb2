"""Simulated annealing over fine-grained feedback."""

import math
from dataclasses import dataclass
from random import Random

from assay.feedback import Attempt
from assay.feedback.analysis import lint, python_of
from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.ideas import VALUES
from assay.search.sample import draw
from assay.search.turns import asked, write_new

MAJOR, MINOR = 5, 1
"""What an error costs, as in the paper: here a failing test, and a finding of the linter."""
SHOWN = (*VALUES, "lint")
"""What the score counts is what a repair is told, with the values on the way to it."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What is known to be wrong with a program."""

    failing: float
    """Visible tests; one that was not reached counts."""
    findings: int | None
    """Of the linter; `None`: it did not run, or there is no program that it could read."""


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
    faults = yield from faults_of(problem, current, prompter)
    for number in range(1, rounds + 1):
        messages = yield from asked(problem, prompter, current, "anneal", preferred=SHOWN)
        parent = current.candidate.id
        made = yield from write_new(
            problem, prompter, messages, f"anneal:{number}", seen, parent, draw=number - 1
        )
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
        if attempt.passed or not attempt.measured:
            return PASSED if attempt.passed else UNMEASURED
        new = yield from faults_of(problem, attempt, prompter)
        if chance.random() < acceptance(gain(faults, new), len(problem.tests), temperature):
            current, faults = attempt, new
        temperature -= cooling * temperature
    return ROUNDS


def acceptance(gained: float, scale: int, temperature: float) -> float:
    """The probability min(1, exp(gained / (scale * temperature))); at 0 its limit."""
    if gained >= 0:
        return 1.0
    return math.exp(gained / (scale * temperature)) if temperature > 0 else 0.0


def gain(old: Faults, new: Faults) -> float:
    """By how much the score rises. The linter counts where it read both programs: what it did not
    say of one is no praise."""
    gained = MAJOR * (old.failing - new.failing)
    if old.findings is None or new.findings is None:
        return gained
    return gained + MINOR * (old.findings - new.findings)


def faults_of(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Faults]:
    failing = (1 - attempt.score) * len(problem.tests)
    if python_of(problem, attempt) is None:
        return Faults(failing, None)
    advice = yield from lint(problem, attempt, prompter)
    if advice is None:
        return Faults(failing, 0)
    return Faults(failing, None if advice.note else len(advice.spans))
