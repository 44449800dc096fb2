"""A grid of cells over one suite, resumable by ids: `assay bench`."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from assay.bench import Cell, Result
from assay.bench.work import Listener, Recipe, Workshop, work
from assay.errors import StoreError
from assay.grade import Item
from assay.store import Log


async def compare(
    shop: Workshop,
    items: Sequence[Item],
    cells: Sequence[tuple[Cell, Recipe]],
    *,
    jobs: int,
    done: dict[str, Result],
    listener: Listener,
) -> dict[str, Result]:
    """Every cell over every item, `jobs` at a time; what is in `done` is not done again. A problem
    that the budget of the whole run cuts off before its own is spent is not measured.

    Results are keyed by cell and problem, in the order of cells and items.
    """
    results, shop = dict(done), replace(shop, comparing=True)
    waiting = asyncio.Semaphore(jobs)

    async def one(key: str, item: Item, cell: Cell, recipe: Recipe) -> None:
        async with waiting:
            results[key] = await work(shop, item, recipe, prefix=prefix(cell))
        listener(results[key])

    async with asyncio.TaskGroup() as group:
        for cell, recipe in cells:
            for item in items:
                key = prefix(cell) + item.problem.id
                if key not in results:
                    group.create_task(one(key, item, cell, recipe))
    return {
        key: results[key]
        for cell, _ in cells
        for item in items
        if (key := prefix(cell) + item.problem.id)
    }


def prefix(cell: Cell) -> str:
    return f"{cell.key}|"


def finished(log: Log, run: str) -> dict[str, Result]:
    """The results that a run has in the log. Ones that failures of ours left unmeasured, or
    without a hidden verdict, are taken up again.

    Raises `StoreError` for rows that another version of Assay wrote.
    """
    return {
        item: result
        for item, result in logged(log, run).items()
        if result.status != "unmeasured" and result.hidden is not None
    }


def logged(log: Log, run: str) -> dict[str, Result]:
    """The last result of every item of a run, but for problems that are others since. Raises
    `StoreError`, as `finished` does."""
    events = [*log.events(run, kind="result"), *log.events(run, kind="resume")]
    results: dict[str, Result] = {}
    try:
        for event in sorted(events, key=lambda event: event.seq):
            if event.kind == "result":
                results[event.item] = Result(**event.body)
            else:
                anew = set(event.body["anew"])
                results = {key: one for key, one in results.items() if one.problem not in anew}
    except TypeError as error:
        raise StoreError(
            f"log {log.path}: run {run} is of another version of Assay ({error}); start it anew"
        ) from error
    return results
