"""Where programs work when the tier cannot mount a tmpfs: a folder on disk, ours and polled."""

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from assay.sandbox import tree
from assay.sandbox.child.emptying import empty

MAX_FILES = 4096
"""As many as the namespaces tier's tmpfs has inodes."""
MAX_DEPTH = 128
"""Deeper folders make whoever walks them slow, so they count as too much."""
_PREFIX = "assay-work-"
_YOUNG = 60.0
_TRIES = 50
_ENDLESS = 1 << 62


class Work(Protocol):
    """Where the runs of a worker work."""

    @property
    def packages(self) -> str:
        """The folder of the test packages."""
        ...

    def places(self, role: str) -> list[str]:
        """Where the runs of a fork server may write."""
        ...

    def folder(self, role: str) -> str:
        """The first of them."""
        ...

    def too_much(self, pid: int, limit: int) -> bool:
        """Whether more than `limit` bytes are used by the tree of `pid`."""
        ...

    def remove(self) -> None: ...


class WorkFolder:
    """A worker's folder: `packages` to import from, and one for each of its fork servers."""

    def __init__(self, packages: dict[str, str]) -> None:
        _sweep()
        self.path = Path(tempfile.mkdtemp(prefix=_PREFIX))
        self._lock = _lock(self.path)
        for name in ("solver", "judge", "packages"):
            (self.path / name).mkdir()
            (self.path / name).chmod(0o711 if name != "packages" else 0o755)
        self.path.chmod(0o711)
        for name, path in packages.items():
            (self.path / "packages" / name).symlink_to(path)

    @property
    def packages(self) -> str:
        return str(self.path / "packages")

    def places(self, role: str) -> list[str]:
        return [str(self.path / role)]

    def folder(self, role: str) -> str:
        return self.places(role)[0]

    def too_much(self, pid: int, limit: int) -> bool:
        """Whether more than `limit` bytes are used, files without a name included."""
        total = count = 0
        for size in self._sizes(pid):
            total, count = total + size, count + 1
            if total > limit or count > MAX_FILES:
                return True
        return False

    def _sizes(self, pid: int) -> Iterator[int]:
        device = self.path.stat().st_dev
        for member in tree.descendants(pid):
            yield from _nameless(member, device)
        waiting = [str(self.path / "solver"), str(self.path / "judge")]
        deepest = waiting[0].count("/") + MAX_DEPTH
        while waiting:
            if waiting[-1].count("/") > deepest:
                yield _ENDLESS
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        if entry.is_dir(follow_symlinks=False):
                            waiting.append(entry.path)
                        yield entry.stat(follow_symlinks=False).st_blocks * 512
            except FileNotFoundError:
                continue
            except OSError:  # closed to us: no way to count it
                yield _ENDLESS

    def remove(self) -> None:
        """May be called twice. A process that is just ending may still write: tried again."""
        for _ in range(_TRIES):
            try:
                _remove(self.path)
            except OSError:
                time.sleep(0.01)
            else:
                break
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def open_to_all(path: Path) -> bool:
    """Whether another user can read it, where only the usual permissions count."""
    above = all(folder.stat().st_mode & 0o001 for folder in path.resolve().parents)
    return above and bool(path.stat().st_mode & 0o004)


def _nameless(pid: int, device: int) -> Iterator[int]:
    """Sizes of the files that are open in a process and have no name any more."""
    try:
        links = list(Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return
    for link in links:
        try:
            found = link.stat()
        except OSError:
            continue
        if found.st_nlink == 0 and found.st_dev == device and stat.S_ISREG(found.st_mode):
            yield found.st_blocks * 512


def _lock(path: Path) -> int | None:
    """Held as long as its owner lives; `None` where another holds it."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        return None
    return fd


def _remove(path: Path) -> None:
    for part in ("solver", "judge"):
        if (path / part).is_dir():
            empty(path / part)
    shutil.rmtree(path, ignore_errors=True)


def _sweep() -> None:
    """Removes what a killed process of ours left behind."""
    for path in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        try:
            found = path.lstat()
            young = time.time() - found.st_mtime < _YOUNG  # its owner may not hold it yet
            if young or not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
                continue
            fd = _lock(path)
            if fd is not None:
                os.close(fd)
                _remove(path)
        except OSError:
            continue
