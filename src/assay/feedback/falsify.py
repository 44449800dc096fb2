"""A search for an input on which two programs differ.

REFUTE (Sinha et al. 2025, "Can Language Models Falsify?"): random inputs, and a slow program
written by the model to compare with. Inputs are mutated by type from those of the visible tests.
"""

from dataclasses import dataclass

from assay.candidate import Candidate
from assay.candidate.splice import build
from assay.feedback import Attempt, Feedback
from assay.feedback.shorten import inline, pair, visible
from assay.feedback.steps import Steps, ask, try_
from assay.model.prompter import Prompter
from assay.problem import Call, Problem
from assay.problem.probes import probes
from assay.sandbox import Verdict

INPUTS = 40
"""Inputs that are tried."""
ANSWERED = ("passed", "raised")
"""Outcomes that say what a program does; after a time-out, the machine may have been slow."""


@dataclass(frozen=True, slots=True)
class Difference:
    """The smallest input found, and what each program gave."""

    call: str
    one: str
    other: str


def falsify(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: compares with a slow and simple program that the model writes now, and that
    passes the visible tests. Which of the two is right is not known: advice."""
    if attempt.candidate.code is None or not attempt.measured or problem.language != "python":
        return None
    if not problem.tests or not probes(problem, 1):
        return Feedback(source="falsify", message="", note="no visible test to take inputs from")
    asked = prompter.text("reference", problem=problem)
    replies = yield from ask([prompter.prompt(prompter.first(asked, problem=problem))])
    code = build(problem, replies[0].text) if replies else None
    if code is None:
        return Feedback(source="falsify", message="", note="the model wrote no reference")
    reference = Candidate(code=code, text=replies[0].text, made_by="falsify")
    [checked] = yield from try_([reference], problem.tests)
    if not checked.passed:
        return Feedback(source="falsify", message="", note="the reference fails a visible test")
    found = yield from differing(problem, attempt.candidate, reference)
    if found is None:
        note = f"no difference from the reference on {INPUTS} inputs"
        return Feedback(source="falsify", message="", note=note)
    return Feedback(source="falsify", message=about(found))


def differing(problem: Problem, one: Candidate, other: Candidate) -> Steps[Difference | None]:
    """The smallest of `INPUTS` inputs on which the two programs do not do the same."""
    inputs = probes(problem, INPUTS)
    seen = yield from try_([one, other], inputs)
    if len(seen) != 2 or any(attempt.run is None for attempt in seen):
        return None
    runs = [attempt.run.verdicts for attempt in seen if attempt.run is not None]
    found = [
        (call.expression, behaviour(mine), behaviour(theirs))
        for call, mine, theirs in zip(inputs, *runs, strict=False)
        if isinstance(call, Call) and mine.outcome in ANSWERED and theirs.outcome in ANSWERED
    ]
    different = [Difference(*row) for row in found if row[1] != row[2]]
    return min(different, key=lambda row: (len(row.call), row.call), default=None)


def behaviour(verdict: Verdict) -> str:
    """On one line: the candidate's text may say anything."""
    detail = verdict.detail
    if verdict.outcome == "raised":
        return f"raises {visible(detail.exception or 'an exception')}"
    return f"gives {visible(str(detail.actual))}"


def about(found: Difference) -> str:
    one, other = pair(found.one, found.other)
    return "\n".join(
        [
            "An input on which your code differs from a slow and simple program for this task:",
            f"`{inline(found.call)}`",
            f"Your code {one}",
            f"The simple program {other}",
            "(Both were written by a model, and either may be wrong.)",
        ]
    )
