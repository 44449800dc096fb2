"""Selectors that need a model or the text: judge, likelihood, quality; and GenX by hand."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.candidate import Candidate
from assay.errors import UsageError
from assay.feedback import Attempt
from assay.feedback.tests import explain
from assay.model import Message, Prompt
from assay.model.prompter import Prompter
from assay.model.scripted import Scripted as Speaker
from assay.problem import Problem
from assay.sandbox import Run
from assay.sandbox.scripted import ISOLATION, Scripted
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.select import Choice, find_selector
from assay.select.genx import genx
from assay.select.judge import bradley_terry, verdict
from assay.select.matrix import matrix_of
from assay.select.quality import score_of
from assay.select.ranking import rank

PROBLEM = Problem(id="p", prompt="Write f.", entry_point=None)
LOADS = Run(verdicts=(), isolation=ISOLATION, outcome="passed")


def attempt(name: str, likelihood: float | None = None) -> Attempt:
    candidate = Candidate(code=name, text=name, made_by="test", likelihood=likelihood)
    return Attempt(candidate=candidate, run=LOADS, feedback=explain(PROBLEM, LOADS))


async def choose(name: str, attempts: list[Attempt], replies: list[str]) -> tuple[Choice, Driver]:
    driver = Driver(PROBLEM, Parties(Speaker(replies), Scripted([])), Ledger(Budget()), Forgetful())
    choice = await driver.drive(find_selector(name)(PROBLEM, attempts, Prompter()))
    assert choice is not None
    return choice, driver


async def test_the_judge_asks_both_orders_and_keeps_ties() -> None:
    """Catches: a judge that always says A made to decide, and a verdict of one order alone."""
    two = [attempt("x = 1"), attempt("x = 2")]
    first, _ = await choose("judge", two, ["ANSWER: A", "ANSWER: A"])
    assert first.order[0].candidate.code == "x = 1"
    second, driver = await choose("judge", two, ["hm. ANSWER: B", "ANSWER: A"])
    assert second.order[0].candidate.code == "x = 2"
    assert second.cluster == (0, 1)
    assert driver.ledger.cost.calls == 2


async def test_the_judge_costs_at_most_twelve_calls() -> None:
    """Catches: a round robin of all against all; a reply without verdict that ends it."""
    many = [attempt(f"x = {n}") for n in range(40)]
    choice, driver = await choose("judge", many, ["no idea"] * 50)
    assert driver.ledger.cost.calls <= 12
    assert choice.order[0].candidate.code == "x = 0"
    assert len(choice.order) == 40


async def test_the_judge_goes_on_when_the_model_fails() -> None:
    """Catches: no choice at all because a judge was not there."""
    choice, _ = await choose("judge", [attempt("x = 1"), attempt("x = 2")], [])
    assert choice.order[0].candidate.code == "x = 1"


def test_the_last_verdict_counts() -> None:
    """Catches: the instruction, quoted by the judge, read as its verdict."""
    said = 'I end with "ANSWER: A" or so.\nANSWER: **B**'
    assert verdict(said) == "B"
    assert verdict("") == "TIE"


@settings(max_examples=100, deadline=None)
@given(
    st.permutations(range(4)), st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=6, max_size=6)
)
def test_bradley_terry_is_fair(players: list[int], results: list[float]) -> None:
    """Catches: the order of the players deciding, or a strength that is not finite."""
    pairs = [(a, b) for a in range(4) for b in range(a + 1, 4)]
    votes = dict(zip(pairs, results, strict=True))
    strength = bradley_terry(players, votes)
    assert sum(strength.values()) == pytest.approx(1)
    assert all(0 < value < 1 for value in strength.values())
    turned = {(b, a): 1 - vote for (a, b), vote in votes.items()}
    assert bradley_terry(sorted(players), turned) == pytest.approx(strength)
    wins = {
        p: sum(v if p == a else 1 - v for (a, b), v in votes.items() if p in (a, b))
        for p in range(4)
    }
    for a, b in pairs:
        if wins[a] > wins[b]:  # all met all, so more wins is more strength
            assert strength[a] > strength[b]


async def test_likelihood_needs_log_probabilities() -> None:
    """Catches: a guess where the model gives none, and an unknown one above a known one."""
    with pytest.raises(UsageError, match="no log-probabilities"):
        await choose("likelihood", [attempt("x = 1")], [])
    given_ = [attempt("x = 0"), attempt("x = 1", -0.9), attempt("x = 2", -0.1)]
    choice, _ = await choose("likelihood", given_, [])
    assert [a.candidate.code for a in choice.order] == ["x = 2", "x = 1", "x = 0"]


@pytest.mark.parametrize(
    ("clean", "smelly"),
    [
        ("def f(x):\n    return x", "def f(x, y=[]):\n    return x"),
        ("def f(x):\n    return x", "def f(x):\n    return eval(x)"),
        ("def f(x):\n    return x", "def f(x):\n    return x\n    x = 1"),
        (
            "def f(x):\n    return x",
            "def f(x):\n    try:\n        return x\n    except:\n        pass",
        ),
        ("def f(x):\n    return x", "def f(x):\n    pass"),
        ("def f(x):\n    return x is None", "def f(x):\n    return x == None"),
        ("eval(1)", "def f(x"),
    ],
)
def test_quality_sees_what_a_linter_sees(clean: str, smelly: str) -> None:
    """Catches: a finding that costs nothing."""
    assert 1 >= score_of(clean) > score_of(smelly) >= 0


def test_quality_breaks_ties_and_nothing_else() -> None:
    """Catches: cleaner text above more tests passed, and ties left to the order of the file."""
    from dataclasses import replace

    import numpy as np

    matrix = matrix_of("t", [[True, False], [True, True], [True, True]])
    matrix = replace(matrix, quality=np.array([1.0, 0.2, 0.5]))
    assert rank(matrix, "visible").order.tolist() == [2, 1, 0]


def test_genx_by_hand() -> None:
    """Catches: a test that only bad programs pass left with weight."""
    matrix = matrix_of("t", [[1, 1, 0], [1, 1, 0], [1, 0, 1]])  # type: ignore[list-item]
    found = genx(matrix, penalty=1.0)
    assert found.test_score is not None
    assert found.score[0] == found.score[1] > found.score[2]
    assert found.test_score[0] >= found.test_score[1] > found.test_score[2]
    assert genx(matrix_of("t", [[], []])).score.tolist() == [0.0, 0.0]


def test_prompts_are_filled() -> None:
    """Catches: a template that is broken, or that lets a program's text change the request."""
    text = Prompter().text("judge", task="T", language="python", one="{{ 1 + 1 }}", other="B")
    assert "{{ 1 + 1 }}" in text
    assert Prompt(messages=(Message("user", text),)).key
