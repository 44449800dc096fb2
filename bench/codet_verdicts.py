"""Do CodeT's 12,408 recorded programs get the recorded hidden verdicts?

    nice -n 19 python bench/codet_verdicts.py [--sample 1500] [--slots 1] [--out FILE.jsonl]

With --out every verdict is kept as it comes, and the same command goes on where it ended. The
programs that differ are run again with ten times the time and printed. Exit status 1 where fewer
than 99.9 % agree or a run was not measured.
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codet_programs import Program, programs
from shared_data import each_run, sample

from assay.problem import Limits
from assay.sandbox import Run

LIMITS = Limits(cpu_seconds=1.0, wall_seconds=20.0)
"""As the recorded verdicts were made."""
LONGER = Limits(cpu_seconds=10.0, wall_seconds=60.0)
AGREE = 0.999


@dataclass(frozen=True, slots=True)
class Difference:
    program: Program
    found: dict[str, Any]
    again: Run | None
    """With `LONGER`."""


def record(program: Program, run: Run) -> dict[str, Any]:
    [verdict] = run.verdicts
    detail = verdict.detail
    return {
        "key": program.key,
        "outcome": run.outcome,
        "judging": run.judging,
        "exception": detail.exception,
        "message": detail.message or detail.limit,
        "cpu_seconds": round(run.cpu_seconds, 4),
    }


def verdicts(wanted: Sequence[Program], slots: int, out: Path | None) -> dict[str, dict[str, Any]]:
    """The outcome of each program; those that `out` has are not run again."""
    kept = out.read_text("utf-8").splitlines() if out and out.exists() else []
    found = {row["key"]: row for row in map(json.loads, kept)}
    left = [program for program in wanted if program.key not in found]
    jobs = [program.job(LIMITS) for program in left]
    file = out.open("a", encoding="utf-8") if out else None
    try:
        for index, run in each_run(jobs, slots=slots, label="codet"):
            if run is not None:
                row = record(left[index], run)
                found[row["key"]] = row
                if file:
                    file.write(json.dumps(row) + "\n")
                    file.flush()
    finally:
        if file:
            file.close()
    return {program.key: found[program.key] for program in wanted if program.key in found}


def differences(
    wanted: Sequence[Program], found: dict[str, dict[str, Any]], slots: int
) -> list[Difference]:
    differ = [
        program
        for program in wanted
        if program.key in found and (found[program.key]["outcome"] == "passed") != program.recorded
    ]
    again: dict[int, Run | None] = {}
    if differ:
        jobs = [program.job(LONGER) for program in differ]
        again = dict(each_run(jobs, slots=slots, label="again"))
    return [Difference(p, found[p.key], again[n]) for n, p in enumerate(differ)]


def show(difference: Difference) -> None:
    program, found, again = difference.program, difference.found, difference.again
    print(f"--- {program.key}: recorded {program.result!r}, now {found['outcome']}")
    print(f"    {found['exception']}: {found['message']} ({found['judging']})")
    if again is not None:
        print(f"    with more time: {again.outcome}, {again.cpu_seconds:.2f} s of CPU")
    print(program.completion.rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--sample", type=int)
    parser.add_argument("--slots", type=int, default=1)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    wanted = sample(programs(), options.sample)
    found = verdicts(wanted, options.slots, options.out)
    differ = differences(wanted, found, options.slots)
    for difference in differ:
        show(difference)
    print("outcomes:", dict(Counter(row["outcome"] for row in found.values()).most_common()))
    print("judging:", dict(Counter(row["judging"] for row in found.values())))
    agreed = len(found) - len(differ)
    missing = len(wanted) - len(found)
    print(f"{agreed} of {len(wanted)} agree ({agreed / len(wanted):.4%}); {missing} not measured")
    return int(missing > 0 or agreed < AGREE * len(wanted))


if __name__ == "__main__":
    sys.exit(main())
