"""Redundant tests: which are left out, and when looking for them pays."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.feedback.steps import Execute
from assay.problem import Call, Problem
from assay.sandbox import open_blocking
from assay.select.further import MUTANTS, USEFUL, useful
from assay.select.prune import cover

VALUES = st.lists(st.sampled_from("ab"), min_size=6, max_size=6)


@given(VALUES, st.lists(VALUES, max_size=8), st.integers(0, 8))
def test_what_is_left_shows_every_mutant_that_all_show(
    original: list[str], faulty: list[list[str]], count: int
) -> None:
    """Catches: a mutant that one input shows and that a larger choice of inputs does not; a place
    that is named twice, or one too many."""
    kept = cover(original, faulty, count)
    assert kept == sorted(set(kept))
    assert len(kept) == min(count, 6)
    shown = [values for values in faulty if values != original]
    if count >= len(shown):
        assert all(any(values[n] != original[n] for n in kept) for values in shown)


def test_one_input_for_each_of_many_mutants_comes_before_a_second_one() -> None:
    """Catches: the cap spent on inputs that all show the same fault."""
    original = ["0"] * 10
    first = [["1"] * 9 + ["0"]] * 5
    last = [["0"] * 9 + ["1"]]
    assert 9 in cover(original, [*first, *last], 2)


BARE = Problem(id="p", prompt="f", entry_point="f")
CODE = "def f(x):\n    if x > 40:\n        return 0\n    return x + 1\n"
TESTS = tuple(Call(id=str(n), expression=f"f({n})", expected=None) for n in range(60))


@pytest.fixture(scope="module")
def box() -> Iterator[Any]:
    with open_blocking() as opened:
        yield opened


def served(box: Any, candidates: int) -> tuple[list[int], int]:
    steps = useful(BARE, CODE, TESTS, candidates)
    jobs = 0
    reply: Any = None
    while True:
        try:
            request = steps.send(reply)
        except StopIteration as end:
            return list(end.value), jobs
        assert isinstance(request, Execute)
        jobs += len(request.jobs)
        reply = box.run(list(request.jobs))


def test_of_many_tests_those_stay_on_which_planted_faults_show(box: Any) -> None:
    """Catches: the inputs at a branch's edge dropped, which alone tell `>` from `>=`."""
    kept, jobs = served(box, MUTANTS + 1)
    assert len(kept) == USEFUL
    assert jobs <= MUTANTS + 1
    assert 40 in kept
    assert 41 in kept


def test_few_candidates_are_not_worth_it(box: Any) -> None:
    """Catches: more runs spent on finding redundant tests than on running them."""
    assert served(box, MUTANTS) == (list(range(60)), 0)


def test_a_failure_of_ours_leaves_all_tests() -> None:
    """Catches: tests dropped because the sandbox was down."""
    steps = useful(BARE, CODE, TESTS, 50)
    request = next(steps)
    assert isinstance(request, Execute)
    with pytest.raises(StopIteration) as end:
        steps.send([None] * len(request.jobs))
    assert list(end.value.value) == list(range(60))
