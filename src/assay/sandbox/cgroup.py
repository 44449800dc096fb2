"""A memory limit for a whole process tree: a cgroup (v2 where delegated, or v1) for a worker."""

import contextlib
import os
import re
from pathlib import Path

_OWN = re.compile(r"assay-(\d+)-\w+")


class MemoryGroup:
    """A cgroup made for one worker."""

    def __init__(self, folder: Path, version: int) -> None:
        self._folder = folder
        self._v1 = version == 1
        self._before = 0

    def _read(self, name: str) -> str:
        try:
            return (self._folder / name).read_text()
        except OSError:
            return ""

    def _write(self, name: str, text: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / name).write_text(text)

    def add(self, pid: int) -> None:
        """Raises `OSError` where the kernel refuses."""
        (self._folder / "cgroup.procs").write_text(str(pid))

    def prepare(self, limit: int) -> None:
        """Sets the limit (bytes) and starts the peak anew."""
        if self._v1:
            self._write("memory.limit_in_bytes", str(limit))
            self._write("memory.max_usage_in_bytes", "0")
        else:
            self._write("memory.max", str(limit))
            self._write("memory.peak", "0")
        self._before = self._bytes("memory.usage_in_bytes" if self._v1 else "memory.current") or 0

    def kills(self) -> int:
        """How often memory ran out here."""
        text = self._read("memory.oom_control" if self._v1 else "memory.events")
        found = re.search(r"oom_kill (\d+)", text)
        return int(found[1]) if found else 0

    def peak(self) -> int | None:
        """Most bytes at once since `prepare`, beyond what the fork server itself held then."""
        peak = self._bytes("memory.max_usage_in_bytes" if self._v1 else "memory.peak")
        return max(0, peak - self._before) if peak is not None else None

    def _bytes(self, name: str) -> int | None:
        text = self._read(name).strip()
        return int(text) if text.isdigit() else None

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self._folder.rmdir()


def make(name: str) -> MemoryGroup | None:
    """A group of that name below this process's own, or `None` where none can be made."""
    for version, parent in _parents():
        _sweep(parent)
        folder = parent / f"assay-{os.getpid()}-{name}"
        try:
            folder.mkdir()
        except OSError:
            continue
        knob = folder / ("memory.limit_in_bytes" if version == 1 else "memory.max")
        if os.access(knob, os.W_OK) and os.access(folder / "cgroup.procs", os.W_OK):
            return MemoryGroup(folder, version)
        MemoryGroup(folder, version).remove()
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
