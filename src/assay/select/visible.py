"""Most visible tests passed; the earliest where that is equal.

The filter of AlphaCode (Li et al. 2022) and of nearly every later method.
"""

from collections import Counter
from collections.abc import Sequence

from assay.feedback import Attempt
from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.select import Choice


def visible(problem: Problem, attempts: Sequence[Attempt], prompter: Prompter) -> Steps[Choice]:
    del problem, prompter
    order = ranked(attempts)
    counts = Counter(attempt.candidate.id for attempt in attempts)
    return Choice(
        order=tuple(order),
        cluster=tuple(range(len(order))),
        support=counts[order[0].candidate.id] if order else 0,
        of=len(attempts),
    )
    yield  # a generator like every selector, though it needs nothing


def ranked(attempts: Sequence[Attempt]) -> list[Attempt]:
    """Distinct candidates by the share of visible tests passed, equal ones in the order in which
    they were first made. Unmeasured ones come last: an unknown score never ranks above a number.
    Of a candidate's attempts the first that was measured stands for it."""
    distinct: dict[str, Attempt] = {}
    for attempt in attempts:
        first = distinct.setdefault(attempt.candidate.id, attempt)
        if attempt.measured and not first.measured:
            distinct[attempt.candidate.id] = attempt
    return sorted(distinct.values(), key=lambda attempt: -rank(attempt))


def rank(attempt: Attempt) -> float:
    """Score, with what has no code below what has some, and what is unmeasured below that."""
    if not attempt.measured:
        return -2.0
    if attempt.candidate.code is None:
        return -1.0
    return attempt.feedback.score if attempt.feedback.score is not None else float(attempt.passed)
