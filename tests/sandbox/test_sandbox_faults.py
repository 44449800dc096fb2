"""Faults of the machine under the sandbox: a run is measured right, or it is a `SandboxError`."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.errors import SandboxError
from assay.problem import Call, Script
from assay.sandbox import Job, Outcome, open_sandbox
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
RUNS = 300
SETTLED = 0.3
"""Seconds after which a process is no program's: those of `KNOWN` are faster."""


def older(pid: int, seconds: float) -> bool:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    ticks = time.clock_gettime(time.CLOCK_BOOTTIME) * os.sysconf("SC_CLK_TCK")
    return ticks - int(fields[19]) > seconds * os.sysconf("SC_CLK_TCK")


async def kill_at_random(others: set[int], age: float, pause: float) -> None:
    """SIGKILLs a process of the newest sandbox every now and then, until it is cancelled."""
    chance = random.Random(0)
    while True:
        await asyncio.sleep(pause * (0.5 + chance.random()))
        mine = [pid for pid in set(descendants(os.getpid())) - others if older(pid, age)]
        if mine:
            with contextlib.suppress(ProcessLookupError):
                os.kill(chance.choice(mine), signal.SIGKILL)


async def run_known(age: float, pause: float) -> tuple[Counter[str], list[str]]:
    """`RUNS` runs of known programs while processes are killed: what came, and what was wrong."""
    others = set(descendants(os.getpid()))
    sandbox = open_sandbox(slots=2)
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

    killer = asyncio.create_task(kill_at_random(others, age, pause))
    try:
        await asyncio.gather(*(one(*KNOWN[n % len(KNOWN)]) for n in range(RUNS)))
    finally:
        killer.cancel()
        await sandbox.close()
    return found, wrong


async def test_killed_workers_and_zygotes_never_make_a_verdict() -> None:
    """Defect: the death of a worker, a judge's or a candidate's zygote is scored as a failure."""
    found, wrong = await run_known(age=SETTLED, pause=0.4)
    print(found, wrong)
    assert wrong == []
    assert found["measured"] + found["error"] == RUNS
    assert found["measured"] > RUNS / 2


async def test_any_killed_process() -> None:
    found, wrong = await run_known(age=0.0, pause=0.05)
    print(found, Counter(wrong))
    assert wrong == []
