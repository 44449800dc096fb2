"""A run out of the log, as a format takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from assay.bench import Cell, Result
from assay.bench.compare import logged, prefix
from assay.bench.export import Export, Sample
from assay.bench.stored import graded_by, stored, tests_of
from assay.errors import UsageError
from assay.grade import Item
from assay.store import Log, RunRow


def read(log: Log, run: str, cell: str | None) -> Export:
    """A run of `bench` or `solve`: its one cell, or `cell` of it.

    Raises `UsageError` for a run or cell that is not there, and where several are left that differ
    in more than the seed; `StoreError`.
    """
    row = log.find(run)
    if row.command == "solve":
        return of_solve(log, row)
    found = stored(log, run)
    chosen = choose(row.id, list(found.cells), cell)
    samples = {
        problem: [
            Sample(item=prefix(one) + problem, number=number, result=found.cells[one][problem])
            for number, one in enumerate(chosen, 1)
            if problem in found.cells[one]
        ]
        for problem in found.row.config["problems"]
    }
    return Export(
        log=log, row=found.row, suite=found.row.config["suite"], cells=chosen, samples=samples
    )


def of_solve(log: Log, row: RunRow) -> Export:
    config = row.config
    targets = " ".join(config["targets"])
    results: Mapping[str, Result] = logged(log, row.id)
    cell = Cell(
        suite=targets,
        model=config["model"],
        strategy=config["strategy"],
        selector=config["selector"],
        seed=config["seed"],
    )
    samples = {
        problem: [Sample(item=problem, number=1, result=result)]
        for problem, result in results.items()
    }
    if not samples:
        raise UsageError(f"run {row.id} has no finished problem")
    return Export(log=log, row=row, suite=targets, cells=[cell], samples=samples)


def choose(run: str, cells: Sequence[Cell], wanted: str | None) -> list[Cell]:
    """Cells by number (from 1), by key, or by whole words of it; all of them without `wanted`."""
    chosen = list(cells)
    if wanted is not None:
        number = int(wanted) if wanted.isdecimal() else 0
        if 1 <= number <= len(cells):
            return [cells[number - 1]]
        exact = [cell for cell in cells if cell.key == wanted]
        chosen = exact or [cell for cell in cells if f" {wanted} " in f" {cell.key} "]
    if chosen and len({replace(cell, seed=0) for cell in chosen}) == 1:
        return chosen
    listed = "; ".join(f"{number}: {cell.key}" for number, cell in enumerate(cells, 1))
    if not chosen:
        raise UsageError(f"run {run} has no cell {wanted!r}; it has {listed}")
    raise UsageError(f"give one of the cells of run {run} with --cell: {listed}")


def with_items(export: Export, items: Sequence[Item]) -> Export:
    """Raises `UsageError` where the items are not those that the run was about."""
    by_id = {item.problem.id: item for item in items}
    if missing := [problem for problem in export.samples if problem not in by_id]:
        raise UsageError(f"{export.suite} no longer has {missing[0]!r} of run {export.row.id}")
    mine = {problem: by_id[problem] for problem in export.samples}
    if "graded_by" in export.row.config:
        then = tests_of_run(export)
        now = dict(zip(mine, graded_by(mine.values()), strict=True))
        if other := [problem for problem in mine if then[problem] != now[problem]]:
            raise UsageError(
                f"{export.suite} has other tests now than run {export.row.id} was graded by: "
                f"{other[0]!r} and {len(other) - 1} more"
            )
    return replace(export, items=mine)


def tests_of_run(export: Export) -> dict[str, str]:
    """What each problem was graded by, as a hash."""
    return tests_of(stored(export.log, export.row.id))
