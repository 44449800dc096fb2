"""One item from problem to graded result: the same path for `solve`, `bench` and the demo."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from inspect import signature
from math import inf
from typing import Any

from assay.bench import Result, visible_counts
from assay.bench.people import People
from assay.errors import UsageError
from assay.feedback.steps import Steps
from assay.grade import Item, grade, solved
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.sandbox import Run
from assay.search import SOLVED, find_strategy
from assay.search.budget import TOTAL_BUDGET, Budget, Cost, Ledger, Price
from assay.search.driver import Parties
from assay.search.meter import METER, Used
from assay.search.records import run_record
from assay.search.retrieval import Library
from assay.select import find_selector
from assay.select.answer import Answer, solve
from assay.store import ItemJournal, Log
from assay.store.solved import SolvedBefore

UNKNOWN = (
    "prompt_tokens", "completion_tokens", "calls", "seconds", "dollars", "model_seconds",
    "model_cpu_seconds", "rest_cpu_seconds", "cached_calls", "cached_tokens",
)  # fmt: skip
"""Costs of programs that were made elsewhere: only what judging them took is known."""
FREE = ("embedded", "scripted", "recorded")
"""Providers whose completions cost nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a problem is worked on."""

    strategy: str = "assay"
    knobs: dict[str, Any] = field(default_factory=dict)
    """Keyword arguments of the strategy."""
    selector: str = "posterior"
    least: float = 0.0
    """Below this confidence the answer is abstained from."""
    prompter: Prompter = field(default_factory=Prompter)
    budget: Budget = field(default_factory=Budget)
    """Of each problem."""

    def steps(self, problem: Problem, library: Library) -> Steps[str]:
        """The strategy at work on `problem`. One that takes `solved` is given the library's."""
        strategy = find_strategy(self.strategy)
        known = {SOLVED: library.solved()} if SOLVED in signature(strategy).parameters else {}
        return strategy(problem, self.prompter, **self.knobs, **known)


@dataclass(frozen=True)
class Workshop:
    """What is shared by all items of a run."""

    parties: Parties
    log: Log
    run: str
    price: Price | None
    total: Ledger
    """The account of the whole run."""
    people: People | None = field(default=None, kw_only=True)
    """Who answers questions; `None`: nobody is there."""
    comparing: bool = field(default=False, kw_only=True)
    """What the budget of the whole run cut off is not measured: others had their own budget."""
    elsewhere: bool = field(default=False, kw_only=True)
    """The programs were made elsewhere: what they cost is not known."""

    @cached_property
    def library(self) -> Library:
        return SolvedBefore(self.log, self.run)


def price_of(model: str, given: str | None) -> Price | None:
    """`IN,OUT` in dollars per million tokens; nothing for models that run here; else unknown."""
    if given is None:
        return Price(0.0, 0.0) if model.partition("/")[0] in FREE else None
    try:
        [prompt, completion] = map(float, given.split(","))
        if not (0 <= prompt < inf and 0 <= completion < inf):
            raise ValueError
    except ValueError:
        raise UsageError(f"--price wants IN,OUT in dollars per million tokens: {given!r}") from None
    return Price(prompt, completion)


async def work(shop: Workshop, item: Item, recipe: Recipe, prefix: str = "") -> Result:
    """Solves, grades and logs. Failures of model and sandbox give a result that is not measured;
    `StoreError` is raised."""
    with METER.problem() as used:
        return await _work(shop, item, recipe, prefix, used)


async def _work(shop: Workshop, item: Item, recipe: Recipe, prefix: str, used: Used) -> Result:
    name = prefix + item.problem.id
    journal = ItemJournal(shop.log, shop.run, name)
    journal.note("problem", asdict(item.problem))
    ledger = Ledger(recipe.budget, price=shop.price, parent=shop.total)
    selector = find_selector(recipe.selector)
    parties, person = shop.parties, None
    if shop.people is not None:
        person = shop.people.for_item(item, recipe.prompter.seed, parties.sandbox)
        parties = replace(parties, person=person)
    answer = await solve(
        item.problem,
        recipe.steps(item.problem, shop.library),
        selector,
        parties,
        ledger,
        journal,
        recipe.prompter,
        recipe.least,
    )
    if person is not None and person.failed:
        # With an answer it might have come to another program: this is not its result.
        answer = replace(answer, status="unmeasured", reason=person.failed)
    if shop.comparing and answer.cut_off:
        answer = replace(answer, status="unmeasured", reason=TOTAL_BUDGET, stopped=TOTAL_BUDGET)
    graded = await grade(shop.parties.sandbox, item, answer.code)
    if graded is not None:
        journal.note("grade", run_record(graded))
    grading = graded.cpu_seconds if graded else 0.0
    cost = Cost(sandbox_cpu_seconds=grading, rest_cpu_seconds=used())
    answer = replace(answer, cost=answer.cost + cost)
    result = result_of(answer, item, graded, f"{shop.run}/{name}")
    if shop.elsewhere:
        result = replace(result, cost=result.cost | dict.fromkeys(UNKNOWN))
    journal.note("result", asdict(result))
    return result


def result_of(answer: Answer, item: Item, graded: Run | None, log: str) -> Result:
    runs = [run for run in (answer.attempt and answer.attempt.run, graded) if run]
    marks = {run.judging for run in runs}
    result = Result(
        problem=answer.problem,
        status=answer.status,
        reason=answer.reason,
        code=answer.code,
        confidence=answer.confidence,
        visible=visible_counts(answer),
        hidden=None,
        candidates=answer.candidates,
        cost=cost_record(answer.cost + Cost(cached_runs=int(graded is not None and graded.cached))),
        judging=("in-process" if "in-process" in marks else "isolated") if marks else None,
        questions=answer.questions,
        stopped=answer.stopped,
        log=log,
        failures=answer.failures,
    )
    if not result.undisturbed:
        return result
    return replace(result, hidden=solved(item, answer.code, graded))


def cost_record(cost: Cost) -> dict[str, Any]:
    return {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(cost).items()
    }


Listener = Callable[[Result], None]
