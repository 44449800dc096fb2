"""Looks for toolchains and reads what they print. Never raises for one that is not there."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from assay.sandbox import Diagnostic
from assay.sandbox.child.report import shorten

MAX_DIAGNOSTICS = 20
_SYSTEM = tuple(Path("/" + name) for name in ("usr", "bin", "sbin", "lib", "lib64"))
_SECONDS = 10.0


def program(*names: str) -> str | None:
    """The first of these on the search path."""
    return next(filter(None, map(shutil.which, names)), None)


def interpreters(name: str) -> Iterator[str]:
    """Where pyenv and uv keep interpreters (pyenv's shims are slow), and on the search path."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT", home / ".pyenv")) / "versions"
    for folder in (pyenv, home / ".local/share/uv/python"):
        yield from sorted(map(str, folder.glob(f"*/bin/{name}")), reverse=True)
    yield from filter(None, [program(name)])


def real(program: str) -> str:
    """The same, with the links followed that a sandbox does not show."""
    path = Path(program)
    return program if in_system(path) else str(path.resolve())


def says(*words: str) -> str | None:
    """What a command prints, stderr too; `None` where it fails."""
    try:
        done = subprocess.run(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            cwd="/",
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else None


def version_in(text: str | None) -> str | None:
    """The first number with dots in a program's description of itself."""
    found = re.search(r"\d+(\.\d+)+", text or "")
    return found[0] if found else None


def in_system(path: Path) -> bool:
    """Whether every sandbox shows this path anyway."""
    return any(path.is_relative_to(folder) and path.resolve().exists() for folder in _SYSTEM)


def outside(*paths: Path) -> tuple[str, ...]:
    """Those that exist and must be shown beside the system's own, links resolved."""
    real = {path.resolve() for path in paths if path.exists()}
    return tuple(sorted(str(path) for path in real if not in_system(path)))


def read_messages(text: str, pattern: re.Pattern[str]) -> list[Diagnostic]:
    """One diagnostic a match; groups `line`, `message` and, where it has them, `column`,
    `source`, and `caret`: the blanks before a caret that points into the line. Where a pattern
    has two forms, the groups of the second end in `_linked`."""
    found = []
    for match in pattern.finditer(text):
        groups = {
            name.split("_")[0]: text for name, text in match.groupdict().items() if text is not None
        }
        column = int(groups["column"]) if groups.get("column") else None
        if groups.get("caret") is not None:
            column = len(groups["caret"]) + 1
        found.append(
            Diagnostic(
                message=shorten(groups["message"].strip()),
                line=int(groups["line"]),
                column=column,
                source=shorten(groups["source"].rstrip()) if groups.get("source") else None,
            )
        )
    return found[:MAX_DIAGNOSTICS]
