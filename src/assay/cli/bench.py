"""`assay bench`: a suite, a grid of cells, a table."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from typing import Any

from assay.bench import Cell, Result
from assay.bench.compare import compare, finished, prefix
from assay.bench.findings import figures_of
from assay.bench.people import People
from assay.bench.results import contents, text_of
from assay.bench.resume import account, changed_tier, spent_before, take_up
from assay.bench.stored import stored
from assay.bench.work import Listener, Recipe, price_of
from assay.cli.alone import alone
from assay.cli.bench_begin import BenchFlags, config_of, tell_kept, to_resume
from assay.cli.bench_chosen import Machine, choose
from assay.cli.bench_grid import GridFlags, dry_run, recipes
from assay.cli.bench_report import report_run
from assay.cli.figures import legend, show_figures, tell_unmeasured
from assay.cli.files import check_place, write_file
from assay.cli.labels import letters
from assay.cli.progress import WatchedModel, Work
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import Settings, check_parties, fetch, open_log, workshop
from assay.errors import BudgetSpent, UsageError
from assay.grade import Item
from assay.sandbox import Isolation
from assay.search.budget import Budget
from assay.store import Log, default_path


def bench(settings: Settings, flags: BenchFlags, grid_flags: GridFlags) -> int:
    """Runs every cell over the suite and prints one row a cell."""
    screen = Screen(quiet=flags.json)
    reads = (flags.suite, flags.data, grid_flags.grid, settings.log or default_path())
    check_place("--report", flags.report, reads)
    check_place("--out", flags.out, (*reads, flags.report))
    machine = Machine(unsafe=settings.unsafe, tier=settings.tier, remote=settings.remote)
    chosen = choose(
        flags.suite, flags.data, settings.log, machine,
        limit=flags.limit, every=flags.every, keep_bad=flags.keep_bad,
    )  # fmt: skip
    grid = recipes(settings, grid_flags, flags.suite)
    cells = [cell for cell, _ in grid]
    check_parties(settings, [cell.model for cell in cells])
    if grid_flags.dry_run:
        if flags.resume:
            raise UsageError("--dry-run starts nothing: give it without --resume")
        chosen.tell(screen)
        grid_flags.people(chosen.items, grid, screen)
        return dry_run(settings, grid, chosen.items, grid_flags, flags.json)
    with open_log(settings.log) as log:
        old = None
        if flags.resume:
            old = to_resume(log, config_of(settings, flags, grid_flags, cells, chosen))
            now, chosen = chosen, chosen.as_begun(old.config)
            tell_kept(now, chosen, screen)
        chosen.tell(screen)
        items = chosen.items
        people = grid_flags.people(items, grid, screen)
        config = config_of(settings, flags, grid_flags, cells, chosen, people)
        run = begin(log, config, screen) if old is None else old.id
        if len(cells) > 1:
            screen.say("\n".join(legend([asdict(cell) for cell in cells])))
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
        show(figures | {"report": flags.report and str(flags.report), "log": run}, flags, screen)
        write_files(log, run, flags, screen)
    return status(results.values())


def status(results: Iterable[Result]) -> int:
    """The exit status: failures of ours, then what a budget was too small for."""
    rows = list(results)
    spent = [row.stopped.endswith("budget") for row in rows if row.status == "unmeasured"]
    if any(row.failures for row in rows) or not all(spent):
        return 1
    return BudgetSpent.code if spent else 0


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
    total, spent = Budget.parse(settings.total), spent_before(log, log.find(run))
    tokens = spent.prompt_tokens + spent.completion_tokens
    work = Work(len(items) * len(grid), "result", len(done), before=len(done), spent=tokens)
    listen = listener(items, grid, work, screen)
    with screen.live(work.line):
        for model in dict.fromkeys(cell.model for cell, _ in grid):
            mine = [(cell, recipe) for cell, recipe in grid if cell.model == model]
            wanted = [prefix(cell) + item.problem.id for cell, _ in mine for item in items]
            if all(key in results for key in wanted):
                continue
            ledger = account(log, run, model, price_of(model, settings.price), total, spent)
            async with workshop(settings, model, log, run, screen, ledger, share=True) as shop:
                tell_changed_tier(log, run, shop.parties.sandbox.isolation, screen)
                watched = WatchedModel(shop.parties.model, work)
                shop = replace(shop, people=people, parties=replace(shop.parties, model=watched))
                results |= await compare(
                    shop, items, mine, jobs=settings.jobs, done=results, listener=listen
                )
                spent = shop.total.cost
    in_order = [prefix(cell) + item.problem.id for cell, _ in grid for item in items]
    return {key: results[key] for key in in_order}


def listener(
    items: Sequence[Item], grid: Sequence[tuple[Cell, Recipe]], work: Work, screen: Screen
) -> Listener:
    """Prints a line a result, under its cell's letter where there are several cells."""
    called = {
        prefix(cell): f"{letter} " if len(grid) > 1 else ""
        for (cell, _), letter in zip(grid, letters(len(grid)), strict=True)
    }
    graded = {item.problem.id: bool(item.hidden) for item in items}
    width = min(44, max(map(len, called.values())) + max(map(len, graded)))

    def listen(result: Result) -> None:
        cell = result.log.partition("/")[2].removesuffix(result.problem)
        screen.result(result, width, called[cell], graded[result.problem])
        work.step()

    return listen


def rows_of(cell: Cell, results: dict[str, Result]) -> list[Result]:
    return [result for key, result in results.items() if key.startswith(prefix(cell))]


def show(figures: dict[str, Any], flags: BenchFlags, screen: Screen) -> None:
    if flags.json:
        print(json.dumps(figures))
        return
    show_figures(figures)
    rows = figures["cells"]
    called = letters(len(rows)) if len(rows) > 1 else ["all"]
    tell_unmeasured(rows, screen)
    for letter, row in zip(called, rows, strict=True):
        if row["in_process"]:
            screen.say(f"{letter}: {row['in_process']} judged in the candidate's process", "yellow")


def write_files(log: Log, run: str, flags: BenchFlags, screen: Screen) -> None:
    """Last: what was shown is not lost where a file cannot be written. Raises `UsageError`."""
    if flags.out is not None:
        write_file(flags.out, text_of(contents(log, stored(log, run))))
    if flags.report is not None:
        screen.say(f"report: {report_run(log, run, flags.report)}")
    else:
        screen.say(f"all figures, each attempt: assay bench report {run}")
    screen.say(f"everything that happened: assay show {run}")
