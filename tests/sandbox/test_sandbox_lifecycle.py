"""Processes: none is left after a run, a cancel, a close, or the supervisor's death."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from assay.errors import SandboxError, UsageError
from assay.problem import Call, Limits
from assay.sandbox import Job, Sandbox, open_sandbox, workfolder
from assay.sandbox.pool import Pool
from assay.sandbox.tree import descendants

SLEEP = Job(code="import time\ntime.sleep(60)\n", limits=Limits(wall_seconds=60))
HELLO = Job(code="print('hello')\n")
TIERS = pytest.mark.parametrize(
    "how",
    [{"tier": "namespaces"}, {"tier": "landlock"}, {"tier": "container"}, {"unsafe": True}],
    ids=["namespaces", "landlock", "container", "unsafe"],
)


def children() -> set[int]:
    return set(descendants(os.getpid()))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def folders() -> set[Path]:
    """Work folders that nobody holds."""
    found = set()
    for path in Path(tempfile.gettempdir()).glob("assay-work-*"):
        with contextlib.suppress(FileNotFoundError):
            fd = workfolder._lock(path)
            if fd is not None:
                os.close(fd)
                found.add(path)
    return found


async def none_left(before: set[int]) -> None:
    for _ in range(100):
        if children() <= before:
            return
        await asyncio.sleep(0.02)
    raise AssertionError(children() - before)


@TIERS
async def test_nothing_is_left_after_runs(how: Any) -> None:
    """Defect: a process, a descriptor or a thread stays after each run."""
    left = folders()
    sandbox = open_sandbox(**how, slots=1)
    code = "import os, time\nif os.fork() == 0:\n    os.setsid()\n    time.sleep(60)\n"
    try:
        await sandbox.run([HELLO, Job(code="def f(): return 1\n", tests=CALLS)])
        before, fds = children(), open_files()  # with the judge, which stays
        jobs = [Job(code=code), Job(code="def f(): return 1\n", tests=CALLS)] * 10
        await sandbox.run(jobs)
        await none_left(before)
        assert open_files() == fds
    finally:
        await sandbox.close()
        await sandbox.close()
    assert folders() <= left  # older ones may be gone, which is right
    with pytest.raises(SandboxError):
        await sandbox.run([HELLO])


CALLS = tuple(Call(id=str(i), expression="f()", expected="1") for i in range(3))


@TIERS
async def test_close_leaves_no_process(how: Any) -> None:
    """Defect: workers outlive their sandbox."""
    before = children()
    sandbox = open_sandbox(**how, slots=2)
    await sandbox.run([HELLO, HELLO])
    await sandbox.close()
    assert children() <= before


@TIERS
async def test_cancel_ends_the_run_at_once(how: Any) -> None:
    """Defect: Ctrl-C waits for the time limit, or leaves the program running."""
    before = children()
    sandbox = open_sandbox(**how, slots=1)
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sandbox.run([SLEEP, HELLO]), 0.5)
        start = time.monotonic()
        [found] = await sandbox.run([HELLO])
        assert found.stdout == "hello\n"
        # A container is started anew, which a busy machine is slow at.
        assert time.monotonic() - start < (30 if how == {"tier": "container"} else 3)
    finally:
        await sandbox.close()
    assert children() <= before


async def test_the_loop_stays_free(isolated: Sandbox) -> None:
    """Defect: a run blocks the event loop."""
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticker = asyncio.create_task(tick())
    await isolated.run([Job(code="import time\ntime.sleep(0.5)\n")])
    ticker.cancel()
    assert ticks > 20


async def test_the_first_failure_ends_the_others() -> None:
    """A list of jobs that waits for all of them, and then says that the first could not be run."""
    sandbox = open_sandbox(slots=2)
    try:
        started = time.monotonic()
        with pytest.raises(UsageError, match="cpu_seconds"):
            await sandbox.run([SLEEP, Job(code="", limits=Limits(cpu_seconds=0)), SLEEP])
        assert time.monotonic() - started < 30
        assert await sandbox.run([]) == []
        assert all(run.passed for run in await sandbox.run([HELLO] * 3))
    finally:
        await sandbox.close()


async def test_a_lost_worker_is_replaced() -> None:
    """Defect: a worker that dies gives a verdict, or stops the sandbox for good."""
    sandbox = open_sandbox(slots=1)
    assert isinstance(sandbox, Pool)
    try:
        await sandbox.run([HELLO])
        for worker in list(sandbox._workers):
            worker.kill()
        assert (await sandbox.run([HELLO]))[0].stdout == "hello\n"
        running = asyncio.create_task(sandbox.run([SLEEP]))
        for _ in range(2):  # the second loss is an error, never a verdict
            await asyncio.sleep(1.0)
            for worker in list(sandbox._workers):
                worker.kill()
        with pytest.raises(SandboxError):
            await running
        assert (await sandbox.run([HELLO]))[0].stdout == "hello\n"
    finally:
        await sandbox.close()


async def test_two_sandboxes_at_once() -> None:
    """Defect: state shared between sandboxes."""
    one, two = open_sandbox(slots=1), open_sandbox(slots=1)
    try:
        runs = await asyncio.gather(one.run([HELLO] * 5), two.run([HELLO] * 5))
        assert all(found.stdout == "hello\n" for part in runs for found in part)
        await one.close()
        assert (await two.run([HELLO]))[0].passed
    finally:
        await one.close()
        await two.close()


KILLED = """
import asyncio, os
from assay.sandbox import Job, open_sandbox
from assay.problem import Limits
async def main():
    sandbox = open_sandbox(slots=1, **{how})
    print("up", flush=True)
    code = "import time\\nopen('x', 'w').close()\\ntime.sleep(60)"
    await sandbox.run([Job(code=code, limits=Limits(wall_seconds=60))])
asyncio.run(main())
"""


@TIERS
def test_kill_9_of_the_supervisor_ends_all(how: Any) -> None:
    """Defect: workers and candidates live on when the supervisor is killed."""
    script = KILLED.format(how=how)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        time.sleep(0.5)
        below = set(descendants(process.pid)) - {process.pid}
        assert below
        process.send_signal(signal.SIGKILL)
        process.wait()
    for _ in range(100):
        left = [pid for pid in below if Path(f"/proc/{pid}").exists() and _running(pid)]
        if not left:
            return
        time.sleep(0.03)
    raise AssertionError(left)


def _running(pid: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2][:4]
    except OSError:
        return False
