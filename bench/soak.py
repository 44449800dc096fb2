"""Does a long row of runs, some of them hostile, leave anything behind or slow down?

    nice -n 19 python bench/soak.py [--runs 20000] [--hostile 0.05] [--slots 2] [--bombs]

Prints runs a second and what this process holds after each 1,000 runs. Hostile programs are those
of shared/attacks, without the ones that bomb memory, disk or processes unless --bombs is given.
Exit status 1 where a count grew, a known program got another verdict, a forgery passed, or a run
was not measured.
"""

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from footprint import Footprint, adopt_orphans, footprint, own_temp_folder
from shared_data import lines

from assay.errors import SandboxError
from assay.problem import Call, Limits, Script
from assay.sandbox import Job, Outcome, Run, Sandbox, open_sandbox

PART = 1000
MEMORY_KB = 20_000
"""How much this process may grow between the first thousand runs and the last."""
HOSTILE = Limits(cpu_seconds=0.5, wall_seconds=1.0, memory_mb=128, processes=48)
BOMBS = ("mem", "disk")
BOMB_NAMES = ("bomb", "vfork_exec_loop", "inode_fill", "open_many_fds")
_ADD = (
    ("add(1, 2)", "3"),
    ("add(-1, 1)", "0"),
    ("add('a', 'b')", "'ab'"),
    ("add([1], [2])", "[1, 2]"),
)


@dataclass(frozen=True, slots=True)
class Known:
    job: Job
    outcome: Outcome | None
    """What must come of it; `None`: anything but a pass. Of a hostile program, anything."""
    hostile: bool = False
    forgery: bool = False

    def holds(self, run: Run) -> bool:
        if self.forgery:
            return not run.passed
        return self.hostile or run.outcome == self.outcome


def honest() -> list[Known]:
    """Programs whose verdict is known."""
    call = (Call(id="c", expression="f(20)", expected="[0, 1, 4]"),)
    check = (Script(id="s", source="def check(f):\n    assert f(3) == 6\n", call="check(f)"),)
    return [
        Known(Job(code="def f(n):\n    return [0, 1, 4]\n", tests=call), "passed"),
        Known(Job(code="def f(n):\n    return list(range(n))\n", tests=call), "wrong"),
        Known(Job(code="def f(n):\n    return 1 // 0\n", tests=call), "raised"),
        Known(Job(code="def f(n)\n    return 1\n", tests=call), "build_failed"),
        Known(Job(code="def f(n):\n    return 2 * n\n", tests=check), "passed"),
        Known(Job(code="def f(n):\n    return n\n", tests=check), "wrong"),
        Known(Job(code="print(sum(range(1000)))\n"), "passed"),
        Known(Job(code="import sys\nsys.exit(3)\n"), "raised"),
    ]


def hostile(bombs: bool) -> list[Known]:
    tests = tuple(Call(id=text, expression=text, expected=value) for text, value in _ADD)
    found = []
    for row in lines("attacks/attacks.jsonl"):
        bomb = row["category"] in BOMBS or any(name in row["name"] for name in BOMB_NAMES)
        if row["language"] != "python" or (bomb and not bombs):
            continue
        forgery = row["kind"] == "solution"
        job = Job(code=row["code"], tests=tests if forgery else (), limits=HOSTILE)
        found.append(Known(job, None, hostile=True, forgery=forgery))
    return found


def mix(runs: int, share: float, bombs: bool) -> list[Known]:
    """The same row every time."""
    chance = random.Random(0)
    good, bad = honest(), hostile(bombs) if share else []
    return [
        chance.choice(bad) if chance.random() < share else chance.choice(good) for _ in range(runs)
    ]


@dataclass(slots=True)
class Report:
    outcomes: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    unmeasured: int = 0
    speeds: list[float] = field(default_factory=list)
    prints: list[Footprint] = field(default_factory=list)


async def soak(sandbox: Sandbox, row: Sequence[Known], slots: int) -> Report:
    report = Report()
    waiting = asyncio.Semaphore(2 * slots)

    async def one(known: Known) -> None:
        async with waiting:
            try:
                [run] = await sandbox.run([known.job])
            except SandboxError as error:
                report.unmeasured += 1
                print(f"not measured: {error}", file=sys.stderr)
                return
        report.outcomes[run.outcome] += 1
        if not known.holds(run):
            report.wrong.append(f"{run.outcome} for {known.outcome}: {known.job.code[:200]!r}")

    for first in range(0, len(row), PART):
        part = row[first : first + PART]
        started = time.monotonic()
        await asyncio.gather(*map(one, part))
        report.speeds.append(len(part) / (time.monotonic() - started))
        report.prints.append(footprint())
        print(
            f"{first + len(part)}: {report.speeds[-1]:.1f} runs/s; {report.prints[-1].line()}",
            flush=True,
        )
    return report


async def work(row: Sequence[Known], slots: int) -> tuple[Report, Footprint]:
    sandbox = open_sandbox(slots=slots)
    try:
        await sandbox.run([known.job for known in honest()] * 2 * slots)
        warm = footprint()
        print(f"warm: {warm.line()}", flush=True)
        return await soak(sandbox, row, slots), warm
    finally:
        await sandbox.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--hostile", type=float, default=0.05)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--bombs", action="store_true")
    options = parser.parse_args()
    row = mix(options.runs, options.hostile, options.bombs)
    adopt_orphans()
    with own_temp_folder(), asyncio.Runner() as loop:
        loop.run(asyncio.to_thread(int))  # the loop keeps this thread
        before = footprint()
        print(f"before: {before.line()}")
        report, warm = loop.run(work(row, options.slots))
        after = footprint()
        print(f"after: {after.line()}")
    # While it runs the threads and descriptors of the pool are there; afterwards nothing is.
    grown = report.prints[-1].grown(warm) + [f"after: {text}" for text in after.grown(before)]
    grown_kb = report.prints[-1].rss_kb - report.prints[0].rss_kb
    if grown_kb > MEMORY_KB:
        grown.append(f"memory by {grown_kb} KB")
    print("outcomes:", dict(report.outcomes.most_common()))
    print(f"speed: first {report.speeds[0]:.1f}, last {report.speeds[-1]:.1f} runs/s")
    for line in [*grown, *report.wrong]:
        print(f"  WRONG: {line}")
    print(f"{report.unmeasured} not measured, {len(report.wrong)} wrong, {len(grown)} counts grew")
    return int(bool(grown or report.wrong or report.unmeasured))


if __name__ == "__main__":
    sys.exit(main())
