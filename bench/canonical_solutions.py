"""Do the published solutions of HumanEval, HumanEval+ and MBPP+ pass their own tests?

    nice -n 19 python bench/canonical_solutions.py [SUITE …]
        [--sample N] [--slots 1]

Names each that does not pass; those of `KNOWN` do not pass without a sandbox either.
The + suites are read as `assay bench` reads them; in their other form the tests are up to 790 KB of
text. Exit status 1 where one fails that is not known.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared_data import SHARED, each_run, sample

from assay.grade import Item, evalplus, humaneval
from assay.problem import Limits, Script
from assay.sandbox import Job, Run

LIMITS = Limits(cpu_seconds=20.0, wall_seconds=60.0)
KNOWN = {
    "HumanEval/32": "its test as text takes the root, a float, for a list of arguments",
    "Mbpp/255": "makes lists of 2.2 GB",
    "Mbpp/392": "slow",
    "Mbpp/599": "slow",
}
"""Solutions that fail their published test within `LIMITS` without any sandbox too."""


@dataclass(frozen=True, slots=True)
class Solution:
    task: str
    job: Job

    @property
    def size(self) -> int:
        """Characters of its tests."""
        return sum(len(test.source) for test in self.job.tests if isinstance(test, Script))


def of_items(items: Sequence[Item]) -> list[Solution]:
    found = []
    for item in items:
        assert item.reference is not None
        job = Job(code=item.reference, tests=item.hidden, limits=LIMITS)
        found.append(Solution(item.problem.id, job))
    return found


def shared(name: str) -> Path:
    path = SHARED / "data" / name
    if not path.is_file():
        sys.exit(f"no {path}: set ASSAY_SHARED to the folder that has data/{name}")
    return path


HUMANEVAL, MBPP = "humaneval-plus/HumanEvalPlus", "mbpp-plus/MbppPlus"
SUITES: dict[str, Callable[[], list[Item]]] = {
    "humaneval": humaneval.items,
    "humaneval-plus": lambda: evalplus.humaneval_items(shared(f"{HUMANEVAL}.jsonl.gz")),
    "humaneval-plus-text": lambda: evalplus.humaneval_items(
        shared(f"{HUMANEVAL}-OriginFmt.jsonl.gz")
    ),
    "mbpp-plus": lambda: evalplus.mbpp_items(shared(f"{MBPP}.jsonl.gz")),
    "mbpp-plus-text": lambda: evalplus.mbpp_items(shared(f"{MBPP}-OriginFmt.jsonl.gz")),
}
"""`-text` is the form with tests as text."""


def run_suite(name: str, size: int | None, slots: int) -> bool:
    """Prints how the suite went; false where a solution failed that is not known to."""
    wanted = sample(of_items(SUITES[name]()), size)
    runs = dict(each_run([solution.job for solution in wanted], slots=slots, label=name))
    unknown = 0
    for number, solution in enumerate(wanted):
        run = runs[number]
        if run is None or not run.passed:
            why = KNOWN.get(solution.task)
            unknown += why is None
            told = why or "NOT KNOWN TO FAIL"
            print(f"  {solution.task}: {explain(run)}; {solution.size:,} characters ({told})")
    passed = sum(run is not None and run.passed for run in runs.values())
    isolated = sum(run is not None and run.judging == "isolated" for run in runs.values())
    print(f"{name}: {passed} of {len(wanted)} passed, {isolated} judged isolated")
    slowest(wanted, runs)
    return unknown == 0


def explain(run: Run | None) -> str:
    if run is None:
        return "not measured"
    detail = run.verdicts[0].detail
    why = detail.message or detail.limit or f"{detail.actual} for {detail.expected}"
    return f"{run.outcome} {detail.exception or ''} {why} in {run.wall_seconds:.1f} s"[:300]


def slowest(wanted: Sequence[Solution], runs: dict[int, Run | None]) -> None:
    measured = [(run.wall_seconds, n) for n, run in runs.items() if run is not None]
    total = sum(seconds for seconds, _ in measured)
    print(f"  {total:.1f} s in all; the slowest:")
    for seconds, n in sorted(measured, reverse=True)[:5]:
        print(f"    {wanted[n].task}: {seconds:.2f} s, {wanted[n].size:,} characters")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("suites", nargs="*", metavar="SUITE", help=", ".join(SUITES))
    parser.add_argument("--sample", type=int)
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    held = [run_suite(name, options.sample, options.slots) for name in options.suites or SUITES]
    return 0 if all(held) else 1


if __name__ == "__main__":
    sys.exit(main())
