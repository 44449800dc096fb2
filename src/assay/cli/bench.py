"""`assay bench`: a suite, a grid of cells, a table."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.bench import Cell, Result
from assay.bench.compare import compare, finished, prefix
from assay.bench.findings import figures_of
from assay.bench.stored import graded_by
from assay.bench.suites import limit_items, load_suite
from assay.bench.work import Recipe
from assay.cli.alone import alone
from assay.cli.bench_report import check_writable, report_run
from assay.cli.figures import show_figures
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import Settings, fetch, open_log, split_names, workshop
from assay.errors import UsageError
from assay.grade import Item
from assay.search.budget import Cost
from assay.store import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchFlags:
    suite: str
    limit: int | None
    every: int
    data: Path | None
    resume: bool
    json: bool
    report: Path | None


def bench(settings: Settings, flags: BenchFlags) -> int:
    """Runs every cell over the suite and prints one row a cell."""
    screen = Screen(quiet=flags.json)
    check_writable(flags.report)
    items = limit_items(load_suite(flags.suite, flags.data), flags.limit, flags.every)
    grid = cells(settings, flags.suite)
    config = {
        "suite": flags.suite,
        "problems": [item.problem.id for item in items],
        "graded_by": graded_by(items),
        "cells": [asdict(cell) for cell, _ in grid],
        "budget": settings.budget,
        "total": settings.total,
        "feedback": settings.feedback,
        "feedback_tokens": settings.feedback_tokens,
        "context": settings.context_tokens,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "prompts": settings.prompts and str(settings.prompts),
    }
    with open_log(settings.log) as log:
        run = begin(log, config, flags, screen)
        with alone(log, run):
            done = finished(log, run, all(item.hidden for item in items))
            if flags.resume:
                screen.say(f"run {run}: {len(done)} of {len(items) * len(grid)} are done")
            for name in dict.fromkeys(cell.model for cell, _ in grid):
                fetch(name, screen)
            results = run_async(run_grid(settings, log, run, items, grid, done, screen))
            figures = figures_of(log, {cell: rows_of(cell, results) for cell, _ in grid})
            log.append(run, "", "end", {"cells": figures["cells"]})
        report = None if flags.report is None else report_run(log, run, flags.report)
    show(figures | {"report": report, "log": run}, flags, screen)
    return 1 if any(result.status == "unmeasured" for result in results.values()) else 0


def cells(settings: Settings, suite: str) -> list[tuple[Cell, Recipe]]:
    return [
        (
            Cell(
                suite=suite, model=model, strategy=strategy, selector=selector, seed=settings.seed
            ),
            settings.recipe(strategy, selector, model),
        )
        for model in split_names(settings.model)
        for strategy in split_names(settings.strategy)
        for selector in split_names(settings.selector)
    ]


def begin(log: Log, config: dict[str, Any], flags: BenchFlags, screen: Screen) -> str:
    """A new run, or with `--resume` the newest one of the same configuration."""
    if not flags.resume:
        run = log.start("bench", config)
        screen.say(f"run {run}; after an interruption, the same command with --resume goes on")
        return run
    for row in log.runs():
        if row.command == "bench" and row.config == config:
            return row.id
    raise UsageError("--resume: the log has no bench run with these very flags; run it without")


async def run_grid(
    settings: Settings,
    log: Log,
    run: str,
    items: Sequence[Item],
    grid: Sequence[tuple[Cell, Recipe]],
    done: dict[str, Result],
    screen: Screen,
) -> dict[str, Result]:
    """One model after the other, so that only one is in memory."""
    results = dict(done)
    spent = sum((cost_of(result) for result in done.values()), Cost())
    width = min(44, max(len(prefix_short(cell)) for cell, _ in grid) + 16)
    for model in dict.fromkeys(cell.model for cell, _ in grid):
        mine = [(cell, recipe) for cell, recipe in grid if cell.model == model]
        labels = {prefix(cell): prefix_short(cell) for cell, _ in mine}
        wanted = [prefix(cell) + item.problem.id for cell, _ in mine for item in items]
        if all(key in results for key in wanted):
            continue

        with screen.working(sum(key not in results for key in wanted)) as step:

            def listen(
                result: Result,
                labels: dict[str, str] = labels,
                step: Callable[[], None] = step,
            ) -> None:
                name = result.log.partition("/")[2].removesuffix(result.problem)
                screen.result(result, width, labels.get(name, ""))
                step()

            async with workshop(settings, model, log, run, screen, spent) as shop:
                results |= await compare(
                    shop, items, mine, jobs=settings.jobs, done=results, listener=listen
                )
                spent = shop.total.cost
    return results


def rows_of(cell: Cell, results: dict[str, Result]) -> list[Result]:
    return [result for key, result in results.items() if key.startswith(prefix(cell))]


def prefix_short(cell: Cell) -> str:
    return f"{cell.strategy} "


def cost_of(result: Result) -> Cost:
    return Cost(**result.cost)


def show(figures: dict[str, Any], flags: BenchFlags, screen: Screen) -> None:
    if flags.json:
        print(json.dumps(figures))
        return
    show_figures(figures)
    for row in figures["cells"]:
        name = f"{row['strategy']} with {row['model']}"
        if missing := row["items"] - row["measured"]:
            screen.warn(f"{name}: {missing} of {row['items']} NOT MEASURED and not in the rate")
        if row["in_process"]:
            screen.say(f"{name}: {row['in_process']} judged in the candidate's process", "yellow")
    if figures["report"]:
        screen.say(f"report: {figures['report']}")
    screen.say(f"everything that happened: assay show {figures['log']}")
