"""Lists and verdicts out of what a model says; all strategies of ideas against rubbish."""

import random
from collections.abc import Callable
from inspect import signature
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategy_tools import BLIND, PROBLEM, Served, code, serve

from assay.model.prompter import Prompter
from assay.model.scripted import Reply
from assay.search import NO_TESTS, NOT_WORTH, PASSED, ROUNDS, SILENT, STUCK, find_strategy
from assay.search.budget import Budget
from assay.search.ideas import LONGEST_ITEM, THOUGHT_TOKENS, items, last_word

OWN = (
    *("lpw", "slpw", "codesim", "plan_search", "beam", "codetree", "rethink_mcts"),
    *("anneal", "iad", "adaptive"),
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. a\n2. b\n3. c", ["a", "b"]),
        ("Here:\n\n1) a b\n   more of it\n\nThat is all.", ["a b more of it"]),
        ("- a\n* b", ["a", "b"]),
        ('```json\n["a", "b", 3, ["c"]]\n```', ["a", "b"]),
        ('["a", "b"', ['["a", "b"']),
        ("[1, 2]\n1. a", ["a"]),
        ('1. Split.\n2. "(())" gives ["()"].\n3. Join.', ["Split.", '"(())" gives ["()"].']),
        ("Just add them.", ["Just add them."]),
        ("1. Same\n2. same\n3. other", ["Same", "other"]),
        ("1. **\n2.\n3. x", ["**", "x"]),
        ("3.5 is a float", ["3.5 is a float"]),
        ("", []),
        ("  \n ", []),
        ("[" * 100_000, None),
        ('["' + "9" * 50_000, None),
    ],
)
def test_lists(text: str, expected: list[str] | None) -> None:
    """Catches: an item lost or split, a reply that is evaluated, a parser that falls over; an
    example in an item taken for the whole list."""
    found = items(text, 2)
    if expected is None:
        assert len(found) == 1
    else:
        assert found == expected


@given(st.text(alphabet=st.characters(), max_size=5_000), st.integers(0, 5))
def test_any_text_is_a_short_list(text: str, most: int) -> None:
    """Catches: a crash, an item that fills the window, an empty or repeated item."""
    found = items(text, most)
    assert len(found) <= most
    assert all(item.strip() and len(item) <= LONGEST_ITEM and "\n" not in item for item in found)
    assert len({item.casefold() for item in found}) == len(found)
    if most and text.strip():
        assert found


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("Verdict: wrong", "wrong"),
        ("**Verdict:** Wrong.", "wrong"),
        ('"Verdict: wrong"', "wrong"),
        ("- `Verdict`: wrong", "wrong"),
        ("> Verdict: wrong", "wrong"),
        ("Verdict: wrong\nVerdict: right", "right"),
        ("The verdict: wrong is what I feared.", ""),
        ("", ""),
        ("wrong", ""),
    ],
)
def test_verdicts(text: str, word: str) -> None:
    """Catches: codesim's defect, a word anywhere in the text taken for the verdict; one missed in
    the marks with which the prompt has it."""
    assert last_word(text, "verdict") == word


RUBBISH: dict[str, Callable[[], str]] = {
    "empty": lambda: "",
    "prose": lambda: "I am sorry, I cannot help with that.",
    "code": lambda: code(1),
    "babble": lambda: "and then " * 12_000,
    "brackets": lambda: "[" * 100_000,
    "ticks": lambda: "`" * 100_000,
    "nul": lambda: "\0\ud800",
    "list": lambda: "\n".join(f"{number}. idea {number}" for number in range(5_000)),
    "templates": lambda: "1. {{ task }} {% for x in y %}\n2. {{ ''.__class__ }}",
    "javascript": lambda: "```javascript\nfunction add(a, b) { return a + b }\n```",
}


@pytest.mark.parametrize("name", OWN)
@pytest.mark.parametrize("kind", RUBBISH)
async def test_rubbish_ends_with_a_reason(name: str, kind: str) -> None:
    """Catches: a crash or an endless search at a reply that is no plan, no list and no code; a
    prompt that grows with the babble; a template out of a reply that is rendered."""
    replies = [Reply(text=RUBBISH[kind](), regex=r"\A[\s\S]*\Z")]
    for problem in (PROBLEM, BLIND):
        served = await serve(find_strategy(name)(problem, Prompter()), replies, problem=problem)
        assert served.stopped in (ROUNDS, STUCK, SILENT, NO_TESTS, NOT_WORTH, PASSED)
        assert 0 < len(served.asked) < 120
        assert served.stopped != PASSED
        assert all(
            sum(len(message.content) for message in prompt.messages) < 60_000
            for prompt in served.asked
        )


def replies_of(seed: int) -> list[Reply | str]:
    """Plans and programs, in an order of their own."""
    programs: list[Reply | str] = [code(number) for number in range(60)]
    random.Random(seed).shuffle(programs)
    return [
        Reply(text="1. One way.\n2. Another.\n3. A third.", regex="numbered list|plan in at most"),
        Reply(text="Score: 4\nVerdict: right", regex="Score: N|Verdict: "),
        Reply(text="It goes like this.", regex="Do not write code"),
        *programs,
    ]


@pytest.mark.parametrize("name", OWN)
async def test_the_same_seed_is_the_same_search(name: str) -> None:
    """Catches: chance from outside, an order of a set; and prompts that depend on neither."""
    shares = {number: number % 4 for number in range(60)}

    async def once(seed: int) -> Served:
        return await serve(find_strategy(name)(PROBLEM, Prompter(seed=seed)), replies_of(1), shares)

    one, other, third = await once(7), await once(7), await once(8)
    assert [p.key for p in one.asked] == [p.key for p in other.asked]
    assert one.judged == other.judged
    drawn = any(p.temperature > 0 for p in one.asked)  # nothing else is a matter of chance
    assert ({p.key for p in one.asked} != {p.key for p in third.asked}) == drawn


@pytest.mark.parametrize("name", OWN)
async def test_each_ends_early_on_a_visible_pass(name: str) -> None:
    """Catches: calls after the first program that passes."""
    served = await serve(
        find_strategy(name)(PROBLEM, Prompter()), replies_of(1), dict.fromkeys(range(60), 4)
    )
    assert served.stopped == PASSED
    assert len(served.judged) <= 3  # a first round of beam and iad is asked for at once
    assert served.steps[-1] in ("bare", "code")


@pytest.mark.parametrize("name", OWN)
async def test_budgets_end_it_anywhere(name: str) -> None:
    """Catches: a strategy that takes the end of the budget for a reply."""
    whole = len((await serve(find_strategy(name)(PROBLEM, Prompter()), replies_of(1))).asked)
    for calls in range(1, 9):
        served = await serve(
            find_strategy(name)(PROBLEM, Prompter()), replies_of(1), budget=Budget(calls=calls)
        )
        assert (served.stopped == "budget") == (whole > calls)
        assert len(served.asked) == min(calls, whole)


@pytest.mark.parametrize("name", OWN)
async def test_plans_are_short(name: str) -> None:
    """Catches: a plan that costs as much as three programs."""
    served = await serve(find_strategy(name)(PROBLEM, Prompter()), replies_of(1))
    for prompt, text in zip(served.asked, served.texts, strict=True):
        thought = any(word in text for word in ("Do not write code", "N from 1", "Verdict: "))
        assert prompt.max_tokens == (THOUGHT_TOKENS if thought else 1024)


@pytest.mark.parametrize("name", OWN)
async def test_knobs_of_nothing(name: str) -> None:
    """Catches: an index out of an empty list, a division by zero, where a knob is 0."""
    knobs: dict[str, Any] = {
        parameter.name: 0
        for parameter in signature(find_strategy(name)).parameters.values()
        if isinstance(parameter.default, int) and not isinstance(parameter.default, bool)
    }
    for one in ({name: 0} for name in knobs):
        served = await serve(find_strategy(name)(PROBLEM, Prompter(), **one), replies_of(1))
        assert served.stopped is not None
        assert "model:" not in served.stopped
    served = await serve(find_strategy(name)(PROBLEM, Prompter(), **knobs), replies_of(1))
    assert served.stopped is not None
