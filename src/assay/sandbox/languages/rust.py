"""Rust: one file, the standard library, no crates."""

import re
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_FLAGS = (
    "--edition=2021", "-Copt-level=2", "-Ccodegen-units=1", "-Cstrip=debuginfo",
    "--error-format=short",
)  # fmt: skip
_MESSAGE = re.compile(
    r"(?m)^main\.rs:(?P<line>\d+):(?P<column>\d+): error(?:\[\w+\])?: (?P<message>.+)$"
)
_TROUBLE = re.compile(
    r"thread '[^']*'(?: \(\d+\))? (?P<exception>panicked) at (?:main\.rs:(?P<line>\d+))?.*:\n"
    r"(?P<message>.+)"
)


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
    return (tools.programs[0], *_FLAGS, "-o", "program", file)


LANGUAGE = Language(
    name="rust",
    aliases=("rs",),
    extension=".rs",
    find=find,
    get="install Rust with rustup (https://rustup.rs), and a C linker (`gcc`)",
    build=build,
    diagnose=lambda text: finding.read_messages(text, _MESSAGE),
    trouble=_TROUBLE,
    exhausted=("memory allocation of",),
)
