"""LiveCodeBench's JSONL (Jain et al. 2024): programs that read and print, and functions.

A row has `question_id`, `question_content`, `starter_code`, `public_test_cases`,
`private_test_cases` and `metadata`, the last three as JSON in a text. Public tests are visible; all
of them grade. The releases pack private tests as base64 of zlib of a pickle of JSON. A pickle is a
program, so it is never loaded: `pickled_text` reads the one kind that holds a single text.
"""

import base64
import binascii
import json
import pickletools
import zlib
from math import isfinite
from pathlib import Path
from typing import Any

from assay.errors import ProblemError
from assay.grade import Item
from assay.problem import Call, Io, Limits, Problem, Test
from assay.problem.reading import json_rows

MAX_LINE = 128 * 1024 * 1024
"""Bytes of a row: in the releases, some are beyond what other files have on a line."""
MAX_TESTS = 128 * 1024 * 1024
"""Bytes of one problem's private tests, unpacked."""
MAX_ALL = 2 * 1024 * 1024 * 1024
"""Characters of all tests of a file, unpacked: they are in memory until the end."""
SECONDS = 6.0
"""CPU time of a test, as upstream's wall time."""
MEMORY_MB = 1024
PLUMBING = {"PROTO", "FRAME", "MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT", "STOP"}
TEXTS = {"SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8", "UNICODE"}
IMPORTS = "from typing import *\n\n"
"""The starters annotate with names of it; upstream imports them before a program."""
LISTED = "def listed(value):\n    return list(value) if isinstance(value, tuple) else value\n"
"""Upstream takes a tuple for the list that was asked for."""


def items(path: Path) -> list[Item]:
    """Raises `ProblemError` for a file that is not LiveCodeBench's, and for tests that are packed
    in another way."""
    found: dict[str, Item] = {}
    size = 0
    for row, where in json_rows(path, MAX_LINE):
        try:
            item = item_of(row)
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise ProblemError(f"{where}: not a row of LiveCodeBench: {error!r}"[:300]) from None
        if item.problem.id in found:
            raise ProblemError(f"{where}: {item.problem.id} is there twice")
        size += size_of(item)
        if size > MAX_ALL:
            raise ProblemError(
                f"{where}: the tests up to here are more than {MAX_ALL >> 20} MB unpacked: give a "
                "part of the file"
            )
        found[item.problem.id] = item
    if not found:
        raise ProblemError(f"{path}: no problem in it")
    return list(found.values())


def item_of(row: dict[str, Any]) -> Item:
    if not isinstance(row["question_content"], str):
        raise TypeError("question_content is no text")
    public = json.loads(row["public_test_cases"])
    private = private_cases(row["private_test_cases"])
    metadata = row.get("metadata") or {}
    if isinstance(metadata, str):
        metadata = json.loads(metadata)
    starter, function = row.get("starter_code") or "", metadata.get("func_name")
    within = "Solution()." if "class Solution" in starter else ""
    call = f"{within}{function}" if function else None
    visible = [test_of(case, f"public:{n}", call) for n, case in enumerate(public, 1)]
    hidden = [test_of(case, f"private:{n}", call) for n, case in enumerate(private, 1)]
    longest = max((len(case["output"]) for case in (*public, *private)), default=0)
    problem = Problem(
        id=str(row["question_id"]),
        prompt=row["question_content"],
        tests=tuple(visible),
        limits=Limits(
            cpu_seconds=SECONDS,
            wall_seconds=3 * SECONDS,
            memory_mb=MEMORY_MB,
            output_bytes=max(65_536, 4 * longest),
        ),
        **(stub_of(starter, function, bool(within)) if function else {}),
    )
    return Item(problem=problem, hidden=(*visible, *hidden))


def size_of(item: Item) -> int:
    """Characters of its tests."""
    return sum(
        len(test.stdin) + len(test.expected)
        if isinstance(test, Io)
        else len(test.expression) + len(test.expected or "")
        for test in item.hidden
        if isinstance(test, Io | Call)
    )


def stub_of(starter: str, function: str, method: bool) -> dict[str, Any]:
    name = f"Solution.{function}" if method else function
    body = f"{starter.rstrip()}\n{' ' * (8 if method else 4)}...\n"
    return {"entry_point": name, "stubs": (name,), "starter": IMPORTS + body}


def test_of(case: dict[str, Any], name: str, call: str | None) -> Test:
    given, result, kind = case["input"], case["output"], case["testtype"]
    if not (isinstance(given, str) and isinstance(result, str)):
        raise TypeError(f"test {name}: input and output are texts")
    if kind == "stdin":
        return Io(id=name, stdin=given, expected=result, comparison="numbers")
    if kind != "functional" or call is None:
        raise ValueError(f"test {name}: testtype {kind!r} without the name of a function")
    arguments = ", ".join(written(json.loads(line)) for line in given.split("\n"))
    expected = written(json.loads(result))
    return Call(id=name, expression=f"listed({call}({arguments}))", expected=expected, setup=LISTED)


def written(value: Any) -> str:
    """The expression of a value out of JSON, which has `Infinity` and `NaN` too."""
    match value:
        case float() if not isfinite(value):
            return f"float({str(value)!r})"
        case list():
            return f"[{', '.join(map(written, value))}]"
        case dict():
            pairs = (f"{name!r}: {written(inner)}" for name, inner in value.items())
            return f"{{{', '.join(pairs)}}}"
    return repr(value)


def private_cases(text: str) -> list[dict[str, Any]]:
    """Raises `ValueError` for tests that are packed in a way that is not read."""
    try:
        cases = json.loads(text)
    except ValueError:
        cases = json.loads(pickled_text(unpacked(text)))
    if not isinstance(cases, list):
        raise ValueError("private_test_cases is no list")
    return cases


def unpacked(text: str) -> bytes:
    try:
        packer = zlib.decompressobj()
        data = packer.decompress(base64.b64decode(text, validate=True), MAX_TESTS)
    except (binascii.Error, zlib.error) as error:
        raise ValueError(f"private_test_cases is neither JSON nor packed: {error}") from None
    if not packer.eof:
        raise ValueError(f"private_test_cases is cut off, or more than {MAX_TESTS >> 20} MB")
    return data


def pickled_text(data: bytes) -> str:
    """The text of a pickle that makes one text and does nothing else; nothing is loaded.

    Raises `ValueError` for every other pickle.
    """
    found: list[str] = []
    for code, value, _ in pickletools.genops(data):
        if code.name in TEXTS and isinstance(value, str):
            found.append(value)
        elif code.name not in PLUMBING:
            raise ValueError(f"private_test_cases is a pickle with {code.name}, not of one text")
    if len(found) != 1:
        raise ValueError(f"private_test_cases is a pickle of {len(found)} texts, not of one")
    return found[0]
