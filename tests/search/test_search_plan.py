"""Plans: LPW, SLPW, CodeSim, PlanSearch."""

import re

import pytest
from strategy_tools import BLIND, PROBLEM, code, serve

from assay.model.prompter import Prompter
from assay.model.scripted import Reply
from assay.search import NO_TESTS, PASSED, ROUNDS, STUCK, UNMEASURED
from assay.search.plan import codesim, lpw, slpw
from assay.search.plan_search import plan_search

P = Prompter()


async def test_lpw_goes_plan_verify_check_code_then_analyse_and_rewrite() -> None:
    """Catches: a phase left out or doubled, a repair that does not see plan and worked tests."""
    replies = ["1. Add.", "1+2=3", "Verdict: right", code(1), "It subtracts.", code(2)]
    served = await serve(lpw(PROBLEM, P), replies, {1: 2, 2: 4})
    assert served.steps == ["plan", "verify", "check", "code", "analyse", "rewrite"]
    assert served.stopped == PASSED
    assert "1. Add." in served.texts[3]
    assert "1+2=3" in served.texts[3]
    assert "1+2=3" in served.texts[4]
    assert "<1>" in served.texts[4]
    assert "It subtracts." in served.texts[5]
    assert served.trail.attempts[1].candidate.parent == served.trail.attempts[0].candidate.id
    assert [a.candidate.made_by for a in served.trail.attempts] == ["lpw:0", "lpw:1"]


async def test_a_plan_that_passes_at_once_costs_four_calls() -> None:
    """Catches: calls after the answer is there."""
    served = await serve(lpw(PROBLEM, P), ["plan", "work", "Verdict: right", code(1)], {1: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 4)


async def test_a_revised_plan_is_verified_again() -> None:
    """Catches: the first plan kept after it was corrected, a revision that nobody checks."""
    revised = "1+2=2, wrong\nRevised plan:\n1. Add properly."
    replies = ["1. Bad.", revised, "1+2=3", "Verdict: right", code(1)]
    served = await serve(lpw(PROBLEM, P, checks=2), replies, {1: 4})
    assert served.steps == ["plan", "verify", "verify", "check", "code"]
    assert "1. Add properly." in served.texts[2]
    assert "1. Bad." not in served.texts[4]
    assert "1. Add properly." in served.texts[4]


async def test_a_plan_never_found_right_still_gives_a_program() -> None:
    """Catches: the original's defect, a task counted as failed without a program."""
    wrong = ["work", "Because.\n**Verdict: wrong.**"]
    served = await serve(lpw(PROBLEM, P), ["1. Bad.", *wrong, *wrong, code(1)], {1: 4})
    assert served.steps == ["plan", "verify", "check", "verify", "check", "bare"]
    assert served.stopped == PASSED
    assert len({prompt.key for prompt in served.asked}) == 6
    assert [prompt.temperature for prompt in served.asked] == [0.0] * 3 + [0.8] * 2 + [0.0]


@pytest.mark.parametrize("checks", [1, 2, 3])
async def test_the_last_revision_is_what_is_coded(checks: int) -> None:
    """Catches: a revision that is thrown away where no check of it is left, so that the program
    is written for the bare task; the work of a plan that is no more."""
    revisions = [f"old work\nRevised plan:\n1. Try {number}." for number in range(checks)]
    replies = ["1. Bad.", *revisions, code(1)]
    served = await serve(lpw(PROBLEM, P, checks=checks), replies, {1: 4})
    assert served.steps == ["plan", *["verify"] * checks, "code"]
    assert f"1. Try {checks - 1}." in served.texts[-1]
    assert "old work" not in served.texts[-1]


async def test_by_default_a_revision_is_checked() -> None:
    """Catches: a default with no check left for what the first one revised; a plan repeated as its
    own revision, which asks the same again."""
    revised = "1+2=2, wrong\nRevised plan:\n1. Add properly."
    for last in ("1+2=3", "1+2=3\nRevised plan:\n1. Add properly."):
        replies = ["1. Bad.", revised, last, "Verdict: right", code(1)]
        served = await serve(lpw(PROBLEM, P), replies, {1: 4})
        assert served.steps == ["plan", "verify", "verify", "check", "code"]
        assert "1+2=3" in served.texts[-1]


async def test_earlier_wrong_programs_are_shown() -> None:
    """Catches: a model that is left to write the same wrong program again."""
    replies = ["p", "w", "Verdict: right"]
    replies += [code(1), "a1", code(2), "a2", code(3), "a3", code(4)]
    served = await serve(lpw(PROBLEM, P, rounds=3), replies)
    assert served.stopped == ROUNDS
    assert len(served.asked) == 4 + 3 * 2
    assert "program(1)" not in served.texts[5]
    assert "program(1)" in served.texts[7]
    assert "program(1)" in served.texts[9]
    assert "program(2)" in served.texts[9]
    assert {prompt.temperature for prompt in served.asked} == {0.0}  # as in the paper


async def test_slpw_tries_in_order_and_repairs_the_best() -> None:
    """Catches: plans that are all paid after one passes; a repair of the worst program."""
    plans = ["pA", "wA", "Verdict: right", code(1), "pB", "wB", "Verdict: right", code(2)]
    served = await serve(slpw(PROBLEM, P, plans=3), plans, {2: 4})
    assert (served.stopped, len(served.asked), served.judged) == (PASSED, 8, [1, 2])
    assert [p.temperature for p in served.asked] == [0.0] * 4 + [0.8] * 4
    replies = [*plans, "analysis", code(3), "analysis", code(4)]
    served = await serve(slpw(PROBLEM, P, plans=2, rounds=2), replies, {1: 1, 2: 2, 3: 0, 4: 4})
    assert "program(2)" in served.texts[8]
    assert "program(1)" in served.texts[10]
    assert served.stopped == PASSED


async def test_a_model_that_repeats_itself_ends_the_repair() -> None:
    """Catches: a loop over the same program, and runs paid for it."""
    replies = [
        Reply(text=code(1), regex="."),
    ]
    for strategy in (lpw(PROBLEM, P, rounds=50), slpw(PROBLEM, P, rounds=50)):
        served = await serve(strategy, replies)
        assert served.stopped == STUCK
        assert served.judged == [1]


async def test_plans_without_visible_tests() -> None:
    """Catches: a pass that is none, a verification of nothing."""
    served = await serve(lpw(BLIND, P), ["1. Add.", code(1)], problem=BLIND)
    assert (served.stopped, served.steps) == (NO_TESTS, ["plan", "code"])
    served = await serve(codesim(BLIND, P), ["1. Add.", code(1)], problem=BLIND)
    assert (served.stopped, served.steps) == (NO_TESTS, ["codesim_plan", "code"])
    replies = ["1. a\n2. b\n3. c", "sketch", code(1), "fixed", code(2)]
    served = await serve(plan_search(BLIND, P, programs=2), replies, problem=BLIND)
    assert (served.stopped, served.judged) == (ROUNDS, [1, 2])


async def test_codesim_simulates_then_refines_then_codes() -> None:
    """Catches: a refinement that nothing asked for, or that is not what is coded."""
    replies = ["1. Add.", "wrong at first, then right.\nVerdict: right", code(1)]
    served = await serve(codesim(PROBLEM, P), replies, {1: 4})
    assert served.steps == ["codesim_plan", "simulate", "code"]
    replies = ["1. Bad.", "It fails.\nVerdict: wrong", "1. Add.", code(1)]
    served = await serve(codesim(PROBLEM, P), replies, {1: 4})
    assert served.steps == ["codesim_plan", "simulate", "refine", "code"]
    assert "It fails." in served.texts[2]
    assert "1. Add." in served.texts[3]
    assert "1. Bad." not in served.texts[3]


async def test_codesim_debugs_then_plans_anew() -> None:
    """Catches: one debugging too many, a second plan that is the first again; debugging without the
    plan that the program is of."""
    one_plan = ["codesim_plan", "simulate", "code", "debug", "debug"]
    replies = ["1. One.", "ok", *map(code, (1, 2, 3)), "1. Two.", "ok", *map(code, (4, 5, 6))]
    served = await serve(codesim(PROBLEM, P), replies, {2: 3})
    assert (served.stopped, served.steps) == (ROUNDS, one_plan * 2)
    assert served.asked[5].temperature > 0
    assert "<1>" in served.texts[3]
    assert "<2>" in served.texts[4]
    for asked, plan in ((3, "1. One."), (4, "1. One."), (8, "1. Two."), (9, "1. Two.")):
        whole = "".join(message.content for message in served.asked[asked].messages)
        assert re.findall(r"1\. (?:One|Two)\.", whole) == [plan]
    assert len({a.candidate.made_by for a in served.trail.attempts}) == 6
    assert max(served.scores) == 0.75
    served = await serve(codesim(PROBLEM, P), replies, {2: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 4)


async def test_plan_search_walks_the_subsets() -> None:
    """Catches: subsets missed or repeated, a twin that is not of the criticised sketch."""
    replies = ["1. aaa\n2. bbb\n3. ccc"]
    for number in range(7):
        replies += [f"sketch{number}", code(2 * number), f"fixed{number}", code(2 * number + 1)]
    served = await serve(plan_search(PROBLEM, P, layers=1), replies)
    assert served.stopped == ROUNDS
    assert served.steps == ["observe", *["sketch", "code", "criticise", "code"] * 7]
    known = [
        {word for word in ("aaa", "bbb", "ccc") if f"- {word}" in text}
        for text, step in zip(served.texts, served.steps, strict=True)
        if step == "sketch"
    ]
    a, b, c = "aaa", "bbb", "ccc"
    assert known == [set(), {a}, {b}, {c}, {a, b}, {a, c}, {b, c}]
    assert "sketch0" in served.texts[2]
    assert "sketch0" in served.texts[3]
    assert "fixed0" in served.texts[4]
    assert "Your code" not in "".join(served.texts)


async def test_plan_search_goes_a_layer_deeper() -> None:
    """Catches: a second layer that forgets what it was derived from, a cap that is passed."""
    replies: list[Reply | str] = [
        Reply(text="1. aaa\n2. bbb", match="Write 2 short"),
        Reply(text="1. xxx\n2. yyy", match="Write 2 new"),
        Reply(text="words", regex="in words"),
        *[code(number) for number in range(30)],
    ]
    served = await serve(plan_search(PROBLEM, P, observations=2, programs=15), replies)
    assert len(served.judged) == 15
    deep = served.texts[served.steps.index("observe", 1) :]
    assert "- aaa" in deep[0]
    assert "- aaa\n- xxx" in deep[1]
    served = await serve(plan_search(PROBLEM, P, observations=2), replies, {2: 4})
    assert (served.stopped, served.judged) == (PASSED, [0, 1, 2])


async def test_an_idea_reached_twice_is_sketched_once() -> None:
    """Catches: programs paid for a subset of observations that was sketched before: b of a, and a
    of b."""
    replies: list[Reply | str] = [
        Reply(text="1. aaa\n2. bbb\n3. ccc", regex="Write 3 (short|new)"),
        Reply(text="words", regex="in words"),
        *[code(number) for number in range(60)],
    ]
    served = await serve(plan_search(PROBLEM, P, observations=3, programs=60), replies)
    known = [
        frozenset(word for word in ("aaa", "bbb", "ccc") if f"- {word}" in text)
        for text, step in zip(served.texts, served.steps, strict=True)
        if step == "sketch"
    ]
    assert len(known) == len(set(known)) > 4


async def test_a_reply_that_is_no_list_is_asked_for_three_times() -> None:
    """Catches: the original's crash at a list that does not parse, and tries without end."""
    replies = ["no list", "still none", "__import__('os')", "s", code(1), "f", code(2)]
    served = await serve(plan_search(PROBLEM, P, programs=2), replies)
    assert served.steps[:4] == ["observe"] * 3 + ["sketch"]
    assert len({prompt.key for prompt in served.asked[:3]}) == 3
    assert served.judged == [1, 2]


async def test_a_broken_sandbox_ends_plans_unmeasured() -> None:
    """Catches: a failure of ours that is repaired as if it were the program's."""
    replies = [Reply(text=code(1), regex=".")]
    for steps in (lpw(PROBLEM, P), slpw(PROBLEM, P), codesim(PROBLEM, P), plan_search(PROBLEM, P)):
        served = await serve(steps, replies, broken=[1])
        assert served.stopped == UNMEASURED
        assert len(served.trail.attempts) == 1
