"""Runs that are shared through a shelf: the same job, judged the same way, runs once.

A run goes by its content: the program, the tests, the limits, the tier, the toolchain, and the
source of the judge itself. Only what would come out the same again is kept: no failure of ours, no
`flaky` run, none that ended at a limit (time, memory, output), which a busy machine decides; and
none of a program or test that speaks of chance, clocks, processes or addresses. That list is of
words, so it also sends harmless programs to the sandbox again, which costs time and no verdict.
"""

import hashlib
import json
import re
import sys
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path
from typing import Protocol

from assay.errors import SandboxError, UsageError
from assay.model.gather import gather_all
from assay.problem import Call, Io, Script
from assay.sandbox import ISOLATING, Isolation, Job, Run, Sandbox
from assay.sandbox.languages import resolve
from assay.sandbox.languages.python import is_own
from assay.sandbox.transfer import dump_jobs, dump_runs, load_runs

KEPT = frozenset({"passed", "wrong", "raised", "build_failed", "skipped"})
"""Outcomes that only program and test decide."""
REPEATS = ("python", "javascript", "typescript", "java", "bash", "sql")
"""Languages whose programs do not depend on what lay in memory, or on a random order of maps."""
CHANCE = re.compile(
    r"rand(?:om|int|range|bytes)|\b(?:rand|shuf|shuffle|secrets|uuid\d?|crypto|entropy"
    r"|time|timeit|datetime|date|Date|Instant|System|clock|perf_counter|sleep"
    r"|current_(?:time|date|timestamp)|RANDOM|SECONDS|EPOCH\w*|performance"
    r"|[Tt]hread\w*|async\w*|await|multiprocessing|subprocess|concurrent|fork|Promise|setTimeout"
    r"|os|sys|gc|hashCode|weakref|ctypes|resource|signal|platform|socket|tracemalloc"
    r"|ps|pid|BASHPID|PPID|environ|hostname|mktemp)\b"
    r"|\b(?:now|id|hash|input|open)\s*\(|\$\$|__import__"
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
    if not (is_own(job.language) or job.language in REPEATS):
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
    return outcomes <= KEPT and not flaky


def key_of(job: Job, isolation: Isolation) -> str | None:
    """`None` where it is not known what judges: elsewhere, without isolation, or no toolchain."""
    if isolation.tier not in ISOLATING:
        return None
    try:
        tools = toolchain_of(job.language)
    except UsageError:
        return None
    marks = {name: mark for name, mark in asdict(isolation).items() if name != "note"}
    parts = [judge_version(), tools, marks, dump_jobs([job]).decode()]
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
def toolchain_of(language: str) -> str:
    """Version and place of what runs it, and for Python the packages that are beside it.

    Raises `UsageError` where it is not here.
    """
    if not is_own(language):
        name, tools = resolve(language)
        stamps = [Path(program).stat().st_mtime_ns for program in tools.programs]
        return repr((name.name, tools.version, tools.programs, stamps))
    roots = {sys.base_prefix, sys.prefix, "/usr"}
    found = {
        path.name
        for root in roots
        for folder in Path(root).glob("lib/python3*/*-packages")
        for path in folder.glob("*-info")
    }
    return repr((sys.version, sys.base_prefix, sorted(found)))


_: type[Sandbox] = Shared
