"""Python of another version than the one that runs Assay: a plain cold run."""

import os
import re
import sys
from collections.abc import Iterator
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


def is_own(name: str) -> bool:
    """Whether the warm interpreters run it, which are of the version that runs Assay."""
    return name.strip().lower() in _OWN


def places(name: str) -> Iterator[str]:
    """On the search path, and where pyenv and uv keep interpreters."""
    yield from filter(None, [finding.program(name)])
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR", home / ".local/share/uv/python"))
    for folder in (pyenv, uv):
        yield from sorted(map(str, folder.glob(f"*/bin/{name}")), reverse=True)


def find(minor: int) -> Toolchain | None:
    name = f"python3.{minor}"
    told = (finding.says(place, "-I", "-c", _FACTS) for place in places(name))
    lines = next((text.splitlines()[-2:] for text in told if text), [])
    if len(lines) < 2 or not lines[1].startswith(f"3.{minor}."):
        return None
    prefix, version = lines
    program, library = Path(prefix) / "bin" / name, Path(prefix) / "lib" / name
    shared = Path(prefix).glob(f"lib/libpython3.{minor}*")
    folders = finding.outside(program, library, *shared)
    return Toolchain(version=version, programs=(str(program),), folders=folders)


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], "-s", "-S", "-B", file)


def check(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], "-s", "-S", "-B", "-c", _CHECK, file)


def version(minor: int) -> Language:
    return Language(
        name=f"python3.{minor}",
        aliases=(f"py3{minor}",),
        extension=".py",
        find=partial(find, minor),
        get=f"install Python 3.{minor} (for instance `uv python install 3.{minor}`)",
        run=run,
        check=check,
        diagnose=lambda text: finding.read_messages(text, _SYNTAX),
        trouble=re.compile(
            r'(?:File "[^"]*main\.py", line (?P<line>\d+)(?:.*\n(?!  File))*)'
            r"(?P<exception>[A-Za-z_][\w.]*)(?:: (?P<message>.*))?\Z"
        ),
        exhausted=("MemoryError",),
    )


VERSIONS = [version(minor) for minor in range(11, 15)]
