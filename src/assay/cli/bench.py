"""`assay bench`: a suite, a grid of cells, a table."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from assay.bench import Cell, Result
from assay.bench.compare import compare, finished, prefix
from assay.bench.findings import figures_of
from assay.bench.people import People
from assay.bench.results import contents, write
from assay.bench.resume import account, changed_tier, spent_before, take_up
from assay.bench.stored import stored
from assay.bench.work import Recipe, price_of
from assay.cli.alone import alone
from assay.cli.bench_begin import BenchFlags, config_of, tell_kept, to_resume
from assay.cli.bench_chosen import Machine, choose
from assay.cli.bench_grid import GridFlags, dry_run, recipes
from assay.cli.bench_report import check_writable, report_run
from assay.cli.figures import labels, reasons, show_figures
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import Settings, fetch, open_log, workshop
from assay.errors import BudgetSpent, UsageError
from assay.grade import Item
from assay.sandbox import Isolation
from assay.search.budget import Budget
from assay.store import Log


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
    grid = recipes(settings, grid_flags, flags.suite)
    if grid_flags.dry_run:
        if flags.resume:
            raise UsageError("--dry-run starts nothing: give it without --resume")
        chosen.tell(screen)
        grid_flags.people(chosen.items, grid, screen)
        return dry_run(settings, grid, chosen.items, grid_flags, flags.json)
    with open_log(settings.log) as log:
        cells = [cell for cell, _ in grid]
        old = None
        if flags.resume:
            old = to_resume(log, config_of(settings, flags, grid_flags, cells, chosen))
            now, chosen = chosen, chosen.as_begun(old.config)
            tell_kept(now, chosen, screen)
        chosen.tell(screen)
        items = chosen.items
        people = grid_flags.people(items, grid, screen)
        config = config_of(settings, flags, grid_flags, cells, chosen)
        run = begin(log, config, screen) if old is None else old.id
        with alone(log, run):
            if old is not None:
                tell_changed(take_up(log, old, config), screen)
            done = finished(log, run)
            if old is not None:
                screen.say(f"run {run}: {len(done)} of {len(items) * len(grid)} are done")
            for name in dict.fromkeys(cell.model for cell in cells):
                fetch(name, screen)
            results = run_async(run_grid(settings, log, run, items, grid, done, screen, people))
            figures = figures_of(log, {cell: rows_of(cell, results) for cell in cells})
            figures["left_out"] = chosen.left_out
            figures["people"] = people and asdict(people)
            log.append(run, "", "end", {"cells": figures["cells"], "left_out": chosen.left_out})
            if flags.out is not None:
                write(contents(log, stored(log, run)), flags.out)
        report = None if flags.report is None else report_run(log, run, flags.report)
    show(figures | {"report": report, "log": run}, flags, screen)
    return status(results.values())


def status(results: Iterable[Result]) -> int:
    """The exit status: failures of ours, then a run that its total budget did not let end."""
    rows = list(results)
    if any(row.failures or (row.status == "unmeasured" and not row.cut_off) for row in rows):
        return 1
    return BudgetSpent.code if any(row.cut_off for row in rows) else 0


def begin(log: Log, config: dict[str, Any], screen: Screen) -> str:
    run = log.start("bench", config)
    screen.say(f"run {run}; after an interruption, the same command with --resume goes on")
    return run


def tell_changed(problems: Sequence[str], screen: Screen) -> None:
    if problems:
        several = f" and {len(problems) - 1} more" * (len(problems) > 1)
        screen.warn(f"{problems[0]}{several} changed since: done anew, what was there is left out")


def tell_changed_tier(log: Log, run: str, isolation: Isolation, screen: Screen) -> None:
    if before := changed_tier(log, run, isolation):
        now = isolation.tier
        screen.warn(f"run {run} was judged under {before} before, and is under {now} from here on")


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
    spent, total = spent_before(log, log.find(run)), Budget.parse(settings.total)
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

            price = price_of(model, settings.price)
            ledger = account(log, run, model, price, total, spent)
            async with workshop(settings, model, log, run, screen, ledger, share=True) as shop:
                tell_changed_tier(log, run, shop.parties.sandbox.isolation, screen)
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
            why = reasons(row)
            screen.warn(
                f"{name}: {missing} of {row['items']} NOT MEASURED and not in the rate{why}"
            )
        if row["in_process"]:
            screen.say(f"{name}: {row['in_process']} judged in the candidate's process", "yellow")
    if figures["report"]:
        screen.say(f"report: {figures['report']}")
    screen.say(f"everything that happened: assay show {figures['log']}")
