"""Rust: one file, the standard library, no crates."""

import json
import re
from pathlib import Path

from assay.problem import Limits
from assay.sandbox import Diagnostic
from assay.sandbox.languages import Language, Toolchain, finding


def find() -> Toolchain | None:
    """The compiler itself, behind the one that rustup puts before it."""
    compiler = finding.program("rustc")
    root = finding.says(compiler, "--print", "sysroot") if compiler else None
    version = finding.version_in(finding.says(compiler, "--version")) if compiler else None
    if root is None or version is None or finding.program("cc") is None:
        return None
    home = Path(root.splitlines()[-1])
    folders = finding.outside(home / "bin", home / "lib")
    return Toolchain(version=version, programs=(str(home / "bin" / "rustc"),), folders=folders)


def build(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    flags = ("--edition=2021", "-Copt-level=2", "-Ccodegen-units=1", "-Cdebuginfo=0")
    return (tools.programs[0], *flags, "-Cstrip=debuginfo", "--error-format=json", "-o", "program", file)


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return ("./program",)


def diagnose(text: str) -> list[Diagnostic]:
    found = []
    for line in text.splitlines():
        try:
            data = json.loads(line)
            places = [place for place in data["spans"] if place["is_primary"]]
            place = places[0] if places else {}
            if data["level"] == "error" and (places or not found):
                source = place["text"][0]["text"].strip() if place.get("text") else None
                row, column = place.get("line_start"), place.get("column_start")
                found.append(Diagnostic(message=str(data["message"])[:2000], line=row, column=column, source=source))
        except (ValueError, KeyError, TypeError, IndexError):
            continue
    return found[: finding.MAX_DIAGNOSTICS]


LANGUAGE = Language(
    name="rust",
    aliases=("rs",),
    extension=".rs",
    find=find,
    get="install Rust with rustup (https://rustup.rs), and a C linker (`gcc`)",
    build=build,
    artefact="program",
    run=run,
    diagnose=diagnose,
    trouble=re.compile(
        r"thread '[^']*'(?: \(\d+\))? (?P<exception>panicked) at (?:main\.rs:(?P<line>\d+))?"
        r".*:\n(?P<message>.+)"
    ),
    exhausted=("memory allocation of",),
)
