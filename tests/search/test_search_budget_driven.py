"""Budgets when all of Assay spends them: 10,000 simulated problems, several at a time, by a model
whose bills are too large, too small or missing, and by a sandbox that fails.

What holds: when a call begins, all that is spent and held is within every limit, of the problem
and of the run. So only a call that is then under way, and is billed for more than it was allowed,
takes a limit over; no other follows it.
"""

import asyncio
import random
from collections.abc import Iterator
from typing import Any

import pytest
from search_tools import PROBLEM, code, loaded, run_of

from assay.errors import SandboxError
from assay.model import Completion, Prompt
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.sandbox import Run
from assay.sandbox.scripted import Scripted as Machine
from assay.search import find_strategy
from assay.search.budget import Budget, Cost, Ledger, Price, Reservation
from assay.search.driver import Forgetful, Parties
from assay.select import find_selector
from assay.select.answer import Answer, solve

PRICE = Price(3.0, 15.0)
RUNS, PROBLEMS, JOBS = 200, 50, 8
"""Runs with a total budget; problems of each, of which so many are under way at a time."""
STRATEGIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sample", {"n": 3}),
    ("self_debug", {}),
    ("try_again", {}),
)
BILLS = [None, (0, 0), (1, 1), (-50, -50), (100_000, 1), (40, 5_000), (0, 700), (60, 30)]
"""What a server says that a call used; `None`: the truth."""


class Watched(Ledger):
    """An account that looks at each call when it begins and when it ends."""

    now = 0.0
    """The time, which passes during calls."""

    def start(self) -> "Watched":
        self.beyond = Cost()
        self.under_way = 0
        return self

    @property
    def both(self) -> "list[Watched]":
        return [one for one in (self, self.parent) if isinstance(one, Watched)]

    def reserve(self, prompt: Prompt) -> Reservation:
        held = super().reserve(prompt)
        for ledger in self.both:
            seconds = ledger.budget.seconds
            assert seconds is None or ledger.cost.seconds < seconds, "a call after the time"
            assert max(over(ledger).values(), default=0) <= 1e-9, "a call began that may overrun"
            ledger.beyond, ledger.under_way = Cost(), ledger._held_calls
        return held

    def reserve_runs(self, wanted: int) -> int:
        granted = super().reserve_runs(wanted)
        for ledger in self.both:
            seconds = ledger.budget.seconds
            late = seconds is not None and ledger.cost.seconds >= seconds
            assert not (granted and late), "a run after the time"
        return granted

    def settle(self, held: Reservation, completion: Completion) -> None:
        before = self._spent
        super().settle(held, completion)
        read = self._spent.prompt_tokens - before.prompt_tokens
        written = self._spent.completion_tokens - before.completion_tokens
        assert min(read, written) >= 0, "a bill that pays back"
        more = Cost(
            prompt_tokens=max(0, read - held.prompt_tokens),
            completion_tokens=max(0, written - held.prompt.max_tokens),
        )
        for ledger in self.both:
            ledger.beyond = ledger.beyond + more
        Watched.now += 0.3


def over(ledger: Watched) -> dict[str, float]:
    """By how much what is spent and held exceeds each limit; negative within it."""
    cost = ledger.cost + Cost(
        prompt_tokens=ledger._held_prompt,
        completion_tokens=ledger._held_completion,
        calls=ledger._held_calls,
        dollars=PRICE.of(ledger._held_prompt, ledger._held_completion),
    )
    names = ("tokens", "completion_tokens", "calls", "runs", "dollars")
    limits = {name: getattr(ledger.budget, name) for name in names}
    return {name: getattr(cost, name) - most for name, most in limits.items() if most is not None}


def check(ledger: Watched) -> bool:
    """At the end: over by no more than the calls under way were billed too much. Whether any."""
    beyond = ledger.beyond
    allowed = {
        "tokens": beyond.tokens,
        "completion_tokens": beyond.completion_tokens,
        "dollars": PRICE.of(beyond.prompt_tokens, beyond.completion_tokens) + 1e-9,
    }
    found = over(ledger)
    assert ledger._held_calls == ledger._held_prompt == ledger._held_completion == 0
    assert all(value <= allowed.get(name, 0) for name, value in found.items()), (found, beyond)
    return any(value > 1e-9 for value in found.values())


def budget_of(chance: random.Random, scale: int) -> Budget:
    def some(low: int, high: int) -> int | None:
        return chance.randint(low, high) * scale if chance.random() < 0.5 else None

    return Budget(
        tokens=some(300, 4_000),
        completion_tokens=some(40, 1_500),
        calls=some(1, 5),
        runs=some(1, 4),
        seconds=some(1, 40),
        dollars=chance.uniform(0.001, 0.02) * scale if chance.random() < 0.3 else None,
    )


def model_of(chance: random.Random) -> Scripted:
    """Honest for the first tenth of a run's calls, so that not every limit ends at once."""
    replies: list[str | Reply] = []
    for number in range(PROBLEMS * 6):
        if chance.random() < 0.05:
            replies.append(Reply(error="error"))
        text = "" if chance.random() < 0.1 else code(f"a - b - {number}")
        usage = None if number < PROBLEMS / 2 else chance.choice(BILLS)
        replies.append(Reply(text=text, usage=usage, delay=chance.choice((0, 1e-6))))
    return Scripted(replies)


def machine_of(chance: random.Random) -> Machine:
    def runs() -> Iterator[Run | SandboxError]:
        while True:
            yield chance.choice((run_of("5"), run_of("6"), run_of("7"), loaded("timeout")))
            if chance.random() < 0.05:
                yield SandboxError("no pids")

    return Machine(runs())


async def simulated(chance: random.Random, prompter: Prompter) -> tuple[list[Answer], int, int]:
    """The answers of one run; how many problems, and whether the run, went over a limit."""
    parties = Parties(model_of(chance), machine_of(chance))

    def account(scale: int, parent: Watched | None = None) -> Watched:
        budget = budget_of(chance, scale)
        return Watched(budget, price=PRICE, parent=parent, clock=lambda: Watched.now).start()

    total, waiting, ended = account(10), asyncio.Semaphore(JOBS), 0

    async def one(number: int) -> Answer:
        nonlocal ended
        async with waiting:
            name, knobs = STRATEGIES[number % len(STRATEGIES)]
            ledger = account(1, total)
            steps = find_strategy(name)(PROBLEM, prompter, **knobs)
            answer = await solve(
                PROBLEM, steps, find_selector("visible"), parties, ledger, Forgetful(), prompter
            )
            went_over = check(ledger)
            assert not went_over or name == "sample" or ledger.under_way == 1, "more than one call"
            ended += went_over
            return answer

    answers = await asyncio.gather(*map(one, range(PROBLEMS)))
    return list(answers), ended, check(total)


@pytest.mark.slow
async def test_ten_thousand_problems_keep_their_budgets() -> None:
    """Catches: a limit that concurrent jobs overrun together, a bill below nothing that pays the
    budget back, a call or a run after the time, a hold that a failed call leaves behind, a limit
    that is passed by more than the calls under way are to blame for."""
    chance, prompter = random.Random(11), Prompter(max_tokens=200)
    answers: list[Answer] = []
    problems_over = runs_over = 0
    for _ in range(RUNS):
        more, over_problems, over_run = await simulated(chance, prompter)
        answers += more
        problems_over += over_problems
        runs_over += over_run
    assert len(answers) == 10_000
    # The simulation is worth nothing where nothing happens in it.
    stopped = {answer.stopped for answer in answers}
    assert {"budget", "total budget", "passed", "rounds"} <= stopped
    assert len({answer.status for answer in answers}) >= 3
    assert 100 < problems_over < 9_000
    assert runs_over > 20
