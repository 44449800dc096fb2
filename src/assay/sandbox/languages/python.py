"""Python of another version than the one that runs Assay: a plain cold run."""

import re
import sys
from functools import partial
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_OWN = ("python", "python3", "py", f"python{sys.version_info.major}.{sys.version_info.minor}")
_FACTS = "import sys; print(sys.base_prefix, sys.version.split()[0], sep='\\n')"
_CHECK = "import ast, sys; ast.parse(open(sys.argv[1], encoding='utf-8').read(), 'main.py')"
_SYNTAX = re.compile(
    r'File "main\.py", line (?P<line>\d+)\n    (?P<source>.*)\n    (?P<caret> *)\^.*\n'
    r"(?P<message>\w+Error: .+)"
)
_TROUBLE = re.compile(
    r'(?s:.*)main\.py", line (?P<line>\d+), in [^\n]*\n(?:  [^\n]*\n)*'
    r"(?P<exception>[A-Za-z_][\w.]*)(?:: (?P<message>[^\n]*))?\s*\Z"
)


def is_own(name: str) -> bool:
    """Whether the warm interpreters run it, which are of the version that runs Assay."""
    return name.strip().lower() in _OWN


def find(minor: int) -> Toolchain | None:
    name = f"python3.{minor}"
    told = (finding.says(place, "-I", "-c", _FACTS) for place in finding.interpreters(name))
    facts = next((text.splitlines()[-2:] for text in told if text), [])
    if len(facts) < 2 or not facts[1].startswith(f"3.{minor}."):
        return None
    home = Path(facts[0])
    program, shared = home / "bin" / name, home.glob(f"lib/libpython3.{minor}*")
    folders = finding.outside(program, home / "lib" / name, *shared)
    return Toolchain(version=facts[1], programs=(str(program.resolve()),), folders=folders)


def run(more: tuple[str, ...], tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], "-s", "-S", "-B", *more, file)


def version(minor: int) -> Language:
    return Language(
        name=f"python3.{minor}", extension=".py", find=partial(find, minor),
        get=f"install Python 3.{minor} (for instance `uv python install 3.{minor}`)",
        run=partial(run, ()), check=partial(run, ("-c", _CHECK)),
        diagnose=lambda text: finding.read_messages(text, _SYNTAX),
        trouble=_TROUBLE, exhausted=("MemoryError",),
    )  # fmt: skip


VERSIONS = [version(minor) for minor in range(11, 15)]
