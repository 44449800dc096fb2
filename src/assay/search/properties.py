"""Properties as a second judge: a program is repaired until none is violated."""

from collections.abc import Sequence
from dataclasses import replace

from assay.feedback import Attempt, Feedback
from assay.feedback.combine import gather
from assay.feedback.property import SHOWN, Checked, Property, about, check, fits, write_properties
from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.ideas import after
from assay.search.sample import draw
from assay.search.turns import write_new

DOUBTED = 2
"""A property that so many different programs violate, each of which passes every visible test,
is taken to be wrong itself."""


def property_(problem: Problem, prompter: Prompter, rounds: int = 5) -> Steps[str]:
    """Property-Generated Solver: write, check on properties and visible tests, repair.

    He et al. 2025 (pass@1 23 to 37 % above test-driven repair, relative). The model writes the
    properties once, from the task alone; each has to prove itself (`feedback.property.check`). A
    program that violates one is shown that property and its smallest counterexample. Stops when
    a program passes the visible tests and violates no property; nothing to go by without either.
    """
    attempts = yield from draw(problem, prompter, range(1), made_by="property:0")
    if not attempts:
        return SILENT
    written = (yield from write_properties(problem, prompter)) if fits(problem) else []
    if not written and not problem.tests:
        return NO_TESTS
    [attempt] = attempts
    seen = {attempt.candidate.id}
    against: dict[str, set[str]] = {}
    for number in range(1, rounds + 2):
        if not attempt.measured:
            return UNMEASURED
        violated = yield from violations(problem, attempt, written, against)
        if attempt.passed and not violated:
            return PASSED
        if number > rounds:
            break
        feedback = told((yield from gather(problem, attempt, prompter)), violated)
        asked = prompter.text("self_debug", problem=problem, feedback=feedback.message)
        messages = after(problem, prompter, attempt, asked)
        name, parent = f"property:{number}", attempt.candidate.id
        made = yield from write_new(problem, prompter, messages, name, seen, parent)
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
    return ROUNDS


def violations(
    problem: Problem, attempt: Attempt, written: Sequence[Property], against: dict[str, set[str]]
) -> Steps[list[Checked]]:
    """What the program violates. `against` keeps, over the rounds, which programs speak against
    a property."""
    if attempt.candidate.code is None:
        return []
    trusted = [one for one in written if len(against.get(one.name, ())) < DOUBTED]
    violated = [
        one for one in (yield from check(problem, attempt.candidate.code, trusted)) if one.violated
    ]
    if attempt.passed:
        for one in violated:
            against.setdefault(one.claim.name, set()).add(attempt.candidate.id)
    return [one for one in violated if len(against.get(one.claim.name, ())) < DOUBTED]


def told(feedback: Feedback, violated: Sequence[Checked]) -> Feedback:
    """With the violations after what the visible tests say."""
    parts = [feedback.message, *map(about, violated[:SHOWN])]
    return replace(feedback, message="\n\n".join(filter(None, parts)))
