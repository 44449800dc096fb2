"""`assay bench export RUN --format F`: a stored run as a file of another tool."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from assay.bench.export import Export, Files, find_format
from assay.bench.export.source import read, with_items
from assay.bench.rejudge import Terms, tests_from
from assay.bench.rejudge import items_of as rejudged
from assay.bench.stored import stored
from assay.bench.suites import load_suite
from assay.cli.files import check_place, write_file
from assay.cli.labels import number_of
from assay.cli.screen import Screen
from assay.cli.session import open_log
from assay.cli.targets import targets_of
from assay.errors import UsageError
from assay.grade import Item
from assay.store import default_path


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFlags:
    """The flags, as given; see `bench_verbs.bench_export` for what each means."""

    format: str
    cell: str | None
    out: Path | None
    data: Path | None
    hidden: bool
    allow_test_split: bool
    log: Path | None
    json: bool


def bench_export(run: str, flags: ExportFlags) -> int:
    """Raises `UsageError` for a run, cell, format or place that will not do; `StoreError`."""
    form = find_format(flags.format)
    if flags.hidden and not form.tests:
        raise UsageError(f"--hidden: {form.name} holds no tests")
    screen = Screen(quiet=flags.json)
    check_place("--out", flags.out, (flags.log or default_path(), flags.data))
    with open_log(flags.log) as log:
        cell = flags.cell
        if cell is not None and (number := number_of(cell)) is not None:
            cell = str(number)
        export = replace(read(log, run, cell), hidden=flags.hidden)
        out = flags.out or Path(f"{export.row.id}-{form.name}{form.ending}")
        if out.suffix != form.ending:
            raise UsageError(f"--out {out}: a file for {form.name} ends with {form.ending}")
        if form.items or flags.hidden:
            export = with_items(export, items_of(export, flags.data))
        if form.items and not flags.allow_test_split:
            export = for_training(export, screen)
        files = places(out, form.files(export))
    written = [write_file(path, content) for path, content in files.items()]
    tell(export, screen)
    if flags.json:
        print(json.dumps({"run": export.row.id, "files": written}))
    for path in written:
        screen.say(f"wrote {path}")
    return 0


def items_of(export: Export, data: Path | None) -> list[Item]:
    """What the run was about, hidden tests included."""
    if export.row.command == "bench":
        suite = load_suite(*tests_from(export.row.config, None, data))
        if "rejudged" not in export.row.config:
            return suite
        run = stored(export.log, export.row.id)
        return list(rejudged(export.log, run, suite, Terms.of(run.row.config)).values())
    targets = export.row.config["targets"]
    return [target.item for given in targets for target in targets_of(given, ())]


def for_training(export: Export, screen: Screen) -> Export:
    """Without the problems of a test split. Raises `UsageError` where no other is there."""
    kept = {task: item for task, item in export.items.items() if item.split == "train"}
    if not kept:
        raise UsageError(
            f"{export.suite} is a test suite, and a model trained on it can no longer be compared "
            "on it: --allow-test-split exports it all the same"
        )
    if left_out := len(export.items) - len(kept):
        screen.warn(f"{left_out} problems are of the test split and left out")
    return replace(export, items=kept)


def places(out: Path, files: Files) -> dict[Path, bytes]:
    """Each file beside the first, with its own ending."""
    stem = str(out).removesuffix(files[0][0])
    return {Path(stem + ending): content for ending, content in files}


def tell(export: Export, screen: Screen) -> None:
    """What of the run is not in the file, or not scored there."""
    samples = list(export.each())
    if not export.row.finished:
        screen.warn(f"run {export.row.id} is NOT FINISHED: only what ended is in the file")
    graded = "graded_by" in export.row.config
    if graded and (open_ := sum(not sample.measured for sample in samples)):
        screen.warn(f"{open_} of {len(samples)} were NOT MEASURED and have no score")
