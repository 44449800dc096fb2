"""Go: one file, the standard library, no modules."""

import json
import re
from pathlib import Path

from assay.problem import Limits
from assay.sandbox import Diagnostic
from assay.sandbox.languages import BUILD, Language, Toolchain, finding
from dataclasses import replace

_MESSAGE = re.compile(r"(?m)^(?:\./)?main\.go:(?P<line>\d+)(?::(?P<column>\d+))?: (?P<message>.+)$")


def find() -> Toolchain | None:
    compiler = finding.program("go")
    told = finding.says(compiler, "env", "-json", "GOROOT", "GOVERSION") if compiler else None
    try:
        known = json.loads(told or "")
        root, version = Path(known["GOROOT"]), str(known["GOVERSION"]).removeprefix("go")
    except (ValueError, KeyError, TypeError):
        return None
    return Toolchain(
        version=version, programs=(str(root / "bin" / "go"),), folders=finding.outside(root)
    )


def build(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], "build", "-p", "2", "-trimpath", "-o", "program", file)


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return ("./program",)


def diagnose(text: str) -> list[Diagnostic]:
    return finding.read_messages(text, _MESSAGE)


LANGUAGE = Language(
    name="go",
    aliases=("golang",),
    extension=".go",
    find=find,
    get="install Go (https://go.dev/dl, or Debian, Ubuntu: golang)",
    build=build,
    artefact="program",
    run=run,
    diagnose=diagnose,
    limits=replace(BUILD, cpu_seconds=60, wall_seconds=120),
    environment={
        "GOCACHE": "{work}/.cache", "GOTOOLCHAIN": "local", "GOFLAGS": "-mod=mod",
        "GO111MODULE": "off", "GOTELEMETRY": "off", "CGO_ENABLED": "0",
    },
    address_space=False,
    trouble=re.compile(
        r"(?m)^(?P<exception>panic|fatal error): (?P<message>.+)(?:(?:\n.*)*?main\.go:(?P<line>\d+))?"
    ),
    exhausted=("runtime: out of memory", "cannot allocate memory"),
)
