"""C and C++: gcc, or clang where it stands in for it."""

import re
from functools import partial
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_MESSAGE = re.compile(
    r"(?m)^(?:main\.c(?:pp)?|/[^:\n]+):(?P<line>\d+):(?:(?P<column>\d+):)?"
    r" (?:fatal )?error: (?P<message>.+)$"
    r"|^.*main\.c(?:pp)?:(?P<line_linked>\d+): (?P<message_linked>undefined reference .+)$"
)
_FLAGS = ("-g1", "-O2", "-pipe", "-fno-diagnostics-show-caret", "-fdiagnostics-color=never")
_THROWN = re.compile(r"instance of '(?P<exception>[^']+)'(?:\s+what\(\):\s+(?P<message>.+))?")


def find(*names: str) -> Toolchain | None:
    found = finding.program(*names)
    version = finding.version_in(finding.says(found, "-dumpfullversion")) if found else None
    if found is None or version is None:
        return None
    compiler = finding.real(found)
    prefix = Path(compiler).parent.parent
    whole = any((prefix / "lib" / name).is_dir() for name in ("gcc", "clang"))
    parts = ("bin", "lib", "lib64", "libexec", "include") if whole else ()
    folders = finding.outside(Path(compiler), *(prefix / part for part in parts))
    return Toolchain(version=version, programs=(compiler,), folders=folders)


def build(standard: str, tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], standard, *_FLAGS, "-o", "program", file, "-lm", "-pthread")


LANGUAGE = Language(
    name="c",
    extension=".c",
    find=partial(find, "gcc", "cc", "clang"),
    get="install `gcc` (Debian, Ubuntu: build-essential)",
    build=partial(build, "-std=gnu17"),
    diagnose=lambda text: finding.read_messages(text, _MESSAGE),
)
CPP = Language(
    name="cpp",
    aliases=("c++", "cxx", "cc"),
    extension=".cpp",
    find=partial(find, "g++", "c++", "clang++"),
    get="install `g++` (Debian, Ubuntu: build-essential)",
    build=partial(build, "-std=gnu++20"),
    diagnose=lambda text: finding.read_messages(text, _MESSAGE),
    trouble=_THROWN,
    exhausted=("std::bad_alloc",),
)
