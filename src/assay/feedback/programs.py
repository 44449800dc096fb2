"""Jobs that run a program of `inside/` around a candidate, and what such a program said.

What it said was in the candidate's hands: it is decoded as JSON, within limits, and nothing of it
is believed beyond being text for a model.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from assay.feedback.cases import case_of
from assay.feedback.shorten import inline
from assay.problem import Command, Limits, Problem, Test
from assay.problem.stubs import BOM
from assay.sandbox import Job, Run

INSIDE = Path(__file__).with_name("inside")
SHARED = ("show", "hooks", "cases")
LIMITS = Limits(cpu_seconds=15, wall_seconds=40, output_bytes=1 << 20)
MOST_BYTES = 1_000_000
MOST_RECORDS = 5_000
RECORD = 50_000
"""Characters of one record."""
_LOADER = """\
import sys, types
for name, text in {texts!r}:
    module = sys.modules[name] = types.ModuleType(name)
    exec(compile(text, name, "exec", dont_inherit=True), module.__dict__)
    parent, _, child = name.rpartition(".")
    parent = sys.modules.setdefault(parent, types.ModuleType(parent))
    setattr(parent, child, module)
module.main()
"""


@cache
def text_of(*names: str) -> str:
    """One program made of the modules of `inside/` that are named, the last of which is run."""
    texts = [
        (f"assay.feedback.inside.{name}", (INSIDE / f"{name}.py").read_text("utf-8"))
        for name in names
    ]
    return _LOADER.format(texts=texts)


def job(problem: Problem, order: dict[str, Any], *modules: str) -> Job:
    """Modules that watch a case, under the problem's limits; `order` must be plain data."""
    limits = replace(problem.limits, output_bytes=MOST_BYTES)
    text = text_of(*SHARED, *modules)
    return Job(code=text, limits=limits, stdin=json.dumps(order))


def program(
    name: str, code: str, tests: Sequence[Test] = (), limits: Limits = LIMITS, **more: Any
) -> Job:
    """One module that makes the calls of all the tests. A command is no call: it runs where it
    likes."""
    calls = [case_of(test, None) for test in tests if not isinstance(test, Command)]
    data = {"code": code.removeprefix(BOM), "tests": calls} | more
    return Job(code=text_of(name), stdin=json.dumps(data), limits=limits)


def records(run: Run) -> Iterator[dict[str, Any]]:
    """The JSON objects among the lines that it printed; what is no such thing is left out."""
    for line in run.stdout[:MOST_BYTES].split("\n", MOST_RECORDS)[:MOST_RECORDS]:
        if len(line) > RECORD or not line.startswith("{"):
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if type(record) is dict:
            yield record


def text(data: Any, width: int = 300) -> str | None:
    """A short text on one line, or `None` for what is none."""
    if type(data) is not str:
        return None
    line = "".join(sign if sign.isprintable() else " " for sign in data[:width])
    return line.encode("utf-8", "backslashreplace").decode()


def number(data: Any, most: int = 1 << 53) -> int | None:
    """A whole number from 0 to `most`, or `None`."""
    return data if type(data) is int and 0 <= data <= most else None


def texts(data: Any, most: int = 40) -> dict[str, str]:
    """A mapping of short texts."""
    pairs = list(data.items())[:most] if type(data) is dict else []
    return {
        name: value
        for key, item in pairs
        if (name := text(key, 60)) is not None and (value := text(item)) is not None
    }


def answer(run: Run | None) -> dict[str, Any]:
    """The JSON object on the last line that it printed; empty where there is none."""
    lines = run.stdout.splitlines() if run is not None else []
    try:
        found = json.loads(lines[-1]) if lines else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def rows(data: Mapping[str, Any], key: str, **kinds: type) -> list[dict[str, Any]]:
    """The objects in a list that are `shaped` so."""
    given = data.get(key)
    return [row for row in (given if isinstance(given, list) else []) if shaped(row, **kinds)]


def shaped(row: Any, **kinds: type) -> bool:
    """Whether it has all these fields, each of its type exactly; numbers count something."""
    given = row if isinstance(row, dict) else {}
    return all(
        type(given.get(name)) is kind and (kind is not int or 0 <= given[name] < 1 << 31)
        for name, kind in kinds.items()
    )


def silence(run: Run | None) -> str:
    """Why there was no answer, for a person."""
    if run is None:
        return "it could not be run"
    detail = run.detail
    why = detail.limit or detail.message or detail.signal or run.outcome
    return f"it gave no answer: {inline(why)}"
