"""Properties as a second judge: a program is repaired until none is violated."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import replace

from assay.feedback import Feedback
from assay.feedback.combine import gather
from assay.feedback.property import Checked, check, fits, verdict, write_properties
from assay.feedback.steps import Steps, Tell, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, PROPERTIES, ROUNDS, SILENT, UNMEASURED
from assay.search.sample import draw
from assay.search.turns import turn, write_new

DOUBTED = 2
"""A property that so many different programs violate, each of which passes every visible test,
is taken to be wrong itself; only once no repair is left, as a right one is violated as well."""


def property_(problem: Problem, prompter: Prompter, rounds: int = 5) -> Steps[str]:
    """Property-Generated Solver: write, check on properties and visible tests, repair.

    He et al. 2025 (pass@1 23 to 37 % above test-driven repair, relative). The model writes the
    properties once, from the task alone; each has to prove itself (`feedback.property.check`). A
    program that violates one is shown that property and its smallest counterexample. Stops when
    a program passes the visible tests and violates no property; where a property could not be
    checked, the visible tests alone decide. Without these it ends `PROPERTIES` at best.
    """
    attempts = yield from draw(problem, prompter, range(1), made_by="property:0")
    if not attempts:
        return SILENT
    written = (yield from write_properties(problem, prompter)) if fits(problem) else []
    if not written and not problem.tests:
        return NO_TESTS
    [attempt] = attempts
    seen = {attempt.candidate.id}
    passing: list[set[str]] = []
    for number in range(1, rounds + 2):
        if not attempt.measured:
            return UNMEASURED
        code = attempt.candidate.code
        checked = [] if code is None else (yield from check(problem, code, written))
        violated = [one for one in checked if one.violated]
        if checked:
            yield Tell(attempt.candidate.id, verdict(checked))
        if attempt.passed and not violated:
            return PASSED if problem.tests else without_tests(checked)
        if attempt.passed:
            passing.append({one.claim.name for one in violated})
        if number > rounds:
            break
        feedback = told((yield from gather(problem, attempt, prompter)), checked)
        messages = turn(problem, prompter, attempt, "self_debug", feedback=feedback.message)
        name, parent = f"property:{number}", attempt.candidate.id
        made = yield from write_new(problem, prompter, messages, name, seen, parent)
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
    return PASSED if problem.tests and doubted(passing) else ROUNDS


def without_tests(checked: Sequence[Checked]) -> str:
    """Why it stops at a program that violates nothing, where no visible test speaks for it."""
    if any(one.unchecked for one in checked):
        return UNMEASURED
    return PROPERTIES if any(not one.dropped for one in checked) else NO_TESTS


def doubted(passing: Sequence[Collection[str]]) -> bool:
    """Whether one of the programs that pass the visible tests violates only properties that are
    taken to be wrong. Each program is given by the names of what it violates."""
    against = Counter(name for names in passing for name in names)
    return any(all(against[name] >= DOUBTED for name in names) for names in passing)


def told(feedback: Feedback, checked: Sequence[Checked]) -> Feedback:
    """With the violations after what the visible tests say."""
    parts = [feedback.message, verdict(checked).message]
    return replace(feedback, message="\n\n".join(filter(None, parts)))
