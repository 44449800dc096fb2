"""Faults of the machine under the sandbox: a run is measured right, or it is a `SandboxError`."""

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from assay.errors import SandboxError
from assay.problem import Call, Limits, Script
from assay.sandbox import Job, Outcome, Sandbox, open_sandbox
from assay.sandbox.tree import descendants

CALLS = (Call(id="c", expression="f(3)", expected="6"),)
CHECK = (Script(id="s", source="def check(f):\n    assert f(3) == 6\n", call="check(f)"),)
KNOWN: tuple[tuple[Job, Outcome], ...] = (
    (Job(code="def f(n):\n    return 2 * n\n", tests=CALLS), "passed"),
    (Job(code="def f(n):\n    return n\n", tests=CHECK), "wrong"),
    (Job(code="def f(n):\n    return n / 0\n", tests=CALLS), "raised"),
    (Job(code="def f(n):\n    return 2 * n\n", tests=CHECK), "passed"),
    (Job(code="def f(n) return\n", tests=CALLS), "build_failed"),
    (Job(code="import time\ntime.sleep(0.05)\nprint('ok')\n"), "passed"),
)
RUNS = 200
SETTLED = 0.3
"""Seconds after which a process is no program's: those of `KNOWN` are faster."""


def older(pid: int, seconds: float) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    ticks = time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")
    return ticks - int(fields[19]) > seconds * os.sysconf("SC_CLK_TCK")


class Killer:
    """SIGKILLs a process of the newest sandbox every now and then, while it is entered."""

    def __init__(self, age: float, pause: float) -> None:
        self._age, self._pause = age, pause
        self._others = set(descendants(os.getpid()))
        self._task: asyncio.Task[None] | None = None
        self.kills = 0

    async def _kill(self) -> None:
        chance = random.Random(0)
        while True:
            await asyncio.sleep(self._pause * (0.5 + chance.random()))
            mine = set(descendants(os.getpid())) - self._others
            chosen = [pid for pid in sorted(mine) if older(pid, self._age)]
            if chosen:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(chance.choice(chosen), signal.SIGKILL)
                    self.kills += 1

    async def __aenter__(self) -> "Killer":
        self._task = asyncio.create_task(self._kill())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            self._task.cancel()


async def run_known(sandbox: Sandbox) -> tuple[Counter[str], list[str]]:
    """`RUNS` runs of known programs: how many were measured, and what was wrong."""
    found: Counter[str] = Counter()
    wrong = []
    waiting = asyncio.Semaphore(3)

    async def one(job: Job, expected: Outcome) -> None:
        async with waiting:
            try:
                [run] = await sandbox.run([job])
            except SandboxError:
                found["error"] += 1
                return
        found["measured"] += 1
        if run.outcome != expected:
            detail = run.verdicts[0].detail if run.verdicts else run.detail
            wrong.append(f"{run.outcome} for {expected}: {detail.message or detail.signal}")

    await asyncio.gather(*(one(*KNOWN[n % len(KNOWN)]) for n in range(RUNS)))
    return found, wrong


async def test_killed_workers_and_zygotes_make_no_verdict() -> None:
    """Defect: the death of a worker or a zygote is scored as the program's failure, or a run
    waits for a dead one for ever."""
    killer = Killer(SETTLED, pause=0.5)
    sandbox = open_sandbox(slots=2)
    try:
        async with killer:
            found, wrong = await run_known(sandbox)
    finally:
        await sandbox.close()
    assert wrong == []
    assert found["measured"] + found["error"] == RUNS
    assert killer.kills > 0


async def test_a_killed_judge_makes_no_verdict() -> None:
    """Defect: the judge's process dies (the kernel is out of memory, say) and the program is
    blamed for it."""
    others = set(descendants(os.getpid()))
    sandbox = open_sandbox(slots=1)
    code = "import time\ndef f(n):\n    time.sleep(2)\n    return 6\n"
    try:
        running = asyncio.create_task(sandbox.run([Job(code=code, tests=CALLS)]))
        await asyncio.sleep(1.5)
        mine = set(descendants(os.getpid())) - others
        judges = sorted(pid for pid in mine if b'"judge"' in cmdline(pid))
        if len(judges) < 2:
            pytest.skip("no judge's process can be told from the others")
        os.kill(judges[-1], signal.SIGKILL)
        with contextlib.suppress(SandboxError):
            [run] = await running
            assert run.passed, run.verdicts
    finally:
        await sandbox.close()


@pytest.mark.parametrize("tests", [(), CALLS], ids=["program", "tests"])
async def test_a_run_over_its_cpu_limit_says_what_it_used(tests: tuple[Call, ...]) -> None:
    """Defect: half a second of CPU is reported as a few milliseconds."""
    sandbox = open_sandbox(slots=1)
    spin = "def f(n):\n    while True: pass\n" + ("" if tests else "f(3)\n")
    limits = Limits(cpu_seconds=0.5, wall_seconds=20)
    try:
        [run] = await sandbox.run([Job(code=spin, tests=tests, limits=limits)])
    finally:
        await sandbox.close()
    assert run.outcome == "timeout"
    assert run.cpu_seconds >= 0.4


def cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


SCRIPT = """
import asyncio, json, resource, sys
sys.path.insert(0, sys.argv[1])
if sys.argv[2] != "0":
    resource.setrlimit(resource.RLIMIT_NOFILE, (int(sys.argv[2]), int(sys.argv[2])))
import test_sandbox_faults as faults
from assay.sandbox import Job, open_sandbox
async def main():
    sandbox = open_sandbox(slots=2)
    found, wrong = await faults.run_known(sandbox)
    [run] = await sandbox.run([Job(code="print(len(input()))", stdin="x" * 100_000)])
    await sandbox.close()
    print(json.dumps([found, wrong, run.stdout]))
asyncio.run(main())
"""


def in_trouble(
    files: int = 0, around: tuple[str, ...] = (), **environment: str
) -> tuple[dict[str, int], list[str], str]:
    """Runs of known programs in a process of its own; how they went."""
    command = [*around, sys.executable, "-c", SCRIPT, str(Path(__file__).parent), str(files)]
    done = subprocess.run(
        command,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    found, wrong, stdout = json.loads(done.stdout)
    return found, wrong, stdout


ALL_RIGHT: tuple[dict[str, int], list[str], str] = ({"measured": RUNS}, [], "100000\n")


def test_few_descriptors() -> None:
    """Defect: descriptors leak or are needed by the dozen, and `ulimit -n 64` breaks runs."""
    assert in_trouble(files=64) == ALL_RIGHT


def test_a_home_that_cannot_be_written() -> None:
    """Defect: something is kept in the home folder, which is read-only or is not there."""
    assert in_trouble(HOME="/proc", XDG_CACHE_HOME="/proc", XDG_DATA_HOME="/proc") == ALL_RIGHT


def test_no_room_for_temporary_files() -> None:
    """Defect: a full /tmp fails runs, or is scored as the program's failure."""
    fill = "mount -t tmpfs -o size=4k none /tmp && head -c 4096 /dev/zero > /tmp/full"
    around = ("unshare", "-m", "sh", "-c", f'{fill} && exec "$@"', "sh")
    # As root: with a user namespace around it, the sandbox could not map users of its own.
    if subprocess.run([*around, "true"], capture_output=True, check=False).returncode:
        pytest.skip("no mount namespace of our own here")
    if any(path.startswith("/tmp/") for path in (sys.executable, sys.base_prefix, __file__)):
        pytest.skip("what runs here is itself in /tmp")
    assert in_trouble(around=around, TMPDIR="/tmp") == ALL_RIGHT
