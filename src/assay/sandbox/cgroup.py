"""A memory limit for a whole process tree: a cgroup (v2 where delegated, or v1) for a worker."""

import contextlib
import os
import re
from pathlib import Path

_KNOBS = {
    1: (
        "memory.limit_in_bytes",
        "memory.oom_control",
        "memory.max_usage_in_bytes",
        "memory.usage_in_bytes",
    ),
    2: ("memory.max", "memory.events", "memory.peak", "memory.current"),
}
"""For each version of cgroups: the limit, the count of kills, the highest use, the use now."""
_OWN = re.compile(r"assay-(\d+)-\w+")


class MemoryGroup:
    """A cgroup made for one worker. Its files stay open: they are read and written each run."""

    def __init__(self, folder: Path, version: int) -> None:
        """Raises `OSError` where the group gives no control over memory."""
        limit, events, peak, now = _KNOBS[version]
        self._folder = folder
        self._limit_now = -1
        self._before = 0
        self._fds: list[int] = []
        try:
            self._fds.append(os.open(folder / limit, os.O_RDWR | os.O_CLOEXEC))
            self._fds.append(os.open(folder / events, os.O_RDONLY | os.O_CLOEXEC))
            self._fds.append(_open_peak(folder / peak))
            self._fds.append(os.open(folder / now, os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            self.close()
            raise

    def add(self, pid: int) -> None:
        """Raises `OSError` where the kernel refuses."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def prepare(self, limit: int) -> None:
        """Sets the limit (bytes) and starts the peak anew."""
        with contextlib.suppress(OSError):
            if limit != self._limit_now:
                os.pwrite(self._fds[0], str(limit).encode(), 0)
                self._limit_now = limit
            os.pwrite(self._fds[2], b"0", 0)
        self._before = self._bytes(3) or 0

    def kills(self) -> int:
        """How often memory ran out here."""
        found = re.search(rb"oom_kill (\d+)", os.pread(self._fds[1], 1024, 0))
        return int(found[1]) if found else 0

    def peak(self) -> int | None:
        """Most bytes at once since `prepare`, beyond what the fork server itself held then."""
        peak = self._bytes(2)
        return max(0, peak - self._before) if peak is not None else None

    def _bytes(self, knob: int) -> int | None:
        text = os.pread(self._fds[knob], 64, 0).strip()
        return int(text) if text.isdigit() else None

    def close(self) -> None:
        """Removes the group, which must be empty."""
        for fd in self._fds:
            os.close(fd)
        self._fds.clear()
        with contextlib.suppress(OSError):
            self._folder.rmdir()


def _open_peak(path: Path) -> int:
    """Writing starts the peak anew (v1, and v2 from Linux 6.12); else it can only be read."""
    try:
        return os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def make(name: str) -> MemoryGroup | None:
    """A group of that name below this process's own, or `None` where none can be made."""
    for version, parent in _parents():
        _sweep(parent)
        folder = parent / f"assay-{os.getpid()}-{name}"
        try:
            folder.mkdir()
        except OSError:
            continue
        with contextlib.suppress(OSError):
            return MemoryGroup(folder, version)
    return None


def _parents() -> list[tuple[int, Path]]:
    """Where this process stands in the memory hierarchy."""
    found = []
    try:
        lines = Path("/proc/self/cgroup").read_text().splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            found.append((1, Path("/sys/fs/cgroup/memory") / path.lstrip("/")))
        elif not controllers:
            found.append((2, Path("/sys/fs/cgroup") / path.lstrip("/")))
    return [(version, path) for version, path in found if path.is_dir()]


def _sweep(parent: Path) -> None:
    """Removes what a killed process of ours left behind."""
    for folder in parent.glob("assay-*"):
        owner = _OWN.fullmatch(folder.name)
        if owner and not Path(f"/proc/{owner[1]}").exists():
            with contextlib.suppress(OSError):
                folder.rmdir()
