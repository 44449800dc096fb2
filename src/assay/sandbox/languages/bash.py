"""bash: run as it is; `bash -n` says what is not well-formed."""

import re

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_SYNTAX = re.compile(r"(?m)^main\.sh: line (?P<line>\d+): (?P<message>.+)$")
_TROUBLE = re.compile(r"(?m)^main\.sh: line (?P<line>\d+): (?P<message>.+)$")


def find() -> Toolchain | None:
    shell = finding.program("bash")
    version = finding.version_in(finding.says(shell, "--version")) if shell else None
    if shell is None or version is None:
        return None
    return Toolchain(version=version, programs=(finding.real(shell),))


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], file)


def check(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    return (tools.programs[0], "-n", file)


LANGUAGE = Language(
    name="bash",
    aliases=("sh", "shell"),
    extension=".sh",
    find=find,
    get="install the package `bash`",
    run=run,
    check=check,
    diagnose=lambda text: finding.read_messages(text, _SYNTAX),
    trouble=_TROUBLE,
    exhausted=("cannot allocate",),
)
