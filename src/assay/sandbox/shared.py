"""Runs that are shared through a shelf: the same job, judged the same way, runs once.

A run goes by its content: the program, the tests, the limits, the tier, the interpreter, and the
source of the judge itself. Only what would come out the same again is kept: programs in Python,
whose hashes have a fixed seed here; no failure of ours, no `flaky` run, none that met a limit,
which a busy machine decides; and none of a program or test that speaks of chance, clocks,
processes, files or addresses. That list is of words, so it also sends harmless programs to the
sandbox again, which costs time and no verdict.
"""

import hashlib
import json
import re
import sys
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from assay.errors import SandboxError
from assay.model.gather import gather_all
from assay.problem import Call, Io, Script
from assay.sandbox import ISOLATING, Isolation, Job, Run, Sandbox
from assay.sandbox.languages.python import is_own
from assay.sandbox.transfer import dump_jobs, dump_runs, load_runs

KEPT = frozenset({"passed", "wrong", "raised", "build_failed", "skipped"})
"""Outcomes that only program and test decide."""
CHANCE = re.compile(
    r"rand(?:om|int|range|bytes)|\b(?:rand|shuf|shuffle|secrets|uuid\d?|crypto|entropy"
    r"|time|timeit|datetime|date|calendar|clock|perf_counter|sleep|sched"
    r"|_?thread\w*|async\w*|await|multiprocessing|subprocess|concurrent|fork|queue"
    r"|os|posix|sys|gc|weakref|ctypes|resource|signal|platform|socket|tracemalloc|inspect"
    r"|pathlib|path|io|tempfile|shutil|glob|import_module|importlib|object|environ)\b"
    r"|\b(?:now|id|hash|input|open|eval|exec|getattr|globals|vars)\s*\("
    r"|/proc|__\w+__(?<!__init__)",
    re.IGNORECASE,
)
"""Where a program or a test has one of these, it may come out otherwise next time."""


class RunShelf(Protocol):
    """Where runs are kept, as text. `store.Log` is one."""

    def judged(self, key: str) -> str | None: ...

    def keep_judged(self, key: str, body: str) -> None: ...


class Shared:
    """Answers from the shelf what is there (`Run.cached`), and puts there what `sandbox` gives."""

    def __init__(self, sandbox: Sandbox, shelf: RunShelf) -> None:
        self._sandbox = sandbox
        self._shelf = shelf

    @property
    def isolation(self) -> Isolation:
        return self._sandbox.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        """Raises `SandboxError`, `UsageError` and, for the shelf, `StoreError`."""
        return await gather_all(self._one(job) for job in jobs)

    async def close(self) -> None:
        await self._sandbox.close()

    async def _one(self, job: Job) -> Run:
        key = key_of(job, self.isolation) if repeatable(job) else None
        if key is not None and (found := self._recall(key)) is not None:
            return found
        [run] = await self._sandbox.run([job])
        if key is not None and settled(run):
            self._shelf.keep_judged(key, dump_runs([run]).decode())
        return run

    def _recall(self, key: str) -> Run | None:
        body = self._shelf.judged(key)
        if body is None:
            return None
        try:
            [run] = load_runs(body.encode())
        except (SandboxError, ValueError):  # damaged: it is run again
            return None
        return replace(run, cached=True)


def repeatable(job: Job) -> bool:
    """Tests that judge, and nothing in the texts that chance or the machine decides."""
    if not is_own(job.language):
        return False
    if not job.tests or not all(isinstance(test, (Call, Io, Script)) for test in job.tests):
        return False
    return not any(CHANCE.search(text) for text in (job.code, *map(words_of, job.tests)))


def words_of(test: object) -> str:
    """What a test runs; its id and its expected value are data."""
    match test:
        case Call():
            return f"{test.setup}\n{test.expression}\n{test.expected}"
        case Script():
            return f"{test.source}\n{test.call}"
        case _:
            return ""


def settled(run: Run) -> bool:
    outcomes = {run.outcome, *(verdict.outcome for verdict in run.verdicts)}
    flaky = run.flaky or any(verdict.flaky for verdict in run.verdicts)
    limited = run.detail.limit or any(verdict.detail.limit for verdict in run.verdicts)
    return outcomes <= KEPT and not flaky and not limited


def key_of(job: Job, isolation: Isolation) -> str | None:
    """`None` where it is not known what judges: elsewhere, or without isolation."""
    if isolation.tier not in ISOLATING:
        return None
    marks = {name: mark for name, mark in asdict(isolation).items() if name != "note"}
    parts = [judge_version(), interpreter(), marks, dump_jobs([job]).decode()]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


@cache
def judge_version() -> str:
    """A hash of the sources that run and judge: a fix of them forgets all that was judged."""
    folder = Path(__file__).parent
    paths = [path for path in folder.rglob("*") if path.suffix in (".py", ".c", ".cjs")]
    known = hashlib.sha256()
    for path in sorted(paths):
        known.update(f"{path.relative_to(folder)}\0".encode() + path.read_bytes())
    return known.hexdigest()


@cache
def interpreter() -> str:
    """Version and place of what runs programs, and the packages that are beside it."""
    roots = {sys.base_prefix, sys.prefix, "/usr"}
    found = {
        path.name
        for root in roots
        for folder in Path(root).glob("lib/python3*/*-packages")
        for path in folder.glob("*-info")
    }
    return repr((sys.version, sys.base_prefix, sorted(found)))


_: type[Sandbox] = Shared
