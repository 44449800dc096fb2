"""JavaScript and TypeScript on node; function calls through the driver beside this file."""

import re
from functools import partial
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_CHECK_TYPED = (
    "require('module').stripTypeScriptTypes(require('fs').readFileSync(process.argv[1], 'utf8'),"
    " {mode: 'transform', sourceUrl: process.argv[1]})"
)
_TYPED = ("--disable-warning=ExperimentalWarning", "--experimental-transform-types")
_SYNTAX = re.compile(
    r"(?m)^\S*main\.\w+:(?P<line>\d+)\n(?P<source>.*)\n(?:(?P<caret> *)\^+\n)?"
    r"(?:.*\n)*?(?P<message>\w*Error.*)$"
)
_TROUBLE = re.compile(
    r"(?m)^(?:Uncaught )?(?P<exception>\w*(?:Error|Exception))(?: \[\w+\])?(?:: (?P<message>.*))?$"
    r"(?:(?:\n.*)*?\n +at .*main\.\w+:(?P<line>\d+))?"
)
_DRIVER = Path(__file__).parent / "javascript_driver.cjs"


def find(oldest: tuple[int, int]) -> Toolchain | None:
    found = finding.program("node", "nodejs")
    version = finding.version_in(finding.says(found, "--version")) if found else None
    if found is None or version is None or tuple(map(int, version.split(".")[:2])) < oldest:
        return None
    node = finding.real(found)
    return Toolchain(version=version, programs=(node,), folders=finding.outside(Path(node)))


def run(flags: tuple[str, ...], tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    heap = f"--max-old-space-size={max(32, limits.memory_mb * 3 // 4)}"
    return (tools.programs[0], heap, *flags, file)


def javascript(name: str, end: str, oldest: tuple[int, int], *flags: str) -> Language:
    check = (*flags, "-e", _CHECK_TYPED) if flags else ("--check",)
    return Language(
        name=name, aliases=(end,), extension=f".{end}", find=partial(find, oldest),
        get=f"install node {'.'.join(map(str, oldest))} or later (https://nodejs.org)",
        run=partial(run, flags), check=partial(run, check),
        diagnose=lambda text: finding.read_messages(text, _SYNTAX),
        support={_DRIVER.name: str(_DRIVER)}, driver=_DRIVER.name,
        address_space=False, trouble=_TROUBLE,
        exhausted=("JavaScript heap out of memory", "Array buffer allocation failed"),
    )  # fmt: skip


LANGUAGE = javascript("javascript", "js", (18, 19))
TYPESCRIPT = javascript("typescript", "ts", (22, 13), *_TYPED)
