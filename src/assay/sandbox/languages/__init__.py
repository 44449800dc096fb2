"""The languages beside Python that a job may be in: one file and one row each.

A toolchain is found by looking, at most once a process; nothing is ever installed.
"""

import functools
import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from assay.errors import UnknownName, UsageError
from assay.problem import Limits
from assay.sandbox import Diagnostic

BUILD = Limits(
    cpu_seconds=10, wall_seconds=40, memory_mb=1536, processes=64, disk_mb=256, output_bytes=1 << 20
)
"""What one build may use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolchain:
    """What was found on this machine."""

    version: str
    programs: tuple[str, ...]
    """Absolute paths, the compiler or interpreter first."""
    folders: tuple[str, ...] = ()
    """Shown read-only, at the same path, beside the system's own folders."""


Command = Callable[[Toolchain, str, Limits], tuple[str, ...]]
"""From a toolchain, the name of the source file and the limits to the words of a command."""


def run_built(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    """Runs what a build left under the usual name."""
    return ("./program",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    name: str
    extension: str
    find: Callable[[], Toolchain | None]
    get: str
    """How to get the toolchain."""
    run: Command = run_built
    aliases: tuple[str, ...] = ()
    build: Command | None = None
    """Makes `artefact` out of the source; `None`: the source itself is run."""
    artefact: str = "program"
    """A file, or a folder of files, that the build leaves."""
    warm: str = ""
    """A source of ours whose build leaves a folder `cache`, from which other builds start."""
    check: Command | None = None
    """Where there is no build: says whether the source is well-formed, asked when a run fails."""
    diagnose: Callable[[str], list[Diagnostic]] = lambda text: []
    """From what the build or check printed."""
    limits: Limits = BUILD
    file: Callable[[str], str] = lambda code: "main"
    """From the source to its file's name without extension."""
    environment: Mapping[str, str] = field(default_factory=dict)
    support: Mapping[str, str] = field(default_factory=dict)
    """Files that lie beside the source: name -> path of ours."""
    driver: str = ""
    """Which of `support` serves function calls, where that is possible."""
    address_space: bool = True
    """False for a runtime that reserves far more than it uses."""
    trouble: re.Pattern[str] | None = None
    """Finds `exception`, `message` and `line` in what a failing program wrote to stderr."""
    exhausted: tuple[str, ...] = ()
    """What stderr holds when memory ran out."""


def _rows() -> list[Language]:
    from assay.sandbox.languages import bash, c, go, java, javascript, python, rust, sql

    return [
        bash.LANGUAGE, sql.LANGUAGE, javascript.LANGUAGE, javascript.TYPESCRIPT, c.LANGUAGE,
        c.CPP, java.LANGUAGE, go.LANGUAGE, rust.LANGUAGE, *python.VERSIONS,
    ]  # fmt: skip


def _tools() -> list[Language]:
    from assay.sandbox.languages import tools

    return tools.TOOLS


LANGUAGES: dict[str, Language] = {}
"""By name; `LANGUAGES[name].aliases` are understood too."""


TOOLS: dict[str, Language] = {}
"""Analysers, by name (`tool:mypy`): jobs as those of a language, found and shown the same way."""


@functools.cache
def toolchain(name: str) -> Toolchain | None:
    """That of a language or tool, looked for once a process."""
    try:
        return (LANGUAGES | TOOLS)[name].find()
    except OSError:  # a folder that one may not even look into
        return None


def resolve(name: str) -> tuple[Language, Toolchain]:
    """Raises `UsageError` for a language not known, or one whose toolchain is not here."""
    wanted = name.strip().lower()
    for language in (*LANGUAGES.values(), *TOOLS.values()):
        if wanted in (language.name, *language.aliases):
            found = toolchain(language.name)
            if found is None:
                raise UsageError(f"no toolchain for {language.name} here: {language.get}")
            return language, found
    raise UnknownName("language", name, ["python", *LANGUAGES])


def available(rows: Mapping[str, Language] = LANGUAGES) -> list[tuple[str, bool, str]]:
    """For each language: its name, whether it can be run here, the version or how to get it."""
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(toolchain, rows))
    return [
        (language.name, tool is not None, tool.version if tool else language.get)
        for language, tool in zip(rows.values(), found, strict=True)
    ]


LANGUAGES |= {language.name: language for language in _rows()}
TOOLS |= {tool.name: tool for tool in _tools()}
