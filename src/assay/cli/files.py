"""Files that a command was told to write: one rule for all of them.

A file that is there is replaced, all of it or, where writing fails, nothing of it. Folders that are
missing are made. What is no file, a pipe or /dev/stdout, is written into.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from assay.errors import UsageError


def check_place(flag: str, path: Path | None, reads: Iterable[Path | str | None]) -> None:
    """Tries before hours of work what `write_file` does after them, and leaves no trace. Raises
    `UsageError`, also where it is one of the files that the command `reads`, or writes too."""
    if path is None:
        return
    if any(one is not None and same(path, Path(one)) for one in reads):
        raise UsageError(f"{flag} {path}: the command needs this file itself; name another")
    try:
        if path.is_dir():
            raise UsageError(f"{flag} {path}: is a folder; name a file")
        if path.exists() and not os.access(path, os.W_OK):
            raise UsageError(f"{flag} {path}: Permission denied")
        if not (path.exists() and special(path)):
            try_place(path.resolve())
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links; a null byte
        raise UsageError(f"{flag} {path}: {reason(error)}") from None


def same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # not there
        return one.absolute() == other.absolute()
    except ValueError:  # no name of a file at all
        return False


def try_place(path: Path) -> None:
    """Makes a file where this one, or the first of its missing folders, would be."""
    folder = path.parent
    while not folder.exists():
        path, folder = folder, folder.parent
    made = beside(path)
    os.close(os.open(made, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    made.unlink()


def write_file(path: Path, content: str | bytes) -> str:
    """Gives the path as it was given. Raises `UsageError`."""
    data = content if isinstance(content, bytes) else content.encode("utf-8")
    try:
        if special(path):
            path.write_bytes(data)
        else:
            replace_whole(path.resolve(), data)
    except (OSError, RuntimeError, ValueError) as error:
        raise UsageError(f"cannot write {path}: {reason(error)}") from None
    return str(path)


def replace_whole(path: Path, data: bytes) -> None:
    """Whenever the process is killed, there is the old content or the new. Raises `OSError`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    made = beside(path)
    try:
        made.write_bytes(data)
        if path.exists():
            shutil.copymode(path, made)
        made.replace(path)
    except BaseException:
        made.unlink(missing_ok=True)
        raise


def special(path: Path) -> bool:
    """Whether it is no file that another could take the place of."""
    system = path.absolute().parts[1:2] in (("dev",), ("proc",))
    return system or (path.exists() and not path.is_file())


def beside(path: Path) -> Path:
    return path.with_name(f".assay-{os.getpid()}")


def reason(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)
