"""The driver and the two strategies, served by scripted parties."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from assay.errors import SandboxError, StoreError, UsageError
from assay.feedback.steps import Question, Steps, consult
from assay.feedback.steps import Reply as Answered
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Detail, Run, Verdict
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.scripted import Scripted as Machine
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Journal, Parties, Trail
from assay.search.repair import self_debug
from assay.search.sample import sample
from assay.select.people import Noted

TEST = Call(id="t", expression="add(2, 3)", expected="5")
PROBLEM = Problem(id="p", prompt="Add two numbers.", entry_point="add", tests=(TEST,))


def code(body: str) -> str:
    return f"```python\ndef add(a, b):\n    return {body}\n```"


def run_of(actual: str) -> Run:
    outcome: Any = "passed" if actual == "5" else "wrong"
    detail = Detail(call="add(2, 3)", expected="5", actual=actual)
    verdict = Verdict(test="t", outcome=outcome, detail=detail)
    return Run(verdicts=(verdict,), isolation=ISOLATION, outcome=outcome)


async def drive(
    steps: Steps[str],
    replies: Iterable[str | Reply],
    runs: Iterable[Run | SandboxError],
    budget: Budget | None = None,
    journal: Journal | None = None,
) -> tuple[Trail, Scripted, Machine, Ledger]:
    model, machine, ledger = Scripted(replies), Machine(runs), Ledger(budget or Budget())
    driver = Driver(PROBLEM, Parties(model, machine), ledger, journal or Forgetful())
    await driver.drive(steps)
    assert (ledger._held_prompt, ledger._held_completion, ledger._held_calls) == (0, 0, 0)
    return driver.trail, model, machine, ledger


async def test_sample_asks_once_a_draw() -> None:
    """Catches: calls that are not counted, samples that share a seed, a first that is random."""
    steps = sample(PROBLEM, Prompter(), n=3)
    replies = [code("a-b"), code("a+b"), code("a*b")]
    trail, model, machine, ledger = await drive(steps, replies, map(run_of, ("-1", "5", "6")))
    assert [attempt.passed for attempt in trail.attempts] == [False, True, False]
    assert (ledger.cost.calls, ledger.cost.runs, len(machine.jobs)) == (3, 3, 3)
    assert [prompt.temperature for prompt in model.asked] == [0.0, 0.8, 0.8]
    assert len({prompt.key for prompt in model.asked}) == 3
    assert len({prompt.messages for prompt in model.asked}) == 1


async def test_all_strategies_begin_with_one_prompt() -> None:
    """Catches: a comparison of strategies that is one of prompts."""
    firsts = set()
    for steps in (
        sample(PROBLEM, Prompter(), n=1),
        sample(PROBLEM, Prompter(), n=4),
        self_debug(PROBLEM, Prompter()),
    ):
        _, model, _, _ = await drive(steps, [code("a+b")] * 4, [run_of("5")] * 4)
        firsts.add(model.asked[0].key)
    assert len(firsts) == 1


async def test_self_debug_stops_at_a_pass() -> None:
    """Catches: calls after the answer is there, and a repair without what went wrong."""
    replies = [code("a-b"), code("a+b"), code("a*b")]
    steps = self_debug(PROBLEM, Prompter())
    trail, model, _, _ = await drive(steps, replies, map(run_of, ("-1", "5")))
    assert trail.stopped == "done"
    assert len(model.asked) == 2
    assert [a.candidate.made_by for a in trail.attempts] == ["self_debug:0", "self_debug:1"]
    assert trail.attempts[1].candidate.parent == trail.attempts[0].candidate.id
    *opening, said, asked = model.asked[1].messages
    assert tuple(opening) == model.asked[0].messages
    assert said.content == code("a-b")
    assert "Expected: 5" in asked.content
    assert "Your code gave: -1" in asked.content


async def test_the_round_limit() -> None:
    """Catches: one round too many or too few."""
    replies = [code(f"a+b+{number}") for number in range(1, 9)]
    steps = self_debug(PROBLEM, Prompter(), rounds=2)
    trail, model, _, _ = await drive(steps, replies, [run_of("6")] * 9)
    assert (len(model.asked), len(trail.attempts)) == (3, 3)


async def test_a_repeated_program_is_not_run_again() -> None:
    """Catches: runs paid twice for one program; a greedy repair that asks the same for ever."""
    replies = [code("a-b"), code("a-b") + "\n\nNow it is right.", code("a+b")]
    steps = self_debug(PROBLEM, Prompter())
    trail, model, machine, ledger = await drive(steps, replies, map(run_of, ("-1", "5")))
    assert len(model.asked) == 3
    assert (len(machine.jobs), ledger.cost.runs, len(trail.attempts)) == (2, 2, 2)
    assert [prompt.temperature for prompt in model.asked] == [0.0, 0.0, 0.8]
    again = sample(PROBLEM, Prompter(), n=3)
    trail, _, machine, _ = await drive(again, [code("a+b")] * 3, [run_of("5")])
    assert len(machine.jobs) == 1
    assert [attempt.passed for attempt in trail.attempts] == [True] * 3


async def test_a_reply_without_code_is_told_so() -> None:
    """Catches: prose that ends the repair, or that is run as a program."""
    replies = ["I am sorry, I cannot.", code("a+b")]
    steps = self_debug(PROBLEM, Prompter())
    trail, model, machine, _ = await drive(steps, replies, [run_of("5")])
    assert "held no python code" in model.asked[1].messages[-1].content
    assert [attempt.passed for attempt in trail.attempts] == [True]
    assert len(machine.jobs) == 1
    trail, model, machine, _ = await drive(self_debug(PROBLEM, Prompter()), ["No."] * 4, [])
    assert trail.attempts[0].feedback.score == 0.0
    assert (len(trail.attempts), len(machine.jobs)) == (1, 0)


async def test_a_reminder_that_the_budget_forbids_loses_nothing() -> None:
    """Catches: one of several samples without code, and the budget spent on it, so that the
    others are never run."""
    replies = [code("a+b"), "I cannot.", code("a-b")]
    steps = sample(PROBLEM, Prompter(), n=3)
    trail, model, _, _ = await drive(steps, replies, map(run_of, ("5", "-1")), Budget(calls=3))
    assert [attempt.passed for attempt in trail.attempts] == [True, False, False]
    assert (trail.stopped, len(model.asked)) == ("budget", 3)


async def test_a_reminder_that_fails_loses_no_program() -> None:
    """Catches: a model that is down for a mere reminder, and with it every program of the batch
    lost, or the result unmeasured."""
    down = Reply(error="error", text="down")
    notes: list[str] = []

    class Notes:
        def note(self, kind: str, body: Mapping[str, Any]) -> None:
            notes.append(f"{kind} {body.get('error', '')}".strip())

    replies: list[str | Reply] = [code("a+b"), "I cannot.", code("a-b"), down]
    steps = sample(PROBLEM, Prompter(), n=3)
    trail, _, _, _ = await drive(steps, replies, map(run_of, ("5", "-1")), journal=Notes())
    assert [attempt.passed for attempt in trail.attempts] == [True, False, False]
    assert (trail.stopped, trail.failures) == ("done", [])
    assert "error down" in notes


async def test_a_reminder_answers_its_own_candidate() -> None:
    """Catches: one of several reminders that fails, and the reply to the next one taken for its
    own."""
    down = Reply(error="error", text="down")
    replies: list[str | Reply] = ["First no.", "Second no.", down, code("a+b")]
    steps = sample(PROBLEM, Prompter(), n=2)
    trail, model, _, _ = await drive(steps, replies, [run_of("5")])
    assert [attempt.candidate.text for attempt in trail.attempts] == ["First no.", code("a+b")]
    said = [prompt.messages[-2].content for prompt in model.asked[2:]]
    assert said == ["First no.", "Second no."]


async def test_a_model_that_fails_midway_leaves_what_was() -> None:
    """Catches: an error in round 2 that loses round 1, or is a wrong answer."""
    replies: list[str | Reply] = [code("a-b"), Reply(error="error", text="down")]
    trail, _, _, ledger = await drive(self_debug(PROBLEM, Prompter()), replies, [run_of("-1")])
    assert trail.stopped == "model: down"
    assert len(trail.attempts) == 1
    assert ledger.cost.calls == 1
    three: list[str | Reply] = [Reply(error="busy"), code("a+b"), Reply(error="error")]
    trail, _, _, _ = await drive(sample(PROBLEM, Prompter(), n=3), three, [run_of("5")])
    assert [attempt.passed for attempt in trail.attempts] == [True]


async def test_a_broken_sandbox_is_no_wrong_answer() -> None:
    """Catches: our failure told to the model as the program's, or scored."""
    runs: list[Run | SandboxError] = [SandboxError("no pids")]
    trail, model, _, _ = await drive(self_debug(PROBLEM, Prompter()), [code("a-b")], runs)
    [attempt] = trail.attempts
    assert not attempt.measured
    assert (attempt.feedback.score, attempt.feedback.passed, attempt.run) == (None, None, None)
    assert "no pids" in attempt.feedback.message
    assert len(model.asked) == 1
    mixed: list[Run | SandboxError] = [run_of("-1"), SandboxError("no pids")]
    two = sample(PROBLEM, Prompter(), n=2)
    trail, _, _, _ = await drive(two, [code("a-b"), code("a+b")], mixed)
    assert [attempt.feedback.score for attempt in trail.attempts] == [0.0, None]


async def test_a_spent_budget_stops() -> None:
    """Catches: one call or run beyond the limit, and a stop that nobody is told of."""
    replies = [code(f"a-b-{number}") for number in range(9)]
    wrong = [run_of("-1")] * 9
    steps = self_debug(PROBLEM, Prompter(), rounds=8)
    trail, model, _, _ = await drive(steps, replies, wrong, Budget(calls=3))
    assert (trail.stopped, len(model.asked), len(trail.attempts)) == ("budget", 3, 3)
    steps = sample(PROBLEM, Prompter(), n=5)
    trail, model, _, _ = await drive(steps, replies, wrong, Budget(calls=2))
    assert (trail.stopped, len(model.asked), len(trail.attempts)) == ("budget", 2, 2)
    steps = sample(PROBLEM, Prompter(), n=5)
    trail, _, machine, _ = await drive(steps, replies, wrong, Budget(runs=2))
    assert (trail.stopped, len(machine.jobs)) == ("budget", 2)
    assert [attempt.measured for attempt in trail.attempts] == [True, True, False, False, False]


async def test_seconds_cut_off_a_slow_model() -> None:
    """Catches: a budget of seconds that waits for the model."""
    replies = [Reply(text=code("a+b"), delay=30)]
    steps = sample(PROBLEM, Prompter())
    trail, _, _, ledger = await drive(steps, replies, [], Budget(seconds=0.05))
    assert trail.stopped == "budget"
    assert ledger.cost.seconds < 5


@pytest.mark.parametrize(
    "rubbish",
    [
        *("", "\0", "```python\n```", "\ud800", "`" * 100_000, "def " * 25_000, "(" * 100_000),
        "```python\n" + "x = 1\n" * 16_667 + "```",
        "\n".join(["def f(:"] * 12_500),
    ],
    ids=["empty", "nul", "hollow", "surrogate", "ticks", "words", "depth", "long", "broken"],
)
async def test_rubbish_is_data(rubbish: str) -> None:
    """Catches: a reply that crashes or hangs Assay."""
    replies = [rubbish, code("a+b")]
    trail, _, _, _ = await drive(self_debug(PROBLEM, Prompter()), replies, [run_of("5")] * 2)
    assert trail.stopped == "done"
    assert all(attempt.measured for attempt in trail.attempts)


async def test_a_journal_that_fails_is_heard() -> None:
    """Catches: a full disk that is taken for a model's failure."""

    class Full:
        def note(self, kind: str, body: Mapping[str, Any]) -> None:
            raise StoreError("full")

    steps = sample(PROBLEM, Prompter())
    with pytest.raises(StoreError):
        await drive(steps, [code("a+b")], [run_of("5")], journal=Full())


def test_prompts_of_a_folder_win(tmp_path: Path) -> None:
    """Catches: an override that nothing reads, and one that hides the other templates."""
    (tmp_path / "system.jinja").write_text("Mine: {{ problem.id }}")
    messages = Prompter(directory=tmp_path).first("do", problem=PROBLEM)
    assert messages[0].content == "Mine: p"
    own = Prompter().text("self_debug", problem=PROBLEM, feedback="F")
    assert Prompter(directory=tmp_path).text("self_debug", problem=PROBLEM, feedback="F") == own


@pytest.mark.parametrize(
    "template",
    [
        b"{% if %}",
        b"{{ nobody }}",
        b"{{ problem.hidden }}",
        b"{{ 1 / 0 }}",
        b"{{ problem.id + 1 }}",
        b"{{ problem.tests() }}",
        b"{% include 'none.jinja' %}",
        b"{{ ''.__class__.__mro__ }}",
        b"{% for i in range(10 ** 9) %}{% endfor %}",
        b"\xff\xfe",
    ],
)
def test_a_broken_template_is_one_line(tmp_path: Path, template: bytes) -> None:
    """Catches: a traceback for a mistake in a file of the user's."""
    (tmp_path / "system.jinja").write_bytes(template)
    with pytest.raises(UsageError, match="system"):
        Prompter(directory=tmp_path).first("do", problem=PROBLEM)


async def test_a_reply_that_disturbed_nobody_is_journaled() -> None:
    """Catches: a replay that gives the next reply to this question; a question that is counted."""

    class Kept:
        def note(self, kind: str, body: Mapping[str, Any]) -> None:
            notes.append((kind, body))

    notes: list[tuple[str, Mapping[str, Any]]] = []
    question = Question(text="?", input="add(2, 3)")
    parties = Parties(Scripted([]), Machine([]), person=Noted({}))
    driver = Driver(PROBLEM, parties, Ledger(Budget()), Kept())
    assert await driver.drive(consult(question)) == Answered(asked=False)
    [(kind, body)] = notes
    assert (kind, body["reply"]["asked"], driver.trail.questions) == ("consult", False, 0)
