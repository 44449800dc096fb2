"""Analysers of Python text, as languages whose build only reads the candidate and complains.

They run as a compiler does: in the sandbox, on the source alone, with no file of settings. A
candidate that they find nothing in is "built", and its run does nothing.
"""

import re
import sys
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from assay.problem import Limits
from assay.sandbox import Diagnostic
from assay.sandbox.languages import Command, Language, Toolchain, finding

_FACTS = (
    "import sys, {0}; from pathlib import Path; from importlib.metadata import version;"
    "print(Path(sys._base_executable).resolve(), sys.base_prefix, version('{0}'),"
    " Path({0}.__file__).resolve().parents[1], sep='\\n')"
)
_START = (
    "import runpy, sys; sys.path.append(sys.argv[1]); sys.argv = sys.argv[2:];"
    "runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)"
)
_MESSAGE = re.compile(
    r"(?m)^main\.py:(?P<line>\d{1,9}):(?:(?P<column>\d{1,9}):)? "
    r"(?:error: )?(?P<message>(?!note:).+)$"
)
_SHEBANG = re.compile(rb"#!(\S+)\n|#!/bin/sh\n'''exec' \"?([^\" \n]+)")

WRONG = "F402,F50,F52,F6,F7,F811,F82,F901,PLE"
"""Of ruff: what fails, or does something else than it says, as soon as it is reached."""
DOUBTFUL = "F,B,C4,PERF,PLW"
"""Of ruff, but for `WRONG`: likely mistakes and needless work; nothing about layout or names."""


def installed(program: str) -> str | None:
    """One that came with Assay's own packages, else the first on the search path."""
    own = Path(sys.prefix) / "bin" / program
    return str(own) if own.is_file() else finding.program(program)


def find_ruff() -> Toolchain | None:
    found = installed("ruff")
    version = finding.version_in(finding.says(found, "--version")) if found else None
    if found is None or version is None:
        return None
    place = finding.real(found)
    return Toolchain(version=version, programs=(place,), folders=finding.outside(Path(place)))


def find_package(name: str) -> Toolchain | None:
    """A tool in Python: its interpreter and the folder of its packages, here or elsewhere."""
    python = sys.executable if find_spec(name) else _interpreter_of(finding.program(name))
    facts = (finding.says(python, "-c", _FACTS.format(name)) if python else "") or ""
    if len(facts.splitlines()) != 4:
        return None
    program, prefix, version, packages = facts.splitlines()
    home = Path(prefix)
    folders = {packages, *finding.outside(Path(program), home / "bin", home / "lib")}
    return Toolchain(version=version, programs=(program, packages), folders=tuple(sorted(folders)))


def _interpreter_of(script: str | None) -> str | None:
    """The interpreter that an installed command names in its first line."""
    if script is None:
        return None
    with Path(script).open("rb") as file:
        found = _SHEBANG.match(file.read(500))
    return (found[1] or found[2]).decode("utf-8", "surrogateescape") if found else None


def ruff(rules: tuple[str, ...], tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (
        tools.programs[0], "check", "--isolated", "--no-cache", "--quiet", "--ignore-noqa",
        "--output-format=concise", *rules, file,
    )  # fmt: skip


def package(
    name: str, flags: tuple[str, ...], tools: Toolchain, file: str, limits: Limits
) -> tuple[str, ...]:
    python, packages = tools.programs
    return (python, "-I", "-S", "-B", "-c", _START, packages, name, *flags, file)


def nothing(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return ("/bin/true",)


def diagnose(text: str) -> list[Diagnostic]:
    """Without ruff's mark of what it could fix."""
    return finding.read_messages(text.replace(" [*] ", " "), _MESSAGE)


def analyser(
    name: str, find: Callable[[], Toolchain | None], build: Command, warm: str = ""
) -> Language:
    return Language(
        name=f"tool:{name}", extension=".py", find=find, get="pip install 'assay[analyse]'",
        build=build, run=nothing, artefact="main.py", diagnose=diagnose, warm=warm,
        address_space=False,
    )  # fmt: skip


_TYPES = (
    "--config-file=", "--no-site-packages", "--cache-dir=cache", "--sqlite-cache",
    "--no-error-summary", "--show-column-numbers", "--hide-error-context", "--no-color-output",
    "--check-untyped-defs", "--ignore-missing-imports",
)  # fmt: skip
_SECURITY = (
    "--quiet", "--ignore-nosec", "--skip=B101", "--format=custom",
    "--msg-template={relpath}:{line}: {test_id} {msg}",
)  # fmt: skip
TOOLS = [
    analyser("ruff-names", find_ruff, partial(ruff, (f"--select={WRONG}",))),
    analyser("ruff", find_ruff, partial(ruff, (f"--select={DOUBTFUL}", f"--ignore={WRONG}"))),
    analyser(
        "mypy", partial(find_package, "mypy"), partial(package, "mypy", _TYPES), warm="x: int = 1\n"
    ),
    analyser("bandit", partial(find_package, "bandit"), partial(package, "bandit", _SECURITY)),
]
"""`B101` of bandit, an `assert`, is no danger in a program that is to be tested."""
