"""Annealing, iterative decoding, and the strategy that knows when to stop."""

import math
import shutil
from dataclasses import replace
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_tools import BLIND, PROBLEM, Judge, code, serve

from assay.candidate import Candidate
from assay.errors import UsageError
from assay.feedback import Attempt
from assay.feedback.tests import explain
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.sandbox import Diagnostic, Run, open_sandbox
from assay.sandbox.scripted import ISOLATION
from assay.search import NO_TESTS, NOT_WORTH, PASSED, ROUNDS, STUCK, UNMEASURED
from assay.search.adaptive import adaptive
from assay.search.anneal import Faults, acceptance, anneal, faults_of, gain
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.search.iad import iad
from assay.search.worth import Kind, Rates, attempts_worth, gains
from assay.select.answer import solve
from assay.select.visible import visible

P = Prompter()
BAD = Diagnostic(message="a likely mistake", line=1)
VECTOR = Rates((Kind(0.58, 0.87), Kind(0.42, 0.13)), complete=1.0, sound=0.75)


def test_acceptance_is_the_formula() -> None:
    """Catches: a sign, a scale or a temperature in the wrong place."""
    assert acceptance(-5, 4, 1.0) == pytest.approx(math.exp(-5 / 4))
    assert acceptance(-5, 4, 0.5) == pytest.approx(math.exp(-5 / 2))
    assert acceptance(5, 4, 1.0) == 1.0
    assert acceptance(0, 4, 0.0) == 1.0
    assert acceptance(-0.01, 4, 0.0) == 0.0
    assert acceptance(-1e9, 1, 1e-9) == 0.0
    assert acceptance(1e9, 1, 1e-9) == 1.0


def test_a_linter_that_did_not_run_praises_nothing() -> None:
    """Catches: no findings, and so the better score, where nobody looked: a tool that is missing
    or cut off, a program that cannot be read."""
    made = Candidate(code="def add(a, b): return a", text="", made_by="test")
    unread = Run(verdicts=(), isolation=ISOLATION, outcome="build_failed", diagnostics=(BAD,))

    def found(lint: Run | None, own: Run) -> int | None:
        attempt = Attempt(candidate=made, run=own, feedback=explain(PROBLEM, own))
        steps = faults_of(PROBLEM, attempt, P)
        try:
            next(steps)
            steps.send([lint])
        except StopIteration as end:
            faults: Faults = end.value
            return faults.findings
        raise AssertionError("it asks for more")

    clean = Run(verdicts=(), isolation=ISOLATION, outcome="passed")
    late = Run(verdicts=(), isolation=ISOLATION, outcome="timeout")
    assert found(replace(clean, diagnostics=(BAD, BAD)), clean) == 2
    assert found(clean, clean) == 0
    assert found(None, clean) is None
    assert found(late, clean) is None
    assert found(clean, unread) is None
    assert gain(Faults(2, 3), Faults(1, 1)) == 7
    assert gain(Faults(2, 3), Faults(2, None)) == gain(Faults(2, None), Faults(2, 3)) == 0


async def test_greedy_annealing_keeps_the_best() -> None:
    """Catches: a worse program accepted at temperature 0, an equal one refused."""
    replies = [code(n) for n in range(1, 7)]
    served = await serve(anneal(PROBLEM, P, temperature=0.0), replies, {1: 2, 2: 1, 3: 2, 4: 0})
    assert served.stopped == ROUNDS
    assert served.steps == ["bare"] + ["edit"] * 5
    assert "<1>" in served.texts[2]
    assert "<3>" in served.texts[4]
    parents = [a.candidate.parent for a in served.trail.attempts]
    ids = [a.candidate.id for a in served.trail.attempts]
    assert parents == [None, ids[0], ids[0], ids[2], ids[2], ids[2]]


async def test_hot_annealing_accepts_what_is_worse() -> None:
    """Catches: a temperature that nothing reads; chance that is not the seed's."""
    replies = [code(n) for n in range(1, 7)]
    shares = {1: 3, 2: 1, 3: 0, 4: 2, 5: 1, 6: 0}

    async def parents(temperature: float, seed: int) -> list[str | None]:
        steps = anneal(PROBLEM, Prompter(seed=seed), temperature=temperature, cooling=0.0)
        served = await serve(steps, replies, shares)
        return [a.candidate.parent for a in served.trail.attempts]

    cold, hot = await parents(0.0, 1), await parents(1e6, 1)
    assert len(set(cold)) == 2
    assert len(set(hot)) == 6
    warm = [await parents(1.0, seed) for seed in range(6)]
    assert warm == [await parents(1.0, seed) for seed in range(6)]
    assert len(set(map(tuple, warm))) > 1


async def test_annealing_cools() -> None:
    """Catches: cooling that is never applied: after one round of 1.0 only better ones count."""
    replies = [code(n) for n in range(1, 7)]
    shares = {1: 3, 2: 2, 3: 1, 4: 1, 5: 0, 6: 0}
    served = await serve(anneal(PROBLEM, P, temperature=1e6, cooling=1.0), replies, shares)
    ids = [a.candidate.id for a in served.trail.attempts]
    assert [a.candidate.parent for a in served.trail.attempts] == [None, ids[0], *[ids[1]] * 4]


@pytest.mark.skipif(shutil.which("ruff") is None, reason="no ruff")
async def test_annealing_shows_what_it_counts() -> None:
    """Catches: a linter's finding that decides what is accepted, and that the model never sees."""
    wrong = "```python\ndef add(a, b):\n    unused = 1\n    return a - b\n```"
    model, sandbox = Scripted([wrong, wrong.replace("-", "+")]), open_sandbox(slots=1)
    try:
        driver = Driver(PROBLEM, Parties(model, sandbox), Ledger(Budget()), Forgetful())
        assert await driver.drive(anneal(PROBLEM, P)) == PASSED
    finally:
        await sandbox.close()
    assert "`unused` is assigned to but never used" in model.asked[1].messages[-1].content


async def test_annealing_ends() -> None:
    """Catches: rounds after a pass, without tests, without a new program, without a verdict."""
    served = await serve(anneal(PROBLEM, P), [code(1), code(2)], {2: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 2)
    served = await serve(anneal(PROBLEM, P), [code(1)], {1: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 1)
    assert (await serve(anneal(BLIND, P), [code(1)], problem=BLIND)).stopped == NO_TESTS
    same = [Reply(text=code(1), regex=".")]
    served = await serve(anneal(PROBLEM, P, rounds=99), same)
    assert (served.stopped, served.judged) == (STUCK, [1])
    served = await serve(anneal(PROBLEM, P), same, broken=[1])
    assert (served.stopped, len(served.asked)) == (UNMEASURED, 1)


async def test_iad_shows_the_best_and_the_worst() -> None:
    """Catches: a condition on the newest, a best that an equal one replaces, extra calls."""
    replies = [code(n) for n in range(1, 7)]
    shares = {1: 0, 2: 2, 3: 2, 4: 3, 5: 0, 6: 0}
    served = await serve(iad(PROBLEM, P, width=2), replies, {1: 0, 2: 2, 3: 2, 4: 1})
    assert (served.stopped, served.steps) == (ROUNDS, ["bare"] * 2 + ["better"] * 4)
    first, second = served.asked[2].messages, served.asked[4].messages
    assert "program(2)" in first[-2].content
    assert "program(1)" in first[-1].content
    assert "program(2)" in second[-2].content
    assert [p.temperature for p in served.asked] == [0.0, 0.8, 0.0, 0.8, 0.8, 0.8]
    assert len({p.key for p in served.asked}) == 6
    served = await serve(iad(PROBLEM, P, width=2, worst=False), replies, shares)
    assert "program(1)" not in served.asked[2].messages[-1].content
    assert "program(4)" in served.asked[4].messages[-2].content


async def test_iad_ends() -> None:
    """Catches: rounds after a pass or without tests; worst and best the same program."""
    served = await serve(iad(PROBLEM, P, width=2), [code(n) for n in range(1, 5)], {3: 4})
    assert (served.stopped, len(served.asked)) == (PASSED, 4)
    served = await serve(iad(PROBLEM, P), [Reply(text=code(1), regex=".")])
    assert (served.stopped, served.judged) == (ROUNDS, [1])
    assert "worse" not in served.texts[3]
    served = await serve(iad(BLIND, P), [code(n) for n in range(3)], problem=BLIND)
    assert (served.stopped, len(served.asked)) == (NO_TESTS, 3)
    served = await serve(iad(PROBLEM, P), [Reply(text=code(1), regex=".")], broken=[1])
    assert served.stopped == UNMEASURED


def test_the_rule_on_known_numbers() -> None:
    """Catches: a belief that is not updated, or updated by the wrong rate."""
    found = list(islice(gains(VECTOR, wrong=0.7, cost=0.0), 4))
    assert found == pytest.approx([0.4821, 0.1265, 0.0038, -0.0183], abs=5e-5)
    counts = [attempts_worth(VECTOR, wrong, 0.0, 99) for wrong in (0.7, 1.0, 2.0)]
    assert counts == [3, 2, 1]
    assert attempts_worth(VECTOR, 99.0, 0.0, 99) == 0
    assert attempts_worth(VECTOR, 0.0, 0.0, 7) == 7


rates = st.floats(0, 1)


@given(rates, rates, rates, rates, rates, st.floats(0, 9), st.floats(0, 9), st.floats(0, 1))
def test_a_dearer_mistake_is_never_worth_more_attempts(
    share: float, easy: float, hard: float, c: float, s: float, a: float, b: float, cost: float
) -> None:
    """Catches: a sign, a division by zero, a rule without end."""
    found = Rates((Kind(share, easy), Kind(1 - share, hard)), c, s)
    low, high = sorted((a, b))
    assert attempts_worth(found, high, cost, 50) <= attempts_worth(found, low, cost, 50) <= 50
    assert attempts_worth(found, low, cost + 0.5, 50) <= attempts_worth(found, low, cost, 50)


def test_rates_are_rates() -> None:
    """Catches: per cent where a share is meant."""
    with pytest.raises(UsageError):
        Rates((Kind(58, 0.87),), 1.0, 1.0)


async def test_an_easy_problem_costs_one_call() -> None:
    """Catches: money spent on what was right at once."""
    served = await serve(adaptive(PROBLEM, P), [code(1)], {1: 4})
    assert (served.stopped, served.steps) == (PASSED, ["bare"])
    assert served.asked[0].temperature == 0.0


async def test_it_escalates_by_what_failed() -> None:
    """Catches: more of what did not help; a better program that is not repaired."""
    replies = [code(1), code(2), code(3), "1. Plan.", code(4), code(5), code(6), code(7)]
    served = await serve(adaptive(PROBLEM, P, most=7), replies, {1: 1, 2: 1, 3: 1, 4: 2, 5: 3})
    assert served.steps == [*("bare", "repair", "bare", "plan", "code"), *("repair",) * 2, "bare"]
    assert "<1>" in served.texts[1]
    assert served.asked[2].temperature == 0.8
    assert "1. Plan." in served.texts[4]
    assert "<4>" in served.texts[5]
    assert "<5>" in served.texts[6]
    assert served.stopped == ROUNDS


async def test_only_a_repair_has_a_parent() -> None:
    """Catches: a log in which a fresh draw and a plan's program are repairs of the best one, which
    their prompts do not hold."""
    replies = [code(1), code(2), code(3), "1. Plan.", code(4), code(5)]
    served = await serve(adaptive(PROBLEM, P, most=5), replies, {1: 1, 2: 1, 3: 1, 4: 2})
    first, *_, fourth, _ = [attempt.candidate.id for attempt in served.trail.attempts]
    parents = [attempt.candidate.parent for attempt in served.trail.attempts]
    assert parents == [None, first, None, None, fourth]


@pytest.mark.parametrize(("wrong", "attempts"), [(1.0, 8), (2.0, 3), (4.0, 2), (8.0, 1), (30.0, 0)])
async def test_a_dear_mistake_means_fewer_attempts(wrong: float, attempts: int) -> None:
    """Catches: a price that nothing reads; the figures of docs/search.md."""
    replies: list[Reply | str] = [Reply(text="1. Plan.", match="short plan")]
    replies += [code(number) for number in range(9)]
    served = await serve(adaptive(PROBLEM, P, wrong=wrong), replies)
    assert len(served.judged) == attempts
    assert served.stopped == (ROUNDS if attempts == 8 else NOT_WORTH)


async def test_a_mistake_too_dear_abstains_without_a_call() -> None:
    """Catches: an attempt that the rule forbids; an abstention told as a failure of ours."""
    model = Scripted([code(1)])
    steps = adaptive(PROBLEM, P, wrong=500.0)
    parties = Parties(model, Judge({1: 4}))
    answer = await solve(PROBLEM, steps, visible, parties, Ledger(Budget()), Forgetful(), P)
    assert (answer.status, answer.stopped, answer.code) == ("abstained", NOT_WORTH, None)
    assert model.asked == []


async def test_adaptive_ends() -> None:
    """Catches: a loop over one program, a pass without tests, a verdict that is none."""
    served = await serve(adaptive(PROBLEM, P), [Reply(text=code(1), regex=".")])
    assert (served.stopped, served.judged) == (ROUNDS, [1])
    served = await serve(adaptive(BLIND, P), [code(n) for n in range(3)], problem=BLIND)
    assert (served.stopped, len(served.asked)) == (NO_TESTS, 3)
    served = await serve(adaptive(PROBLEM, P), [Reply(text=code(1), regex=".")], broken=[1])
    assert (served.stopped, len(served.asked)) == (UNMEASURED, 1)
