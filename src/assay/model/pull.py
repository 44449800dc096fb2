"""Model files on this machine: which are here, where, and how to get the others.

They are in `models/` of the user's cache folder, or in the folder that `ASSAY_MODELS` names.
"""

import errno
import fcntl
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_cache_dir

from assay.errors import ModelError, ModelMissing, UnknownName
from assay.model import OnProgress
from assay.model.catalogue import CATALOGUE, Entry
from assay.model.digest import is_whole, move_stamp
from assay.model.sources import SOURCES, Source

SLACK = 128 << 20
"""Bytes that must stay free beside the model: one part, packed, and room for the log."""


@dataclass(frozen=True, slots=True)
class Local:
    """A model of the catalogue, as seen from this machine."""

    entry: Entry
    path: Path
    """Where its file is, or would be."""
    present: bool
    """A file of the right size is there; its digest is checked when it is used."""


def models_folder() -> Path:
    chosen = os.environ.get("ASSAY_MODELS")
    return Path(chosen).expanduser() if chosen else Path(user_cache_dir("assay")) / "models"


def models(models_dir: Path | None = None) -> list[Local]:
    folder = models_dir or models_folder()
    return [_local(entry, folder) for entry in CATALOGUE.values()]


def find(name: str, models_dir: Path | None = None) -> Path:
    """The file of an embedded model, whole: raises `ModelMissing`, or `ModelError` if damaged."""
    entry = _entry(name)
    path = (models_dir or models_folder()) / entry.file
    if not path.exists():
        size = f"{entry.size / 1e6:.0f} MB"
        raise ModelMissing(f"the model {name} is not here: run `assay models pull {name}` ({size})")
    if not is_whole(path, entry):
        raise ModelError(
            f"the model file {path} is damaged (size or SHA-256 differ): "
            f"run `assay models pull {name}` to fetch it again"
        )
    return path


def ensure(name: str, on_progress: OnProgress, models_dir: Path | None = None) -> None:
    """Fetches the model only where nothing stands in its place; `find` judges what does."""
    entry = _entry(name)
    if not ((models_dir or models_folder()) / entry.file).exists():
        pull(name, on_progress, models_dir=models_dir)


def pull(
    name: str,
    on_progress: OnProgress | None = None,
    *,
    models_dir: Path | None = None,
    sources: Mapping[str, Source] = SOURCES,
) -> Path:
    """Fetches an embedded model from the first source that has it; gives the path of its file.

    It may be interrupted at any moment and called again. Two processes that pull the same model
    wait for each other; the file appears under its name only whole.
    """
    entry = _entry(name)
    folder = models_dir or models_folder()
    path = folder / entry.file
    tell = on_progress or _silent
    with _disk_errors(folder, entry):
        folder.mkdir(parents=True, exist_ok=True)
        with _lock(folder / f".{name}.lock", lambda: tell(0, entry.size, "another process")):
            if not is_whole(path, entry):
                path.unlink(missing_ok=True)
                _fetch(entry, folder / f".{name}.partial", path, tell, sources)
    tell(entry.size, entry.size, "disk")
    return path


def _fetch(
    entry: Entry, staging: Path, path: Path, tell: OnProgress, sources: Mapping[str, Source]
) -> None:
    reasons = []
    for label, source in sources.items():
        staging.mkdir(exist_ok=True)
        _check_disk(entry, staging)

        def report(done: int, label: str = label) -> None:
            tell(min(done, entry.size), entry.size, label)

        try:
            fetched = source(entry, staging, report)
        except ModelError as error:
            reasons.append(f"{label}: {error}")
            shutil.rmtree(staging / label, ignore_errors=True)
            continue
        if not is_whole(fetched, entry):
            shutil.rmtree(staging)
            raise ModelError(
                f"the file of {entry.name} from {label} is not the one of the catalogue "
                "(size or SHA-256 differ); it was deleted"
            )
        fetched.replace(path)
        move_stamp(fetched, path)
        shutil.rmtree(staging)
        return
    raise ModelError(f"cannot fetch the model {entry.name}: {'; '.join(reasons)}")


def _check_disk(entry: Entry, staging: Path) -> None:
    here = sum(file.stat().st_size for file in staging.rglob("*") if file.is_file())
    needed = entry.size + SLACK - here
    free = shutil.disk_usage(staging).free
    if free < needed:
        raise ModelError(
            f"{entry.name} needs {needed / 1e6:.0f} MB more in {staging.parent}, "
            f"{free / 1e6:.0f} MB are free: make room, or set ASSAY_MODELS to another folder"
        )


@contextmanager
def _disk_errors(folder: Path, entry: Entry) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        hint = (
            "the disk is full: make room and run the same command again, it goes on from there"
            if error.errno == errno.ENOSPC
            else f"{error.strerror or error}; ASSAY_MODELS names another folder"
        )
        raise ModelError(f"cannot write {entry.name} into {folder}: {hint}") from error


@contextmanager
def _lock(path: Path, on_wait: Callable[[], None]) -> Iterator[None]:
    """Held by one process at a time; the kernel lets go of it when that process dies."""
    with path.open("w") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                on_wait()
                time.sleep(0.2)
        yield


def _entry(name: str) -> Entry:
    if name not in CATALOGUE:
        raise UnknownName("embedded model", name, CATALOGUE)
    return CATALOGUE[name]


def _local(entry: Entry, folder: Path) -> Local:
    path = folder / entry.file
    present = path.is_file() and path.stat().st_size == entry.size
    return Local(entry, path, present)


def _silent(done: int, total: int, source: str) -> None:
    """Nobody wants to know."""
