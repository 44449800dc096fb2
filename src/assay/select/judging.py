"""From a pool to its matrix, in the sandbox: each distinct program once, resumable.

A test is run once: its verdict says whether the program passes, and what the call returned is the
program's value on that input.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import numpy as np

from assay.problem import Call, Limits, Test
from assay.sandbox import Job, Run, Sandbox, Verdict
from assay.select.matrix import Matrix
from assay.select.pool import Pool, outline
from assay.select.quality import score_of

BATCH = 32
"""Programs that are given to the sandbox at once; what a batch gave is kept at once."""
PROBE = 8
"""Tests that a program meets first: if it ends on none of them in time, it meets no more."""
LONG = 120
"""Characters of a value that are kept as they are; of a longer one the first, and a hash."""
FORMAT = 1
"""Of what is kept; another number forgets all that was kept."""


class Memory(Protocol):
    """What was seen before, by content."""

    def get(self, key: str) -> str | None: ...

    def put(self, items: Sequence[tuple[str, str]]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one program did; one entry a test."""

    loaded: bool
    passed: tuple[bool, ...]
    values: tuple[str, ...]
    """The text of the value, or `!` and the name of the exception or of the outcome."""


async def observe(
    sandbox: Sandbox,
    pool: Pool,
    limits: Limits,
    memory: Memory,
    tell: Callable[[int], None],
) -> list[Seen]:
    """Runs what memory does not have; `tell` hears of how many programs more are done.

    Raises `SandboxError`; what was finished before is in memory.
    """
    prefix = digest([FORMAT, [asdict(test) for test in pool.tests], asdict(limits)])
    keys = [f"{prefix}{digest(program)}" for program in pool.programs]
    found: dict[int, Seen] = {}
    for number, key in enumerate(keys):
        if (kept := memory.get(key)) is not None:
            found[number] = Seen(**json.loads(kept))
    tell(len(found))
    left = [number for number in range(len(keys)) if number not in found]
    for start in range(0, len(left), BATCH):
        part = left[start : start + BATCH]
        seen = await look(sandbox, [pool.programs[n] for n in part], pool.tests, limits)
        memory.put([(keys[n], json.dumps(asdict(s))) for n, s in zip(part, seen, strict=True)])
        found |= dict(zip(part, seen, strict=True))
        tell(len(part))
    return [found[number] for number in range(len(keys))]


def digest(value: Any) -> str:
    text = json.dumps(value)  # ASCII: a lone surrogate is no trouble
    return hashlib.sha256(text.encode()).hexdigest()[:24]


async def look(
    sandbox: Sandbox, programs: Sequence[str], tests: tuple[Test, ...], limits: Limits
) -> list[Seen]:
    able = [number for number, code in enumerate(programs) if runnable(code)]
    verdicts: list[list[Verdict]] = [[] for _ in programs]
    loads = [False] * len(programs)
    if not tests:
        jobs = [Job(code=programs[number], limits=limits) for number in able]
        for number, run in zip(able, await sandbox.run(jobs), strict=True):
            loads[number] = run.outcome not in ("build_failed", "raised")
        return [Seen(loaded=loaded, passed=(), values=()) for loaded in loads]
    for part in (tests[:PROBE], tests[PROBE:]):
        jobs = [Job(code=programs[number], tests=part, limits=limits) for number in able]
        if not part or not jobs:
            continue
        for number, run in zip(able, await sandbox.run(jobs), strict=True):
            verdicts[number] += run.verdicts
            loads[number] |= loaded(run)
        able = [n for n in able if loads[n] and any(v.outcome != "timeout" for v in verdicts[n])]
    return [seen_of(verdicts[number], loads[number], len(tests)) for number in range(len(programs))]


def runnable(code: str) -> bool:
    """A NUL or half a surrogate pair is no program text."""
    try:
        return b"\0" not in code.encode()
    except UnicodeEncodeError:
        return False


def loaded(run: Run) -> bool:
    """A program that failed as a whole has the evidence of that on the run itself."""
    if run.outcome == "build_failed":
        return False
    return not (run.outcome == "raised" and run.detail.exception is not None)


def seen_of(verdicts: Sequence[Verdict], loads: bool, tests: int) -> Seen:
    """What was not run after time-outs counts as one more."""
    values = [value_of(verdict) for verdict in verdicts]
    missing = tests - len(verdicts)
    return Seen(
        loaded=loads,
        passed=(*(verdict.outcome == "passed" for verdict in verdicts), *[False] * missing),
        values=(*values, *["!timeout"] * missing),
    )


def value_of(verdict: Verdict) -> str:
    detail = verdict.detail
    if verdict.outcome not in ("passed", "wrong") or detail.actual is None:
        return f"!{detail.exception or verdict.outcome}"
    return short(detail.actual)


def short(text: str) -> str:
    """A value as it is kept."""
    return text if len(text) <= LONG else f"{text[:LONG]}… {digest(text)}"


def assemble(pool: Pool, seen: Sequence[Seen]) -> Matrix:
    """The matrix of a pool. `seen` has one entry a program."""
    place: dict[tuple[str, str], int] = {}
    column: dict[int, int] = {}
    input_of = np.full(len(pool.tests), -1)
    for number, test in enumerate(pool.tests):
        if isinstance(test, Call):
            key = (test.setup, test.expression)
            column.setdefault(place.setdefault(key, len(place)), number)
            input_of[number] = place[key]
    values, shown = numbered([[s.values[column[k]] for k in range(len(place))] for s in seen])
    outlines = [outline(program) for program in pool.programs]
    shapes: dict[str, int] = {}
    return Matrix(
        task=pool.task,
        count=np.array(pool.count, float),
        loaded=np.array([s.loaded for s in seen], bool),
        shape=np.array([shapes.setdefault(text, len(shapes)) for text, _ in outlines], np.int64),
        size=np.array([size for _, size in outlines], float),
        quality=np.array([score_of(program) for program in pool.programs], float),
        tests=pool.texts,
        weight=np.array(pool.weight, float),
        binding=np.array(pool.binding, bool),
        passed=np.array([s.passed for s in seen], bool).reshape(len(seen), -1),
        inputs=tuple(expression for _, expression in place),
        input_of=input_of,
        values=values,
        shown=shown,
    )


def numbered(texts: Sequence[Sequence[str]]) -> tuple[np.ndarray[Any, Any], dict[int, str]]:
    """Texts as numbers, those of exceptions below 0, and the text of each number."""
    known: dict[str, int] = {}
    shown: dict[int, str] = {}
    rows = []
    for row in texts:
        line = []
        for text in row:
            number = known.setdefault(text, len(known))
            number = -1 - number if text.startswith("!") else number
            shown[number] = text.removeprefix("!")
            line.append(number)
        rows.append(line)
    return np.array(rows, np.int64).reshape(len(texts), -1), shown
