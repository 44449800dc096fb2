"""A model and a sandbox of which one call in ten fails, hangs or answers rubbish."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from assay.bench import Cell, Result
from assay.bench.compare import compare, finished
from assay.bench.summary import summary
from assay.bench.work import Recipe, Workshop
from assay.errors import ModelError, SandboxError, UsageError
from assay.grade import Item, grade, solved
from assay.model import Completion, Model, Prompt, Usage, open_model
from assay.model.cached import Cached
from assay.model.checked import Checked as Answered
from assay.model.checked import only
from assay.model.faulty import FAILURES, RUBBISH, Faulty
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Job, Run, Sandbox, Verdict, open_sandbox
from assay.sandbox.checked import Checked, only_run
from assay.sandbox.faulty import FAULTS
from assay.sandbox.faulty import Faulty as Breaking
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.shared import Shared
from assay.search.budget import Budget, Ledger
from assay.search.driver import Parties
from assay.store import Log

COUNT = 16
CELLS = [
    (
        Cell(suite="s", model="m", strategy=name, selector="agreement"),
        Recipe(strategy=name, knobs=knobs, prompter=Prompter(sources=("tests", "trace"))),
    )
    for name, knobs in (("sample", {"n": 3}), ("self_debug", {"rounds": 2}), ("assay", {}))
]
JOB = Job(code="x", tests=(Call(id="a", expression="f(1)", expected="1"),))


def item_of(number: int) -> Item:
    problem = Problem(
        id=f"task-{number:02}",
        prompt=f"Task {number:02}: add {number} to x.",
        entry_point="f",
        tests=(Call(id="visible", expression="f(1)", expected=str(number + 1)),),
    )
    return Item(
        problem=problem,
        hidden=(Call(id="hidden", expression="f(50)", expected=str(50 + number)),),
    )


ITEMS = [item_of(number) for number in range(COUNT)]


def script() -> Scripted:
    """Right for every third task; right on the visible test alone; wrong, then right."""
    replies: list[str | Reply] = []
    for number in range(COUNT):
        body = (f"x + {number}", f"{number + 1} * x", f"x - {number} - 9")[number % 3]
        text = f"```python\ndef f(x):\n    return {body}\n```"
        replies.append(Reply(match=f"Task {number:02}", text=text))
        fixed = f"```python\ndef f(x):\n    return {number} + x\n```"
        replies.append(Reply(match=f"Your code gave: {1 - number - 9}\n", text=fixed))
    return Scripted(replies)


async def outcome(
    model: Model, machine: Sandbox, log: Log, run: str, done: dict[str, Result]
) -> dict[str, Result]:
    """As the command line puts the wrappers together."""
    parties = Parties(Cached(Answered(model), log), Shared(Checked(machine), log))
    shop = Workshop(parties, log, run, None, Ledger(Budget()))
    return await compare(shop, ITEMS, CELLS, jobs=4, done=done, listener=lambda result: None)


@pytest.mark.parametrize("kinds", [FAILURES, (*FAILURES, *RUBBISH)])
async def test_faults_of_both_leave_no_item_mis_scored(tmp_path: Path, kinds: Any) -> None:
    """Catches: a failure that counts as a wrong program, or a right one; an item that is lost;
    rubbish that is believed, kept in the cache, or ends the whole run."""
    machine = open_sandbox(slots=2)
    try:
        with Log(tmp_path / "clean.db") as log:
            clean = await outcome(script(), machine, log, log.start("bench", {}), {})
        assert {result.hidden for result in clean.values()} == {True, False}
        with Log(tmp_path / "faulty.db") as log:
            run = log.start("bench", {})
            model = Faulty(script(), rate=0.1, seed=4, patience=0.001, kinds=kinds)
            broken = Breaking(machine, rate=0.1, seed=4, patience=0.001)
            faulty = await outcome(model, broken, log, run, {})
            again = await outcome(script(), machine, log, run, finished(log, run))
        items = {item.problem.id: item for item in ITEMS}
        graded = {
            key: solved(items[r.problem], r.code, await grade(machine, items[r.problem], r.code))
            for key, r in faulty.items()
        }
    finally:
        await machine.close()
    assert model.faults
    assert broken.faults
    assert faulty.keys() == clean.keys()
    fooled = {key for key in faulty if rubbish_in(key, model.faults)}
    for key, result in faulty.items():
        if result.hidden is not None:
            assert result.hidden is graded[key], "a verdict that its own program does not earn"
        if key not in fooled:
            assert result.hidden in (clean[key].hidden, None), key
            assert result.hidden is None or result.code == clean[key].code
    rows = [summary(c, [faulty[f"{c.key}|{i.problem.id}"] for i in ITEMS]) for c, _ in CELLS]
    assert all(row["measured"] + row["unmeasured"] == row["items"] == COUNT for row in rows)
    unmeasured = {key for key, result in faulty.items() if result.hidden is None}
    assert unmeasured
    assert sum(row["unmeasured"] for row in rows) == len(unmeasured)
    assert len(unmeasured) < len(faulty) / 2, "faults of one item must not take others along"
    for key in set(again) - fooled:
        assert (again[key].hidden, again[key].code) == (clean[key].hidden, clean[key].code)


def rubbish_in(key: str, faults: Sequence[tuple[Prompt, str]]) -> bool:
    """Whether the model answered rubbish on that problem; cells share what it said."""
    task = f"Task {key[-2:]}:"
    return any(
        kind in RUBBISH and any(task in message.content for message in prompt.messages)
        for prompt, kind in faults
    )


async def test_what_is_no_completion_is_a_failure() -> None:
    """Catches: rubbish of a backend that is taken for the model's words, or kept as such."""
    good = Completion(text="t", usage=Usage(), finish_reason="stop", model="m", seconds=0.0)
    assert only([good]) is good
    no_usage: Any = None
    silent = [replace(good, usage=no_usage)]
    wrong: list[Any] = [None, [], [None], [good, good], ["text"], good, {"text": "x"}, silent]
    for given in wrong:
        with pytest.raises(ModelError):
            only(given)
    for kind in FAILURES:
        model = Answered(Faulty(Scripted(["a"]), rate=1.0, patience=0.001, kinds=(kind,)))
        with pytest.raises(ModelError):
            await model.complete([Prompt(messages=())])
    for word in RUBBISH:
        model = Answered(Faulty(Scripted(["a"]), rate=1.0, kinds=(word,)))
        [said] = await model.complete([Prompt(messages=())])
        assert said.text != "a"


async def test_what_is_no_run_of_the_job_is_a_failure() -> None:
    """Catches: verdicts of other tests, or too few of them, that count as a pass."""

    def run(outcome: Any, *verdicts: tuple[str, Any]) -> Run:
        told = tuple(Verdict(test=test, outcome=word) for test, word in verdicts)
        return Run(verdicts=told, isolation=ISOLATION, outcome=outcome)

    assert only_run(JOB, [run("passed", ("a", "passed"))]).passed
    assert not only_run(JOB, [run("wrong", ("a", "wrong"))]).passed
    wrong: list[Any] = [
        *(None, [], [None], {"outcome": "passed"}, run("passed", ("a", "passed"))),
        [run("passed")],
        [run("passed", ("b", "passed"))],
        [run("passed", ("a", "passed"), ("a", "passed"))],
        [run("passed", ("a", "wrong"))],
        [run("wrong", ("a", "passed"))],
    ]
    for given in wrong:
        with pytest.raises(SandboxError):
            only_run(JOB, given)
    for kind in FAULTS:
        machine = Checked(Breaking(Pretend(), rate=1.0, patience=0.001, kinds=(kind,)))
        with pytest.raises(SandboxError):
            await machine.run([JOB])


class Pretend:
    """Passes everything, but for what is never one verdict a test."""

    isolation = ISOLATION

    async def run(self, jobs: list[Job]) -> list[Run]:
        verdict = Verdict(test="a", outcome="passed")
        return [Run(verdicts=(verdict,), isolation=ISOLATION, outcome="passed") for _ in jobs]

    async def close(self) -> None:
        """Nothing to give back."""


async def test_faults_go_by_the_seed_and_not_by_the_order() -> None:
    """Catches: a test of faults that finds other ones each time."""
    prompts = [Prompt(messages=(), seed=number, temperature=1.0) for number in range(200)]

    async def kinds(order: Sequence[Prompt], seed: int) -> dict[str, str]:
        endless = Scripted([Reply(match="", text="x")])
        model = Faulty(endless, rate=0.2, seed=seed, patience=0.0)
        for prompt in order:
            try:
                await model.complete([prompt])
            except ModelError:
                continue
        return {prompt.key: kind for prompt, kind in model.faults}

    first = await kinds(prompts, 1)
    assert 20 <= len(first) <= 60
    assert first == await kinds(prompts[::-1], 1)
    assert first != await kinds(prompts, 2)


def test_a_faulty_model_is_one_by_name(tmp_path: Path) -> None:
    """Catches: a rate that is not read, or one that is none."""
    path = tmp_path / "s.json"
    path.write_text('["a"]')
    for prefix in ("", "rate=0.5:", "seed=3:", "rate=1:seed=3:"):
        assert open_model(f"faulty/{prefix}scripted/{path}").name == f"faulty/scripted/{path}"
    for wrong in ("rate=2:", "rate=.:"):
        with pytest.raises(UsageError):
            open_model(f"faulty/{wrong}scripted/{path}")
