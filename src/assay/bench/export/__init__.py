"""A stored run in the formats of other tools: one file a format, and `FORMATS`.

`source` takes the run out of the log, `plain` makes its texts harmless. A format is a function from
an `Export` to the files to write; none of them sees a hidden test unless `Export.hidden` is set.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from assay.bench import Cell, Result
from assay.bench.history import graded, searched
from assay.errors import UnknownName
from assay.grade import Item
from assay.store import Event, Log, RunRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one cell made of one problem."""

    item: str
    """Its name in the log."""
    number: int
    """From 1: the cells of an export differ in the seed alone, and each gives a sample."""
    result: Result

    @property
    def measured(self) -> bool:
        return self.result.hidden is not None

    @property
    def answered(self) -> bool:
        """The search came to its end: its answer, or that it has none, can be graded."""
        cut_off = self.result.cut_off and self.result.status != "verified"
        return self.measured or not (cut_off or self.result.status == "unmeasured")


@dataclass(frozen=True, kw_only=True)
class Export:
    """A run, or the part of it that is exported."""

    log: Log
    row: RunRow
    suite: str
    cells: Sequence[Cell]
    """Alike but for the seed."""
    samples: Mapping[str, Sequence[Sample]]
    """By problem, in the order of the run; a problem that was not reached has none."""
    items: Mapping[str, Item] = field(default_factory=dict)
    """By problem, where a format asked for them."""
    hidden: bool = False
    """Hidden tests go out too."""

    def each(self) -> Iterator[Sample]:
        for samples in self.samples.values():
            yield from samples

    def events(self, sample: Sample) -> Sequence[Event]:
        return searched(self.log, sample.result)

    def grade(self, sample: Sample) -> dict[str, Any] | None:
        return graded(self.log, self.row.id, sample.item)


Files = Sequence[tuple[str, bytes]]
"""What to write: the ending of the name (the first is the format's own) and the content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    name: str
    about: str
    """One line."""
    ending: str
    """Of the file that `--out` names."""
    module: str
    """It has `files(export)`. Imported when it is asked for."""
    items: bool = False
    """It needs the suite's items, for their split."""
    tests: bool = False
    """It holds tests, so that `--hidden` means something."""

    def files(self, export: Export) -> Files:
        write: Callable[[Export], Files] = import_module(self.module).files
        return write(export)


_ROWS = [
    Format(
        name="evalplus",
        about="samples, and results as evalplus.evaluate writes them",
        ending=".jsonl",
        module="assay.bench.export.evalplus",
    ),
    Format(
        name="livecodebench",
        about="outputs for LiveCodeBench's custom evaluator",
        ending=".json",
        module="assay.bench.export.livecodebench",
    ),
    Format(
        name="inspect",
        about="a log that `inspect view` opens",
        ending=".eval",
        module="assay.bench.export.inspect_log",
        tests=True,
    ),
    Format(
        name="trl",
        about="prompt-only rows for TRL's online trainers",
        ending=".jsonl",
        module="assay.bench.export.trl",
        items=True,
        tests=True,
    ),
]
FORMATS = {row.name: row for row in _ROWS}


def find_format(name: str) -> Format:
    """Raises `UnknownName`."""
    if name not in FORMATS:
        raise UnknownName("format", name, FORMATS)
    return FORMATS[name]
