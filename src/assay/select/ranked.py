"""A ranker as a selector: what solving tried, on the visible tests and on further inputs.

The visible tests are right, so the ranker decides among the candidates that pass most of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assay.feedback import Attempt
from assay.feedback.steps import Steps, try_
from assay.problem import Problem, Test
from assay.select import Choice, Selector
from assay.select.pool import Pool, text_of
from assay.select.probes import probes
from assay.select.visible import rank as visible_score
from assay.select.visible import ranked

if TYPE_CHECKING:
    from assay.select.matrix import Matrix


def by_ranker(name: str) -> Selector:
    """The selector that orders attempts as the ranker of that name does."""

    def selector(problem: Problem, attempts: Sequence[Attempt], inputs: int = 12) -> Steps[Choice]:
        from assay.select.consulting import ask_person
        from assay.select.ranking import rank

        order = ranked(attempts)
        best = [a for a in order if a.run and visible_score(a) == visible_score(order[0])]
        if not best:
            return Choice(order=tuple(order), cluster=tuple(range(len(order))), support=0, of=0)
        extra = probes(problem, inputs) if len(best) > 1 else ()
        observed = (yield from try_([a.candidate for a in best], extra)) if extra else best
        votes = Counter(attempt.candidate.id for attempt in attempts)
        count = tuple(votes[attempt.candidate.id] for attempt in best)
        matrix = matrix_of_attempts(problem, best, observed, extra, count)
        heard = yield from ask_person(matrix, problem.id)
        ranking = heard.sure(rank(heard.matrix, name))
        best = heard.judged(problem, best)
        groups = {
            a.candidate.id: int(ranking.cluster[n]) if observed[n].run else len(best) + n
            for n, a in enumerate(best)
        }
        first = best[int(ranking.order[0])]
        support = sum(
            votes[a.candidate.id]
            for a in best
            if groups[a.candidate.id] == groups[first.candidate.id]
        )
        leading = [best[int(number)] for number in ranking.order]
        whole = (*leading, *(a for a in order if a.candidate.id not in groups))
        numbers: dict[object, int] = {}
        cluster = tuple(
            numbers.setdefault(groups.get(a.candidate.id, a.candidate.id), len(numbers))
            for a in whole
        )
        return Choice(
            order=whole,
            cluster=cluster,
            support=support,
            of=sum(count),
            confidence=ranking.confidence if heard.told else None,
            answers=heard.tests,
        )

    return selector


def matrix_of_attempts(
    problem: Problem,
    best: Sequence[Attempt],
    observed: Sequence[Attempt],
    extra: Sequence[Test],
    count: tuple[int, ...],
) -> "Matrix":
    """Visible tests as binding tests; the further inputs have values but claim nothing."""
    from assay.select.judging import assemble, loaded, seen_of

    tests: tuple[Test, ...] = (*problem.tests, *extra)
    pool = Pool(
        task=problem.id,
        programs=tuple(attempt.candidate.code or "" for attempt in best),
        count=count,
        member=tuple(range(len(best))),
        tests=tests,
        texts=tuple(text_of(test) for test in tests),
        weight=(1,) * len(tests),
        binding=(True,) * len(tests),
    )
    seen = []
    for before, after in zip(best, observed, strict=True):
        assert before.run is not None
        shown = after.run.verdicts if extra and after.run else ()
        seen.append(seen_of((*before.run.verdicts, *shown), loaded(before.run), len(tests)))
    matrix = assemble(pool, seen)
    own = len(problem.tests)
    return replace(
        matrix,
        tests=matrix.tests[:own],
        weight=matrix.weight[:own],
        binding=matrix.binding[:own],
        passed=matrix.passed[:, :own],
        input_of=matrix.input_of[:own],
    )
