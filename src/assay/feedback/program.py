"""Jobs that run a program of `inside/` around a candidate, and what such a program said.

What it said was in the candidate's hands: it is decoded as JSON, within limits, and nothing of it
is believed beyond being text for a model.
"""

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from assay.problem import Problem
from assay.sandbox import Job, Run

INSIDE = Path(__file__).with_name("inside")
SHARED = ("show", "hooks", "cases")
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
    """A job under the problem's limits; `order` must be plain data."""
    limits = replace(problem.limits, output_bytes=MOST_BYTES)
    text = text_of(*SHARED, *modules)
    return Job(code=text, limits=limits, stdin=json.dumps(order))


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
