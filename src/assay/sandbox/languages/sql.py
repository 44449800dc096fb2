"""SQL: a script run against a fresh SQLite database by our own interpreter.

A test's input is SQL too, run first, without its rows being printed: the tables and their data.
"""

import re
import sqlite3
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding
from assay.sandbox.layout import interpreter

_TROUBLE = re.compile(
    r"(?m)^main\.sql:(?P<line>\d+)(?::(?P<column>\d+))?: (?P<exception>\w+): (?P<message>.+)$"
)


def find() -> Toolchain | None:
    return Toolchain(version=sqlite3.sqlite_version, programs=(interpreter(),))


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], "-I", "-S", "-B", "sql_driver.py", file)


def check(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (*run(tools, file, limits), "check")


LANGUAGE = Language(
    name="sql",
    aliases=("sqlite", "sqlite3"),
    extension=".sql",
    find=find,
    get="use a Python that has the module sqlite3",
    run=run,
    check=check,
    diagnose=lambda text: finding.read_messages(text, _TROUBLE),
    support={"sql_driver.py": str(Path(__file__).parent / "sql_driver.py")},
    trouble=_TROUBLE,
    exhausted=("MemoryError", "out of memory"),
)
