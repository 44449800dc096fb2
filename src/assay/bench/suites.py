"""Where items come from: suites by name, files by path.

A suite is one row of `SUITES`; how its items are made is in `grade`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.errors import UnknownName, UsageError
from assay.grade import Item, humaneval, jsonl, own, quixbugs
from assay.sandbox.languages import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Problems with hidden tests, and what one should know before comparing on them."""

    name: str
    about: str
    """One line."""
    size: int
    """Problems."""
    licence: str
    source: str
    """The paper or project."""
    get: str
    """How to get its data; empty: it comes with Assay."""
    load: Callable[[], list[Item]] | None = None
    """Items of what is installed. Raises `UsageError` where it is not."""
    load_file: Callable[[Path], list[Item]] | None = None
    """Items of a file or folder of the user's. Raises `ProblemError`."""


_ROWS = [
    Suite(
        name="own",
        about="small engineering tasks in Python, JavaScript, C++, bash and SQL",
        size=66,
        licence="Apache-2.0",
        source="written for Assay (docs/suites_own.md)",
        get="",
        load=own.items,
    ),
    Suite(
        name="humaneval",
        about="Python functions from a signature and a docstring",
        size=164,
        licence="MIT",
        source="Chen et al. 2021",
        get="pip install 'assay[humaneval]'",
        load=humaneval.items,
    ),
    Suite(
        name="quixbugs",
        about="one-line bugs in classic algorithms, to repair",
        size=40,
        licence="MIT",
        source="Lin et al. 2017",
        get="--data FILE.jsonl (docs/bench.md)",
        load_file=quixbugs.items,
    ),
]
SUITES = {suite.name: suite for suite in _ROWS}


def load_suite(name: str, data: Path | None = None) -> list[Item]:
    """The suite's items; `data` is the file of a suite that takes one.

    Raises `UnknownName`, `ProblemError`, and `UsageError` where its data is not here.
    """
    suite = SUITES.get(name)
    if suite is None:
        if data is not None:
            raise UsageError(f"--data is for a suite by name, not for {name}")
        if name.endswith(".jsonl"):
            return jsonl.items(Path(name))
        raise UnknownName("suite", name, [*SUITES, "FILE.jsonl"])
    if data is not None:
        if suite.load_file is None:
            takes = [row.name for row in SUITES.values() if row.load_file]
            raise UsageError(f"--data is for {', '.join(takes)}, not for {name}")
        return suite.load_file(data)
    if suite.load is None:
        raise UsageError(f"suite {name} needs its file: {suite.get}")
    return suite.load()


def load_item(reference: str) -> Item:
    """`suite:ID`, one item. Raises `UnknownName`, and `UsageError` for an unknown id."""
    name, _, wanted = reference.partition(":")
    items = load_suite(name)
    for item in items:
        if item.problem.id == wanted:
            return item
    first, last = items[0].problem.id, items[-1].problem.id
    raise UsageError(f"suite {name} has no problem {wanted!r}; it has {first} to {last}")


def runnable(items: list[Item]) -> tuple[list[Item], dict[str, str]]:
    """The items whose language can be run on this machine, and why each other language cannot:
    a program that could not even be started says nothing about who wrote it."""
    missing: dict[str, str] = {}
    for language in dict.fromkeys(item.problem.language for item in items):
        try:
            if language != "python":
                resolve(language)
        except UsageError as error:
            missing[language] = str(error)
    return [item for item in items if item.problem.language not in missing], missing


def limit_items(items: list[Item], limit: int | None, every: int = 1) -> list[Item]:
    """Every `every`-th item, at most `limit` of them."""
    return items[::every][:limit]
