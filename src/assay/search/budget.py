"""Budgets that hold: a call reserves its worst case before it is made and settles after."""

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from typing import Any

from assay.errors import BudgetSpent, UsageError
from assay.model import Completion, Message, Prompt

PER_MESSAGE = 16
"""Tokens that a chat template may add around one message; seen: 4 to 6."""
TOTAL_BUDGET = "total budget"
"""Why a search ended that the budget of the whole run cut off."""
SMALLEST_REPLY = 32
"""A call that could write less than this is not made: it would be cut before any program."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """Limits of one problem, or of a whole run; `None` is no limit."""

    tokens: int | None = None
    """Prompt tokens and completion tokens together, cached ones included."""
    completion_tokens: int | None = None
    calls: int | None = None
    runs: int | None = None
    """Of the sandbox: candidates, and programs of ours around them (analysers, traces, properties).
    The same run is not made, nor charged, twice."""
    seconds: float | None = None
    """Wall time."""
    dollars: float | None = None

    @classmethod
    def parse(cls, text: str) -> "Budget":
        """`tokens=20000,seconds=120`. Raises `UsageError`."""
        names = [field.name for field in fields(cls)]
        limits: dict[str, float] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = part.partition("=")
            if name not in names:
                raise UsageError(f"budget: no limit named {name!r}; there are {', '.join(names)}")
            if name in limits:
                raise UsageError(f"budget: {name} is given twice")
            limits[name] = number(name, value, whole=name not in ("seconds", "dollars"))
        return cls(**limits)  # type: ignore[arg-type]  # int where the field is an int, see above


def number(name: str, text: str, whole: bool) -> float:
    """A limit above 0. Raises `UsageError`."""
    try:
        value = int(text) if whole else float(text)
        finite = math.isfinite(value)
    except (ValueError, OverflowError):
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"budget: {name} wants {kind}, not {text!r}") from None
    if not finite or value <= 0:
        raise UsageError(f"budget: {name} must be above 0 and finite")
    return value


@dataclass(frozen=True, slots=True)
class Price:
    """Dollars per million tokens; an unknown price is `None`, not this."""

    prompt: float
    completion: float

    def of(self, prompt_tokens: int, completion_tokens: int) -> float:
        return (self.prompt * prompt_tokens + self.completion * completion_tokens) / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What was spent. Cached completions count as when they were paid, so that figures compare."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0
    runs: int = 0
    seconds: float = 0.0
    dollars: float | None = 0.0
    """`None`: the price is not known."""
    model_seconds: float = 0.0
    """Wall time during which a completion was awaited."""
    sandbox_seconds: float = 0.0
    """Wall time during which a run was awaited."""
    model_cpu_seconds: float = 0.0
    """CPU time of a model that computes in this process (`embedded`); of others it is not known."""
    sandbox_cpu_seconds: float = 0.0
    """CPU time of the programs, as the kernel counted it."""
    rest_cpu_seconds: float = 0.0
    """CPU time of this process for the problem beside the model; see `meter`."""
    cached_calls: int = 0
    """Of `calls`, those that the log answered."""
    cached_tokens: int = 0
    """Of all tokens, those of `cached_calls`: they were spent before."""
    cached_runs: int = 0
    """Runs that the log already had: of `runs`, which count as when they were made, and of the
    grade."""

    @property
    def tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: "Cost") -> "Cost":
        sums: dict[str, Any] = {}
        for field in fields(self):
            mine, theirs = getattr(self, field.name), getattr(other, field.name)
            sums[field.name] = None if mine is None or theirs is None else mine + theirs
        return Cost(**sums)


@dataclass(frozen=True, slots=True)
class Reservation:
    prompt: Prompt
    """As it may be sent: `max_tokens` cut to what is left."""
    prompt_tokens: int
    """Upper bound."""
    cut: bool = False
    """Whether the account of the whole run left less for the reply than the problem's own."""
    shortened: bool = False
    """Whether `max_tokens` is less than was asked for."""


class Ledger:
    """The account of one problem. `parent`, the account of the whole run, is charged as well.

    Of the account of a run that may be killed and go on: `paid` are the keys of prompts that it was
    charged for before, which are free where the cache answers them; `keep` is told what is spent
    and held at worst before each call is made, and when it is over."""

    def __init__(
        self,
        budget: Budget,
        *,
        price: Price | None = None,
        parent: "Ledger | None" = None,
        spent: Cost | None = None,
        paid: Iterable[str] | None = None,
        keep: Callable[[Cost], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if budget.dollars is not None and price is None:
            raise UsageError("budget: dollars needs the model's price; give --price IN,OUT")
        self.budget = budget
        self.price = price
        self.parent = parent
        self.last_reply_cut = False
        """Whether the last reply ended where the budget did."""
        self._spent = spent or Cost()
        self._held_prompt = 0
        self._held_completion = 0
        self._held_calls = 0
        self._paid = None if paid is None else set(paid)
        self._keep = keep
        self._kept: Cost | None = None
        self._clock = clock
        self._start = clock()
        self._known: dict[tuple[Message, ...], int] = {}

    @property
    def cost(self) -> Cost:
        dollars = self._spent.dollars if self.price is not None else None
        seconds = self._spent.seconds + self._clock() - self._start
        return replace(self._spent, seconds=seconds, dollars=dollars)

    def idle(self, seconds: float) -> None:
        """Wall time that is nobody's: a person was asked."""
        self._start += seconds
        if self.parent is not None:
            self.parent.idle(seconds)

    def seconds_left(self) -> float | None:
        """Wall seconds until a limit; `None` without one."""
        above = None if self.parent is None else self.parent.seconds_left()
        left = [seconds for seconds in (self._own_seconds(), above) if seconds is not None]
        return min(left) if left else None

    def _own_seconds(self) -> float | None:
        return None if self.budget.seconds is None else self.budget.seconds - self.cost.seconds

    def late(self) -> BudgetSpent:
        """The seconds of either account are over."""
        own = self._own_seconds()
        total = own is None or own > 0
        return BudgetSpent("the seconds of the budget are over", total=total)

    def reserve(self, prompt: Prompt) -> Reservation:
        """Holds the worst case of a call. Raises `BudgetSpent` where that would overrun."""
        bound = self.bound(prompt.messages)
        own = min(prompt.max_tokens, self._own_room(bound))
        most = min(own, self.room(bound))
        least = max(1, min(SMALLEST_REPLY, prompt.max_tokens))
        if most < least:
            raise BudgetSpent("the budget has no room for another call", total=own >= least)
        sent = replace(prompt, max_tokens=most)
        held = Reservation(sent, bound, cut=most < own, shortened=most < prompt.max_tokens)
        self._hold(held, 1)
        return held

    def room(self, prompt_tokens: int) -> int:
        """Completion tokens that a call with such a prompt may still write."""
        own = self._own_room(prompt_tokens)
        return own if self.parent is None else min(own, self.parent.room(prompt_tokens))

    def _own_room(self, prompt_tokens: int) -> int:
        cost, budget = self.cost, self.budget
        held = self._held_prompt + self._held_completion
        room: list[float] = [math.inf]
        if budget.calls is not None and cost.calls + self._held_calls >= budget.calls:
            return 0
        if budget.seconds is not None and cost.seconds >= budget.seconds:
            return 0
        if budget.tokens is not None:
            room.append(budget.tokens - cost.tokens - held - prompt_tokens)
        if budget.completion_tokens is not None:
            room.append(budget.completion_tokens - cost.completion_tokens - self._held_completion)
        if budget.dollars is not None and self.price is not None:
            spent = (cost.dollars or 0.0) + self.price.of(self._held_prompt, self._held_completion)
            left = (budget.dollars - spent) * 1e6 - self.price.prompt * prompt_tokens
            if left < 0:
                return 0
            room.append(left / self.price.completion if self.price.completion else math.inf)
        least = min(room)
        return 2**31 if least == math.inf else max(0, int(least))

    def settle(self, held: Reservation, completion: Completion) -> None:
        """Charges what the call used; where the server did not say, what was held."""
        usage = completion.usage
        self.last_reply_cut = held.shortened and completion.finish_reason == "length"
        # No prompt has no tokens, and no bill is below nothing.
        prompt_tokens = usage.prompt_tokens if usage.prompt_tokens > 0 else held.prompt_tokens
        counted = usage.completion_tokens > 0 or (not completion.text and usage.prompt_tokens > 0)
        completion_tokens = usage.completion_tokens if counted else held.prompt.max_tokens
        self._learn(held.prompt.messages, completion, prompt_tokens, completion_tokens)
        cached = int(completion.cached)
        cost = Cost(
            prompt_tokens=prompt_tokens,
            completion_tokens=completion_tokens,
            calls=1,
            cached_calls=cached,
            cached_tokens=cached * (prompt_tokens + completion_tokens),
        )
        self._charge(held, cost, completion)

    def release(self, held: Reservation, *, under_way: bool = False) -> None:
        """Gives back what a call had held that brought nothing. One that is still under way may be
        billed: the account of the whole run is charged its worst case."""
        if under_way and self.parent is not None:
            prompt, reply = held.prompt_tokens, held.prompt.max_tokens
            dollars = self.price.of(prompt, reply) if self.price is not None else 0.0
            self.parent.charge(
                Cost(prompt_tokens=prompt, completion_tokens=reply, calls=1, dollars=dollars)
            )
        self._hold(held, -1)

    def spent(self, total: bool = False) -> str:
        """In words, the limit of which the largest part is used; `total`: of the whole run."""
        if self.parent is not None and total:
            return f"{self.parent.spent()} for the whole run"
        cost, used = self.cost, list[tuple[float, str]]()
        for field in fields(self.budget):
            limit = getattr(self.budget, field.name)
            if limit is not None:
                share = (getattr(cost, field.name) or 0.0) / limit
                number = f"{limit:,}" if isinstance(limit, int) else f"{limit:,g}"
                unit = f"{number} {field.name.replace('_', ' ')}"
                used.append((share, unit.rstrip("s") if limit == 1 else unit))
        return f"the budget of {max(used)[1]}" if used else "the budget"

    def reserve_runs(self, wanted: int) -> int:
        """How many of `wanted` runs may be made; they are charged. Raises `BudgetSpent` at none."""
        granted = min(wanted, max(0, self.runs_left()))
        if wanted and not granted:
            raise self.no_more_runs(wanted)
        self.charge(Cost(runs=granted))
        return granted

    def runs_left(self) -> int:
        own = self._own_runs()
        return own if self.parent is None else min(own, self.parent.runs_left())

    def no_more_runs(self, wanted: int) -> BudgetSpent:
        """Why not so many are granted now."""
        total = self.runs_left() < min(wanted, self._own_runs())
        return BudgetSpent("the budget has no room for another run", total=total)

    def _own_runs(self) -> int:
        if (seconds := self._own_seconds()) is not None and seconds <= 0:
            return 0
        return 2**31 if self.budget.runs is None else self.budget.runs - self._spent.runs

    def charge(self, cost: Cost) -> None:
        self._spend(cost)
        if self.parent is not None:
            self.parent.charge(cost)

    def _spend(self, cost: Cost) -> None:
        self._spent = self._spent + cost
        self._write_down()

    def bound(self, messages: tuple[Message, ...]) -> int:
        """Most tokens that these messages can be: what an earlier call with the same beginning
        was billed, and a token a byte (no tokenizer of bytes makes more) for the rest."""
        for length in range(len(messages), 0, -1):
            known = self._known.get(messages[:length])
            if known is not None:
                break
        else:
            known, length = PER_MESSAGE, 0
        rest = messages[length:]
        return known + sum(
            len(message.content.encode("utf-8", "surrogatepass")) + PER_MESSAGE for message in rest
        )

    def _learn(
        self, messages: tuple[Message, ...], completion: Completion, prompt: int, written: int
    ) -> None:
        """Of several bills for the same messages the highest counts."""
        answered = (*messages, Message("assistant", completion.text))
        for key, tokens in ((messages, prompt), (answered, prompt + written + PER_MESSAGE)):
            self._known[key] = max(tokens, self._known.get(key, 0))

    def _hold(self, held: Reservation, sign: int) -> None:
        self._held_prompt += sign * held.prompt_tokens
        self._held_completion += sign * held.prompt.max_tokens
        self._held_calls += sign
        self._write_down()
        if self.parent is not None:
            self.parent._hold(held, sign)

    def _charge(self, held: Reservation, cost: Cost, completion: Completion) -> None:
        dollars = 0.0
        if self.price is not None:
            dollars = self.price.of(cost.prompt_tokens, cost.completion_tokens)
        cost = replace(cost, dollars=dollars)
        self._spend(cost)
        above = self.parent
        if above is not None:
            paid = above.has_paid(held.prompt.key)
            if not (completion.cached and paid):
                above.charge(cost)
        self._hold(held, -1)  # after the charge: what is kept meanwhile is never too little

    def has_paid(self, key: str) -> bool:
        """Whether this account was charged for that prompt before; it is from now on."""
        if self._paid is None or key in self._paid:
            return self._paid is not None
        self._paid.add(key)
        return False

    def _write_down(self) -> None:
        if self._keep is None:
            return
        price = self.price or Price(0.0, 0.0)
        worst = Cost(
            prompt_tokens=self._spent.prompt_tokens + self._held_prompt,
            completion_tokens=self._spent.completion_tokens + self._held_completion,
            calls=self._spent.calls + self._held_calls,
            runs=self._spent.runs,
            dollars=(self._spent.dollars or 0.0)
            + price.of(self._held_prompt, self._held_completion),
        )
        if worst != self._kept:
            self._kept = worst
            self._keep(worst)
