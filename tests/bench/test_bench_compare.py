"""Comparisons: resumable by id, nothing asked twice, hidden tests hidden, failures unscored."""

import asyncio
import inspect
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import get_type_hints

import pytest

from assay.bench import Cell, Result
from assay.bench.compare import compare, finished
from assay.bench.stats import wilson
from assay.bench.summary import summary
from assay.bench.work import Recipe, Workshop, price_of
from assay.errors import SandboxError
from assay.grade import Item, grade, solved
from assay.model.cached import Cached
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Run, Sandbox, open_sandbox
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.scripted import Scripted as Machine
from assay.search import STRATEGIES, find_strategy
from assay.search.budget import Budget, Ledger
from assay.search.driver import Parties
from assay.store import Log

SECRET = 987_654_321
COUNT = 8
CELLS = [
    (Cell(suite="s", model="m", strategy=name, selector="agreement"), Recipe(strategy=name))
    for name in ("sample", "self_debug")
]


def item_of(number: int) -> Item:
    problem = Problem(
        id=f"task-{number:02}",
        prompt=f"Task {number:02}: add {number} to x.",
        entry_point="f",
        tests=(Call(id="visible", expression="f(1)", expected=str(number + 1)),),
    )
    hidden = Call(id="hidden", expression=f"f({SECRET})", expected=str(SECRET + number))
    return Item(problem=problem, hidden=(hidden,))


ITEMS = [item_of(number) for number in range(COUNT)]


def script() -> Scripted:
    """Right at once for even tasks; wrong, then right, for odd ones."""
    replies: list[str | Reply] = []
    for number in range(COUNT):
        wrong = number if number % 2 == 0 else number + 1
        replies.append(
            Reply(
                match=f"Task {number:02}",
                text=f"```python\ndef f(x):\n    return x + {wrong}\n```",
                delay=0.002,
            )
        )
        fixed = f"```python\ndef f(x):\n    return {number} + x\n```"
        replies.append(Reply(match=f"Your code gave: {number + 2}\n", text=fixed))
    return Scripted(replies)


def shop_of(model: Scripted, machine: Sandbox, log: Log, run: str) -> Workshop:
    total = Ledger(Budget())
    return Workshop(Parties(Cached(model, log), machine), log, run, None, total)


def told(results: dict[str, Result]) -> dict[str, object]:
    """What must not depend on interruptions: all but times and the run's id."""
    return {
        key: (
            *(result.status, result.code, result.hidden, result.visible, result.confidence),
            *(result.cost["calls"], result.cost["runs"], result.cost["prompt_tokens"]),
        )
        for key, result in results.items()
    }


async def test_a_killed_comparison_goes_on(tmp_path: Path) -> None:
    """Catches: results by position, an item done twice or never, a prompt paid for twice, a cost
    that depends on the cache."""
    machine = open_sandbox(slots=2)
    try:
        whole_model = script()
        with Log(tmp_path / "whole.db") as log:
            shop = shop_of(whole_model, machine, log, log.start("bench", {}))
            whole = await compare(shop, ITEMS, CELLS, jobs=1, done={}, listener=lambda result: None)
        models = []
        heard: list[Result] = []
        half = asyncio.Event()

        def stop_half_way(result: Result) -> None:
            heard.append(result)
            if len(heard) == COUNT - 1:
                half.set()

        with Log(tmp_path / "halves.db") as log:
            run = log.start("bench", {})
            models.append(script())
            shop = shop_of(models[0], machine, log, run)
            first = asyncio.create_task(
                compare(shop, ITEMS, CELLS, jobs=2, done={}, listener=stop_half_way)
            )
            await half.wait()
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
        with Log(tmp_path / "halves.db") as log:
            done = finished(log, run)
            assert COUNT - 1 <= len(done) < 2 * COUNT
            models.append(script())
            shop = shop_of(models[1], machine, log, run)
            again: list[Result] = []
            resumed = await compare(shop, ITEMS, CELLS, jobs=2, done=done, listener=again.append)
            assert finished(log, run).keys() == resumed.keys()
    finally:
        await machine.close()
    assert len(again) == 2 * COUNT - len(done)
    assert list(resumed) == list(whole)
    assert told(resumed) == told(whole)
    keys = [prompt.key for model in models for prompt in model.asked]
    # A call that the kill cut off was never answered; every other one is asked once.
    assert len(keys) - len(set(keys)) <= 2
    assert set(keys) == {prompt.key for prompt in whole_model.asked}
    assert len(whole_model.asked) == len({prompt.key for prompt in whole_model.asked})
    rates = [
        summary(cell, [whole[f"{cell.key}|{i.problem.id}"] for i in ITEMS]) for cell, _ in CELLS
    ]
    assert [row["solved"] for row in rates] == [COUNT // 2, COUNT]


async def test_no_prompt_holds_a_hidden_test(tmp_path: Path) -> None:
    """Catches: a hidden test that reaches the model, a visible run or the log before the grade."""
    model = script()
    machine = open_sandbox(slots=2)
    with Log(tmp_path / "log.db") as log:
        run = log.start("bench", {})
        shop = shop_of(model, machine, log, run)
        await compare(shop, ITEMS[:3], CELLS, jobs=2, done={}, listener=lambda result: None)
        events = log.events(run)
    await machine.close()
    assert not [prompt for prompt in model.asked if str(SECRET) in str(prompt)]
    leaks = {event.kind for event in events if str(SECRET) in json.dumps(event.body)}
    assert leaks <= {"grade"}
    kinds = {"problem", "completion", "attempt", "feedback", "decision", "grade", "result"}
    assert {event.kind for event in events} == kinds


def test_a_strategy_cannot_name_a_hidden_test() -> None:
    """Catches: a field for hidden tests above `grade`, or a strategy that is handed an item."""
    assert not {field.name for field in fields(Problem)} & {"hidden", "split", "item", "solution"}
    for name in STRATEGIES:
        strategy = find_strategy(name)
        first, second = list(inspect.signature(strategy).parameters)[:2]
        hints = get_type_hints(strategy)
        assert (hints[first], second) == (Problem, "prompter")
        assert Item not in hints.values()


async def test_a_broken_sandbox_grades_nothing() -> None:
    """Catches: our failure counted as a wrong answer."""
    item = ITEMS[0]
    run = Run(verdicts=(), isolation=ISOLATION, outcome="wrong")
    assert await grade(Machine([SandboxError("x")]), item, "code") is None
    assert await grade(Machine([run]), item, "code") == run
    machine = Machine([run])
    assert await grade(machine, item, None) is None
    assert await grade(machine, replace(item, hidden=()), "code") is None
    assert machine.jobs == []
    assert solved(item, "code", None) is None
    assert solved(item, None, None) is False
    assert solved(item, "code", run) is False
    assert solved(replace(item, hidden=()), None, None) is None


async def test_what_is_not_measured_is_counted_not_scored(tmp_path: Path) -> None:
    """Catches: a rate over items that were never judged; one that a resume does not take up."""
    cell, recipe = CELLS[0]
    right = Run(verdicts=(), isolation=ISOLATION, outcome="passed")
    runs: list[Run | SandboxError] = [
        right,
        right,
        SandboxError("no pids"),
        right,
        right,
        SandboxError("no pids"),
    ]
    with Log(tmp_path / "log.db") as log:
        run = log.start("bench", {})
        shop = shop_of(script(), Machine(runs), log, run)
        three = [(cell, recipe)]
        results = await compare(
            shop, ITEMS[:3], three, jobs=1, done={}, listener=lambda result: None
        )
        done = finished(log, run)
    assert [result.hidden for result in results.values()] == [True, None, None]
    row = summary(cell, results.values())
    assert (row["items"], row["measured"], row["solved"], row["pass@1"]) == (3, 1, 1, 1.0)
    assert [result.status for result in results.values()] == ["verified", "unmeasured", "verified"]
    assert f"{cell.key}|task-01" not in done
    nothing = summary(cell, [])
    assert (nothing["pass@1"], nothing["interval"]) == (None, None)


@pytest.mark.parametrize(
    ("right", "of", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (1, 1, 0.2065, 1.0),
        (5, 10, 0.2366, 0.7634),
        (82, 164, 0.42436, 0.57564),
    ],
)
def test_wilson(right: int, of: int, low: float, high: float) -> None:
    """Catches: the normal interval, or one with a slip in it. Values: from the formula, by hand."""
    assert wilson(right, of) == pytest.approx((low, high), abs=5e-5)


def test_wilson_at_its_edges() -> None:
    """Catches: 0 of 0 as a rate, impossible counts, an interval that leaves [0, 1]."""
    assert wilson(0, 0) is None
    for wrong in ((2, 1), (-1, 3), (0, -1)):
        with pytest.raises(ValueError, match="successes"):
            wilson(*wrong)
    for of in (1, 2, 7, 1_000, 10**7):
        for right in {0, 1, of // 2, of}:
            interval = wilson(right, of)
            assert interval is not None
            assert 0.0 <= interval[0] <= right / of <= interval[1] <= 1.0


def test_what_runs_here_is_free_and_the_rest_unknown() -> None:
    """Catches: an unknown price taken for none."""
    assert price_of("openai/x", None) is None
    free = price_of("embedded/x", None)
    assert free is not None
    assert free.of(10, 10) == 0.0
