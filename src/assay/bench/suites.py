"""Where items come from: suites by name, files by path.

A suite is one row of `SUITES`; how its items are made is in `grade`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from assay.bench.fetch import Release, at_hand, fetched
from assay.errors import ProblemError, UnknownName, UsageError
from assay.grade import Item, evalplus, harbor, humaneval, jsonl, livecodebench, own, quixbugs
from assay.problem.reading import json_rows
from assay.sandbox.languages import resolve


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """Problems with hidden tests, and what one should know before comparing on them."""

    name: str
    about: str
    """One line."""
    size: int | None
    """Problems; `None`: as many as the file has."""
    licence: str
    source: str
    """The paper or project."""
    get: str
    """How to get its data; empty: it comes with Assay."""
    load: Callable[[], list[Item]] | None = None
    """Items of what is installed. Raises `UsageError` where it is not."""
    load_file: Callable[[Path], list[Item]] | None = None
    """Items of a file or folder of the user's. Raises `ProblemError`."""
    release: Release | None = None
    """The published file, for `load_file`."""
    left_out: Callable[[Path], dict[str, str]] | None = None
    """Problems of a file or folder that cannot be run here, and why."""

    def here(self) -> bool:
        """Whether it can be loaded with nothing more than its name."""
        if self.load is None:
            return self.release is not None and at_hand(self.release)
        try:
            return bool(self.load())
        except UsageError:
            return False


_EVALPLUS = "https://github.com/evalplus"
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
        get="--data FILE.jsonl (docs/suites.md)",
        load_file=quixbugs.items,
    ),
    Suite(
        name="humaneval+",
        about="HumanEval with about 80 times as many hidden inputs",
        size=164,
        licence="Apache-2.0, of HumanEval MIT",
        source="Liu et al. 2023",
        get="fetched (1 MB), or --data HumanEvalPlus.jsonl.gz",
        load_file=evalplus.humaneval_items,
        release=Release(
            file="HumanEvalPlus-v0.1.10.jsonl",
            url=f"{_EVALPLUS}/humanevalplus_release/releases/download/v0.1.10/HumanEvalPlus.jsonl.gz",
            sha256="42526ec0e7d5f3ee0b06d6ced98f8c8bae3d76519151bfb3d36f79010645bd7f",
        ),
    ),
    Suite(
        name="mbpp+",
        about="short Python functions from a sentence and one assert",
        size=378,
        licence="Apache-2.0, of MBPP CC-BY-4.0",
        source="Liu et al. 2023, Austin et al. 2021",
        get="fetched (1 MB), or --data MbppPlus.jsonl.gz",
        load_file=evalplus.mbpp_items,
        release=Release(
            file="MbppPlus-v0.2.0.jsonl",
            url=f"{_EVALPLUS}/mbppplus_release/releases/download/v0.2.0/MbppPlus.jsonl.gz",
            sha256="b54e762755248ca411b523c917fa9f93c07b5ff2966bf60b3917b853926a3dad",
        ),
    ),
    Suite(
        name="livecodebench",
        about="contest problems: programs that read and print, and functions",
        size=None,
        licence="of each site",
        source="Jain et al. 2024",
        get="--data test.jsonl (of code_generation_lite)",
        load_file=livecodebench.items,
    ),
    Suite(
        name="harbor",
        about="a folder of tasks in Harbor's layout whose answer is one file",
        size=None,
        licence="of each task",
        source="harborframework.com",
        get="--data FOLDER",
        load_file=harbor.items,
        left_out=harbor.left_out,
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
        return load_path(name)
    if data is not None:
        if suite.load_file is None:
            takes = [row.name for row in SUITES.values() if row.load_file]
            raise UsageError(f"--data is for {', '.join(takes)}, not for {name}")
        return suite.load_file(data)
    if suite.load is not None:
        return suite.load()
    if suite.release is not None and suite.load_file is not None:
        return suite.load_file(fetched(suite.release))
    raise UsageError(f"suite {name} needs its file: {suite.get}")


def load_path(name: str) -> list[Item]:
    """Items of a folder of tasks, or of a JSONL file of any form that is known by its keys."""
    path = Path(name)
    if path.is_dir():
        return harbor.items(path)
    if name.endswith((".jsonl", ".jsonl.gz")) and path.is_file():
        try:
            keys = next(json_rows(path, livecodebench.MAX_LINE))[0].keys()
        except (StopIteration, ProblemError):
            keys = {}.keys()
        for key, load in FORMS.items():
            if key in keys:
                return load(path)
    if name.endswith((".jsonl", ".jsonl.gz")):
        return jsonl.items(path)
    raise UnknownName("suite", name, [*SUITES, "FILE.jsonl", "FOLDER"])


FORMS = {"question_content": livecodebench.items}
"""Loaders of JSONL files by a key that no other form has."""


def left_out(name: str, data: Path | None = None) -> dict[str, str]:
    """Problems of the suite that cannot be run here, and why: they are never scored."""
    suite = SUITES.get(name)
    if suite is None:
        return harbor.left_out(Path(name)) if Path(name).is_dir() else {}
    return suite.left_out(data) if suite.left_out and data else {}


def load_item(reference: str) -> Item:
    """`suite:ID`, one item. Raises `UnknownName`, and `UsageError` for an unknown id."""
    name, _, wanted = reference.partition(":")
    items = load_suite(name)
    for item in items:
        if item.problem.id == wanted:
            return item
    first, last = items[0].problem.id, items[-1].problem.id
    raise UsageError(f"suite {name} has no problem {wanted!r}; it has {first} to {last}")


def runnable(items: list[Item], tier: str = "") -> tuple[list[Item], dict[str, str]]:
    """The items whose language can be run on this machine, in this tier, and why each other
    language cannot: a program that could not even be started says nothing about who wrote it."""
    missing: dict[str, str] = {}
    for language in dict.fromkeys(item.problem.language for item in items):
        try:
            if language != "python":
                resolve(language)
                if tier == "landlock":
                    raise UsageError(f"the tier landlock runs Python only, no {language}")
        except UsageError as error:
            missing[language] = str(error)
    return [item for item in items if item.problem.language not in missing], missing


def limit_items(items: list[Item], limit: int | None, every: int = 1) -> list[Item]:
    """Every `every`-th item, at most `limit` of them."""
    return items[::every][:limit]
