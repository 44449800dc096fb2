"""`assay bench`: a suite, a grid of cells, a table."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from assay.bench import Cell, Result
from assay.bench.compare import compare, finished, prefix
from assay.bench.findings import figures_of
from assay.bench.people import People
from assay.bench.results import contents, write
from assay.bench.resume import same_run, spent_before, take_up
from assay.bench.stored import asked, graded_by, stored
from assay.bench.work import Recipe
from assay.cli.alone import alone
from assay.cli.bench_chosen import Machine, choose
from assay.cli.bench_grid import GridFlags, dry_run, recipes
from assay.cli.bench_report import check_writable, report_run
from assay.cli.figures import labels, show_figures
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import Settings, fetch, open_log, workshop
from assay.errors import UsageError
from assay.grade import Item
from assay.store import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchFlags:
    suite: str
    limit: int | None
    every: int
    data: Path | None
    resume: bool
    out: Path | None
    json: bool
    report: Path | None = None
    keep_bad: bool = False


def bench(settings: Settings, flags: BenchFlags, grid_flags: GridFlags) -> int:
    """Runs every cell over the suite and prints one row a cell."""
    screen = Screen(quiet=flags.json)
    check_writable(flags.report)
    if flags.out is not None and not flags.out.parent.is_dir():
        raise UsageError(f"--out {flags.out}: no such folder")
    if flags.out is not None and flags.out.is_dir():
        raise UsageError(f"--out {flags.out}: a folder")
    machine = Machine(unsafe=settings.unsafe, tier=settings.tier, remote=settings.remote)
    chosen = choose(
        flags.suite, flags.data, settings.log, machine,
        limit=flags.limit, every=flags.every, keep_bad=flags.keep_bad,
    )  # fmt: skip
    chosen.tell(screen)
    items = chosen.items
    grid = recipes(settings, grid_flags, flags.suite)
    people = grid_flags.people(items, grid, screen)
    if grid_flags.dry_run:
        if flags.resume:
            raise UsageError("--dry-run starts nothing: give it without --resume")
        return dry_run(settings, grid, items, grid_flags, flags.json)
    config = {
        "suite": flags.suite,
        "problems": [item.problem.id for item in items],
        "graded_by": graded_by(items),
        "asked": asked(items),
        "cells": [asdict(cell) for cell, _ in grid],
        "budget": settings.budget,
        "total": settings.total,
        "feedback_tokens": settings.feedback_tokens,
        "context": settings.context_tokens,
        "temperature": settings.temperature,
        "max_tokens": settings.max_tokens,
        "prompts": settings.prompts and str(settings.prompts),
        "ask": grid_flags.ask,
        "person_error": grid_flags.person_error,
    }
    with open_log(settings.log) as log:
        run = begin(log, config, flags, screen)
        with alone(log, run):
            if flags.resume:
                tell_changed(take_up(log, log.find(run), config), screen)
            done = finished(log, run)
            if flags.resume:
                screen.say(f"run {run}: {len(done)} of {len(items) * len(grid)} are done")
            for name in dict.fromkeys(cell.model for cell, _ in grid):
                fetch(name, screen)
            results = run_async(run_grid(settings, log, run, items, grid, done, screen, people))
            figures = figures_of(log, {cell: rows_of(cell, results) for cell, _ in grid})
            figures["left_out"] = chosen.left_out
            figures["people"] = people and asdict(people)
            log.append(run, "", "end", {"cells": figures["cells"], "left_out": chosen.left_out})
            if flags.out is not None:
                write(contents(log, stored(log, run)), flags.out)
        report = None if flags.report is None else report_run(log, run, flags.report)
    show(figures | {"report": report, "log": run}, flags, screen)
    failed = any(result.failures or result.status == "unmeasured" for result in results.values())
    return 1 if failed else 0


def begin(log: Log, config: dict[str, Any], flags: BenchFlags, screen: Screen) -> str:
    """A new run, or with `--resume` the newest one of the same configuration."""
    if not flags.resume:
        run = log.start("bench", config)
        screen.say(f"run {run}; after an interruption, the same command with --resume goes on")
        return run
    for row in log.runs():
        if row.command == "bench" and same_run(row.config, config):
            return row.id
    raise UsageError("--resume: the log has no bench run with these very flags; run it without")


def tell_changed(problems: Sequence[str], screen: Screen) -> None:
    if problems:
        several = f" and {len(problems) - 1} more" * (len(problems) > 1)
        screen.warn(f"{problems[0]}{several} changed since: done anew, what was there is left out")


async def run_grid(
    settings: Settings,
    log: Log,
    run: str,
    items: Sequence[Item],
    grid: Sequence[tuple[Cell, Recipe]],
    done: dict[str, Result],
    screen: Screen,
    people: People | None = None,
) -> dict[str, Result]:
    """One model after the other, so that only one is in memory."""
    results = dict(done)
    spent = spent_before(log, log.find(run), done.values())
    names = labels([asdict(cell) for cell, _ in grid], without="model")
    short = {prefix(cell): f"{name} " for (cell, _), name in zip(grid, names, strict=True)}
    width = min(44, max(map(len, short.values())) + 16)
    for model in dict.fromkeys(cell.model for cell, _ in grid):
        mine = [(cell, recipe) for cell, recipe in grid if cell.model == model]
        wanted = [prefix(cell) + item.problem.id for cell, _ in mine for item in items]
        if all(key in results for key in wanted):
            continue

        with screen.working(sum(key not in results for key in wanted)) as step:

            def listen(
                result: Result,
                step: Callable[[], None] = step,
            ) -> None:
                name = result.log.partition("/")[2].removesuffix(result.problem)
                screen.result(result, width, short.get(name, ""))
                step()

            async with workshop(settings, model, log, run, screen, spent, share=True) as shop:
                shop = replace(shop, people=people)
                results |= await compare(
                    shop, items, mine, jobs=settings.jobs, done=results, listener=listen
                )
                spent = shop.total.cost
    in_order = [prefix(cell) + item.problem.id for cell, _ in grid for item in items]
    return {key: results[key] for key in in_order}


def rows_of(cell: Cell, results: dict[str, Result]) -> list[Result]:
    return [result for key, result in results.items() if key.startswith(prefix(cell))]


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
