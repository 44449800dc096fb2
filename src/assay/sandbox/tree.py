"""What a process tree uses and holds, read from /proc."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


def host_pid(pidfd: int) -> int | None:
    """The process behind a pidfd, as this process sees it; `None` once it is gone."""
    try:
        text = Path(f"/proc/self/fdinfo/{pidfd}").read_text()
    except OSError:
        return None
    number = next((int(line[4:]) for line in text.splitlines() if line.startswith("Pid:")), -1)
    return number if number > 0 else None


def descendants(pid: int) -> Iterator[int]:
    """`pid` and everything below it."""
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        yield current
        try:
            for task in Path(f"/proc/{current}/task").iterdir():
                children = (task / "children").read_text()
                waiting += [int(child) for child in children.split()]
        except OSError:
            continue


def usage(pid: int, common: int = 0) -> tuple[float, int]:
    """CPU seconds (of waited-for children too) and resident bytes of the tree, of each process
    those beyond what it has in `common` with others."""
    cpu, resident = 0, 0
    for member in descendants(pid):
        try:
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        cpu += sum(int(field) for field in fields[11:15])
        resident += max(0, int(fields[21]) * _PAGE - common)
    return cpu / _TICK, resident


def threads(pid: int) -> int:
    """How many there are in the tree."""
    total = 0
    for member in descendants(pid):
        try:
            text = Path(f"/proc/{member}/stat").read_text()
        except OSError:
            continue
        total += int(text.rpartition(")")[2].split()[17])
    return total


def kill_below(pid: int) -> None:
    """Ends everything below `pid`, for tiers where the kernel does not; new arrivals too."""
    for _ in range(100):
        below = [member for member in descendants(pid) if member != pid]
        living = [member for member in below if _signal(member) and not _zombie(member)]
        if not living:
            return


def _signal(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
