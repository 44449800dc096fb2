"""What the scripts of this folder share: where the data is, and jobs run with progress."""

import asyncio
import gzip
import json
import os
import random
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from assay.errors import SandboxError
from assay.problem import Limits, Script
from assay.sandbox import Job, Run, Sandbox, open_sandbox

T = TypeVar("T")

SHARED = Path(os.environ.get("ASSAY_SHARED", Path(__file__).parents[2] / "shared"))
"""The folder with the recorded data, beside the repository or where the variable says."""


def lines(name: str) -> list[dict[str, Any]]:
    """The rows of a JSONL file below `SHARED`, packed or not. Ends the script without it."""
    path = SHARED / name
    if not path.is_file():
        sys.exit(f"no {path}: set ASSAY_SHARED to the folder that has {name}")
    data = path.read_bytes()
    text = gzip.decompress(data) if path.suffix == ".gz" else data
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def sample(rows: Sequence[T], size: int | None) -> list[T]:
    """The same `size` rows every time, in their order; all of them without a size."""
    if size is None or size >= len(rows):
        return list(rows)
    return [rows[i] for i in sorted(random.Random(0).sample(range(len(rows)), size))]


def check_job(code: str, row: dict[str, Any], limits: Limits) -> Job:
    """A program and HumanEval's `check` of its row."""
    call = f"check({row['entry_point']})"
    return Job(code=code, tests=(Script(id="check", source=row["test"], call=call),), limits=limits)


def each_run(jobs: Sequence[Job], *, slots: int, label: str) -> Iterator[tuple[int, Run | None]]:
    """Runs jobs and tells of progress on stderr; `None` is a failure of ours, never a verdict."""
    runner = asyncio.Runner()
    sandbox = open_sandbox(slots=slots)
    started = time.monotonic()
    try:
        for first in range(0, len(jobs), 64):
            part = jobs[first : first + 64]
            runs = runner.run(_all(sandbox, part))
            yield from enumerate(runs, first)
            done = first + len(part)
            speed = done / (time.monotonic() - started)
            if sys.stderr.isatty() or done % 1024 == 0 or done == len(jobs):
                print(f"{label}: {done}/{len(jobs)}, {speed:.0f} runs/s", file=sys.stderr)
    finally:
        runner.run(sandbox.close())
        runner.close()


async def _all(sandbox: Sandbox, jobs: Sequence[Job]) -> list[Run | None]:
    return list(await asyncio.gather(*(_one(sandbox, job) for job in jobs)))


async def _one(sandbox: Sandbox, job: Job) -> Run | None:
    try:
        return (await sandbox.run([job]))[0]
    except SandboxError as error:
        print(f"\nnot measured: {error}", file=sys.stderr)
        return None
