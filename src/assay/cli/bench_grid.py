"""The grid of `assay bench`: its cells from flags or a file, and `--dry-run`, what it may use."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

import typer

from assay.bench import Cell
from assay.bench.bounds import LIMITS, bounds
from assay.bench.grid import Axes, cells_in, distinct
from assay.bench.people import People
from assay.bench.work import Recipe, price_of
from assay.cli.figures import tell
from assay.cli.labels import letters, plural
from assay.cli.screen import Screen
from assay.cli.session import Settings, split_names
from assay.errors import UsageError
from assay.grade import Item
from assay.search.budget import Budget
from assay.select import LIKELIHOOD, SELECTORS


@dataclass(frozen=True, slots=True, kw_only=True)
class GridFlags:
    seeds: str
    condition: str
    grid: Path | None
    dry_run: bool
    ask: int
    person_error: float

    @classmethod
    def of(cls, context: typer.Context) -> "GridFlags":
        return cls(**{field.name: context.params[field.name] for field in fields(cls)})

    def axes(self, settings: Settings) -> Axes:
        """Raises `UsageError`."""
        sets = [text.strip() for text in settings.feedback.split(";")]
        return Axes(
            model=tuple(split_names(settings.model)),
            strategy=tuple(split_names(settings.strategy)),
            feedback=tuple(",".join(split_names(text)) if text else "" for text in sets)
            if settings.feedback.strip()
            else (),
            condition=tuple(split_names(self.condition)) if self.condition.strip() else (),
            selector=tuple(split_names(settings.selector)),
            seed=numbers(self.seeds),
        )

    def people(
        self, items: Sequence[Item], grid: Sequence[tuple[Cell, Recipe]], screen: Screen
    ) -> People | None:
        """Who answers; says which problems have nobody. Raises `UsageError` where none would ask
        or none could answer."""
        if not self.ask:
            if self.person_error:
                raise UsageError("--person-error is of the answers to --ask N, which is not given")
            return None
        if not any(asks(recipe.selector) for _, recipe in grid):
            raise UsageError("--ask: no selector of the grid asks anything; take posterior")
        alone = sum(item.reference is None for item in items)
        if alone == len(items):
            raise UsageError("--ask: no problem of the suite has a reference solution to answer")
        if alone:
            screen.say(f"nothing is asked about {alone} of {len(items)} problems: no reference")
        return People(self.ask, self.person_error, alone)


def asks(selector: str) -> bool:
    return selector not in SELECTORS


def numbers(text: str) -> tuple[int, ...]:
    try:
        return tuple(dict.fromkeys(int(part) for part in text.split(",")))
    except ValueError:
        raise UsageError(f"--seed wants whole numbers with commas, not {text!r}") from None


def recipes(settings: Settings, asked: GridFlags, suite: str) -> list[tuple[Cell, Recipe]]:
    """Every cell and how it works. Raises `UsageError`."""
    axes = asked.axes(settings)
    grid = distinct(axes.cells(suite)) if asked.grid is None else cells_in(asked.grid, axes, suite)
    logprobs = any(cell.selector == LIKELIHOOD for cell in grid)
    return [(cell, recipe_of(settings, cell, logprobs)) for cell in grid]


def recipe_of(settings: Settings, cell: Cell, logprobs: bool) -> Recipe:
    mine = replace(settings, seed=cell.seed, feedback=cell.feedback)
    return mine.recipe(cell.strategy, cell.selector, cell.model, logprobs=logprobs)


def dry_run(
    settings: Settings,
    grid: Sequence[tuple[Cell, Recipe]],
    items: Sequence[Item],
    asked: GridFlags,
    as_json: bool,
) -> int:
    """Prints cells, problems and bounds: no call is made, and no run started."""
    prices = [price_of(cell.model, settings.price) for cell, _ in grid]
    total = Budget.parse(settings.total)
    budgets = [recipe.budget for _, recipe in grid]
    most = bounds(budgets, prices, len(items), total)
    if as_json:
        print(json.dumps(plan(grid, items, most, asked)))
        return 0
    for letter, (cell, _) in zip(letters(len(grid)), grid, strict=True):
        tell(f"{letter:<2} {cell.key}" if len(grid) > 1 else cell.key)
    count = f"{plural(len(grid), 'cell')} x {plural(len(items), 'problem')}"
    tell(f"{count} = {plural(len(grid) * len(items), 'result')}.")
    tell(f"At most {'; '.join(f'{name} {amount(most[name])}' for name in LIMITS)}.")
    if asked.ask:
        answered = sum(item.reference is not None for item in items)
        asking = sum(asks(recipe.selector) for _, recipe in grid)
        tell(f"Questions to a simulated person: at most {asked.ask * answered * asking:,}.")
    tell("Each answer is graded by one more run. Nothing was asked and no run was started.")
    return 0


def plan(
    grid: Sequence[tuple[Cell, Recipe]],
    items: Sequence[Item],
    most: dict[str, float | None],
    asked: GridFlags,
) -> dict[str, Any]:
    answered = sum(item.reference is not None for item in items)
    asking = sum(asks(recipe.selector) for _, recipe in grid)
    return {
        "cells": [{"cell": cell.key, **asdict(cell)} for cell, _ in grid],
        "problems": [item.problem.id for item in items],
        "results": len(grid) * len(items),
        "most": {**most, "questions": asked.ask * answered * asking},
    }


def amount(value: float | None) -> str:
    if value is None:
        return "without a limit"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"
