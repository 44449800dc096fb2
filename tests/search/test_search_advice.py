"""Advice around a search: asked for once, left out where it fails, and no more than advice."""

import pytest
from search_tools import PROBLEM, code, play, run_of

from assay.candidate import Candidate
from assay.errors import SandboxError
from assay.feedback import Feedback
from assay.feedback.steps import Steps, Tell, ask, try_
from assay.model import Completion, Prompt, Usage
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.sandbox import Run
from assay.sandbox.scripted import Scripted as Machine
from assay.search.budget import Budget, Ledger
from assay.search.driver import Forgetful, Parties
from assay.search.repair import self_debug
from assay.search.sample import sample
from assay.select.answer import Answer, solve
from assay.select.ranked import by_ranker
from assay.select.visible import visible

ASKING = ("critic", "property", "falsify")
ADVICE = "You review|Hypothesis|simplest way"
NEW = [code(f"a-b-{number}") for number in range(9)]


async def test_a_greedy_prompt_is_asked_and_charged_once() -> None:
    """Catches: a prompt that has its answer already and is billed again; a further draw that is
    given the first one's."""

    def steps() -> Steps[str]:
        prompter = Prompter()
        messages = prompter.first("Say it.", problem=PROBLEM)
        said = []
        for draw in (0, 0, 1, 1):
            said += yield from ask([prompter.prompt(messages, draw)])
        return " ".join(one.text for one in said)

    played = await play(steps(), ["a", "b", "c"], [])
    assert played.reason == "a a b c"
    assert played.ledger.cost.calls == 3


@pytest.mark.parametrize("source", ASKING)
async def test_a_source_asks_once_for_the_same_program(source: str) -> None:
    """Catches: properties, a reference or a critique of the same program paid for each round."""
    steps = self_debug(PROBLEM, Prompter(sources=("tests", source)))
    said = Reply(text="Kind: minor logic. Line 2 is wrong.", regex=ADVICE)
    runs = [run_of(str(number)) for number in range(-9, -1)]
    played = await play(steps, [said, *NEW], runs)
    asked = [prompt.key for prompt in played.asked if "```python block" not in str(prompt)]
    assert len(asked) == len(set(asked))
    advice = [text for text in played.last if "Find the mistake" not in text][1:]
    assert 1 <= len(advice) <= (3 if source == "critic" else 1)


@pytest.mark.parametrize("source", ASKING)
async def test_advice_that_fails_ends_nothing(source: str) -> None:
    """Catches: a search that ends, or is unmeasured, because the model failed at a critique."""
    steps = self_debug(PROBLEM, Prompter(sources=("tests", source)))
    down = Reply(error="error", text="down", regex=ADVICE)
    runs = [run_of("-1"), run_of("-2"), run_of("5")]
    played = await play(steps, [down, *NEW], runs)
    assert (played.reason, played.trail.stopped, played.trail.failures) == ("passed", "done", [])
    notes = [said.feedback.note for said in played.trail.told]
    assert any(f"{source}: left out: down" in note for note in notes)


async def test_advice_that_the_budget_refuses_ends_nothing() -> None:
    """Catches: a run of our own that has no room, and the repair not asked for though it has."""
    steps = self_debug(PROBLEM, Prompter(sources=("tests", "lint")), rounds=1)
    played = await play(steps, NEW, [run_of("-1")], budget=Budget(runs=1))
    assert "Find the mistake" in played.last[-1]
    [said] = played.trail.told
    assert said.feedback.note.startswith("lint: left out")


def two(first: str, second: str, violating: int) -> Steps[str]:
    """Two programs, one of which violates a property."""
    made = [Candidate(code=text, text=text, made_by="t") for text in (first, second)]
    yield from try_(made)
    said = Feedback(source="tests+property", message="A property is violated.")
    yield Tell(made[violating].id, said)
    return "rounds"


async def answer_of(*outputs: str, violating: int, selector: str) -> Answer:
    programs = ["def add(a, b): return 1", "def add(a, b): return 2"]
    runs: list[Run | SandboxError] = [*map(run_of, outputs), *[SandboxError("no more")] * 9]
    parties = Parties(Scripted([Reply(text="", match="")]), Machine(runs))
    steps = two(programs[0], programs[1], violating)
    chosen = visible if selector == "visible" else by_ranker(selector)
    answer = await solve(PROBLEM, steps, chosen, parties, Ledger(Budget()), Forgetful(), Prompter())
    assert answer.code in programs
    return answer


@pytest.mark.parametrize("selector", ["visible", "posterior", "majority"])
async def test_a_violation_decides_between_equals_alone(selector: str) -> None:
    """Catches: properties that no selector heeds, and one that outweighs a visible test."""
    first = await answer_of("5", "5", violating=0, selector=selector)
    assert (first.code or "").endswith("2")
    second = await answer_of("5", "5", violating=1, selector=selector)
    assert (second.code or "").endswith("1")
    third = await answer_of("5", "-1", violating=0, selector=selector)
    assert (third.code or "").endswith("1")
    assert third.status == "verified"


class Wordy:
    """A model that always writes as much as it may."""

    name = "wordy/model"

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        return [
            Completion(
                text=code("a-b"),
                usage=Usage(prompt_tokens=50, completion_tokens=prompt.max_tokens),
                finish_reason="length",
                model=self.name,
                seconds=0.0,
            )
            for prompt in prompts
        ]

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(("tokens", "why"), [(300, "300 completion tokens"), (9_999, "all rounds")])
async def test_a_budget_that_cut_the_last_reply_ended_the_search(tokens: int, why: str) -> None:
    """Catches: "all rounds are taken" where more tokens might have given another program."""
    parties = Parties(Wordy(), Machine([run_of("-1")] * 9))
    ledger = Ledger(Budget(completion_tokens=tokens))
    steps = sample(PROBLEM, Prompter(), n=1)
    answer = await solve(PROBLEM, steps, visible, parties, ledger, Forgetful(), Prompter())
    assert answer.status == "failed"
    assert why in answer.reason
