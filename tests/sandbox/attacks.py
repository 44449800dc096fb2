"""The hostile programs, where they are: beside the repository, or at $ASSAY_ATTACKS.

As a script (`python attacks.py TIER`) it runs all of them in a tier, as whoever starts it, and
prints the names of those that were not contained: for users who have no pytest.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from assay.problem import Call, Limits
from assay.sandbox import Job, Run, Sandbox, open_sandbox

_BESIDE = Path(__file__).parents[2].parent / "shared" / "attacks" / "attacks.jsonl"
FILE = Path(os.environ.get("ASSAY_ATTACKS", _BESIDE))
LIMITS = Limits(
    cpu_seconds=2.0, wall_seconds=2.0, memory_mb=256, disk_mb=16, processes=48, output_bytes=65_536
)
KEPT = {"passed", "raised", "timeout", "killed", "memory", "output", "denied"}
CASES = [
    ("add(1, 2)", "3"),
    ("add(-1, 1)", "0"),
    ("add(0, 0)", "0"),
    ("add('a', 'b')", "'ab'"),
    ("add([1], [2])", "[1, 2]"),
]
CALLS = tuple(Call(id=call, expression=call, expected=value) for call, value in CASES)


REACHES = {
    "another process: kill": "os.kill({pid}, 0)",
    "its own group: kill": "os.kill(0, 0)",
    "all: kill": "os.kill(-1, 0)",
    "the process above it: kill": "os.kill(os.getppid(), 0)",
    "another process: pidfd": "os.pidfd_open({pid})",
    "another process: signal of a file": "fcntl.fcntl(0, fcntl.F_SETOWN, {pid})",
    "another process: which signal": "fcntl.fcntl(0, 10, 9)",
    "another process: limits": "resource.prlimit({pid}, resource.RLIMIT_CORE)",
    "another process: priority": "os.setpriority(os.PRIO_PROCESS, {pid}, 19)",
    "another process: core": "os.sched_setaffinity({pid}, [0])",
    "another process: memory": "open('/proc/{pid}/mem')",
    "another process: environment": "open('/proc/{pid}/environ')",
    "its own process: /proc": "open('/proc/self/environ')",
    "a socket by its path": "connect()",
    "a local socket": "socket.socket(socket.AF_UNIX)",
    "shared memory by number": "syscall(30 if x86 else 196, 0, 0, 0)",
    "memory without a limit": "os.memfd_create('x')",
    "a new process": "os.fork()",
    "a new program": "os.execv('/usr/bin/true', ['true'])",
    "a process that shares all": "syscall(58, 0) if x86 else os.fork()",
    "a file of the user: read": "open({victim!r})",
    "a file of the user: write": "open({victim!r}, 'a')",
    "a file of the user: empty": "os.truncate({victim!r}, 0)",
    "a file of the user: empty by reading": "os.open({victim!r}, os.O_RDONLY | os.O_TRUNC)",
    "a file of the user: mode": "os.chmod({victim!r}, 0o777)",
    "a file of the user: times": "os.utime({victim!r}, (0, 0))",
    "a file of the user: attributes": "os.setxattr({victim!r}, 'user.a', b'b')",
    "a file of the user: remove": "os.unlink({victim!r})",
    "a file of the user: link": "os.symlink({victim!r}, 'x'); open('x')",
    "a folder of the user": "os.listdir({folder!r})",
    "the folder of all": "os.listdir('/tmp')",
    "the worker's folder": "open('../../other', 'w')",
    "the judge's folder": "os.listdir('../../judge')",
    "to outlive the process above": "prctl(1, 0)",
    "to hide its files": "prctl(4, 0)",
}
PRELUDE = """
import ctypes, fcntl, os, platform, resource, socket
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
def checked(result):
    if result < 0:
        raise OSError(ctypes.get_errno(), "refused")
def syscall(*numbers):
    checked(libc.syscall(*numbers))
def prctl(*numbers):
    checked(libc.prctl(*numbers, 0, 0, 0))
def connect():
    one, other = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    one.connect("/run/x")
"""


def attacks(kind: str) -> list[dict[str, Any]]:
    """Those of one kind; none where the file is absent."""
    if not FILE.is_file():
        return []
    rows = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]
    return [row for row in rows if row["kind"] == kind]


PROGRAMS = [row for row in attacks("program") if row["language"] == "python"]


async def run(sandbox: Sandbox, code: str) -> Run:
    [found] = await sandbox.run([Job(code=code, limits=LIMITS)])
    return found


async def contained(sandbox: Sandbox, attack: dict[str, Any], outside: Path) -> None:
    """Raises `AssertionError` for what got through."""
    (outside / "victim").write_text("untouched")
    (outside / "id_canary").write_text("CANARY-8812")
    code = attack["code"].replace("{outside}", str(outside))
    await _contained(sandbox, attack["check"], code, outside)
    if sandbox.isolation.tier == "landlock" and "/tmp" in code:  # its work folder is not /tmp
        inside = code.replace("'/tmp", "'.").replace('"/tmp', '".')
        await _contained(sandbox, attack["check"], inside, outside)


async def _contained(sandbox: Sandbox, check: dict[str, Any], code: str, outside: Path) -> None:
    for _ in range(2 if check.get("run_twice") else 1):
        start = time.monotonic()
        found = await run(sandbox, code)
        seconds = time.monotonic() - start
    assert "ESCAPED" not in found.stdout, (code, found)
    assert "CANARY-8812" not in found.stdout + found.stderr, found
    assert found.outcome in KEPT, found
    assert seconds < check.get("max_wall", 10.0), found
    assert len(found.stdout) <= LIMITS.output_bytes
    assert (outside / "victim").read_text() == "untouched"
    for path in check.get("host_absent", []):
        assert not Path(path.replace("{outside}", str(outside))).exists()
    for text in check.get("stderr_has", []):
        assert text in found.stderr, found
    assert (await run(sandbox, "print('next')")).stdout == "next\n"


async def out_of_reach(sandbox: Sandbox, what: str, victim: Path) -> None:
    """Raises `AssertionError` unless that step is denied. For the landlock tier."""
    step = REACHES[what].format(pid=os.getpid(), victim=str(victim), folder=str(victim.parent))
    found = await run(sandbox, f"{PRELUDE}\n{step}\nprint('REACHED')\n")
    assert "REACHED" not in found.stdout, (what, found)
    assert found.outcome == "denied", (what, found)


async def main(tier: str) -> list[str]:
    """What was not contained, with the reason."""
    sandbox = open_sandbox(tier=tier, slots=1)
    bad = []
    try:
        with tempfile.TemporaryDirectory() as outside:
            checks = [contained(sandbox, attack, Path(outside)) for attack in PROGRAMS]
            if tier == "landlock":
                victim = Path(outside) / "victim"
                victim.write_text("untouched")
                checks += [out_of_reach(sandbox, what, victim) for what in REACHES]
            for check in checks:
                try:
                    await check
                except AssertionError as error:
                    bad.append(str(error))
        for row in attacks("solution"):
            [found] = await sandbox.run([Job(code=row["code"], tests=CALLS, limits=LIMITS)])
            if found.passed or found.judging != "isolated":
                bad.append(f"{row['name']}: {found}")
    finally:
        await sandbox.close()
    return bad


if __name__ == "__main__":
    for line in asyncio.run(main(sys.argv[1])):
        sys.stdout.write(f"{line}\n")
