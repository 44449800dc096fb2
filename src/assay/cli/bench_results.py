"""`assay bench results RUN`: a run of the log as one file of stable content."""

from pathlib import Path

from assay.bench.results import contents, text_of
from assay.bench.stored import stored
from assay.cli.bench_report import tell_unfinished
from assay.cli.files import check_place, write_file
from assay.cli.screen import Screen
from assay.cli.session import open_log
from assay.store import default_path


def bench_results(path: Path | None, name: str, out: Path | None) -> int:
    """Raises `UsageError` for a run that is not there, or a file that cannot be written."""
    check_place("--out", out, [path or default_path()])
    with open_log(path) as log:
        run = stored(log, name)
        content = contents(log, run)
    tell_unfinished(run, Screen(quiet=True))
    if out is None:
        print(text_of(content), end="")
    else:
        write_file(out, text_of(content))
    return 0
