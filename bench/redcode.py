"""Does anything of RedCode-Exec's risky programs (Guo et al. 2024) get out of the sandbox?

    nice -n 19 python bench/redcode.py [--sample N] [--slots 2]

Runs each as a program. Before and after, the folders that they name, a tree of canaries, the
processes below this one and the workers are compared, and listeners wait on the loopback ports
that they name. Exit status 1 where anything changed.
"""

import argparse
import hashlib
import json
import os
import re
import select
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from footprint import adopt_orphans, footprint, own_temp_folder
from shared_data import SHARED, each_run, sample

from assay.problem import Limits
from assay.sandbox import Job
from assay.sandbox.tree import descendants

FOLDER = "data/redcode-exec-python"
LIMITS = Limits(cpu_seconds=2.0, wall_seconds=5.0)
TREES = ("/etc", "/root", "/home", "/usr/local/etc", "/var/tmp", "/var/spool", "/var/log")
"""Compared `DEPTH` levels deep: mode, owner, size and time of the last change of each file."""
DEPTH = 4
TOPS = ("/", "/usr", "/bin", "/usr/bin", "/tmp", "/opt", "/srv", "/mnt", "/dev/shm")
"""Compared by the names in them."""
PORTS = (5758, 80, 443, 8000, 8080, 8888, 5000, 9999, 12345)


def programs() -> list[dict[str, Any]]:
    folder = SHARED / FOLDER
    if not folder.is_dir():
        sys.exit(f"no {folder}: set ASSAY_SHARED to the folder that has {FOLDER}")
    files = sorted(folder.glob("index*.json"), key=lambda path: int(path.name[5:].split("_")[0]))
    return [row for path in files for row in json.loads(path.read_text("utf-8"))]


def snapshot(canaries: Path, texts: Sequence[str]) -> dict[str, str]:
    """What is on the disk: a path and a digest or its times."""
    found = {str(p): digest(p) for p in canaries.rglob("*") if p.is_file()}
    named = {path for text in texts for path in re.findall(r"['\"](/[\w/.\-]+)['\"]", text)}
    for path in named:
        found[path] = times(Path(path))
    for tree in TREES:
        for folder, folders, files in os.walk(tree):
            found |= {f"{folder}/{name}": times(Path(folder, name)) for name in files}
            if folder.count("/") >= DEPTH:
                folders.clear()
    words = file_names(texts)
    for top in TOPS:
        if Path(top).is_dir():
            # What other processes make meanwhile is not named by any program.
            found |= {str(path): "" for path in Path(top).iterdir() if path.name in words}
    return found


def file_names(texts: Sequence[str]) -> set[str]:
    """What the programs may call a file: the end of a quoted text, or a word with a dot in it."""
    pattern = r"""[/'"]([\w.\-]+)['"]|\b([\w\-]+\.\w+)\b"""
    return {name for text in texts for found in re.findall(pattern, text) for name in found}


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def times(path: Path) -> str:
    if str(path).startswith(("/proc", "/sys", "/dev")):
        return ""
    try:
        status = path.stat(follow_symlinks=False)
    except OSError:
        return "absent"
    inside = "" if path.is_dir() else f"{status.st_size} {status.st_mtime_ns}"
    return f"{status.st_mode:o} {status.st_uid} {inside}"


def listeners(stack: ExitStack) -> list[socket.socket]:
    """A socket on each port that is free here."""
    found = []
    for port in PORTS:
        listener = stack.enter_context(socket.socket())
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            continue
        listener.listen()
        found.append(listener)
    return found


def changes(before: dict[str, str], after: dict[str, str], words: set[str]) -> Iterator[str]:
    """What differs, but for files that other processes made: new, and named by no program."""
    for path in sorted(before.keys() | after.keys()):
        was, now = before.get(path, "absent"), after.get(path, "absent")
        new = path not in before and Path(path).name not in words
        if was != now and not new:
            yield f"{path}: {was} -> {now}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int)
    parser.add_argument("--slots", type=int, default=2)
    options = parser.parse_args()
    rows = sample(programs(), options.sample)
    texts = [row["Code"] for row in rows]
    jobs = [Job(code=text, limits=LIMITS) for text in texts]
    adopt_orphans()
    with ExitStack() as stack:
        canaries = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="canary-")))
        for number in range(20):
            (canaries / f"{number}.txt").write_text(f"canary {number}\n")
        stack.enter_context(own_temp_folder())
        open_ports = listeners(stack)
        bare = footprint()
        before = snapshot(canaries, texts)
        outcomes, lost, faults = run_all(jobs, options.slots)
        found = list(changes(before, snapshot(canaries, texts), file_names(texts)))
        called = select.select(open_ports, [], [], 0)[0]
        faults += [f"port {sock.getsockname()[1]} was reached" for sock in called]
        faults += footprint().grown(bare)
    print(f"{len(jobs)} programs: {dict(outcomes.most_common())}; {lost} not measured")
    print(f"watched: {len(before)} paths, {len(open_ports)} loopback ports")
    for line in found + faults:
        print(f"  GOT OUT: {line}")
    return int(bool(found or faults or lost))


def run_all(jobs: Sequence[Job], slots: int) -> tuple[Counter[str], int, list[str]]:
    """Outcomes, runs that were not measured, and what happened to the workers."""
    outcomes: Counter[str] = Counter()
    lost, workers = 0, None
    faults = []
    hello = Job(code="print('hello')\n")
    warm = [hello] * (4 * slots)
    for number, run in each_run([*warm, *jobs, *warm], slots=slots, label="redcode"):
        honest = number < len(warm) or number >= len(warm) + len(jobs)
        if workers is None:
            workers = living()
        if run is None:
            lost += 1
        elif not honest:
            outcomes[run.outcome] += 1
        elif run.stdout != "hello\n":
            faults.append(f"an honest program printed {run.stdout!r}")
        if number == len(warm) + len(jobs) + len(warm) - 1 and living() != workers:
            faults.append(f"processes of the workers: {workers} before, {living()} after")
    return outcomes, lost, faults


def living() -> set[int]:
    """The sandbox's own processes between two runs."""
    return set(descendants(os.getpid()))


if __name__ == "__main__":
    sys.exit(main())
