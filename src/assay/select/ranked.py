"""A ranker as a selector: what solving tried, on the visible tests and on further evidence.

The visible tests are right, so the ranker decides among the candidates that pass most of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from assay.feedback import Attempt
from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.problem import Problem, Test
from assay.select import Choice, Selector
from assay.select.further import Further, further
from assay.select.pool import Pool, text_of
from assay.select.visible import rank as visible_score
from assay.select.visible import ranked

if TYPE_CHECKING:
    from assay.select.matrix import Matrix

WITHOUT_TESTS = ("visible", "majority", "quality")
"""Rankers that tests of a model tell nothing."""

BY_CLAIMS = ("codet", "b4", "pagerank", "minimax", "genx")
"""Rankers that see what tests claim and no values: further inputs claim what most programs say."""


def by_ranker(name: str) -> Selector:
    """The selector that orders attempts as the ranker of that name does."""

    def selector(
        problem: Problem, attempts: Sequence[Attempt], prompter: Prompter, inputs: int = 12
    ) -> Steps[Choice]:
        from assay.select.consulting import ask_person
        from assay.select.doubt import doubt
        from assay.select.matrix import by_behaviour, with_votes
        from assay.select.ranking import rank

        order = ranked(attempts)
        best = [a for a in order if a.run and visible_score(a) == visible_score(order[0])]
        if not best:
            return Choice(order=tuple(order), cluster=tuple(range(len(order))), support=0, of=0)
        seen = yield from further(problem, best, prompter, inputs, name not in WITHOUT_TESTS)
        votes = Counter(attempt.candidate.id for attempt in attempts)
        count = tuple(votes[attempt.candidate.id] for attempt in best)
        matrix = matrix_of_attempts(problem, best, seen, count)
        matrix = replace(matrix, written=float(len(attempts)))
        before = sum(test.origin == "person" for test in problem.tests)
        heard = yield from ask_person(matrix, problem.id, answered=before)
        claims = with_votes(heard.matrix) if name in BY_CLAIMS else heard.matrix
        ranking = heard.sure(rank(claims, name))
        best = heard.judged(problem, best)
        alike_by = by_behaviour(matrix) if matrix.inputs or matrix.tests else matrix.shape
        groups = {a.candidate.id: int(alike_by[n]) for n, a in enumerate(best)}
        place = int(ranking.order[0])
        first = best[place]
        alike = [a for a in best if groups[a.candidate.id] == groups[first.candidate.id]]
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
            support=sum(votes[a.candidate.id] for a in alike),
            of=sum(count),
            confidence=ranking.confidence if ranking.calibrated or heard.told else None,
            evidence=ranking.evidence,
            doubt=doubt(heard.matrix, ranking),
            answers=heard.tests,
            said=tuple((told.input, told.value) for told in heard.told),
            silence=heard.silence,
            observed=bool((matrix.values[place] >= 0).any() or matrix.passed[place].any()),
            confirmed=any(one.value is not None and one.agrees[place] for one in heard.told),
            unused=heard.unused,
        )

    return selector


def matrix_of_attempts(
    problem: Problem, best: Sequence[Attempt], more: Further, count: tuple[int, ...]
) -> "Matrix":
    """Visible tests as binding tests, what a model wrote as doubtful ones; further inputs have
    values but claim nothing."""
    from assay.select.judging import assemble, loaded, seen_of

    tests: tuple[Test, ...] = (*problem.tests, *more.tests)
    own = len(problem.tests)
    pool = Pool(
        task=problem.id,
        programs=tuple(attempt.candidate.code or "" for attempt in best),
        count=count,
        member=tuple(range(len(best))),
        tests=tests,
        texts=tuple(text_of(test) for test in tests),
        weight=((1,) * own + more.weight),
        binding=(True,) * own + (False,) * len(more.tests),
    )
    seen = []
    for attempt, beyond in zip(best, more.seen, strict=True):
        assert attempt.run is not None
        mine = seen_of(attempt.run.verdicts, loaded(attempt.run), own)
        seen.append(
            replace(mine, passed=mine.passed + beyond.passed, values=mine.values + beyond.values)
        )
    matrix = assemble(pool, seen)
    claims = [n for n, test in enumerate(tests) if n < own or getattr(test, "expected", None)]
    return replace(
        matrix,
        tests=tuple(matrix.tests[number] for number in claims),
        weight=matrix.weight[claims],
        binding=matrix.binding[claims],
        passed=matrix.passed[:, claims],
        input_of=matrix.input_of[claims],
    )
