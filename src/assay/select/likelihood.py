"""Most visible tests passed; among equals the highest mean log-probability of a token.

score = (1/n) sum_i log p(token_i), as Chen et al. 2021 rank Codex's samples (HumanEval, best of
100 by mean log-probability: 44.5 % against 28.8 % for one sample). Only where the model gives
log-probabilities: a completion without them has no score, and one without a score is not guessed.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from assay.errors import UsageError
from assay.feedback import Attempt
from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.select import Choice
from assay.select.visible import rank, ranked


def likelihood(problem: Problem, attempts: Sequence[Attempt], prompter: Prompter) -> Steps[Choice]:
    """Raises `UsageError` where no completion has log-probabilities."""
    del problem, prompter
    if not any(attempt.candidate.likelihood is not None for attempt in attempts):
        raise UsageError(
            "selector likelihood: this model gives no log-probabilities; take another selector"
        )
    best: dict[str, float] = {}
    for attempt in attempts:
        known = attempt.candidate.likelihood
        if known is not None:
            best[attempt.candidate.id] = max(known, best.get(attempt.candidate.id, known))
    order: list[Attempt] = []
    for _, equal in groupby(ranked(attempts), key=rank):
        order += sorted(equal, key=lambda a: -best.get(a.candidate.id, float("-inf")))
    counts = Counter(attempt.candidate.id for attempt in attempts)
    return Choice(
        order=tuple(order),
        cluster=tuple(range(len(order))),
        support=counts[order[0].candidate.id],
        of=len(attempts),
    )
    yield  # a generator like every selector, though it needs nothing
