"""What a process holds of the machine: counts that must not grow with the number of runs."""

import os
import tempfile
from dataclasses import dataclass, fields
from pathlib import Path

from assay.sandbox import cgroup
from assay.sandbox.child.kernel import PR_SET_CHILD_SUBREAPER, prctl
from assay.sandbox.tree import descendants


@dataclass(frozen=True, slots=True)
class Footprint:
    processes: int
    """That live below this one; orphans too, once `adopt_orphans` was called."""
    zombies: int
    """Dead ones that nobody waited for: the kernel gives orphans to the nearest reaper."""
    descriptors: int
    threads: int
    mounts: int
    cgroups: int
    """Groups named after this process."""
    temp_files: int
    """In the folder for temporary files, at any depth."""
    rss_kb: int
    """Resident memory of this process alone."""

    def grown(self, before: "Footprint") -> list[str]:
        """The counts that are higher now, memory and the dead aside."""
        return [
            f"{field.name} {getattr(before, field.name)} -> {getattr(self, field.name)}"
            for field in fields(self)
            if field.name not in ("zombies", "rss_kb")
            and getattr(self, field.name) > getattr(before, field.name)
        ]

    def line(self) -> str:
        return ", ".join(f"{field.name} {getattr(self, field.name)}" for field in fields(self))


def footprint() -> Footprint:
    me = Path("/proc/self")
    status = dict(line.split(":", 1) for line in (me / "status").read_text().splitlines())
    groups = [group for _, parent in cgroup._parents() for group in parent.glob(_own_groups())]
    states = [state(pid) for pid in descendants(os.getpid())]
    return Footprint(
        processes=states.count("living") - 1,
        zombies=states.count("dead"),
        descriptors=len(list((me / "fd").iterdir())) - 1,
        threads=int(status["Threads"]),
        mounts=len((me / "mounts").read_text().splitlines()),
        cgroups=len(groups),
        temp_files=sum(1 for _ in Path(tempfile.gettempdir()).rglob("*")),
        rss_kb=int(status["VmRSS"].split()[0]),
    )


def state(pid: int) -> str:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return "gone"
    return "dead" if text.rpartition(")")[2].split()[0] in "ZX" else "living"


def _own_groups() -> str:
    return f"assay-{os.getpid()}-*"


def adopt_orphans() -> None:
    """Makes every process that outlives its parent a child of this one, so that it is counted."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def own_temp_folder() -> tempfile.TemporaryDirectory[str]:
    """A fresh folder for this process's temporary files: others' do not count."""
    folder = tempfile.TemporaryDirectory(prefix="assay-bench-")
    tempfile.tempdir = os.environ["TMPDIR"] = folder.name
    return folder
