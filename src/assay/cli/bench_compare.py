"""`assay bench compare A B`: two runs of the log over the problems that both measured."""

import json
from pathlib import Path
from typing import Any

from assay.bench.findings import compare_runs
from assay.bench.stored import stored
from assay.cli.bench_report import report_two, tell_unfinished
from assay.cli.figures import show_figures, tell
from assay.cli.files import check_place
from assay.cli.screen import Screen
from assay.cli.session import open_log
from assay.errors import UsageError
from assay.store import default_path


def bench_compare(
    path: Path | None, names: tuple[str, str], as_json: bool, page: Path | None = None
) -> int:
    """Raises `UsageError` for runs that are not there or do not compare."""
    screen = Screen(quiet=as_json)
    check_place("--report", page, [path or default_path()])
    with open_log(path) as log:
        a, b = (stored(log, name) for name in names)
        if a.row.id == b.row.id:
            raise UsageError(f"{names[0]} and {names[1]} are the same run, {a.row.id}")
        figures = compare_runs(log, a, b) | {"report": page and str(page)}
        for run in (a, b):
            tell_unfinished(run, screen)
        if as_json:
            print(json.dumps(figures))
        else:
            show(figures, screen)
        if page is not None:
            screen.say(f"report: {report_two(log, (a, b), page)}")
    return 0


def show(figures: dict[str, Any], screen: Screen) -> None:
    for text in figures["differences"]:
        screen.say(text, "yellow")
    show_figures(figures)
    for run in figures["runs"]:
        if run["left_out"]:
            tell(
                f"Left out: {run['left_out']} of the {run['problems']} problems of {run['run']}; "
                "not every cell of both runs measured them."
            )
