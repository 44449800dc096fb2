"""Texts that any reader takes: what a program or a model wrote is not to be trusted with that."""

import json
from math import isfinite
from typing import Any
from urllib.parse import quote

from assay.problem.jsonl import with_kind

MAX_NAME = 180
"""Characters of a name in an archive."""


def clean(value: Any) -> Any:
    """The value without lone surrogates, which are no Unicode text and end most JSON readers, and
    without numbers that JSON has no form for. NUL is a character like any other in JSON."""
    match value:
        case str():
            return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
        case float():
            return value if isfinite(value) else None
        case dict():
            return {clean(key): clean(inner) for key, inner in value.items()}
        case list() | tuple():
            return [clean(inner) for inner in value]
        case _:
            return value


def dumped(value: Any) -> bytes:
    """One line of JSON, all of it ASCII."""
    return json.dumps(clean(value), allow_nan=False).encode("ascii")


def lines(rows: list[Any]) -> bytes:
    """JSONL."""
    return b"".join(dumped(row) + b"\n" for row in rows)


def member(name: str) -> str:
    """A name that leads nowhere else in an archive or an address, different for different names.

    `HumanEval/0` stays as it is: readers that unpack make a folder of it.
    """
    parts = name.split("/")
    safe = [quote(clean(part), safe=" ()+,=@") for part in parts]
    if any(part in ("", ".", "..") for part in parts) or "\ufffd" in clean(name):
        # Bytes, so that names that differ in a surrogate alone stay apart.
        safe = [quote(name.encode("utf-8", "surrogatepass"), safe="").replace(".", "%2E")]
    joined = "/".join(safe)
    if len(joined) <= MAX_NAME:
        return joined
    return f"{joined[: MAX_NAME - 17]}-{digest(name)}"


def digest(name: str) -> str:
    from hashlib import sha256

    return sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def row_of_test(test: dict[str, Any]) -> dict[str, Any]:
    """A test's fields as a row of a problem file has them: with its kind."""
    row = with_kind(test)
    if row["kind"] == "command":
        row["files"] = dict(test["files"])
    return row


def in_words(test: dict[str, Any]) -> str:
    """One test for a person."""
    match row_of_test(test):
        case {"kind": "call", "raises": str(error)}:
            return f"{test['expression']} raises {error}"
        case {"kind": "call", "expected": str(expected)}:
            return f"{test['expression']} == {expected}"
        case {"kind": "call"}:
            return str(test["expression"])
        case {"kind": "script"}:
            return f"{test['source'].rstrip()}\n\n{test['call']}".strip()
        case {"kind": "io"}:
            return f"given:\n{test['stdin']}\nprints:\n{test['expected']}"
        case _:
            return " ".join(test["argv"])
