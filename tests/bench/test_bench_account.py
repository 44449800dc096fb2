"""The total budget of a run: kept through kills at any moment; what it cuts off is no result."""

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict, replace
from itertools import repeat
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.bench import Cell, Result
from assay.bench.compare import compare, finished
from assay.bench.resume import account, changed_tier, spent_before, take_up, tiers
from assay.bench.stored import asked, graded_by, stored
from assay.bench.summary import summary
from assay.bench.unmeasured import CUT_OFF
from assay.bench.work import Recipe, Workshop, work
from assay.grade import Item
from assay.model import Completion, Model, Prompt
from assay.model.cached import Cached
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Run, Verdict
from assay.sandbox.scripted import ISOLATION
from assay.sandbox.scripted import Scripted as Machine
from assay.search.budget import Budget, Cost, Ledger, Price
from assay.search.driver import Parties
from assay.store import Log

NAME = "scripted/paid"
PRICE = Price(3.0, 15.0)
FAILED = Run(verdicts=(Verdict(test="a", outcome="wrong"),), isolation=ISOLATION, outcome="wrong")
PASSED = Run(verdicts=(Verdict(test="a", outcome="passed"),), isolation=ISOLATION, outcome="passed")


def item_of(number: int) -> Item:
    tests = (Call(id="a", expression="f(1)", expected="1"),)
    problem = Problem(id=f"t/{number}", prompt=f"Write f, {number}.", entry_point="f", tests=tests)
    return Item(problem=problem, hidden=tests)


ITEMS = [item_of(number) for number in range(3)]
CELLS = [
    (
        Cell(suite="s", model=NAME, strategy=name, selector="visible"),
        Recipe(strategy=name, knobs=knobs, selector="visible", prompter=Prompter(max_tokens=60)),
    )
    for name, knobs in (("sample", {"n": 3}), ("self_debug", {"rounds": 2}))
]


class Killed(BaseException):
    """The process is gone: nothing that follows is written down, and nothing is asked."""


class Life:
    """Ends after so many moments; what is done between two of them is done whole."""

    def __init__(self, moments: float) -> None:
        self.left = moments

    def moment(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Killed


class Mortal(Log):
    def __init__(self, path: Path, life: Life) -> None:
        super().__init__(path)
        self.life = life

    def append(self, run: str, item: str, kind: str, body: Mapping[str, Any]) -> None:
        self.life.moment()
        super().append(run, item, kind, body)
        self.life.moment()

    def put(self, model: str, prompt: Prompt, completion: Completion) -> None:
        self.life.moment()
        super().put(model, prompt, completion)
        self.life.moment()


class Metered:
    """The server: what it has answered is to be paid, whether or not anybody hears of it."""

    name = NAME

    def __init__(self) -> None:
        replies = (Reply(match=f", {n}.", text=program(n)) for n in range(len(ITEMS)))
        self.model = Scripted([*replies, Reply(match="", text=program(99))])
        self.tokens = self.calls = 0
        self.dollars = 0.0
        self.life = Life(0)

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        self.life.moment()
        await asyncio.sleep(0)
        completions = await self.model.complete(prompts)
        for one in completions:
            self.tokens += one.usage.prompt_tokens + one.usage.completion_tokens
            self.dollars += PRICE.of(one.usage.prompt_tokens, one.usage.completion_tokens)
            self.calls += 1
        self.life.moment()
        return completions

    async def close(self) -> None:
        """Nothing to give back."""


def program(number: int) -> str:
    return f"```python\ndef f(x):\n    return x - {number} - 1\n```"


CONFIG = {
    "suite": "s",
    "problems": [item.problem.id for item in ITEMS],
    "cells": [asdict(cell) for cell, _ in CELLS],
    "graded_by": graded_by(ITEMS),
    "asked": asked(ITEMS),
}


def live(
    path: Path, run: str, server: Metered, life: Life, total: Budget, jobs: int, cache: bool
) -> dict[str, Result]:
    """The run goes on until its end, or that of the life."""
    server.life = Life(float("inf"))
    log = Mortal(path, server.life)
    with log:
        row = log.find(run)
        take_up(log, row, CONFIG)
        done, spent = finished(log, run), spent_before(log, row)
        assert spent.tokens >= server.tokens or total == Budget(), "a call that is forgotten"
        log.life = server.life = life
        ledger = account(log, run, NAME, PRICE, total, spent)
        model: Model = Cached(server, log) if cache else server
        shop = Workshop(Parties(model, Machine(repeat(FAILED))), log, run, PRICE, ledger)
        return asyncio.run(
            compare(shop, ITEMS, CELLS, jobs=jobs, done=done, listener=lambda result: None)
        )


@settings(max_examples=60, deadline=None)
@given(
    lives=st.lists(st.integers(0, 90), max_size=5),
    total=st.builds(
        Budget,
        tokens=st.none() | st.integers(100, 1500),
        calls=st.none() | st.integers(1, 16),
        dollars=st.none() | st.floats(0.001, 0.02),
    ),
    jobs=st.sampled_from([1, 4]),
    cache=st.booleans(),
)
def test_kills_at_any_moment_do_not_overrun_the_total(
    lives: list[int], total: Budget, jobs: int, cache: bool
) -> None:
    """Catches: what a problem that was cut by a kill had spent, or a call under way, that is not
    counted when the run goes on."""
    server = Metered()
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        with Log(path) as log:
            run = log.start("bench", CONFIG)
        for moments in lives:
            try:
                live(path, run, server, Life(moments), total, jobs, cache)
            except (Killed, BaseExceptionGroup):
                continue
        results = live(path, run, server, Life(float("inf")), total, jobs, cache)
    for name in ("tokens", "calls", "dollars"):
        limit = getattr(total, name)
        assert limit is None or getattr(server, name) <= limit + 1e-9, name
    for result in results.values():
        assert (result.status == "unmeasured") == (result.reason == "total budget")
        assert (result.hidden is None) == result.cut_off


def test_what_was_paid_before_a_kill_is_not_charged_again(tmp_path: Path) -> None:
    """Catches: completions of a problem that was cut by a kill which are charged twice, so that a
    total which is enough for the run is not enough for it with a kill."""

    def played(name: str, total: Budget, *lives: float) -> tuple[int, list[str | None]]:
        path, server = tmp_path / name, Metered()
        with Log(path) as log:
            run = log.start("bench", CONFIG)
        for moments in lives:
            with pytest.raises((Killed, BaseExceptionGroup)):
                live(path, run, server, Life(moments), total, 1, True)
        results = live(path, run, server, Life(float("inf")), total, 1, True)
        return server.calls, [result.code for result in results.values()]

    paid, codes = played("whole.db", Budget(calls=1000))
    assert paid > 10
    # Three calls at once may be lost with a kill, and one that is free must have room to be made.
    enough = Budget(calls=paid + 4)
    for moments in range(15, 200, 17):
        again, same = played(f"{moments}.db", enough, moments)
        assert paid <= again <= paid + 3
        assert same == codes


def test_what_several_cells_ask_is_charged_once(tmp_path: Path) -> None:
    """Catches: a total that is spent by completions which the log had, and more so without a kill
    than with one."""
    cells = [
        (replace(cell, strategy="sample", seed=seed), replace(recipe, strategy="sample", knobs={}))
        for seed, (cell, recipe) in enumerate([CELLS[0]] * 4)
    ]
    server, total = Metered(), Budget(calls=len(ITEMS) + 1)
    server.life = Life(float("inf"))
    with Log(tmp_path / "log.db") as log:
        run = log.start("bench", CONFIG)
        ledger = account(log, run, NAME, PRICE, total, Cost())
        parties = Parties(Cached(server, log), Machine(repeat(FAILED)))
        shop = Workshop(parties, log, run, PRICE, ledger)
        results = asyncio.run(
            compare(shop, ITEMS, cells, jobs=1, done={}, listener=lambda result: None)
        )
    assert (server.calls, ledger.cost.calls, len(results)) == (len(ITEMS), len(ITEMS), 12)
    assert not any(result.cut_off for result in results.values())


async def test_a_call_that_is_given_up_counts_as_its_worst_case(tmp_path: Path) -> None:
    """Catches: Ctrl-C and `--resume`, again and again, past a total budget."""

    class Endless(Metered):
        async def complete(self, prompts: list[Prompt]) -> list[Completion]:
            self.calls += 1
            await asyncio.sleep(3600)
            return await super().complete(prompts)

    server = Endless()
    with Log(tmp_path / "log.db") as log:
        run = log.start("bench", CONFIG)
        ledger = account(log, run, NAME, PRICE, Budget(calls=9), Cost())
        shop = Workshop(Parties(server, Machine(repeat(FAILED))), log, run, PRICE, ledger)
        task = asyncio.create_task(work(shop, ITEMS[0], CELLS[1][1]))
        while not server.calls:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        spent = spent_before(log, log.find(run))
    assert (spent.calls, spent.completion_tokens) == (1, 60)
    assert spent.prompt_tokens > 0


async def cut(
    path: Path,
    total: Budget,
    own: Budget,
    replies: Iterable[str | Reply] = (),
    comparing: bool = True,
    finish: str = "stop",
    runs: Iterable[Run] = (),
) -> Result:
    """One problem under both budgets, `sample(n=3)`."""

    class Ending(Scripted):
        async def complete(self, prompts: list[Prompt]) -> list[Completion]:
            return [replace(one, finish_reason=finish) for one in await super().complete(prompts)]

    with Log(path) as log:
        run = log.start("bench", {})
        model = Ending(list(replies) or [program(number) for number in range(3)])
        machine = Machine([*runs] or repeat(FAILED))
        shop = Workshop(Parties(model, machine), log, run, None, Ledger(total), comparing=comparing)
        recipe = replace(CELLS[0][1], budget=own)
        return await work(shop, ITEMS[0], recipe)


@pytest.mark.parametrize(
    ("total", "own", "finish", "is_cut"),
    [
        (Budget(calls=2), Budget(), "stop", True),
        (Budget(calls=2), Budget(calls=3), "stop", True),
        (Budget(calls=2), Budget(calls=2), "stop", False),
        (Budget(calls=3), Budget(calls=2), "stop", False),
        (Budget(calls=3), Budget(calls=3), "length", False),
        (Budget(runs=1), Budget(), "stop", True),
        (Budget(runs=1), Budget(runs=1), "stop", False),
        (Budget(completion_tokens=40), Budget(), "length", True),
        (Budget(completion_tokens=40), Budget(completion_tokens=40), "length", False),
        (Budget(completion_tokens=60), Budget(), "stop", False),
        # The total has room for a reply, but not for the prompt before it.
        (Budget(tokens=100), Budget(tokens=20_000), "stop", True),
    ],
)
async def test_only_what_the_total_cut_off_is_unmeasured(
    tmp_path: Path, total: Budget, own: Budget, finish: str, is_cut: bool
) -> None:
    """Catches: a problem with less than its own budget that is scored; one that spent its own and
    is not; a reply that the total cut short and that passes for the model's."""
    prompts = 3 if total.completion_tokens else 0
    replies = [Reply(match="", text=program(5), usage=(1, 13))] if prompts else []
    result = await cut(tmp_path / "log.db", total, own, replies, finish=finish)
    told = (result.status == "unmeasured", result.reason == "total budget", result.hidden is None)
    assert told == (is_cut, is_cut, is_cut), result
    assert result.cut_off is is_cut
    row = summary(CELLS[0][0], [result])
    assert row["unmeasured_why"] == ([{"why": CUT_OFF, "results": 1}] if is_cut else [])
    assert row["unmeasured"] == int(is_cut)


async def test_a_verified_program_of_a_search_that_was_cut_off_is_no_result(tmp_path: Path) -> None:
    """Catches: a comparison in which a search that would have gone on counts as solved; a person
    who asked for one program and does not get the one that passes."""
    runs = [PASSED] * 4
    total = Budget(calls=1)
    compared = await cut(tmp_path / "a.db", total, Budget(), runs=runs)
    assert (compared.status, compared.hidden, compared.code) == (
        "unmeasured", None, compared.code,
    )  # fmt: skip
    assert compared.code
    solo = await cut(tmp_path / "b.db", total, Budget(), runs=runs, comparing=False)
    assert (solo.status, solo.hidden) == ("verified", True)


def test_a_run_that_goes_on_under_another_tier_says_so(tmp_path: Path) -> None:
    """Catches: verdicts of two tiers in one run without a word; a note at each opening."""
    with Log(tmp_path / "log.db") as log:
        run = log.start("bench", CONFIG)
        far = replace(ISOLATION, tier="remote", far="landlock")
        told = [changed_tier(log, run, one) for one in (ISOLATION, ISOLATION, far, far, ISOLATION)]
        assert told == ["", "", "scripted", "", "remote: landlock"]
        assert tiers(log, run) == ["scripted", "remote: landlock", "scripted"]
        assert stored(log, run).row.config["isolation"] == "scripted, remote: landlock"
