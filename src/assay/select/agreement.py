"""Visible tests first, then agreement in behaviour.

Of the candidates that pass most visible tests, the one is chosen whose values on further inputs
are those of the largest group, repeats counted: the clusters of AlphaCode (Li et al. 2022) and
the vote of MBR-exec (Shi et al. 2022) on inputs mutated from the visible tests.
"""

from collections import Counter
from collections.abc import Sequence

from assay.feedback import Attempt
from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.problem.probes import probes
from assay.select import Choice
from assay.select.visible import rank, ranked


def agreement(
    problem: Problem, attempts: Sequence[Attempt], prompter: Prompter, inputs: int = 12
) -> Steps[Choice]:
    del prompter
    order = ranked(attempts)
    best = [attempt for attempt in order if rank(attempt) == rank(order[0])]
    behaviour = yield from behaviours(problem, best, inputs)
    votes = Counter(
        behaviour[attempt.candidate.id] for attempt in attempts if attempt.candidate.id in behaviour
    )
    best.sort(key=lambda attempt: -votes[behaviour[attempt.candidate.id]])
    order = best + order[len(best) :]
    groups: dict[object, int] = {}
    cluster = [
        groups.setdefault(behaviour.get(a.candidate.id, a.candidate.id), len(groups)) for a in order
    ]
    first = behaviour[order[0].candidate.id] if order else ""
    return Choice(
        order=tuple(order),
        cluster=tuple(cluster),
        support=votes[first] if order else 0,
        of=votes.total(),
        observed=returned(first),
    )


def returned(behaviour: object) -> bool:
    """Whether any input gave a value."""
    if not isinstance(behaviour, tuple):
        return False
    return any(actual is not None and exception is None for _, actual, exception in behaviour)


def behaviours(
    problem: Problem, attempts: Sequence[Attempt], inputs: int
) -> Steps[dict[str, object]]:
    """For each candidate what it does on the probes; its own id where that was not seen."""
    observed: dict[str, object] = {
        attempt.candidate.id: attempt.candidate.id for attempt in attempts
    }
    tests = probes(problem, inputs) if len(attempts) > 1 else ()
    if not tests:
        return observed
    for seen in (yield from try_([attempt.candidate for attempt in attempts], tests)):
        if seen.run is not None:
            observed[seen.candidate.id] = tuple(
                (v.outcome, v.detail.actual, v.detail.exception) for v in seen.run.verdicts
            )
    return observed
