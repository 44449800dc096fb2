"""Selectors and the answer: order, agreement and the five statuses."""

from collections.abc import Iterable, Sequence
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.candidate import Candidate
from assay.errors import SandboxError, UnknownName
from assay.feedback import Attempt, Feedback
from assay.feedback.tests import explain, no_code, unmeasured
from assay.model import Completion
from assay.model.prompter import Prompter
from assay.model.scripted import Reply
from assay.model.scripted import Scripted as Speaker
from assay.problem import Call, Problem
from assay.sandbox import Run, Verdict
from assay.sandbox.scripted import ISOLATION, Scripted
from assay.search.budget import Budget, Cost, Ledger
from assay.search.driver import Driver, Forgetful, Parties, Trail
from assay.search.repair import self_debug, self_repair
from assay.search.sample import sample
from assay.select import Choice, Selector, find_selector
from assay.select.agreement import agreement
from assay.select.answer import Answer, conclude, solve
from assay.select.visible import ranked, visible

TESTS = tuple(Call(id=f"t{n}", expression=f"f({n})", expected="0") for n in range(3))
PROBLEM = Problem(id="p", prompt="f", entry_point="f", tests=TESTS)
OUTCOMES = ["passed", "wrong", "raised", "timeout", "memory", "killed", "skipped"]


def run_of(outcomes: Sequence[Any]) -> Run:
    verdicts = tuple(Verdict(test=f"t{n}", outcome=one) for n, one in enumerate(outcomes))
    first: Any = next((one for one in outcomes if one != "passed"), "passed")
    return Run(verdicts=verdicts, isolation=ISOLATION, outcome=first)


def attempt(name: str, outcomes: Sequence[str] | None) -> Attempt:
    """An attempt of program `name`; `None`: the sandbox failed; no name: no code."""
    candidate = Candidate(code=name or None, text=name, made_by="test")
    if not name:
        return Attempt(candidate=candidate, run=None, feedback=no_code(PROBLEM))
    if outcomes is None:
        return Attempt(candidate=candidate, run=None, feedback=unmeasured("broken"))
    run = run_of(outcomes)
    return Attempt(candidate=candidate, run=run, feedback=explain(PROBLEM, run))


def one_attempt(index: int) -> st.SearchStrategy[Attempt]:
    three = st.lists(st.sampled_from(OUTCOMES), min_size=3, max_size=3)
    return st.one_of(
        st.builds(attempt, st.just(f"x = {index}"), st.none() | three),
        st.just(attempt("", ())),
    )


several = st.integers(0, 7).flatmap(lambda n: st.tuples(*(one_attempt(i) for i in range(n))))


async def choose(selector: Selector, attempts: Sequence[Attempt]) -> Choice:
    driver = Driver(PROBLEM, Parties(Speaker([]), Scripted([])), Ledger(Budget()), Forgetful())
    choice = await driver.drive(selector(PROBLEM, attempts, Prompter()))
    assert choice is not None
    return choice


@settings(max_examples=200, deadline=None)
@given(several)
def test_unknown_is_never_above_known(attempts: tuple[Attempt, ...]) -> None:
    """Catches: None read as 0.5 or 1.0; a reply without code above a program; a timeout above a
    pass; a candidate that is lost or counted twice."""
    order = ranked(attempts)
    kinds = [(a.measured, a.candidate.code is not None, a.feedback.score or 0.0) for a in order]
    assert kinds == sorted(kinds, reverse=True)
    assert {a.candidate.id for a in order} == {a.candidate.id for a in attempts}
    assert len(order) == len({a.candidate.id for a in attempts})
    for place, better in enumerate(order):
        assert better.passed or not any(worse.passed for worse in order[place:])


@settings(max_examples=60, deadline=None)
@given(several, st.randoms(use_true_random=False))
async def test_order_of_attempts_decides_only_ties(
    attempts: tuple[Attempt, ...], chance: Any
) -> None:
    """Catches: a status, a score or a support that depends on who came first."""
    shuffled = list(attempts)
    chance.shuffle(shuffled)
    for selector in (visible, agreement):
        seen = []
        for given_order in (attempts, shuffled):
            choice = await choose(selector, given_order)
            answer = conclude(PROBLEM, Trail(list(given_order)), choice, Cost())
            scores = [(a.measured, a.feedback.score) for a in choice.order]
            seen.append((answer.status, answer.visible, scores, choice.of))
        assert seen[0] == seen[1]


def test_equal_ones_stay_in_the_order_of_their_making() -> None:
    """Catches: a repeat that moves its program behind a later one."""
    first, other = attempt("a = 1", ["wrong"] * 3), attempt("b = 1", ["wrong"] * 3)
    assert [a.candidate.code for a in ranked([first, other, first])] == ["a = 1", "b = 1"]


def test_a_second_try_that_was_measured_counts() -> None:
    """Catches: a pass that is lost because the sandbox failed on the same program before."""
    lost, found = attempt("a = 1", None), attempt("a = 1", ["passed"] * 3)
    for order in permutations([lost, found]):
        assert ranked(order) == [found]


def test_nothing_to_choose_from() -> None:
    """Catches: an IndexError for a strategy that made no attempt."""
    answer = conclude(PROBLEM, Trail(), None, Cost())
    assert (answer.status, answer.code, answer.confidence) == ("unmeasured", None, None)
    stopped = conclude(PROBLEM, Trail(stopped="budget"), None, Cost(calls=1))
    assert stopped.status == "failed"
    never = conclude(PROBLEM, Trail(stopped="budget"), None, Cost())
    assert never.status == "unmeasured", "nothing was asked, so nothing is known of the model"


def test_an_unknown_selector_lists_the_choices() -> None:
    """Catches: a KeyError for a slip of the pen."""
    with pytest.raises(UnknownName, match=r"Did you mean 'agreement'\? Choices: agreement, b4, "):
        find_selector("agreemint")


async def answer_of(
    problem: Problem,
    replies: Iterable[str | Reply],
    runs: Iterable[Run | SandboxError],
    budget: Budget | None = None,
    n: int = 0,
) -> Answer:
    steps = sample(problem, Prompter(), n=n) if n else self_debug(problem, Prompter())
    parties = Parties(Speaker(replies), Scripted(runs))
    ledger = Ledger(budget or Budget())
    return await solve(problem, steps, visible, parties, ledger, Forgetful(), Prompter())


PASSES, FAILS = run_of(["passed"] * 3), run_of(["passed", "timeout", "wrong"])
BROKEN = SandboxError("no pids")


def program(number: int) -> str:
    return f"```python\ndef f(x):\n    return {number}\n```"


async def test_the_statuses() -> None:
    """Catches: a failure of ours reported as the program's, and a guess as verified."""
    two = [program(1), program(2)]
    bare = Problem(id="p", prompt="f", entry_point="f")
    loads, dies = run_of([]), Run(verdicts=(), isolation=ISOLATION, outcome="raised")
    cases: list[tuple[str, Answer]] = [
        ("verified", await answer_of(PROBLEM, two, [FAILS, PASSES])),
        ("failed", await answer_of(PROBLEM, two, [FAILS] * 2, n=2)),
        ("verified", await answer_of(PROBLEM, two, [BROKEN, PASSES], n=2)),
        ("unmeasured", await answer_of(PROBLEM, two, [BROKEN])),
        ("unmeasured", await answer_of(PROBLEM, two, [BROKEN] * 2, n=2)),
        ("unmeasured", await answer_of(PROBLEM, [Reply(error="error")], [])),
        ("unmeasured", await answer_of(PROBLEM, two, [], Budget(tokens=10))),
        ("failed", await answer_of(PROBLEM, ["sorry"] * 4, [], n=2)),
        ("abstained", await answer_of(bare, [program(1)] * 3, [loads], n=3)),  # never run
        ("abstained", await answer_of(bare, two, [loads] * 2, n=2)),
        ("abstained", await answer_of(bare, two, [loads], n=1)),
        ("failed", await answer_of(bare, two, [dies] * 2, n=2)),
    ]
    assert [answer.status for _, answer in cases] == [status for status, _ in cases]
    assert all("\n" not in answer.reason for _, answer in cases)


async def test_a_pass_among_the_few_that_a_budget_had_room_for_is_a_pass() -> None:
    """Catches: a search told to have ended by its budget that ended because a program passed."""
    replies = [program(number) for number in range(3)]
    steps = self_repair(PROBLEM, Prompter())
    runs = [run_of(["wrong"] * 3), run_of(["passed"] * 3), run_of(["wrong"] * 3)]
    parties = Parties(Speaker(replies), Scripted(runs))
    ledger = Ledger(Budget(calls=3))
    answer = await solve(PROBLEM, steps, visible, parties, ledger, Forgetful(), Prompter())
    assert (answer.status, answer.stopped, answer.cost.calls) == ("verified", "passed", 3)


async def test_a_broken_sandbox_and_a_spent_budget() -> None:
    """Catches: an answer `failed` (and then scored) because the budget also ended, when what
    kept it from being measured was the sandbox."""
    replies = [program(number) for number in range(5)]
    answer = await answer_of(PROBLEM, replies, [BROKEN] * 5, Budget(calls=2), n=5)
    assert answer.stopped == "budget"
    assert answer.status == "unmeasured"
    assert "no pids" in answer.reason


def test_completion_type_is_known() -> None:
    """Catches: nothing that a selector sees may hold hidden tests: types at the seam."""
    names = {*Attempt.__slots__, *Candidate.__slots__, *Feedback.__slots__, *Completion.__slots__}
    assert not {name for name in names if "hidden" in name}
