"""Reads a file of text, and says in one line why it cannot."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.errors import ProblemError

MAX_BYTES = 16 * 1024 * 1024
"""A source file, a file of tests or a line of JSONL beyond this is a mistake or an attack."""


def read_bytes(path: Path) -> bytes:
    """Raises `ProblemError` for a file that is not there, not a file, too long or not readable."""
    try:
        if path.is_dir():
            raise ProblemError(f"{path} is a folder, not a file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise ProblemError(f"{path}: no such file") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise ProblemError(f"{path}: cannot be read: {reason}") from None
    if len(data) > MAX_BYTES:
        raise ProblemError(f"{path}: longer than {MAX_BYTES // 1024**2} MB")
    return data


def read_text(path: Path) -> str:
    """The text as it is: newlines and byte order mark included. Raises `ProblemError`."""
    return decoded(read_bytes(path), str(path))


def decoded(data: bytes, name: str) -> str:
    """Raises `ProblemError` with the line of the first byte that is not UTF-8."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ProblemError(f"{name}: line {line}: not UTF-8") from None


def json_rows(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """The object on each line of a JSONL file, and where it stands. Raises `ProblemError`."""
    if not path.is_file():
        read_bytes(path)  # says what it is instead
    with path.open("rb") as file:
        for number, line in enumerate(iter(lambda: file.readline(MAX_BYTES + 1), b""), 1):
            if line.strip():
                where = f"{path}, line {number}"
                yield json_object(line, where), where


def json_object(line: bytes, where: str) -> dict[str, Any]:
    """The object on a line. Raises `ProblemError`."""
    if len(line) > MAX_BYTES:
        raise ProblemError(f"{where}: longer than {MAX_BYTES // 1024**2} MB")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProblemError(f"{where}: not JSON: {error}") from None
    if not isinstance(row, dict):
        raise ProblemError(f"{where}: not an object")
    return row
