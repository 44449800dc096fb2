"""Several seeds: the problems are counted and the seeds averaged; nothing is sure by repetition."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bench.clusters import clustered, difference, rates
from assay.bench.pairs import compare_two
from assay.bench.stats import wilson

TABLES = st.integers(1, 12).flatmap(
    lambda count: st.lists(
        st.lists(st.booleans(), min_size=count, max_size=count), min_size=1, max_size=4
    )
)


def group(rows: list[list[bool]]) -> dict[int, dict[str, bool]]:
    """A row a seed."""
    return {seed: {f"p{n}": value for n, value in enumerate(row)} for seed, row in enumerate(rows)}


@given(st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 9))
def test_seeds_that_agree_are_one(row: list[bool], seeds: int) -> None:
    """Catches: an interval that narrows because the same was run again."""
    figures = rates(group([row] * seeds))
    alone = wilson(sum(row), len(row))
    assert alone is not None
    assert figures["interval"] == pytest.approx(list(alone))
    assert (figures["problems"], figures["results"]) == (len(row), seeds * len(row))


@given(TABLES)
def test_the_interval_lies_between_two_known_ones(rows: list[list[bool]]) -> None:
    """Catches: one narrower than of independent results, or wider than of one result a problem."""
    figures = rates(group(rows))
    problems, seeds = len(rows[0]), len(rows)
    p, (low, high) = figures["pass@1"], figures["interval"]
    assert p == pytest.approx(sum(map(sum, rows)) / (problems * seeds))
    narrow = wilson(figures["solved"], problems * seeds)
    assert narrow is not None
    assert low <= narrow[0] + 1e-9
    assert high >= narrow[1] - 1e-9
    assert 0 <= low <= p <= high <= 1
    assert 1 - 1e-9 <= figures["design_effect"] <= seeds + 1e-9


def test_the_design_effect_by_hand() -> None:
    """Catches: a slip in the formula. Two seeds, four problems, solved 2, 2, 1, 0: p = 5/8, sum
    of squares 2 (2 - 5/4)^2 + (1 - 5/4)^2 + (5/4)^2 = 2.75,
    v = 4/3 * 2.75 / 64, d = 8 v / (15/64)."""
    found = clustered([2, 2, 1, 0], [2, 2, 2, 2])
    assert found is not None
    assert found[1] == pytest.approx(4 / 3 * 2.75 / 64 * 8 / (15 / 64))
    assert clustered([], []) is None
    nothing = clustered([0, 0], [2, 1])
    assert nothing == (wilson(0, 2), 1.5)


def test_coverage_of_simulated_problems() -> None:
    """Catches: an interval that pretends that seeds are problems: it holds the true rate far less
    often than it says. 600 suites of 40 problems, five seeds, problems easy or hard."""
    chance = random.Random(3)
    held = naive = 0
    for _ in range(600):
        ease = [chance.choice((0.05, 0.95)) for _ in range(40)]
        solved = [sum(chance.random() < p for _ in range(5)) for p in ease]
        found, alone = clustered(solved, [5] * 40), wilson(sum(solved), 200)
        assert found is not None
        assert alone is not None
        held += found[0][0] <= 0.5 <= found[0][1]
        naive += alone[0] <= 0.5 <= alone[1]
    assert held / 600 >= 0.93
    assert naive / 600 <= 0.80


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=25))
def test_one_seed_is_the_paired_comparison(pairs: list[tuple[bool, bool]]) -> None:
    """Catches: a bootstrap or a p that is another one than McNemar's and the exact bootstrap's."""
    a, b = ([one[side] for one in pairs] for side in (0, 1))
    known = compare_two("a", "b", group([a])[0], group([b])[0])
    found = difference(group([a]), group([b]))
    assert found["difference"] == pytest.approx(known["difference"])
    assert found["interval"] == pytest.approx(known["interval"])
    assert found["p"] == pytest.approx(known["p"])


@given(TABLES, TABLES, st.integers(2, 3))
def test_a_pair_seen_again_is_no_surer(
    a: list[list[bool]], b: list[list[bool]], times: int
) -> None:
    """Catches: a p that shrinks by running the same seeds again; a pair that is not mirrored."""
    size = min(len(a[0]), len(b[0]))
    a, b = ([row[:size] for row in rows] for rows in (a, b))
    seeds = min(len(a), len(b))
    once = difference(group(a[:seeds]), group(b[:seeds]))
    more = difference(group(a[:seeds] * times), group(b[:seeds] * times))
    for name in ("difference", "interval", "p"):
        assert more[name] == pytest.approx(once[name])
    back = difference(group(b[:seeds]), group(a[:seeds]))
    assert back["interval"] == pytest.approx([-once["interval"][1], -once["interval"][0]])
    assert back["p"] == pytest.approx(once["p"])


def test_what_is_not_measured_is_not_paired() -> None:
    """Catches: a problem that one seed did not measure, counted as not solved."""
    a = {0: {"x": True, "y": True}, 1: {"x": True}}
    b = {0: {"x": False, "y": True}, 1: {"x": False, "y": True}, 2: {"x": True}}
    found = difference(a, b)
    assert (found["problems"], found["seeds"], found["difference"]) == (1, 2, 1.0)
    assert rates(a)["pass@1"] == 1.0
    assert rates(a)["results"] == 3
    assert difference({0: {"x": True}}, {1: {"x": True}})["difference"] is None
