"""C and C++: gcc, or clang where it stands in for it."""

import re
from functools import partial
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_MESSAGE = re.compile(
    r"(?m)^(?:main\.c(?:pp)?|/[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)?"
    r" (?:fatal )?error: (?P<message>.+)$"
)
_LINKER = re.compile(r"(?m)^.*main\.c(?:pp)?:(?P<line>\d+): (?P<message>undefined reference .+)$")


def find(*names: str) -> Toolchain | None:
    compiler = finding.program(*names)
    version = finding.version_in(finding.says(compiler, "-dumpfullversion")) if compiler else None
    if compiler is None or version is None:
        return None
    compiler = finding.real(compiler)
    prefix = Path(compiler).parent.parent
    parts = [prefix / part for part in ("bin", "lib", "libexec", "include", "lib64")]
    inside = (prefix / "lib" / "gcc").is_dir() or (prefix / "lib" / "clang").is_dir()
    folders = finding.outside(*(parts if inside else [Path(compiler)]))
    return Toolchain(version=version, programs=(compiler,), folders=folders)


def build(
    standard: str, tools: Toolchain, file: str, limits: Limits
) -> tuple[str, ...]:
    flags = ("-g1", "-O2", standard, "-fno-diagnostics-show-caret", "-fdiagnostics-color=never")
    return (tools.programs[0], *flags, "-pipe", "-o", "program", file, "-lm", "-pthread")


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return ("./program",)


def diagnose(text: str) -> list[finding.Diagnostic]:
    return finding.read_messages(text, _MESSAGE) or finding.read_messages(text, _LINKER)


LANGUAGE = Language(
    name="c",
    extension=".c",
    find=partial(find, "gcc", "cc", "clang"),
    get="install `gcc` (Debian, Ubuntu: build-essential)",
    build=partial(build, "-std=gnu17"),
    artefact="program",
    run=run,
    diagnose=diagnose,
)
CPP = Language(
    name="cpp",
    aliases=("c++", "cxx", "cc"),
    extension=".cpp",
    find=partial(find, "g++", "c++", "clang++"),
    get="install `g++` (Debian, Ubuntu: build-essential)",
    build=partial(build, "-std=gnu++20"),
    artefact="program",
    run=run,
    diagnose=diagnose,
    trouble=re.compile(r"instance of '(?P<exception>[^']+)'(?:\s+what\(\):\s+(?P<message>.+))?"),
    exhausted=("std::bad_alloc",),
)
