"""Trees: CodeTree, a beam, RethinkMCTS."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_tools import BLIND, PROBLEM, code, serve

from assay.errors import UsageError
from assay.model.prompter import Prompter
from assay.model.scripted import Reply
from assay.search import NO_TESTS, PASSED, ROUNDS, STUCK, UNMEASURED
from assay.search.mcts import Thought, back_up, p_ucb, rethink_mcts, selected
from assay.search.tree import beam, codetree, score_of

P = Prompter()
TWO = "1. Add them.\n2. Count up."


async def test_codetree_goes_depth_first_with_review_and_fixes() -> None:
    """Catches: breadth first, a child that does not inherit code and feedback of its parent."""
    replies = [TWO, code(1), "Score: 4", "1. Fix A\n2. Fix B", code(2), "Score: 4"]
    replies += ["1. Fix C\n2. Fix D", code(3), code(4), code(5), "Score: 4", "1. E\n2. F", code(6)]
    served = await serve(codetree(PROBLEM, P, width=2), replies, {1: 1, 2: 2, 5: 2, 6: 4})
    round_ = ["review", "fixes"]
    assert served.steps == [
        *("strategies", "code", *round_, "fix", *round_, "fix", "fix", "fix", *round_, "fix")
    ]
    assert served.stopped == PASSED
    assert "Add them." in served.texts[1]
    assert "Fix A" in served.texts[4]
    assert "<1>" in served.texts[4]
    assert "Fix C" in served.texts[7]
    assert "<2>" in served.texts[7]
    assert "Fix D" in served.texts[8]
    assert "Fix B" in served.texts[9]
    assert "Score: 4" in served.texts[3]
    ids = [a.candidate.id for a in served.trail.attempts]
    assert [a.candidate.parent for a in served.trail.attempts] == [
        *(None, ids[0], ids[1], ids[1], ids[0], ids[4])
    ]


@pytest.mark.parametrize(
    ("shares", "review", "children"),
    [
        ({1: 2, 2: 1}, "Score: 5", False),
        ({1: 2, 2: 2}, "Score: 2", False),
        ({1: 2, 2: 2}, "Score: 5", True),
        ({1: 2, 2: 3}, "Score: 1", True),
    ],
)
async def test_codetree_prunes(shares: dict[int, int], review: str, children: bool) -> None:
    """Catches: an opinion that outweighs a test, children of what is worse than its parent."""
    replies = ["1. One way.", code(1), "Score: 3", "1. Fix.", code(2), review, "1. More.", code(3)]
    served = await serve(codetree(PROBLEM, P), replies, shares)
    assert served.steps[5] == "review"
    assert ("fixes" in served.steps[6:]) == children
    assert served.stopped == ROUNDS


async def test_codetree_spends_no_more_than_its_programs() -> None:
    """Catches: a review of the last program, whose fixes nobody will write."""
    replies = [TWO, code(1), "Score: 4", TWO, code(2)]
    served = await serve(codetree(PROBLEM, P, programs=2), replies)
    assert (len(served.asked), served.judged, served.stopped) == (5, [1, 2], ROUNDS)


async def test_trees_without_visible_tests() -> None:
    """Catches: a critic's word taken for a verdict, a search by a score that is no score."""
    served = await serve(codetree(BLIND, P), [TWO, code(1), code(2)], problem=BLIND)
    assert (served.steps, served.stopped) == (["strategies", "code", "code"], NO_TESTS)
    served = await serve(rethink_mcts(BLIND, P), [TWO, code(1), code(2)], problem=BLIND)
    assert (served.steps, served.stopped) == (["expand", "code", "code"], NO_TESTS)
    served = await serve(beam(BLIND, P), [code(n) for n in range(3)], problem=BLIND)
    assert (served.steps, served.stopped) == (["bare"] * 3, NO_TESTS)


@pytest.mark.parametrize(
    ("review", "score"),
    [
        *(("Score: 4", 4), ("**Score:** 2/5", 2), ("score is 9", 3), ("Score: 1\nScore: 5", 5)),
        *(("", 3), ("Score: 12", 3), ("Score: 4.5", 3), ("scored 3 of 7, Score = 1.", 1)),
    ],
)
def test_the_critics_score(review: str, score: int) -> None:
    """Catches: a number of something else taken for the score."""
    assert score_of(review) == score


async def test_the_beam_keeps_the_best_and_repairs_them() -> None:
    """Catches: a beam of the newest, a parent that is lost to worse children."""
    served = await serve(
        beam(PROBLEM, P, width=3, children=1, depth=2),
        [code(n) for n in (1, 2, 3, 4, 5, 6, 7, 8, 9)],
        {1: 0, 2: 2, 3: 1, 4: 0, 5: 3, 6: 1},
    )
    assert served.steps == ["bare"] * 3 + ["repair"] * 6
    shown = [text.partition("gave: <")[2][:1] for text in served.texts[3:]]
    assert shown == ["2", "3", "1", "5", "2", "3"]
    assert served.stopped == ROUNDS


async def test_the_beam_ends() -> None:
    """Catches: levels after a pass, or without a new program."""
    served = await serve(beam(PROBLEM, P), [code(1), code(2), code(3), code(4), code(5)], {4: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 5)
    served = await serve(beam(PROBLEM, P, depth=99), [Reply(text=code(1), regex=".")])
    assert (served.stopped, served.judged) == (STUCK, [1])
    draws = [prompt.temperature for prompt in served.asked]
    assert draws == [0.0, 0.8, 0.8, 0.0, 0.8]


async def test_a_parent_that_stays_is_drawn_from() -> None:
    """Catches: the greedy repair of a parent that stays, paid again at each level."""
    replies = [code(n) for n in range(1, 20)]
    served = await serve(beam(PROBLEM, P, width=1, children=2, depth=3), replies, {1: 3})
    assert len({prompt.key for prompt in served.asked}) == len(served.asked) == 7
    assert [prompt.temperature for prompt in served.asked] == [0.0] * 2 + [0.8] * 5


@pytest.mark.parametrize("base", [0.0, -1.0])
async def test_a_base_that_has_no_logarithm_is_a_mistake_of_the_user(base: float) -> None:
    """Catches: a ZeroDivisionError after the first calls are paid for."""
    with pytest.raises(UsageError, match="base must be above 0"):
        await serve(rethink_mcts(PROBLEM, P, base=base), [TWO])


def test_p_ucb_on_known_numbers() -> None:
    """Catches: a slip in the formula. By hand: beta = ln((9 + 11) / 10) + 4 = 4.693147;
    0.5 + beta / 3 * sqrt(ln 9) / (1 + 2) = 0.5 + 1.564382 * 1.482304 / 3 = 1.272963."""
    assert p_ucb(0.5, 1 / 3, 2, 9, 4.0, 10.0) == pytest.approx(1.272963, abs=1e-6)
    assert p_ucb(0.5, 1 / 3, 0, 1, 4.0, 10.0) == 0.5
    assert p_ucb(0.5, 1 / 3, 0, 0, 4.0, 10.0) == 0.5


@given(st.floats(0, 1), st.integers(0, 99), st.integers(2, 10_000))
def test_p_ucb_falls_with_visits(value: float, visits: int, above: int) -> None:
    """Catches: a bound that keeps to what was visited most, or is no bound."""
    here, next_ = (p_ucb(value, 1 / 3, n, above, 4.0, 10.0) for n in (visits, visits + 1))
    assert value <= next_ < here < math.inf
    assert p_ucb(value, 1 / 3, visits, above + 1, 4.0, 10.0) > here


def test_rewards_are_backed_up_with_discount() -> None:
    """Catches: a discount that is left out or counted twice; a mean where the best is meant."""
    root = Thought("")
    child = Thought("a", root)
    leaf = Thought("b", child)
    root.children, child.children = [child], [leaf]
    back_up(leaf, 1.0, 0.9)
    assert (leaf.best, child.best, root.best) == pytest.approx((1.0, 0.9, 0.81))
    back_up(child, 0.5, 0.9)
    assert (leaf.visits, child.visits, root.visits) == (1, 2, 2)
    assert (child.best, root.best) == pytest.approx((0.9, 0.81))
    assert leaf.chain() == ["a", "b"]
    assert selected(root, 4.0, 10.0) is leaf


async def test_a_rollout_expands_codes_and_rethinks() -> None:
    """Catches: a thought that is not replaced, memory that does not reach the next expansion."""
    replies = ["1. aaa\n2. bbb", code(1), "ccc", code(2)]
    served = await serve(rethink_mcts(PROBLEM, P, rollouts=1), replies, {2: 1})
    assert served.steps == ["expand", "code", "rethink", "code"]
    assert served.stopped == ROUNDS
    assert "1. aaa" in served.texts[1]
    assert "<1>" in served.texts[2]
    assert "1. ccc" in served.texts[3]
    assert "aaa" not in served.texts[3]
    # The first child is worth 0.25, the second is new: after two visits of the root it is tried.
    more = [*replies, "1. ddd\n2. eee", code(3), "fff", code(4), code(5), "ggg", code(6)]
    served = await serve(rethink_mcts(PROBLEM, P, rollouts=3), more, {2: 1, 5: 2})
    again = ["expand", "code", "rethink", "code"]
    assert served.steps == [*again, *again, "code", "rethink", "code"]
    assert "1. ccc" in served.texts[4]
    assert "<2>" in served.texts[4]
    assert "2. ddd" in served.texts[5]
    assert "1. bbb" in served.texts[8]


async def test_a_worse_new_thought_is_not_kept() -> None:
    """Catches: a rethink that throws away what was better."""
    replies = ["1. aaa", code(1), "ccc", code(2), "1. ddd", code(3)]
    served = await serve(rethink_mcts(PROBLEM, P, rollouts=2), replies, {1: 2, 2: 1, 3: 4})
    assert served.stopped == PASSED
    assert "1. aaa" in served.texts[4]
    assert "<1>" in served.texts[4]


async def test_the_answer_is_there_before_the_rating() -> None:
    """Catches: calls after a visible pass, before and after the rethink."""
    served = await serve(rethink_mcts(PROBLEM, P), ["1. a", code(1)], {1: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 2)
    served = await serve(rethink_mcts(PROBLEM, P), ["1. a", code(1), "b", code(2)], {2: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 4)


async def test_trees_end_with_a_model_that_repeats_itself() -> None:
    """Catches: a search without end, a program that is run twice."""
    for steps in (codetree(PROBLEM, P, programs=20), rethink_mcts(PROBLEM, P, rollouts=16)):
        served = await serve(steps, [Reply(text=code(1), regex=".")])
        assert served.stopped == ROUNDS
        assert served.judged == [1]
        assert len(served.asked) < 100


async def test_a_broken_sandbox_ends_trees_unmeasured() -> None:
    """Catches: a reward made of our own failure."""
    for steps in (codetree(PROBLEM, P), rethink_mcts(PROBLEM, P), beam(PROBLEM, P, width=1)):
        served = await serve(steps, [Reply(text=code(1), regex=".")], broken=[1])
        assert served.stopped == UNMEASURED
        assert len(served.trail.attempts) == 1
