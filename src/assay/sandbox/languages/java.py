"""Java: every class of one file is compiled; the one that has `main` is run."""

import re
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_MESSAGE = re.compile(
    r"(?m)^\w+\.java:(?P<line>\d+): error: (?P<message>.+)\n(?P<source>.*)\n(?P<caret> *)\^"
)
_QUICK = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-XX:-UsePerfData")
_CLASS = re.compile(r"(?m)^\s*(?P<public>public\s+)?(?:final\s+|abstract\s+)*class\s+(?P<name>\w+)")
_MAIN = re.compile(r"\bstatic\s+(?:final\s+)?void\s+main\s*\(")


def find() -> Toolchain | None:
    compiler, java = finding.program("javac"), finding.program("java")
    told = finding.says(java, "-XshowSettings:properties", "-version") if java else None
    home = re.search(r"java\.home = (.+)", told or "")
    version = re.search(r"java\.version = (.+)", told or "")
    if compiler is None or java is None or home is None or version is None:
        return None
    root = Path(home[1].strip())
    settings = {path.resolve().parent for path in (root / "conf").glob("*") if path.is_symlink()}
    apart = [root] if settings <= {Path("/etc")} else [root, *settings]
    return Toolchain(
        version=version[1].strip(), programs=(finding.real(compiler), finding.real(java)), folders=finding.outside(*apart)
    )


def main_class(code: str) -> str:
    """The public class, else the last one that begins before `main`."""
    classes = list(_CLASS.finditer(code))
    public = [match["name"] for match in classes if match["public"]]
    main = _MAIN.search(code)
    before = [match["name"] for match in classes if main and match.start() < main.start()]
    return (public or before[-1:] or ["Main"])[0]


def build(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    quick = (f"-J{flag}" for flag in _QUICK)
    return (tools.programs[0], *quick, "-J-Xmx768m", "-encoding", "UTF-8", "-d", "out", "-proc:none", file)


def run(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    heap = max(16, limits.memory_mb * 3 // 4)
    return (tools.programs[1], *_QUICK, f"-Xmx{heap}m", "-Xss16m", "-cp", ".", "{name}")


LANGUAGE = Language(
    name="java",
    extension=".java",
    find=find,
    get="install a JDK (Debian, Ubuntu: default-jdk-headless)",
    build=build,
    artefact="out",
    run=run,
    file=main_class,
    diagnose=lambda text: finding.read_messages(text, _MESSAGE),
    address_space=False,
    trouble=re.compile(
        r"Exception in thread \"[^\"]*\" (?P<exception>[\w.$]+)(?:: (?P<message>.+))?"
        r"(?:(?:\n.*)*?\n\tat .*\.java:(?P<line>\d+)\))?"
    ),
    exhausted=("java.lang.OutOfMemoryError",),
)
