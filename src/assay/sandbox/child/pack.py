"""Files as one run of bytes in a memory file, with an index of names and sizes beside it.

This is how sources and compiled results enter and leave a sandbox. Nothing in the index is
believed before `checked` has seen it.
"""

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

MAX_FILES = 500
MAX_BYTES = 64 << 20
_NAME = re.compile(r"[\w$][\w$.-]{0,120}(/[\w$][\w$.-]{0,120}){0,7}", re.ASCII)
Index = list[list[Any]]


class Refused(Exception):
    """What a build left cannot be taken: too much, too many, or not plain files."""


def checked(index: Any, size: int) -> Index:
    """The index, if its names are plain and its sizes add up to `size`. Raises `Refused`."""
    if type(index) is not list or len(index) > MAX_FILES:
        raise Refused(f"more than {MAX_FILES} files")
    total = 0
    for entry in index:
        if type(entry) is not list or [type(item) for item in entry] != [str, int]:
            raise Refused("an index that is none")
        if not _NAME.fullmatch(entry[0]) or entry[1] < 0:
            raise Refused(f"a file named {entry[0][:80]!r}")
        total += entry[1]
    if total != size or total > MAX_BYTES:
        raise Refused(f"{total} bytes of files, at most {MAX_BYTES}")
    return index


def write(fd: int, files: dict[str, bytes]) -> Index:
    for data in files.values():
        _write_all(fd, data)
    return [[name, len(data)] for name, data in files.items()]


def read(fd: int, index: Any) -> dict[str, bytes]:
    """The files of a memory file that a sandbox wrote. Raises `Refused`."""
    size = os.fstat(fd).st_size
    files, place = {}, 0
    for name, length in checked(index, size):
        files[name] = os.pread(fd, length, place)
        place += length
    return files


def unpack(fd: int, index: Index) -> None:
    """Writes the files into the working directory, where nothing else is yet."""
    place = 0
    for name, length in checked(index, os.fstat(fd).st_size):
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.pread(fd, length, place))
        path.chmod(0o700)
        place += length


def collect(fd: int, name: str) -> Index:
    """Packs a file, or every file below a folder, that a hostile build may have left there.

    Links are not followed and special files never opened for long. Raises `Refused`, `OSError`.
    """
    index: Index = []
    room = MAX_BYTES
    for path in _found(name):
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            status = os.fstat(source)
            room -= status.st_size
            if not stat.S_ISREG(status.st_mode):
                raise Refused(f"{path[:80]!r} is not a plain file")
            if room < 0 or len(index) >= MAX_FILES:
                raise Refused(f"more than {MAX_BYTES} bytes or {MAX_FILES} files")
            data = os.read(source, status.st_size)
            _write_all(fd, data)
        finally:
            os.close(source)
        inside = path.removeprefix(name + "/") if path != name else path
        index.append([inside, len(data)])
    return index


def _found(name: str) -> Iterator[str]:
    if not stat.S_ISDIR(os.lstat(name).st_mode):
        yield name
        return
    for folder, _, files in os.walk(name):
        for file in files:
            yield f"{folder}/{file}"


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
