"""Budgets that hold: a call reserves its worst case before it is made and settles after."""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import Any

from assay.errors import BudgetSpent, UsageError
from assay.model import Completion, Message, Prompt

PER_MESSAGE = 16
"""Tokens that a chat template may add around one message; seen: 4 to 6."""
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
    shortened: bool = False
    """Whether `max_tokens` is less than was asked for."""


class Ledger:
    """The account of one problem. `parent`, the account of the whole run, is charged as well."""

    def __init__(
        self,
        budget: Budget,
        *,
        price: Price | None = None,
        parent: "Ledger | None" = None,
        spent: Cost | None = None,
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
        mine = self.budget.seconds
        left = [] if mine is None else [mine - self.cost.seconds]
        if self.parent is not None and (above := self.parent.seconds_left()) is not None:
            left.append(above)
        return min(left) if left else None

    def reserve(self, prompt: Prompt) -> Reservation:
        """Holds the worst case of a call. Raises `BudgetSpent` where that would overrun."""
        bound = self.bound(prompt.messages)
        most = min(prompt.max_tokens, self.room(bound))
        if most < max(1, min(SMALLEST_REPLY, prompt.max_tokens)):
            raise BudgetSpent("the budget has no room for another call")
        held = Reservation(replace(prompt, max_tokens=most), bound, most < prompt.max_tokens)
        self._hold(held, 1)
        return held

    def room(self, prompt_tokens: int) -> int:
        """Completion tokens that a call with such a prompt may still write."""
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
        if self.parent is not None:
            room.append(self.parent.room(prompt_tokens))
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
        self._charge(held, cost)

    def release(self, held: Reservation) -> None:
        """Gives back what a call that failed had held."""
        self._hold(held, -1)

    def total_spent(self) -> bool:
        """Whether it is the account of the whole run that has no room for another call or run."""
        above = self.parent
        return above is not None and (above.room(0) < SMALLEST_REPLY or above.runs_left() <= 0)

    def spent(self) -> str:
        """In words, the limit of which the largest part is used: that of the whole run where its
        account is the one without room."""
        if self.parent is not None and self.total_spent():
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
            raise BudgetSpent("the budget has no room for another run")
        self.charge(Cost(runs=granted))
        return granted

    def runs_left(self) -> int:
        limits = [2**31]
        if self.budget.runs is not None:
            limits.append(self.budget.runs - self._spent.runs)
        if (seconds := self.seconds_left()) is not None and seconds <= 0:
            return 0
        if self.parent is not None:
            limits.append(self.parent.runs_left())
        return min(limits)

    def charge(self, cost: Cost) -> None:
        self._spent = self._spent + cost
        if self.parent is not None:
            self.parent.charge(cost)

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
        if self.parent is not None:
            self.parent._hold(held, sign)

    def _charge(self, held: Reservation, cost: Cost) -> None:
        self._hold(held, -1)
        dollars = None
        if self.price is not None:
            dollars = self.price.of(cost.prompt_tokens, cost.completion_tokens)
        self.charge(replace(cost, dollars=dollars if dollars is not None else 0.0))
