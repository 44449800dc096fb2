"""Rankers: the papers' examples by hand, properties, and the published figure on recorded data."""

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import UnknownName
from assay.select import RANKERS, find_ranker
from assay.select.b4 import b4
from assay.select.evidence import evidence
from assay.select.matrix import Matrix, matrix_of
from assay.select.ranking import explain, rank

RECORDED = Path(__file__).parents[3] / "shared/data/codet-humaneval-codegen16b/pass_matrix.jsonl.gz"
NAMES = sorted(RANKERS)


def cells(*rows: str) -> list[list[bool]]:
    return [[mark == "1" for mark in row] for row in rows]


CODET = cells("11100", "11100", "11010", "00011", "00011", "00011", "10000")
PAGERANK = cells("1110", "1110", "1101", "0001", "1000")


def scores(name: str, matrix: Matrix, **knobs: Any) -> list[float]:
    found: list[float] = find_ranker(name)(matrix, **knobs).score.tolist()
    return found


def test_codet_by_hand() -> None:
    """Catches: the product without the root, and sets that are not sets."""
    wanted = [4.243, 4.243, 3.0, 3.464, 3.464, 3.464, 1.0]
    assert scores("codet", matrix_of("t", CODET)) == pytest.approx(wanted, abs=1e-3)
    folded = matrix_of("t", [CODET[n] for n in (0, 2, 3, 6)], count=[2, 1, 3, 1])
    assert scores("codet", folded) == pytest.approx([4.243, 3.0, 3.464, 1.0], abs=1e-3)


def test_b4_by_hand() -> None:
    """Catches: swapped priors, or cells of the group itself counted as those of wrong programs."""
    found = b4(matrix_of("t", CODET), alpha=10, beta=10).score
    assert found[3] == pytest.approx(-38.904, abs=1e-3)
    assert found[0] == pytest.approx(-41.150, abs=1e-3)
    far = b4(matrix_of("t", CODET), alpha=1e3, beta=1e5).score
    assert far[2] == pytest.approx(-139.767, abs=1e-3)
    assert far[0] == pytest.approx(-149.200, abs=1e-3)


def test_pagerank_by_hand() -> None:
    """Catches: one side that uses the other's new scores, or sides scaled apart."""
    found = np.array(scores("pagerank", matrix_of("t", PAGERANK)))
    assert found / found.max() == pytest.approx([1, 1, 0.8781, 0.1231, 0.4021], abs=1e-4)
    tests = find_ranker("pagerank")(matrix_of("t", PAGERANK)).test_score
    assert tests / tests.max() == pytest.approx([1, 0.8774, 0.6096, 0.3055], abs=1e-4)


def test_minimax_by_hand() -> None:
    """Catches: the easiest confirmed test instead of the hardest, or one above tests passed."""
    found = scores("minimax", matrix_of("t", cells("110", "110", "101", "010")))
    assert found[2] > found[0] == found[1] > found[3]


def test_majority_by_hand() -> None:
    """Catches: a crowd that only raises, repeats that are one vote, one input instead of all."""
    values = [[1, 2], [1, 2], [1, 3], [-5, -5]]
    matrix = matrix_of("t", cells("", "", "", ""), count=[1, 2, 1, 9], values=values)
    assert scores("majority", matrix) == [3, 3, 1, 0]


def test_visible_counts_tests() -> None:
    """Catches: repeats of a test as several."""
    assert scores("visible", matrix_of("t", CODET, weight=[9] * 5)) == [3, 3, 3, 2, 2, 2, 1]


matrices = st.tuples(st.integers(1, 7), st.integers(0, 5), st.integers(0, 4)).flatmap(
    lambda size: st.builds(
        lambda passed, count, values: matrix_of("t", passed, count, None, values),
        st.lists(st.lists(st.booleans(), min_size=size[1], max_size=size[1]),
                 min_size=size[0], max_size=size[0]),
        st.lists(st.integers(1, 5).map(float), min_size=size[0], max_size=size[0]),
        st.lists(st.lists(st.integers(-2, 3), min_size=size[2], max_size=size[2]),
                 min_size=size[0], max_size=size[0]),
    )
)  # fmt: skip


def permuted(matrix: Matrix, programs: Sequence[int], tests: Sequence[int]) -> Matrix:
    rows, columns = np.array(programs, int), np.array(tests, int)
    return replace(
        matrix,
        count=matrix.count[rows],
        loaded=matrix.loaded[rows],
        shape=matrix.shape[rows],
        size=matrix.size[rows],
        tests=tuple(matrix.tests[n] for n in columns),
        weight=matrix.weight[columns],
        binding=matrix.binding[columns],
        passed=matrix.passed[rows][:, columns],
        input_of=matrix.input_of[columns],
        values=matrix.values[rows],
    )


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(matrix=matrices, chance=st.randoms(use_true_random=False))
def test_order_of_rows_and_columns_changes_nothing(name: str, matrix: Matrix, chance: Any) -> None:
    """Catches: a ranking that follows the order of the file beyond ties."""
    programs, tests = list(range(matrix.programs)), list(range(len(matrix.tests)))
    chance.shuffle(programs)
    chance.shuffle(tests)
    before, after = rank(matrix, name), rank(permuted(matrix, programs, tests), name)
    assert after.score == pytest.approx(before.score[programs], rel=1e-6, abs=1e-6)
    assert (
        after.confidence == pytest.approx(before.confidence, abs=1e-3)
        or len(set(before.cluster[before.first])) > 1
    )


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=40, deadline=None)
@given(matrix=matrices)
def test_a_test_that_all_pass_changes_no_order(name: str, matrix: Matrix) -> None:
    """Catches: a useless test that moves programs; for rules that count tests in a product with
    the number of programs it may, so there only the order within equal numbers is checked."""
    more = replace(
        matrix,
        tests=(*matrix.tests, "useless"),
        weight=np.append(matrix.weight, 1.0),
        binding=np.append(matrix.binding, False),
        passed=np.column_stack([matrix.passed, np.ones(matrix.programs, bool)]),
        input_of=np.append(matrix.input_of, -1),
    )
    before, after = rank(matrix, name).score, rank(more, name).score
    if name in ("visible", "majority"):
        assert np.array_equal(np.sign(before[:, None] - before), np.sign(after[:, None] - after))
    same = [
        (a, b)
        for a in range(matrix.programs)
        for b in range(a)
        if (matrix.passed[a] == matrix.passed[b]).all()
        and (matrix.values[a] == matrix.values[b]).all()
        and matrix.count[a] == matrix.count[b]
    ]
    assert all(after[a] == pytest.approx(after[b]) for a, b in same)


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=60, deadline=None)
@given(matrix=matrices)
def test_binding_tests_come_first(name: str, matrix: Matrix) -> None:
    """Catches: a program that fails what a person said above one that passes it; a confidence in a
    program that fails it; scores that do not fall along the order; a score that is no number."""
    bound = replace(matrix, binding=np.arange(len(matrix.tests)) < 2)
    ranking = rank(bound, name)
    allowed = bound.allowed()[ranking.order]
    assert (np.diff(allowed) <= 0).all()
    assert (np.diff(ranking.score[ranking.order]) <= 1e-9).all()
    assert np.isfinite(ranking.score).all()
    assert sorted(ranking.order) == list(range(matrix.programs))
    assert 0 <= ranking.confidence <= 1
    assert ranking.confidence == 0 or allowed[0] == bound.binding.sum()
    assert ranking.cluster[ranking.order[0]] == 0


@pytest.mark.parametrize("name", ["codet", "majority", "posterior"])
def test_repeats_count(name: str) -> None:
    """Catches: distinct programs as one vote each."""
    rows, values = cells("10", "01"), [[1, 2], [3, 4]]
    for count in ([3.0, 1.0], [1.0, 3.0]):
        ranking = rank(matrix_of("t", rows, count, None, values), name)
        assert ranking.order[0] == int(np.argmax(count))


def test_posterior_doubts_constants_and_trifles() -> None:
    """Catches: a trivial program that wins because trivial programs agree by chance."""
    rows, values = cells("110", "011"), [[7, 7, 7], [1, 2, 3]]
    matrix = replace(matrix_of("t", rows, None, None, values), size=np.array([3.0, 30.0]))
    assert rank(matrix, "posterior").order[0] == 1


def test_evidence_of_partial_agreement() -> None:
    """Catches: exceptions that agree with one another, and agreement that needs all inputs."""
    matrix = matrix_of("t", cells("1", "1", "1"), None, None, [[1, 2], [1, 3], [-1, -1]])
    alike = np.exp(evidence(matrix)["same_values"])
    assert alike[0] == alike[1] > alike[2]


def test_the_explanation_names_what_differs() -> None:
    """Catches: tests that both pass, and the wrong one of the two as the one that passes."""
    matrix = matrix_of("t", cells("110", "011", "110"), None, None, [[1], [2], [1]])
    matrix = replace(matrix, shown={1: "'a'", 2: "'b'"})
    ranking = rank(matrix, "codet")
    why = explain(matrix, ranking)
    assert {(row["test"], row["passed_by"]) for row in why["tests"]} == {
        ("test 0", "first"),
        ("test 2", "second"),
    }
    assert (why["values"][0]["first"], why["values"][0]["second"]) == ("'a'", "'b'")


@pytest.mark.parametrize("name", NAMES)
def test_the_smallest_and_the_dead(name: str) -> None:
    """Catches: a division by zero, and confidence in what does not load."""
    for rows in (cells("1"), cells(""), cells("0", "0")):
        matrix = matrix_of("t", rows)
        assert len(rank(matrix, name).order) == len(rows)
        dead = replace(matrix, loaded=np.zeros(len(rows), bool))
        assert rank(dead, name).confidence == 0


@pytest.mark.parametrize("name", NAMES)
def test_ten_thousand_programs(name: str) -> None:
    """Catches: a table of programs by programs."""
    chance = np.random.default_rng(0)
    rows = chance.random((10_000, 40)) < chance.random(40)
    values = chance.integers(0, 2, (10_000, 12)) * chance.integers(0, 2, (10_000, 1))
    matrix = matrix_of(
        "t", rows[chance.integers(0, 1500, 10_000)].tolist(), None, None, values.tolist()
    )
    assert len(rank(matrix, name).order) == 10_000


def test_an_unknown_name_lists_the_choices() -> None:
    """Catches: a KeyError."""
    with pytest.raises(UnknownName, match="Did you mean 'codet'"):
        find_ranker("codett")


@pytest.mark.skipif(not RECORDED.exists(), reason="no recorded data beside the repository")
def test_codet_gives_its_published_figure() -> None:
    """Catches: a CodeT that is not the published one: 36.7 % pass@1 on these programs."""
    rates = []
    for line in gzip.decompress(RECORDED.read_bytes()).splitlines():
        row = json.loads(line)
        width = len(row["tests"])
        passed = [[mark == "1" for mark in text.ljust(width, "-")] for text in row["matrix"]]
        matrix = matrix_of(row["task_id"], passed, row["solution_count"], row["test_count"])
        score = find_ranker("codet")(matrix).score
        best = matrix.count * (score == score.max())
        rates.append(float(best @ np.array(row["gt_pass"], float) / best.sum()))
    assert 100 * np.mean(rates) == pytest.approx(36.76, abs=0.1)


@settings(max_examples=60, deadline=None)
@given(matrix=matrices)
def test_probabilities_of_the_posterior(matrix: Matrix) -> None:
    """Catches: clusters whose probabilities sum above 1, a probability that is not the cluster's,
    a first that is not the most probable."""
    ranking = rank(matrix, "posterior")
    assert ranking.probability is not None
    assert ranking.test_score is not None
    of_cluster = dict(zip(ranking.cluster.tolist(), ranking.probability.tolist(), strict=True))
    assert sum(of_cluster.values()) <= 1 + 1e-9
    assert ranking.probability.max() == ranking.probability[ranking.order[0]]
    most = ranking.confidence if sum(of_cluster.values()) < 1 - 1e-3 else 1.0
    assert ranking.probability.max() <= most + 1e-3
    assert ((ranking.test_score >= 0) & (ranking.test_score <= 1)).all()
    for number in set(ranking.cluster.tolist()):
        assert len(set(ranking.probability[ranking.cluster == number])) == 1


def test_few_programs_give_little_confidence() -> None:
    """Catches: one program that agrees with itself and is therefore sure."""
    one, two, many = (
        rank(matrix_of("t", cells("111"), [count], None, [[1, 2]]), "posterior").confidence
        for count in (1.0, 2.0, 100.0)
    )
    assert one < two < many
    assert one < 0.5 < many
