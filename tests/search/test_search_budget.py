"""Budgets: what was promised not to be overrun is not, whatever is asked in whatever order."""

import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import BudgetSpent, UsageError
from assay.model import Completion, Message, Prompt, Usage
from assay.search.budget import PER_MESSAGE, Budget, Cost, Ledger, Price, Reservation

PRICE = Price(3.0, 15.0)


def still() -> float:
    return 0.0


def prompt_of(size: int, max_tokens: int = 100) -> Prompt:
    return Prompt(messages=(Message("user", "x" * size),), max_tokens=max_tokens)


def reply(prompt_tokens: int, completion_tokens: int, text: str = "y") -> Completion:
    usage = Usage(prompt_tokens=prompt_tokens, completion_tokens=completion_tokens)
    return Completion(text=text, usage=usage, finish_reason="stop", model="m", seconds=0.0)


def within(ledger: Ledger) -> bool:
    """Spent and held together keep every limit of this ledger."""
    cost, budget = ledger.cost, ledger.budget
    held = ledger._held_prompt + ledger._held_completion
    pairs: list[tuple[float, float | None]] = [
        (cost.tokens + held, budget.tokens),
        (cost.completion_tokens + ledger._held_completion, budget.completion_tokens),
        (cost.calls + ledger._held_calls, budget.calls),
        (cost.runs, budget.runs),
    ]
    if budget.dollars is not None:
        open_dollars = PRICE.of(ledger._held_prompt, ledger._held_completion)
        pairs.append(((cost.dollars or 0.0) + open_dollars - 1e-9, budget.dollars))
    return all(limit is None or spent <= limit for spent, limit in pairs)


def idle(ledger: Ledger) -> bool:
    return (ledger._held_prompt, ledger._held_completion, ledger._held_calls) == (0, 0, 0)


def maybe(chance: random.Random, low: int, high: int) -> int | None:
    return chance.randint(low, high) if chance.random() < 0.6 else None


def random_budget(chance: random.Random, scale: int) -> Budget:
    return Budget(
        tokens=maybe(chance, 1, 900 * scale),
        completion_tokens=maybe(chance, 1, 400 * scale),
        calls=maybe(chance, 1, 6 * scale),
        runs=maybe(chance, 1, 5 * scale),
        dollars=chance.uniform(1e-5, 0.01) * scale if chance.random() < 0.4 else None,
    )


def play(chance: random.Random, ledger: Ledger, open_calls: list[Reservation]) -> None:
    """One random step: a reservation, or the end of one that is held."""
    move = chance.random()
    if move < 0.15:
        try:
            ledger.reserve_runs(chance.randint(0, 4))
        except BudgetSpent:
            return
    elif open_calls and move < 0.55:
        held = open_calls.pop(chance.randrange(len(open_calls)))
        if chance.random() < 0.25:
            ledger.release(held)
            return
        most = held.prompt.max_tokens
        said = Usage() if chance.random() < 0.1 else None
        done = reply(chance.randint(1, held.prompt_tokens), chance.randint(1, most))
        if said is not None:
            done = reply(0, 0)
        ledger.settle(held, done)
    else:
        wanted = chance.choice((0, 1, 5, 31, 32, 33, 100, 400))
        try:
            held = ledger.reserve(prompt_of(chance.randrange(150), wanted))
        except BudgetSpent:
            return
        assert 0 < held.prompt.max_tokens <= wanted
        open_calls.append(held)


def finish(ledger: Ledger, open_calls: list[Reservation]) -> None:
    while open_calls:
        held = open_calls.pop()
        ledger.settle(held, reply(held.prompt_tokens, held.prompt.max_tokens))


def test_ten_thousand_problems_never_overrun() -> None:
    """Catches: a limit that a worst-case reply, a missing usage or concurrent holds overrun, and
    a reservation that stays held. 10,000 problems, ten at a time under one account."""
    chance = random.Random(7)
    for _ in range(1_000):
        total = Ledger(random_budget(chance, 5), price=PRICE, clock=still)
        children = [
            Ledger(random_budget(chance, 1), price=PRICE, parent=total, clock=still)
            for _ in range(10)
        ]
        open_calls: list[list[Reservation]] = [[] for _ in children]
        for _ in range(30):
            at = chance.randrange(10)
            play(chance, children[at], open_calls[at])
            assert within(children[at])
            assert within(total)
        for child, calls in zip(children, open_calls, strict=True):
            finish(child, calls)
            assert within(child)
            assert idle(child)
        assert within(total)
        assert idle(total)
        assert total.cost.tokens == sum(child.cost.tokens for child in children)
        assert total.cost.calls == sum(child.cost.calls for child in children)
        assert total.cost.runs == sum(child.cost.runs for child in children)


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 40))
def test_any_order_keeps_the_limits(chance: random.Random, steps: int) -> None:
    """Catches: an order of reserve, settle and release that overruns (Hypothesis shrinks it)."""
    total = Ledger(random_budget(chance, 1), price=PRICE, clock=still)
    child = Ledger(random_budget(chance, 1), price=PRICE, parent=total, clock=still)
    open_calls: list[Reservation] = []
    for _ in range(steps):
        play(chance, child, open_calls)
        assert within(child)
        assert within(total)
    for held in open_calls:
        child.release(held)
    assert idle(child)
    assert idle(total)


def test_holds_of_concurrent_calls_count() -> None:
    """Catches: five calls at once that each see the whole budget."""
    ledger = Ledger(Budget(tokens=1_000, calls=3), clock=still)
    held = [ledger.reserve(prompt_of(10)) for _ in range(3)]
    with pytest.raises(BudgetSpent):
        ledger.reserve(prompt_of(10))
    ledger.release(held.pop())
    ledger.reserve(prompt_of(10))


def test_nothing_is_left_for_a_prompt_of_no_tokens() -> None:
    """Catches: `max_tokens=0`, which passed every limit, the number of calls included."""
    ledger = Ledger(Budget(calls=1), clock=still)
    ledger.reserve(prompt_of(1))
    with pytest.raises(BudgetSpent):
        ledger.reserve(prompt_of(1, max_tokens=0))


def test_max_tokens_is_cut_to_what_is_left() -> None:
    """Catches: a reply that is allowed to be longer than the budget, or one of a few tokens."""
    ledger = Ledger(Budget(tokens=10 + 2 * PER_MESSAGE + 40), clock=still)
    assert ledger.reserve(prompt_of(10, 1_000)).prompt.max_tokens == 40
    with pytest.raises(BudgetSpent):
        ledger.reserve(prompt_of(10, 1_000))
    small = Ledger(Budget(completion_tokens=31), clock=still)
    with pytest.raises(BudgetSpent):
        small.reserve(prompt_of(10, 1_000))
    assert small.reserve(prompt_of(10, 5)).prompt.max_tokens == 5


def test_free_completions_and_spent_dollars() -> None:
    """Catches: an OverflowError where a completion costs nothing and the prompt too much."""
    ledger = Ledger(Budget(dollars=1e-6), price=Price(1.0, 0.0), clock=still)
    with pytest.raises(BudgetSpent):
        ledger.reserve(prompt_of(1_000))
    rich = Ledger(Budget(dollars=1.0), price=Price(1.0, 0.0), clock=still)
    assert rich.reserve(prompt_of(10, 77)).prompt.max_tokens == 77
    free = Ledger(Budget(dollars=1e-6), price=Price(0.0, 0.0), clock=still)
    assert free.reserve(prompt_of(10, 77)).prompt.max_tokens == 77


def test_an_unknown_price_is_not_zero() -> None:
    """Catches: cost 0.0 for a model whose price nobody gave; a limit that cannot be kept."""
    ledger = Ledger(Budget(), clock=still)
    ledger.settle(ledger.reserve(prompt_of(3)), reply(3, 4))
    assert ledger.cost.dollars is None
    assert (ledger.cost + Cost(dollars=1.0)).dollars is None
    with pytest.raises(UsageError, match="--price"):
        Ledger(Budget(dollars=1.0))
    known = Ledger(Budget(), price=PRICE, clock=still)
    known.settle(known.reserve(prompt_of(3)), reply(1_000_000, 1_000_000))
    assert known.cost.dollars == pytest.approx(18.0)


@pytest.mark.parametrize("text", ["y", ""])
def test_without_usage_the_reservation_is_billed(text: str) -> None:
    """Catches: a server that counts nothing and so makes every call free, empty replies too."""
    ledger = Ledger(Budget(), clock=still)
    held = ledger.reserve(prompt_of(50, 60))
    ledger.settle(held, reply(0, 0, text))
    assert (ledger.cost.prompt_tokens, ledger.cost.completion_tokens) == (held.prompt_tokens, 60)


def test_usage_without_a_prompt_bills_the_bound() -> None:
    """Catches: a server that counts only what it wrote: the prompt was free."""
    ledger = Ledger(Budget(), clock=still)
    held = ledger.reserve(prompt_of(50, 60))
    ledger.settle(held, reply(0, 7))
    assert (ledger.cost.prompt_tokens, ledger.cost.completion_tokens) == (held.prompt_tokens, 7)


def test_an_earlier_bill_tightens_the_bound() -> None:
    """Catches: a token a byte for ever, and a bound below what the same messages once cost."""
    ledger = Ledger(Budget(), clock=still)
    task = (Message("system", "s" * 400), Message("user", "u" * 400))
    loose = ledger.bound(task)
    assert loose >= 800
    held = ledger.reserve(Prompt(messages=task))
    ledger.settle(held, reply(210, 20, "code"))
    assert ledger.bound(task) == 210
    longer = (*task, Message("assistant", "code"), Message("user", "é" * 10))
    assert 210 + 20 + 20 <= ledger.bound(longer) <= 210 + 20 + 20 + 3 * PER_MESSAGE
    ledger.settle(ledger.reserve(Prompt(messages=task)), reply(190, 5, "code"))
    assert ledger.bound(task) == 210
    assert ledger.bound(longer) >= 210 + 20 + 20


@given(st.text(st.characters(), max_size=50))
def test_any_text_has_a_bound(text: str) -> None:
    """Catches: a lone surrogate that crashes the account, and a bound below a token a byte."""
    bound = Ledger(Budget()).bound((Message("user", text),))
    assert bound >= len(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    "text",
    [
        "tokns=5",
        "=5",
        "tokens",
        "tokens=",
        "tokens=many",
        "tokens=-1",
        "tokens=0",
        "tokens=1.5",
        "tokens=1e3",
        "tokens=1" + "0" * 400,
        "tokens=" + "9" * 5_000,
        "seconds=nan",
        "seconds=inf",
        "seconds=-0.1",
        "dollars=-1",
        "dollars=$1",
        "tokens=5;calls=2",
        "tokens=5,tokens=6",
    ],
)
def test_a_wrong_budget_is_one_line(text: str) -> None:
    """Catches: a limit that is ignored, wraps round or crashes."""
    with pytest.raises(UsageError, match="budget: ") as caught:
        Budget.parse(text)
    assert "\n" not in str(caught.value)


def test_a_right_budget() -> None:
    """Catches: a field that cannot be given, or one that lands in another."""
    text = " tokens=1, completion_tokens=2,calls=3,runs=4,seconds=5.5,dollars=0.25,"
    assert Budget.parse(text) == Budget(
        tokens=1, completion_tokens=2, calls=3, runs=4, seconds=5.5, dollars=0.25
    )
    assert Budget.parse("") == Budget()


def test_seconds_count_from_the_start_and_from_above() -> None:
    """Catches: wall time that only one of two nested accounts watches, or that a resume forgets."""
    now = [100.0]
    total = Ledger(Budget(seconds=10), spent=Cost(seconds=4.0), clock=lambda: now[0])
    child = Ledger(Budget(seconds=60), parent=total, clock=lambda: now[0])
    assert child.seconds_left() == 6.0
    now[0] += 6.0
    assert child.runs_left() == 0
    with pytest.raises(BudgetSpent):
        child.reserve(prompt_of(1))
    with pytest.raises(BudgetSpent):
        child.reserve_runs(1)
    assert child.reserve_runs(0) == 0


@pytest.mark.parametrize(
    ("budget", "finish", "cut"),
    [(80, "length", True), (80, "stop", False), (500, "length", False)],
)
def test_a_reply_that_ends_where_the_budget_does_is_known(
    budget: int, finish: str, cut: bool
) -> None:
    """Catches: a search that is said to have had all its rounds, though its last reply was cut."""
    ledger = Ledger(Budget(completion_tokens=budget), clock=still)
    held = ledger.reserve(prompt_of(10, max_tokens=100))
    ledger.settle(held, replace(reply(5, 80), finish_reason=finish))
    assert ledger.last_reply_cut == cut
