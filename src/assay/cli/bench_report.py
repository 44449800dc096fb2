"""`assay bench report RUN`: a run of the log as a page, as JSON and as CSV."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bench.stored import Stored, stored
from assay.cli.files import check_place, write_file
from assay.cli.screen import Screen
from assay.cli.session import open_log
from assay.store import Log, default_path

if TYPE_CHECKING:
    from assay.bench.report.data import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFlags:
    run: str
    log: Path | None
    out: Path | None
    csv: Path | None
    json: bool


def bench_report(flags: ReportFlags) -> int:
    """The page is made where `out` names it, or where nothing else is asked for. Raises
    `UsageError` for a run that is not there and for a file that cannot be written."""
    from assay.bench.report.data import report_of
    from assay.bench.report.tables import tables

    screen = Screen(quiet=flags.json)
    reads = [flags.log or default_path()]
    check_place("--out", flags.out, reads)
    check_place("--csv", flags.csv and flags.csv / "cells.csv", [*reads, flags.out])
    with open_log(flags.log) as log:
        run = stored(log, flags.run)
        report = report_of(log, run)
    tell_unfinished(run, screen)
    out = flags.out
    if out is None and flags.csv is None and not flags.json:
        out = Path(f"assay-{run.row.id}.html")
    if flags.json:
        page = None if out is None else str(out)
        print(json.dumps({**report.figures, "report": page, "log": run.row.id}))
    made = [] if out is None else [write_page(report, out)]
    if flags.csv is not None:
        files = tables(report.figures)
        made += [write_file(flags.csv / name, text) for name, text in files.items()]
        if len(report.figures["cells"]) == 1:
            screen.say("no pairs.csv: the run has one cell, which is compared with nothing")
    if not flags.json:
        print("\n".join(made))
    return 0


def report_run(log: Log, run: str, path: Path) -> str:
    """Writes the page of a run that is just over. Raises `UsageError` and `StoreError`."""
    from assay.bench.report.data import report_of

    return write_page(report_of(log, stored(log, run)), path)


def report_two(log: Log, runs: tuple[Stored, Stored], path: Path) -> str:
    """Writes the page of two runs over what both measured. Raises `UsageError`, `StoreError`."""
    from assay.bench.report.data import report_of_two

    return write_page(report_of_two(log, *runs), path)


def write_page(report: "Report", path: Path) -> str:
    from assay.bench.report.html import html

    return write_file(path, html(report))


def tell_unfinished(run: Stored, screen: Screen) -> None:
    if not run.row.finished:
        screen.warn(
            f"run {run.row.id} is NOT FINISHED: {run.results} of {run.wanted} results are there, "
            "and the first to end are not a fair sample"
        )
