"""What a traced call did: its steps, its basic blocks, the calls of helpers, how it ended.

All text in here was in the candidate's hands: it is shown to a model, never believed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from assay.feedback import Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One line that ran."""

    number: int
    """Which of all lines that ran, from 1: a gap to the step before was left out."""
    line: int
    """1-based, in the candidate."""
    function: str
    depth: int
    """Calls of the candidate's functions around it, from 0."""
    frame: int
    """The same for the steps of one call."""
    before: Mapping[str, str]
    """Variables as it began, by name, short."""
    changed: Mapping[str, str]
    """Variables that have another value after it."""
    raised: str | None = None
    """What it raised, or what came out of what it called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockRun:
    """One run of a basic block: statements that always run together."""

    number: int
    """Which block of the program, from 0 in the order of its lines; the same each time it runs."""
    function: str
    lines: tuple[int, ...]
    """1-based, those that ran."""
    source: str
    """The text of those lines, their common indentation left out."""
    before: Mapping[str, str]
    """Values of the variables as it began."""
    after: Mapping[str, str]
    """Values as it ended, of those that it changed or set."""
    raised: str | None = None
    left_out: int = 0
    """Lines that ran between the block before and this one, and were left out: a long loop is
    shown by its first and last rounds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """One call of a function of the candidate."""

    name: str
    arguments: str
    """As in a call: `3, [1, 2]`."""
    depth: int
    """0: the call that the test made."""
    result: str | None
    """`None` where it did not return."""
    raised: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """A failing call of a failing visible test, line by line."""

    test: str
    """Id of the test."""
    call: str
    """What was run, as text for a model."""
    ended: str
    """How it ended, against what was expected; one to three lines."""
    steps: tuple[Step, ...]
    """In the order in which they ran; of each line the first and the last times."""
    blocks: tuple[BlockRun, ...]
    """The same steps, by basic block."""
    calls: tuple[Called, ...]
    lines_run: int
    """All that ran, the ones left out as well."""
    suspects: tuple[Span, ...] = ()
    """The lines to look at first, best first: run by what fails and not by what passes."""
