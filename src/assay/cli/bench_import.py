"""`assay bench import FILE`: programs of any producer, graded by a suite's hidden tests."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.bench import Result
from assay.bench.findings import cells_and_curve
from assay.bench.imported import Batch, batches, graded
from assay.bench.resume import changed_tier
from assay.bench.stored import asked, graded_by
from assay.bench.summary import seeds
from assay.bench.work import Workshop
from assay.candidate import samples
from assay.candidate.samples import Sample
from assay.cli.alone import alone
from assay.cli.bench_chosen import Chosen, Machine, choose
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import guarded, open_log
from assay.errors import UnknownName
from assay.grade import Item
from assay.model.scripted import Scripted
from assay.search.budget import Budget, Ledger
from assay.search.driver import Parties
from assay.store import Log

FORMATS = ("evalplus",)
SHOWN = (1, 10, 100)
"""k of the text form, as the field reports them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFlags:
    """The flags, as given; see `bench_verbs.bench_import` for what each means."""

    format: str
    suite: str
    data: Path | None
    name: str | None
    keep_bad: bool
    log: Path | None
    cache: bool
    unsafe: bool
    tier: str | None
    remote: str | None
    jobs: int
    json: bool

    @property
    def machine(self) -> Machine:
        return Machine(unsafe=self.unsafe, tier=self.tier, remote=self.remote)


def bench_import(file: Path, flags: ImportFlags) -> int:
    """Raises `UsageError` for a file, format or suite that will not do; `SandboxError`."""
    if flags.format not in FORMATS:
        raise UnknownName("format", flags.format, FORMATS)
    screen = Screen(quiet=flags.json)
    written = samples.load(file)
    chosen = choose(flags.suite, flags.data, flags.log, flags.machine, keep_bad=flags.keep_bad)
    chosen.tell(screen)
    made = batches(flags.suite, f"evalplus/{flags.name or file.stem}", chosen.items, written)
    items = list(made[0].items)
    warn(chosen, items, written, screen)
    config = {
        "suite": flags.suite,
        "problems": [item.problem.id for item in items],
        "graded_by": graded_by(items),
        "asked": asked(items),
        "cells": [asdict(batch.cell) for batch in made],
        "imported": {"file": file.name, "format": flags.format},
        "tier": flags.tier,
        "unsafe": flags.unsafe,
        "remote": flags.remote,
    }
    with open_log(flags.log) as log:
        run = log.start("bench", config)
        with alone(log, run):
            results = run_async(grade_all(log, run, made, flags, screen))
            figures = figures_of(log, made, results)
            figures["left_out"] = chosen.left_out
            log.append(run, "", "end", {"cells": figures["cells"], "left_out": chosen.left_out})
    show(figures, run, len(results), flags, screen)
    missing = sum(result.hidden is None for result in results.values())
    if missing:
        screen.warn(f"{missing} of {len(results)} NOT MEASURED and not in the rate")
    return 1 if missing else 0


def warn(chosen: Chosen, items: list[Item], written: list[Sample], screen: Screen) -> None:
    known = {item.problem.id for item in chosen.items} | chosen.left_out.keys()
    if strange := [sample.task for sample in written if sample.task not in known]:
        screen.warn(f"{len(strange)} samples are of no task of the suite: {strange[0]!r}, …")
    if bare := len(chosen.items) - len(items):
        screen.warn(
            f"{bare} of {len(chosen.items)} problems have no sample and are not in the rate"
        )


async def grade_all(
    log: Log, run: str, made: list[Batch], flags: ImportFlags, screen: Screen
) -> dict[str, Result]:
    sandbox = guarded(flags.machine.open(), log if flags.cache else None)
    try:
        if flags.unsafe:
            screen.warn("UNSAFE: programs run without isolation, with your rights")
        screen.tell_tier(sandbox.isolation)
        nobody = Scripted([], name=made[0].cell.model)
        changed_tier(log, run, sandbox.isolation)
        parties = Parties(nobody, sandbox)
        shop = Workshop(parties, log, run, None, Ledger(Budget()), elsewhere=True)
        with screen.working(sum(len(batch.items) for batch in made), "sample") as step:

            def listen(result: Result) -> None:
                del result
                step()

            return await graded(shop, made, flags.jobs, listen)
    finally:
        await sandbox.close()


def figures_of(log: Log, made: list[Batch], results: dict[str, Result]) -> dict[str, Any]:
    """As of a comparison, but samples of one producer are not compared with each other."""
    rows = {batch.cell: batch.rows(results) for batch in made}
    found = cells_and_curve(log, {cell.key: (cell, mine) for cell, mine in rows.items()})
    return {**found, "pass@k": seeds(rows.items()), "paired": []}


def show(figures: dict[str, Any], run: str, count: int, flags: ImportFlags, screen: Screen) -> None:
    if flags.json:
        print(json.dumps({**figures, "report": None, "log": run}))
        return
    [found] = figures["pass@k"]
    rates = [
        f"pass@{k} {100 * value:.1f} %"
        for k in SHOWN
        if (value := found["pass@k"].get(str(k))) is not None
    ]
    print(f"{count} samples; over {found['problems']} problems with {found['seeds']} each:")
    print(", ".join(rates) or "nothing was measured")
    screen.say(f"as a run: assay bench compare {run} OTHER, assay show {run}")
