"""acecoder with its examples, and scot."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_tools import PROBLEM, code, play, run_of

from assay.bench.work import Recipe
from assay.cli.session import parse_strategy
from assay.errors import UsageError
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import ROUNDS
from assay.search.retrieval import LONGEST, Solved, bm25, examples_for, leaks, varied
from assay.search.thought import acecoder, scot
from assay.store import Log
from assay.store.solved import SolvedBefore


def solved(name: str, prompt: str, body: str = "") -> Solved:
    return Solved(
        id=name,
        prompt=prompt,
        language="python",
        entry_point=name,
        tests=(f"assert {name}(1) == 2",),
        code=body or f"def {name}(x):\n    return x + 1\n",
    )


TASK = Problem(
    id="mine",
    prompt="Return the longest word of a sentence, the first one where several are as long.",
    entry_point="longest_word",
)
SHORTEST = solved("shortest", "Return the shortest word of a list of words.")
COUNT = solved("count", "Count the words of a sentence that begin with a capital letter.")
PRIME = solved("prime", "Say whether a number is prime.")
MATRIX = solved("matrix", "Transpose this matrix.")


def test_examples_are_those_most_alike() -> None:
    """Catches: examples in the order of the log, and ones without a word in common."""
    found = examples_for(TASK, [MATRIX, PRIME, COUNT, SHORTEST], 3)
    assert found[0] in (SHORTEST, COUNT)
    assert set(found[:2]) == {SHORTEST, COUNT}
    assert MATRIX not in found
    assert examples_for(TASK, [], 3) == []
    assert examples_for(TASK, [SHORTEST], 0) == []


@pytest.mark.parametrize(
    "leak",
    [
        solved("mine", "Something else entirely."),
        solved("other", TASK.prompt),
        solved("other", "TASK 7!  " + TASK.prompt.upper().replace(" ", "\n")),
        solved("other", TASK.prompt + " Write it in Python. " + "Mind empty input. " * 20),
        solved("other", TASK.prompt[:60]),
        solved("other", "Words.", "def longest_word(s):\n    return max(s.split(), key=len)\n"),
        solved("other", "Words.", "def f(s):\n    return longest_word(s)\n"),
    ],
    ids=["id", "prompt", "case", "longer", "shorter", "name", "mention"],
)
def test_no_answer_leaks(leak: Solved) -> None:
    """Catches: the problem itself, or a near copy, shown with its solution."""
    assert leaks(TASK, leak)
    assert leak not in examples_for(TASK, [leak, SHORTEST], 3)


def test_what_no_prompt_should_hold() -> None:
    """Catches: an example in another language, and one that fills the window."""
    shell = replace(SHORTEST, language="bash")
    huge = replace(SHORTEST, code="x = 1\n" * LONGEST)
    assert examples_for(TASK, [shell, huge], 3) == []


def test_variety() -> None:
    """Catches: three examples that say the same."""
    twin = replace(COUNT, id="twin")
    query = ["count", "words", "sentence", "shortest", "list"]
    assert [one.id for one in varied(query, [COUNT, twin, SHORTEST], 2)] == ["count", "shortest"]


@given(st.lists(st.sampled_from([SHORTEST, COUNT, PRIME, MATRIX]), max_size=6), st.text())
def test_any_query(documents: Sequence[Solved], query: str) -> None:
    """Catches: a division by no documents, an order that hangs on nothing."""
    ranked = bm25(query.split(), documents)
    assert ranked == bm25(query.split(), documents)
    assert set(ranked) <= set(documents)
    assert examples_for(replace(TASK, prompt=query), documents, 2) == examples_for(
        replace(TASK, prompt=query), documents, 2
    )


async def test_acecoder_shows_examples_and_asks_for_tests_first() -> None:
    """Catches: more than a call a sample, an example without tests or code, a drawn first."""
    reply = f"```python\nassert longest_word('a') == 'a'\n```\n{code('a+b')}"
    steps = acecoder(PROBLEM, Prompter(), n=3, solved=[SHORTEST, COUNT])
    played = await play(steps, [reply, code("a-b"), code("a*b")], map(run_of, ("5", "6", "7")))
    assert (played.reason, len(played.asked)) == (ROUNDS, 3)
    assert played.temperatures == [0.0, 0.8, 0.8]
    assert played.trail.attempts[0].passed
    text = played.last[0]
    assert "First write a few tests" in text
    assert "Example" not in text
    steps = acecoder(TASK, Prompter(), solved=[SHORTEST, COUNT, PRIME])
    played = await play(steps, [code("a+b")] * 2, [run_of("5")], TASK)
    text = played.last[0]
    assert (
        text.index("assert shortest(1) == 2") < text.index("def shortest") < text.index(TASK.prompt)
    )


async def test_scot_sketches_then_writes() -> None:
    """Catches: more or fewer than two calls a sample, code that does not see its own sketch."""
    replies = ["sketch one", "sketch two", code("a+b"), code("a-b")]
    steps = scot(PROBLEM, Prompter(), n=2)
    played = await play(steps, replies, map(run_of, ("5", "6")))
    assert (played.reason, len(played.asked)) == (ROUNDS, 4)
    assert played.temperatures == [0.0, 0.8, 0.0, 0.8]
    assert [prompt.messages[2].content for prompt in played.asked[2:]] == replies[:2]
    assert "only the sketch" in played.last[0]
    assert "```" not in played.last[0]


def test_the_log_as_a_library(tmp_path: Path) -> None:
    """Catches: a problem that only failed, or one of this very run or a later one, as an example;
    a hidden verdict that decides."""
    with Log(tmp_path / "log.db") as log:

        def note(run: str, name: str, status: str, hidden: bool | None) -> None:
            problem = {
                "id": name,
                "prompt": f"Task {name}",
                "language": "python",
                "entry_point": name,
                "tests": [
                    {"id": "1", "expression": f"{name}(1)", "expected": "2", "raises": None},
                    {"id": "2", "stdin": "1", "expected": "2"},
                ],
            }
            log.append(run, name, "problem", problem)
            result = {"status": status, "code": f"def {name}(): ...", "hidden": hidden}
            log.append(run, name, "result", result)

        old = log.start("bench", {})
        note(old, "right", "verified", True)
        note(old, "failed", "failed", True)
        note(old, "likely", "likely", True)
        note(old, "wrong", "verified", False)
        now = log.start("bench", {})
        note(now, "own", "verified", True)
        later = log.start("bench", {})
        note(later, "later", "verified", True)
        known = SolvedBefore(log, now).solved()
        assert [one.id for one in known] == ["right", "wrong"]
        assert known[0].tests == ("assert right(1) == 2",)
        assert not SolvedBefore(log, old).solved()
        steps = Recipe(strategy="acecoder").steps(
            replace(TASK, prompt="Task of another kind"), SolvedBefore(log, now)
        )
        [prompt] = next(steps).prompts  # type: ignore[union-attr]
        assert "def right" in prompt.messages[-1].content


def test_knobs_that_are_none() -> None:
    """Catches: solved problems given by hand, and a variant that does not exist."""
    with pytest.raises(UsageError, match="no knob 'solved'; it has n, examples"):
        parse_strategy("acecoder(solved=())")
    with pytest.raises(UsageError, match="one of simple, test, explain, trace"):
        parse_strategy("self_debug(variant='tests')")
    assert parse_strategy("self_debug(variant='explain')")[1] == {"variant": "explain"}
