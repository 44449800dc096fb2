"""Reads a file of text, and says in one line why it cannot."""

import gzip
import json
import stat
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.errors import ProblemError

MAX_BYTES = 16 * 1024 * 1024
"""A source file, a file of tests or a line of JSONL beyond this is a mistake or an attack."""
MAX_UNPACKED = 1024 * 1024 * 1024
"""What a packed file may hold; it is read line by line."""
HANDED = ("/dev/stdin", "/dev/null", "/dev/fd/", "/proc/self/fd/")
"""What a shell hands over, as in `<(command)`; another pipe or device may never end."""


def read_bytes(path: Path) -> bytes:
    """Raises `ProblemError` for a file that is not there, not a file, too long or not readable."""
    try:
        refuse_irregular(path)
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


def refuse_irregular(path: Path) -> None:
    """Raises `ProblemError` for what is no regular file, and `OSError` where nothing is."""
    mode = path.stat().st_mode
    if stat.S_ISDIR(mode):
        raise ProblemError(f"{path} is a folder, not a file")
    if not stat.S_ISREG(mode) and not str(path).startswith(HANDED):
        raise ProblemError(f"{path} is a pipe or a device, not a file")


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


def json_rows(path: Path, longest: int = MAX_BYTES) -> Iterator[tuple[dict[str, Any], str]]:
    """The object on each line of a JSONL file, and where it stands. Raises `ProblemError`, also
    for a line of more than `longest` bytes."""
    if not path.is_file():
        read_bytes(path)  # says what it is instead
    for number, line in enumerate(lines_of(path, longest), 1):
        if line.strip():
            where = f"{path}, line {number}"
            yield json_object(line, where, longest), where


def lines_of(path: Path, longest: int = MAX_BYTES) -> Iterator[bytes]:
    """The lines of a file, of `.gz` unpacked; one that is too long is cut where it is. Raises
    `ProblemError` where it cannot be unpacked, and as soon as too much comes out of it."""
    packed = path.suffix == ".gz"
    size = 0
    try:
        with gzip.open(path) if packed else path.open("rb") as file:
            while line := file.readline(longest + 1):
                size += len(line)
                if packed and size > MAX_UNPACKED:
                    raise ProblemError(f"{path}: more than {MAX_UNPACKED // 1024**2} MB unpacked")
                yield line
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ProblemError(f"{path}: cannot be unpacked: {error}") from None
    except OSError as error:
        raise ProblemError(f"{path}: cannot be read: {error.strerror}") from None


def json_object(line: bytes, where: str, longest: int = MAX_BYTES) -> dict[str, Any]:
    """The object on a line. Raises `ProblemError`."""
    if len(line) > longest:
        raise ProblemError(f"{where}: longer than {longest // 1024**2} MB")
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ProblemError(f"{where}: not JSON: {error}") from None
    if not isinstance(row, dict):
        raise ProblemError(f"{where}: not an object")
    return row
