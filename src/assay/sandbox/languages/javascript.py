"""JavaScript and TypeScript on node; function calls through the driver beside this file."""

import re
from functools import partial
from pathlib import Path

from assay.problem import Limits
from assay.sandbox.languages import Language, Toolchain, finding

_READ_TYPES = (
    "require('module').stripTypeScriptTypes(require('fs').readFileSync(process.argv[1], 'utf8'),"
    " {mode: 'transform', sourceUrl: process.argv[1]})"
)
_QUIET = "--disable-warning=ExperimentalWarning"
_TYPES = "--experimental-transform-types"
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
    node = finding.program("node", "nodejs")
    version = finding.version_in(finding.says(node, "--version")) if node else None
    if node is None or version is None or tuple(map(int, version.split(".")[:2])) < oldest:
        return None
    return Toolchain(version=version, programs=(finding.real(node),), folders=finding.outside(Path(node)))


def run(flags: tuple[str, ...], tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    heap = max(32, limits.memory_mb * 3 // 4)
    return (tools.programs[0], f"--max-old-space-size={heap}", *flags, file)


def check(flags: tuple[str, ...], tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
    how = ("-e", _READ_TYPES) if flags else ("--check",)
    return (tools.programs[0], *flags, *how, file)


def language(
    name: str, alias: str, oldest: tuple[int, int], get: str, flags: tuple[str, ...]
) -> Language:
    return Language(
        name=name,
        aliases=(alias,),
        extension=f".{alias}",
        find=partial(find, oldest),
        get=get,
        run=partial(run, flags),
        check=partial(check, flags),
        diagnose=lambda text: finding.read_messages(text, _SYNTAX),
        support={_DRIVER.name: str(_DRIVER)},
        driver=_DRIVER.name,
        address_space=False,
        trouble=_TROUBLE,
        exhausted=("JavaScript heap out of memory", "Array buffer allocation failed"),
    )


LANGUAGE = language("javascript", "js", (18, 0), "install node (https://nodejs.org)", ())
TYPESCRIPT = language(
    "typescript", "ts", (22, 13),
    "install node 22.13 or later (https://nodejs.org), which runs TypeScript", (_QUIET, _TYPES),
)  # fmt: skip
