"""What the table of runners does not show: how late timeouts are, the start, the memory.

Run as a process of its own, `python -m assay.bench.figures WORKERS`: one line of JSON.
"""

import asyncio
import ctypes
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from assay.problem import Call, Limits
from assay.sandbox import Job, open_sandbox
from assay.sandbox.tree import descendants

ENDLESS = 40
LIMIT = 0.5
"""Seconds that an endless program is given."""
STARTS = 5
SANDBOXES = 4
_PR_SET_CHILD_SUBREAPER = 36
_DAEMON = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(600)\n"
_HELLO = Job(code="def f():\n    return 1\n", tests=(Call(id="f", expression="f()", expected="1"),))


async def figures(workers: int) -> dict[str, Any]:
    """Raises `NoSandbox`, and `SandboxError` for a failure of ours."""
    return {
        "start": await start(),
        "cpu_timeout": await timeouts(workers, "while True:\n    pass\n", cpu=LIMIT, wall=60.0),
        "wall_timeout": await timeouts(workers, "time.sleep(600)\n", cpu=60.0, wall=LIMIT),
        "memory": await memory(),
    }


async def start() -> dict[str, Any]:
    """Seconds from `open_sandbox` to the first verdict."""
    found = []
    for _ in range(STARTS):
        began = time.perf_counter()
        sandbox = open_sandbox(slots=1)
        [run] = await sandbox.run([_HELLO])
        found.append(time.perf_counter() - began)
        await sandbox.close()
        assert run.passed
    return {"seconds": round(median(found), 3), "range": _range(found)}


async def timeouts(workers: int, body: str, *, cpu: float, wall: float) -> dict[str, Any]:
    """How late endless programs that leave a daemon are stopped, and what is left of them.

    `late` is in wall seconds past the limit, which a busy machine lengthens; `over` in CPU seconds.
    """
    sandbox = open_sandbox(slots=workers)
    try:
        await sandbox.run([_HELLO] * (4 * workers))
        before = set(descendants(os.getpid()))
        limits = Limits(cpu_seconds=cpu, wall_seconds=wall)
        runs = await sandbox.run([Job(code=_DAEMON + body, limits=limits)] * ENDLESS)
        left = set(descendants(os.getpid())) - before
    finally:
        await sandbox.close()
    late = sorted(run.wall_seconds - LIMIT for run in runs)
    over = sorted(max(0.0, run.cpu_seconds - LIMIT) for run in runs)
    return {
        "programs": ENDLESS,
        "limit_seconds": LIMIT,
        "timeouts": sum(run.outcome == "timeout" for run in runs),
        "late_p50": round(_quantile(late, 0.5), 3),
        "late_p99": round(_quantile(late, 0.99), 3),
        "over_p99": round(_quantile(over, 0.99), 3),
        "processes_left": len(left),
    }


async def memory() -> dict[str, Any]:
    """Proportional set size of all processes of four sandboxes at work, ours left out, in MB.

    `None` where the kernel does not let this user read it.
    """
    code = "import time\ndef f():\n    time.sleep(2)\n    return 1\n"
    job = Job(code=code, tests=_HELLO.tests)
    sandboxes = [open_sandbox(slots=1) for _ in range(SANDBOXES)]
    try:
        await asyncio.gather(*(sandbox.run([_HELLO]) for sandbox in sandboxes))
        running = asyncio.gather(*(sandbox.run([job]) for sandbox in sandboxes))
        await asyncio.sleep(1)
        members = set(descendants(os.getpid())) - {os.getpid()}
        sizes = [pss_kb(pid) for pid in members]
        await running
    finally:
        for sandbox in sandboxes:
            await sandbox.close()
    readable = [size for size in sizes if size is not None]
    total = round(sum(readable) / 1024, 1) if len(readable) == len(sizes) else None
    return {"sandboxes": SANDBOXES, "processes": len(members), "pss_mb": total}


def pss_kb(pid: int) -> int | None:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except ProcessLookupError:  # a zombie has no memory
        return 0
    except OSError:
        return None
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")), 0)


def _quantile(ordered: Sequence[float], share: float) -> float:
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def _range(values: Sequence[float]) -> list[float]:
    return [round(min(values), 3), round(max(values), 3)]


if __name__ == "__main__":
    # Orphans become children of this process: a daemon that got away would be counted.
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    sys.stdout.write(json.dumps(asyncio.run(figures(int(sys.argv[1])))) + "\n")
