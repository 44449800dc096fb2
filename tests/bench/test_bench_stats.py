"""Figures against the vectors of their papers, against brute force, and as properties."""

from itertools import combinations, permutations, product
from math import comb, inf
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bench.abstention import aurc, calibration_error, coverage_at, excess_aurc, risks
from assay.bench.paired import (
    binomial,
    holm,
    mcnemar,
    paired_bootstrap,
    smallest_difference,
)
from assay.bench.stats import mean_reciprocal_rank, pass_at_k, recall

COUNTS = st.integers(0, 60)
P_VALUES = st.lists(st.floats(0, 1), max_size=8)
JUDGED = st.lists(st.tuples(st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0]), st.booleans()), max_size=30)


@pytest.mark.parametrize(
    ("samples", "right", "k", "rate"),
    [(10, 3, 1, 0.3), (10, 3, 5, 0.916667), (200, 5, 10, 0.228284), (5, 4, 2, 1.0), (4, 0, 4, 0.0)],
)
def test_pass_at_k(samples: int, right: int, k: int, rate: float) -> None:
    """Catches: the biased 1 - (1 - c/n)^k, or a product that is off by one."""
    assert pass_at_k(right, samples, k) == pytest.approx(rate, abs=1e-6)


def test_pass_at_k_is_the_share_of_draws_with_a_right_one() -> None:
    """Catches: any slip in the formula, by drawing every k of up to seven samples."""
    for samples in range(1, 8):
        for right, k in product(range(samples + 1), range(1, samples + 1)):
            draws = list(combinations([i < right for i in range(samples)], k))
            share = sum(map(any, draws)) / len(draws)
            assert pass_at_k(right, samples, k) == pytest.approx(share)
    for wrong in ((3, 2, 1), (1, 2, 3), (1, 2, 0), (-1, 2, 1)):
        with pytest.raises(ValueError, match=r"pass@|successes"):
            pass_at_k(*wrong)


def test_reciprocal_rank_and_recall() -> None:
    """Catches: turns counted from 1, or an unsolved problem that is left out of the mean."""
    turns = [0, 1, 3, None]
    assert mean_reciprocal_rank(turns) == 0.4375
    assert recall(turns) == 0.75
    assert mean_reciprocal_rank([]) is recall([]) is None


@given(b=st.integers(0, 9), c=st.integers(0, 9))
def test_mcnemar_is_the_chance_of_coins_as_uneven(b: int, c: int) -> None:
    """Catches: a one-sided p, a chi-squared stand-in, a p over 1; by throwing every coin."""
    n = b + c
    uneven = [comb(n, heads) for heads in range(n + 1) if abs(2 * heads - n) >= abs(b - c)]
    assert mcnemar(b, c) == pytest.approx(sum(uneven) / 2**n)
    assert mcnemar(b, c) == mcnemar(c, b)


def test_mcnemar_at_its_edges() -> None:
    """Catches: equal cells that differ, the least count that is significant, an overflow."""
    assert mcnemar(0, 0) == mcnemar(7, 7) == 1.0
    assert mcnemar(5, 0) == 0.0625
    assert mcnemar(6, 0) == 0.03125
    assert mcnemar(900, 1_100) == pytest.approx(8.5e-06, rel=0.05)
    with pytest.raises(ValueError, match="discordant"):
        mcnemar(-1, 2)


@given(P_VALUES, st.randoms(use_true_random=False))
def test_holm(p_values: list[float], random: Random) -> None:
    """Catches: an adjustment that swaps the order, falls below p, or depends on the order given;
    one that is not the step-down test (reject until the first that is over its level)."""
    adjusted = holm(p_values)
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    assert [adjusted[i] for i in order] == sorted(adjusted)
    assert all(p <= found <= 1 for p, found in zip(p_values, adjusted, strict=True))
    shuffled = list(order)
    random.shuffle(shuffled)
    again = dict(zip(shuffled, holm([p_values[i] for i in shuffled]), strict=True))
    assert [again[i] for i in range(len(p_values))] == adjusted
    for level in (0.01, 0.05, 0.3):
        rejected = 0
        while rejected < len(order) and (len(order) - rejected) * p_values[order[rejected]] < level:
            rejected += 1
        assert sum(found < level for found in adjusted) == rejected


def test_holm_vector() -> None:
    """Catches: Bonferroni instead of Holm. Values: by hand."""
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])


@given(COUNTS, COUNTS, COUNTS)
def test_the_bootstrap_holds_the_difference_and_mirrors(
    only_a: int, only_b: int, same: int
) -> None:
    """Catches: an interval beside its own estimate, beyond ±1, or one that depends on which cell
    is named first."""
    problems = only_a + only_b + same
    if problems == 0:
        return
    low, high = paired_bootstrap(only_a, only_b, problems)
    assert -1 <= low <= (only_a - only_b) / problems <= high <= 1
    assert paired_bootstrap(only_b, only_a, problems) == (-high, -low)
    wide = paired_bootstrap(only_a, only_b, problems, level=0.999)
    assert wide[0] <= low <= high <= wide[1]


@pytest.mark.parametrize(("only_a", "only_b", "problems"), [(2, 1, 5), (1, 0, 4), (0, 3, 6)])
def test_the_bootstrap_is_that_of_every_resample(only_a: int, only_b: int, problems: int) -> None:
    """Catches: a formula in place of the bootstrap; by drawing every resample there is."""
    values = [1] * only_a + [-1] * only_b + [0] * (problems - only_a - only_b)
    sums = sorted(sum(drawn) for drawn in product(values, repeat=problems))
    low, high = sums[int(0.025 * len(sums))], sums[-1 - int(0.025 * len(sums))]
    assert paired_bootstrap(only_a, only_b, problems) == (low / problems, high / problems)


def test_the_bootstrap_is_what_random_resamples_tend_to() -> None:
    """Catches: a slip that small counts do not show."""
    random = Random(0)
    values = [1] * 20 + [-1] * 8 + [0] * 136
    means = sorted(mean(random.choices(values, k=164)) for _ in range(2_000))
    assert paired_bootstrap(20, 8, 164) == pytest.approx((means[50], means[-51]), abs=0.0125)
    assert paired_bootstrap(0, 0, 9) == (0.0, 0.0)
    # Shares of 1/4, 1/2, 1/4: the edges fall on a step exactly.
    assert paired_bootstrap(1, 0, 2, level=0.5) == (0.5, 0.5)
    assert paired_bootstrap(0, 1, 2, level=0.5) == (-0.5, -0.5)
    with pytest.raises(ValueError, match="discordant"):
        paired_bootstrap(3, 3, 5)


def power(difference: float, share: float, problems: int) -> float:
    """By every number of problems that only a, and that only b, may solve."""
    a, b = (share + difference) / 2, (share - difference) / 2
    total = 0.0
    for only_a in range(problems + 1):
        for only_b in range(problems + 1 - only_a):
            if mcnemar(only_a, only_b) < 0.05:
                ways = comb(problems, only_a) * comb(problems - only_a, only_b)
                same = problems - only_a - only_b
                total += ways * a**only_a * max(b, 0.0) ** only_b * max(1 - share, 0.0) ** same
    return total


@pytest.mark.parametrize(("problems", "discordant"), [(6, 0), (10, 4), (20, 0), (24, 18), (40, 10)])
def test_the_smallest_difference_has_the_power_that_it_claims(
    problems: int, discordant: int
) -> None:
    """Catches: a normal approximation, the wrong side of the search, a share that is not the
    one observed; by counting every outcome."""
    found = smallest_difference(problems, discordant)
    assert found is not None
    observed = discordant / problems
    assert power(found, max(found, observed), problems) >= 0.8
    less = found - 0.001
    assert power(less, max(less, observed), problems) < 0.8


def test_too_few_problems_show_nothing() -> None:
    """Catches: a difference promised where even six of six would be needed."""
    assert [smallest_difference(n, 0) for n in (0, 1, 5)] == [None] * 3
    assert smallest_difference(6, 0) == pytest.approx(0.8 ** (1 / 6), abs=0.001)
    found = [smallest_difference(n, n // 4) or inf for n in (8, 20, 40, 164, 400)]
    assert found == sorted(found, reverse=True)
    with pytest.raises(ValueError, match="discordant"):
        smallest_difference(3, 4)


@given(st.integers(0, 40), st.floats(0, 1))
def test_binomial(trials: int, chance: float) -> None:
    """Catches: logarithms of 0, and shares that do not add up."""
    found = binomial(trials, chance)
    assert len(found) == trials + 1
    assert found.sum() == pytest.approx(1)
    assert found[0] == pytest.approx((1 - chance) ** trials)


CARD = [(0.9, True), (0.8, True), (0.7, False), (0.6, True), (0.5, False)]


def test_risk_coverage_vector() -> None:
    """Catches: risks of the wrong end, an area that is a trapezoid's, an optimum that is 0."""
    assert risks(CARD) == pytest.approx([0, 0, 1 / 3, 1 / 4, 2 / 5])
    assert aurc(CARD) == pytest.approx(0.196667, abs=1e-6)
    assert excess_aurc(CARD) == pytest.approx(0.066667, abs=1e-6)
    assert coverage_at(0.05, CARD) == 0.4
    assert coverage_at(0.25, CARD) == 0.8
    assert coverage_at(0.1, [(0.5, False)]) == 0.0
    parted = [(0.9, True), (0.8, True), (0.5, True), (0.5, False)]
    assert coverage_at(0.2, parted) == 0.5, "no threshold keeps three of these"
    assert aurc([]) is excess_aurc([]) is calibration_error([]) is None
    assert coverage_at(0.1, []) == 0.0


@settings(max_examples=40)
@given(st.lists(st.tuples(st.sampled_from([0.1, 0.5]), st.booleans()), min_size=1, max_size=6))
def test_equal_confidences_count_as_the_mean_over_their_orders(
    answers: list[tuple[float, bool]],
) -> None:
    """Catches: an area that depends on the order in which problems came; by every order."""
    areas = []
    for order in permutations(answers):
        ranked = [right for _, right in sorted(order, key=lambda answer: -answer[0])]
        areas.append(mean(ranked[:i].count(False) / i for i in range(1, len(ranked) + 1)))
    assert aurc(answers) == pytest.approx(mean(areas))


@given(JUDGED, st.randoms(use_true_random=False))
def test_abstention_does_not_depend_on_the_order(
    answers: list[tuple[float, bool]], random: Random
) -> None:
    """Catches: ties that the order of the problems decides; an excess below 0; an error over 1."""
    shuffled = list(answers)
    random.shuffle(shuffled)
    for figure in (aurc, excess_aurc, calibration_error):
        found = figure(answers)
        assert figure(shuffled) == pytest.approx(found)
        assert found is None or -1e-9 <= found <= 1 + 1e-9
    assert coverage_at(0.1, shuffled) == coverage_at(0.1, answers)


def test_calibration_error() -> None:
    """Catches: signed gaps that cancel between bins, bins of equal width, a bin left out."""
    assert calibration_error([(1.0, True)] * 5 + [(0.0, False)] * 5) == 0.0
    assert calibration_error([(1.0, False)] * 5 + [(0.0, True)] * 5) == 1.0
    assert calibration_error([(0.75, i < 15) for i in range(20)]) == pytest.approx(0)
    halves = [(0.9, i < 5) for i in range(10)] + [(0.1, i < 5) for i in range(10)]
    assert calibration_error(halves, bins=2) == pytest.approx(0.4)
    assert calibration_error([(0.4, True), (0.6, False)], bins=1) == pytest.approx(0.0)
