"""Java: every class of one file is compiled; the one that has `main` is run."""

import re
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_MESSAGE = re.compile(
    r"(?m)^\w+\.java:(?P<line>\d+): error: (?P<message>.+)\n(?P<source>.*)\n(?P<caret> *)\^"
)
_TROUBLE = re.compile(
    r"Exception in thread \"[^\"]*\" (?P<exception>[\w.$]+)(?:: (?P<message>.+))?"
    r"(?:(?:\n.*)*?\n\tat .*\.java:(?P<line>\d+)\))?"
)
_QUICK = ("-XX:+UseSerialGC", "-Xshare:auto", "-XX:-UsePerfData")
_CLASS = re.compile(r"(?m)^\s*(public\s+)?(?:final\s+|abstract\s+)*class\s+(\w+)")
_MAIN = re.compile(r"\bstatic\s+(?:final\s+)?void\s+main\s*\(")


def find() -> Toolchain | None:
    compiler, java = finding.program("javac"), finding.program("java")
    told = finding.says(java, "-XshowSettings:properties", "-version") if java else None
    facts = dict(re.findall(r"(java\.(?:home|version)) = (.+)", told or ""))
    if compiler is None or java is None or len(facts) < 2:
        return None
    home = Path(facts["java.home"])
    settings = [path.resolve().parent for path in (home / "conf").glob("*") if path.is_symlink()]
    folders = finding.outside(home, *(path for path in settings if path != Path("/etc")))
    programs = (finding.real(compiler), finding.real(java))
    return Toolchain(version=facts["java.version"], programs=programs, folders=folders)


def main_class(code: str) -> str:
    """The public class, else the last one that begins before `main`."""
    public = [match[2] for match in _CLASS.finditer(code) if match[1]]
    main = _MAIN.search(code)
    before = [match[2] for match in _CLASS.finditer(code, 0, main.start() if main else 0)]
    return (public or before[-1:] or ["Main"])[0]


def build(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    quick = [f"-J{flag}" for flag in (*_QUICK, "-XX:TieredStopAtLevel=1", "-Xmx768m")]
    return (tools.programs[0], *quick, "-encoding", "UTF-8", "-proc:none", "-d", "out", file)


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    heap = f"-Xmx{max(16, limits.memory_mb * 3 // 4)}m"
    return (tools.programs[1], *_QUICK, heap, "-Xss16m", "-cp", ".", file.removesuffix(".java"))


LANGUAGE = Language(
    name="java", extension=".java", file=main_class, artefact="out", address_space=False,
    find=find, get="install a JDK (Debian, Ubuntu: default-jdk-headless)", build=build, run=run,
    diagnose=lambda text: finding.read_messages(text, _MESSAGE),
    trouble=_TROUBLE, exhausted=("java.lang.OutOfMemoryError",),
)  # fmt: skip
