"""`assay bench report RUN`: a run of the log as a page, as JSON and as CSV."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from assay.bench.stored import Stored, stored
from assay.cli.screen import Screen
from assay.cli.session import open_log
from assay.errors import UsageError
from assay.store import Log

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
    with open_log(flags.log) as log:
        run = stored(log, flags.run)
        report = report_of(log, run)
    tell_unfinished(run, screen)
    out = flags.out
    if out is None and flags.csv is None and not flags.json:
        out = Path(f"assay-{run.row.id}.html")
    made = [] if out is None else [write_page(report, out)]
    if flags.csv is not None:
        made += [write(flags.csv / name, text) for name, text in tables(report.figures).items()]
    if flags.json:
        page = None if out is None else str(out)
        print(json.dumps({**report.figures, "report": page, "log": run.row.id}))
    else:
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

    return write(path, html(report))


def tell_unfinished(run: Stored, screen: Screen) -> None:
    if not run.row.finished:
        screen.warn(
            f"run {run.row.id} is NOT FINISHED: {run.results} of {run.wanted} results are there, "
            "and the first to end are not a fair sample"
        )


def check_writable(path: Path | None) -> None:
    """Before hours of work, not after them. Raises `UsageError`."""
    if path is not None and (path.is_dir() or not path.absolute().parent.is_dir()):
        what = "is a folder" if path.is_dir() else "there is no such folder"
        raise UsageError(f"--report {path}: {what}")


def write(path: Path, text: str) -> str:
    """The folder is made where it is missing; a file that is there is replaced whole."""
    whole = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text, encoding="utf-8", newline="")
        whole.replace(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
    return str(path)
