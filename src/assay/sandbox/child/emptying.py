"""Removes what a run left in its folder. Of the lightest modules only: each run maps them."""

import os
import stat
from pathlib import Path


def empty(folder: Path) -> None:
    """Removes all that is in it, however deep: inner folders move up before they are emptied."""
    while entries := list(folder.iterdir()):
        for entry in entries:
            if _is_folder(entry):
                _flatten(entry, folder)
                entry.rmdir()
            else:
                entry.unlink()


def _flatten(path: Path, folder: Path) -> None:
    path.chmod(0o700)
    for inner in list(path.iterdir()):
        if _is_folder(inner):
            inner.chmod(0o700)  # to move it is to write its `..`
            inner.rename(folder / os.urandom(8).hex())
        else:
            inner.unlink()


def _is_folder(path: Path) -> bool:
    return stat.S_ISDIR(path.lstat().st_mode)
