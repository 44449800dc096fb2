"""All strategies begin with the same completion: at a seed, the first call for the bare task is
one call, whatever strategy, feedback or condition makes it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_tools import PROBLEM, code, play, run_of

from assay.bench.conditions import CONDITIONS
from assay.feedback.steps import Ask
from assay.model import Prompt
from assay.model.prompter import Prompter
from assay.problem import Call, Problem
from assay.search import STRATEGIES, find_strategy
from assay.search.turns import opening

OTHERS = {"acecoder", "scot", "lpw", "slpw", "codesim", "plan_search", "codetree", "rethink_mcts"}
"""They plan, reason or show examples before there is a program: their first call is another."""
PROMPTS = st.text(max_size=60)
PROMPTERS = st.builds(
    Prompter,
    seed=st.integers(0, 2**31),
    temperature=st.floats(0, 2),
    max_tokens=st.integers(16, 4_096),
    feedback_tokens=st.integers(50, 2_000),
    sources=st.sampled_from([None, *CONDITIONS.values()]),
)


def first_call(name: str, problem: Problem, prompter: Prompter) -> list[Prompt]:
    """What a strategy asks for before anything else."""
    steps = find_strategy(name)(problem, prompter)
    request: Any = next(steps)
    steps.close()
    return list(request.prompts) if isinstance(request, Ask) else []


@pytest.mark.parametrize("name", STRATEGIES)
@settings(max_examples=15, deadline=None)
@given(text=PROMPTS, tested=st.booleans(), prompter=PROMPTERS)
def test_the_first_sample_is_shared(name: str, text: str, tested: bool, prompter: Prompter) -> None:
    """Catches: a strategy whose first program is asked for in words, at a temperature or with a
    seed of its own: it would be compared on luck, and paid for twice."""
    tests = (Call(id="t", expression="f(1)", expected="2"),) if tested else ()
    problem = Problem(id="p", prompt=text, entry_point="f", tests=tests)
    bare = prompter.prompt(opening(problem, prompter))
    first = first_call(name, problem, prompter)[0]
    assert (first.messages == bare.messages) == (name not in OTHERS), "the list above is not right"
    if name not in OTHERS:
        assert (first, first.key, first.temperature) == (bare, bare.key, 0.0)


@pytest.mark.parametrize("name", [name for name in STRATEGIES if name not in OTHERS])
async def test_the_bare_task_is_asked_greedily_once(name: str) -> None:
    """Catches: a strategy that asks for its first sample again, later and under another key."""
    prompter = Prompter(seed=7)
    replies = [code(f"a-{n}") for n in range(60)]
    played = await play(find_strategy(name)(PROBLEM, prompter), replies, [run_of("-1")] * 300)
    greedy = prompter.prompt(opening(PROBLEM, prompter))
    assert played.asked[0].key == greedy.key
    assert [prompt.key for prompt in played.asked].count(greedy.key) == 1
