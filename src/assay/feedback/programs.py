"""Jobs that run a program of `inside/` around a candidate, and what such a program said.

What it said was in the candidate's hands: it is decoded as JSON, within limits, and nothing of it
is believed beyond being text for a model.
"""

import ast
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from assay.feedback.shorten import inline, visible
from assay.problem import Limits
from assay.problem.stubs import BOM
from assay.sandbox import Job, Run

INSIDE = Path(__file__).with_name("inside")
LIMITS = Limits(cpu_seconds=15, wall_seconds=40)
NAMESPACE = "assay.feedback.inside"
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
def text_of(main: str) -> str:
    """The module of `inside/` of that name as one program, with those that it imports."""
    texts = [(f"{NAMESPACE}.{name}", source_of(name)) for name in with_imports(main)]
    return _LOADER.format(texts=texts)


def source_of(name: str) -> str:
    return (INSIDE / f"{name}.py").read_text("utf-8")


def with_imports(name: str) -> list[str]:
    """The modules of `inside/` that it needs, itself last."""
    needed: dict[str, None] = {}
    for node in ast.walk(ast.parse(source_of(name))):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module == NAMESPACE:
            found = [alias.name for alias in node.names]  # type: ignore[attr-defined]  # an ImportFrom
        else:
            found = [module.rpartition(".")[2]] if module.startswith(NAMESPACE) else []
        for other in found:
            needed |= dict.fromkeys(with_imports(other))
    return [*needed, name]


def job(main: str, order: dict[str, Any], limits: Limits = LIMITS) -> Job:
    """The module `main` of `inside/`, told what to do by `order`, which must be plain data."""
    if "code" in order:
        order = order | {"code": order["code"].removeprefix(BOM)}
    limits = replace(limits, output_bytes=MOST_BYTES)
    return Job(code=text_of(main), limits=limits, stdin=json.dumps(order))


def records(run: Run | None, mark: str = "") -> Iterator[dict[str, Any]]:
    """The JSON objects among the lines that it printed, of those that begin with `mark`; what is
    no such thing is left out."""
    printed = run.stdout[:MOST_BYTES] if run is not None else ""
    for line in printed.split("\n", MOST_RECORDS)[:MOST_RECORDS]:
        if len(line) > RECORD or not line.startswith(mark + "{"):
            continue
        try:
            record = json.loads(line.removeprefix(mark))
        except (ValueError, RecursionError):
            continue
        if type(record) is dict:
            yield record


def answer(run: Run | None) -> dict[str, Any]:
    """The last of the `records`; empty where there is none."""
    return next(iter([*records(run)][-1:]), {})


def text(data: Any, width: int = 300) -> str | None:
    """A short text on one line, or `None` for what is none."""
    if type(data) is not str:
        return None
    return visible(data[:width])


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
