"""Opens what a run needs, in the order in which it can fail cheaply, and closes it again."""

import ast
import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from inspect import Parameter, signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import typer

from assay.bench.work import Recipe, Workshop, price_of
from assay.cli.screen import Screen
from assay.errors import ModelMissing, UsageError
from assay.feedback.combine import find_source
from assay.model import Model, open_model
from assay.model.catalogue import context_of
from assay.model.prompter import Prompter
from assay.sandbox import Sandbox, open_sandbox
from assay.sandbox.checked import Checked
from assay.search import SOLVED, find_strategy
from assay.search.budget import Budget, Ledger
from assay.search.driver import Parties
from assay.select import LIKELIHOOD, find_selector
from assay.store import Log, default_path

if TYPE_CHECKING:
    from assay.sandbox.shared import RunShelf


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The shared flags, as given; see `options` for what each means."""

    model: str
    strategy: str
    selector: str
    budget: str
    total: str
    price: str | None
    seed: int
    feedback: str
    feedback_tokens: int
    context_tokens: int | None
    temperature: float
    max_tokens: int
    prompts: Path | None
    log: Path | None
    record: Path | None
    cache: bool
    unsafe: bool
    tier: str | None
    remote: str | None
    jobs: int

    @classmethod
    def of(cls, context: typer.Context) -> "Settings":
        # `bench` has no one seed: each cell has its own (`bench_grid`).
        given: dict[str, Any] = {"seed": 0} | context.params
        return cls(**{field.name: given[field.name] for field in fields(cls)})

    def recipe(self, strategy: str, selector: str, model: str, *, logprobs: bool = False) -> Recipe:
        """Raises `UsageError` for a strategy, knob, selector, budget or folder not there, and for
        replies that may fill the whole window.

        `logprobs`: another cell needs them, and all ask for the same first sample."""
        name, knobs = parse_strategy(strategy)
        find_selector(selector)
        if self.prompts is not None and not self.prompts.is_dir():
            raise UsageError(f"--prompts {self.prompts}: no such folder")
        context = self.context_tokens or context_of(model)
        if context is not None and context <= self.max_tokens:
            raise UsageError(
                f"--max-tokens {self.max_tokens} leaves no room for a prompt: the model reads and "
                f"writes {context} tokens at once (--context)"
            )
        return Recipe(
            strategy=name,
            knobs=knobs,
            selector=selector,
            budget=Budget.parse(self.budget),
            prompter=Prompter(
                temperature=self.temperature,
                max_tokens=self.max_tokens,
                seed=self.seed,
                directory=self.prompts,
                sources=sources_of(self.feedback),
                feedback_tokens=self.feedback_tokens,
                logprobs=logprobs or selector == LIKELIHOOD,
                context=context,
            ),
        )


def sources_of(text: str) -> tuple[str, ...] | None:
    """`tests,trace`; nothing leaves it to the strategy. Raises `UnknownName`, `UsageError`."""
    if not text.strip():
        return None
    names = tuple(split_names(text))
    for name in names:
        find_source(name)
    return names


def parse_strategy(text: str) -> tuple[str, dict[str, Any]]:
    """`name` or `name(knob=value, …)`. Raises `UsageError` for a knob that it does not have."""
    match = re.fullmatch(r"\s*([\w.:]+)\s*(?:\((.*)\))?\s*", text, re.DOTALL)
    if not match:
        raise UsageError(f"a strategy is NAME or NAME(knob=value), not {text!r}")
    name, inner = match[1], match[2] or ""
    try:
        call = ast.parse(f"f({inner})", mode="eval").body
        assert isinstance(call, ast.Call)
        if call.args or any(keyword.arg is None for keyword in call.keywords):
            raise ValueError
        knobs = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except (SyntaxError, ValueError):
        raise UsageError(f"strategy {text!r}: knobs are written (name=value, …)") from None
    own = list(signature(find_strategy(name)).parameters.values())[2:]
    check_knobs(name, [parameter for parameter in own if parameter.name != SOLVED], knobs)
    return name, knobs


def check_knobs(name: str, own: list[Parameter], knobs: dict[str, Any]) -> None:
    known = {parameter.name: parameter for parameter in own}
    for knob, value in knobs.items():
        if knob not in known:
            raise UsageError(
                f"strategy {name} has no knob {knob!r}; it has {', '.join(known) or 'none'}"
            )
        default = known[knob].default
        if default is not Parameter.empty and type(value) is not type(default):
            wanted = type(default).__name__
            raise UsageError(f"strategy {name}: {knob} wants a {wanted}, not {value!r}")
        choices = get_args(known[knob].annotation)  # of a Literal
        if choices and value not in choices:
            raise UsageError(f"strategy {name}: {knob} is one of {', '.join(choices)}")
        if type(value) is int and value < 0:
            raise UsageError(f"strategy {name}: {knob} cannot be negative")


def split_names(text: str) -> list[str]:
    """`a,b(n=2,m=3)` at the commas outside of parentheses."""
    names = [part.strip() for part in re.split(r",(?![^()]*\))", text)]
    if not all(names):
        raise UsageError(f"empty name in {text!r}")
    return list(dict.fromkeys(names))


def open_log(path: Path | None) -> Log:
    return Log(path or default_path())


@asynccontextmanager
async def workshop(
    settings: Settings,
    model_name: str,
    log: Log,
    run: str,
    screen: Screen,
    total: Ledger | None = None,
    model: Model | None = None,
    share: bool = False,
) -> AsyncIterator[Workshop]:
    """Model (`model`, else the one of that name), sandbox and ledger (`total`, else a new one) for
    one run. With `share`
    what the log knows of a program on its tests is not run again, unless the flags say so.

    Raises `NoSandbox`, `ModelError`, `UsageError`.
    """
    price = price_of(model_name, settings.price)
    total = total or Ledger(Budget.parse(settings.total), price=price)
    async with AsyncExitStack() as stack:
        sandbox = open_sandbox(unsafe=settings.unsafe, tier=settings.tier, remote=settings.remote)
        stack.push_async_callback(sandbox.close)
        sandbox = guarded(sandbox, log if share and settings.cache else None)
        if settings.unsafe:
            screen.warn("UNSAFE: programs run without isolation, with your rights")
        model = model or wrapped(open_model(model_name), settings, log)
        stack.push_async_callback(model.close)
        screen.tell_tier(sandbox.isolation)
        yield Workshop(Parties(model, sandbox), log, run, price, total)


def check_parties(settings: Settings, models: Iterable[str]) -> None:
    """What can be known before a run begins: that the models have names, files and prices, and the
    sandbox works. Asks and fetches nothing. Raises as `workshop` does."""
    for name in dict.fromkeys(models):
        price_of(name, settings.price)
        try:
            open_model(name)
        except ModelMissing:
            if not name.startswith("embedded/"):  # those are fetched when the run begins
                raise
    sandbox = open_sandbox(unsafe=settings.unsafe, tier=settings.tier, remote=settings.remote)
    asyncio.run(sandbox.close())


def guarded(sandbox: Sandbox, shelf: "RunShelf | None") -> Sandbox:
    """Looks at each run before it is believed, and shares it through `shelf`."""
    from assay.sandbox.shared import Shared

    checked = Checked(sandbox)
    return checked if shelf is None else Shared(checked, shelf)


def fetch(model_name: str, screen: Screen) -> None:
    """Gets an embedded model that is not here. Not within the event loop: Ctrl-C ends it at once,
    and the next call goes on with what has come."""
    provider, _, name = model_name.partition("/")
    if provider == "embedded":
        from assay.model.pull import ensure

        with screen.waiting(f"fetching {name}") as tell:
            ensure(name, tell)


def wrapped(model: Model, settings: Settings, log: Log) -> Model:
    """Retry inside, then the cache, so that a hit costs nothing; the recording sees all."""
    from assay.model.cached import Cached
    from assay.model.checked import Checked as Answered
    from assay.model.recorded import Recording
    from assay.model.retried import Retried

    model = Answered(model)
    if model.name.startswith(("openai/", "faulty/")):
        model = Retried(model)
    if settings.cache and not model.name.startswith(("scripted/", "recorded/")):
        model = Cached(model, log)
    if settings.record is not None:
        model = Recording(model, settings.record)
    return model
