"""`assay bench sandbox`: runners of programs side by side, and Assay's own figures below."""

import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from assay.bench.runners import RATIOS, compare_runners, peers_of, works_of
from assay.cli.screen import Screen
from assay.errors import SandboxError


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxFlags:
    work: str
    workers: int
    passes: int
    peer: str
    json: bool


def bench_sandbox(flags: SandboxFlags) -> int:
    """Prints the table. Raises `UsageError` for wrong names, `SandboxError` for a failure."""
    screen = Screen(quiet=flags.json)
    peers, works = peers_of(flags.peer), works_of(flags.work)
    rows = compare_runners(
        works, workers=flags.workers, passes=flags.passes, peers=peers, tell=screen.say
    )
    screen.say("timeouts, start and memory of assay")
    figures = own_figures(flags.workers)
    if flags.json:
        print(json.dumps({"rows": rows, "figures": figures}))
    else:
        table(rows)
        for line in lines_of(figures):
            print(line)
    return 0


def own_figures(workers: int) -> dict[str, Any] | None:
    """Measured in a fresh process; `None` where there is no sandbox."""
    command = [sys.executable, "-P", "-m", "assay.bench.figures", str(workers)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "NoSandbox" in done.stderr:
        return None
    if done.returncode != 0:
        raise SandboxError(f"the figures could not be taken: {done.stderr[-500:]}")
    answer = json.loads(done.stdout)
    assert isinstance(answer, dict)
    return answer


def table(rows: list[dict[str, Any]]) -> None:
    """A table for each work, and below what each runner isolates: within 80 columns."""
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False, soft_wrap=True)
    for work in dict.fromkeys(row["work"] for row in rows):
        shown = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        shown.add_column(str(work))
        for name in ("runs/s", "CPU ms\na run", "passed", *(f"times\n{name}" for name in RATIOS)):
            shown.add_column(name, justify="right")
        for row in rows:
            if row["work"] == work and not row["missing"]:
                shown.add_row(row["runner"], *cells(row))
        console.print(shown)
        print()
    for row in {row["runner"]: row for row in rows}.values():
        says = f"isolates {row['isolation']}; judging {row['judging']}"
        print(f"{row['runner']}: {row['missing'] or says}")


def cells(row: dict[str, Any]) -> list[str]:
    return [
        spread(row, "runs_per_second", 0),
        spread(row, "cpu_ms", 1),
        passed(row),
        *(f"{row[f'speed_vs_{name}']:.2f}" for name in RATIOS if has(row, name)),
    ]


def has(row: dict[str, Any], name: str) -> bool:
    return row[f"speed_vs_{name}"] is not None


def spread(row: dict[str, Any], key: str, digits: int) -> str:
    """The median and in brackets the range of the passes."""
    if row[key] is None:
        return "not measured"
    low, high = row[f"{key}_range"]
    middle = f"{row[key]:.{digits}f}"
    return middle if row["passes"] < 2 else f"{middle} ({low:.{digits}f}-{high:.{digits}f})"


def passed(row: dict[str, Any]) -> str:
    # What a runner cannot be given is left out, in brackets.
    left_out = row["programs"] - row["used"]
    return f"{row['passed']}/{row['used']}" + (f" (-{left_out})" if left_out else "")


def lines_of(figures: dict[str, Any] | None) -> list[str]:
    if figures is None:
        return ["no isolation here, so no figures of assay: see `assay doctor`"]
    lines = []
    for kind in ("cpu", "wall"):
        one = figures[f"{kind}_timeout"]
        lines.append(
            f"{kind} limit of {one['limit_seconds']} s: {one['timeouts']} of {one['programs']}"
            f" endless programs stopped, late by {one['late_p50']:.3f} s (p50),"
            f" {one['late_p99']:.3f} s (p99; {one['over_p99']:.3f} s of CPU),"
            f" {one['processes_left']} processes left"
        )
    start, memory = figures["start"], figures["memory"]
    low, high = start["range"]
    lines.append(f"start to first verdict: {start['seconds']:.3f} s ({low:.3f}-{high:.3f})")
    size = "unreadable here" if memory["pss_mb"] is None else f"{memory['pss_mb']:.0f} MB"
    lines.append(
        f"memory of {memory['sandboxes']} sandboxes at work: {size}"
        f" (PSS of {memory['processes']} processes)"
    )
    return lines
