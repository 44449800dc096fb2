"""Do the published solutions of HumanEval, HumanEval+ and MBPP+ pass their own tests?

    nice -n 19 python bench/canonical_solutions.py [humaneval humaneval-plus mbpp-plus]
        [--sample N] [--slots 1]

Names each that does not pass; those of `KNOWN` do not pass without a sandbox either.
The tests of the + suites are up to 790 KB of text and import numpy, which no program here has: four
names of it (`NUMPY`) stand in for it. Exit status 1 where one fails that is not known.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shared_data import check_job, each_run, lines, sample

from assay.problem import Limits, Script
from assay.problem.humaneval import rows
from assay.sandbox import Job, Run

LIMITS = Limits(cpu_seconds=20.0, wall_seconds=60.0)
KNOWN = {
    "HumanEval/32": "its test takes the root, a float, for a list of arguments",
    "MBPP/255": "makes lists of 2.2 GB",
    "MBPP/392": "slow",
    "MBPP/599": "slow",
}
"""Solutions that fail their published test within `LIMITS` without any sandbox too."""
NUMPY = """
class np:
    class ndarray: pass
    float64 = float32 = float
    @staticmethod
    def allclose(a, b, rtol, atol):
        if isinstance(b, (list, tuple, set)):
            return len(a) == len(b) and all(np.allclose(x, y, rtol, atol) for x, y in zip(a, b))
        return a == b or abs(a - b) <= atol + rtol * abs(b)
"""
"""What the tests use of numpy, after its documentation: |a - b| <= atol + rtol * |b|."""


@dataclass(frozen=True, slots=True)
class Solution:
    task: str
    job: Job

    @property
    def size(self) -> int:
        """Characters of its test."""
        [test] = self.job.tests
        assert isinstance(test, Script)
        return len(test.source)


def humaneval() -> list[Solution]:
    return [
        Solution(row["task_id"], check_job(row["prompt"] + row["canonical_solution"], row, LIMITS))
        for row in rows()
    ]


def humaneval_plus() -> list[Solution]:
    found = []
    for row in lines("data/humaneval-plus/HumanEvalPlus-OriginFmt.jsonl.gz"):
        row["test"] = without_numpy(row["test"])
        job = check_job(row["prompt"] + row["canonical_solution"], row, LIMITS)
        found.append(Solution(row["task_id"], job))
    return found


def mbpp_plus() -> list[Solution]:
    found = []
    for row in lines("data/mbpp-plus/MbppPlus-OriginFmt.jsonl.gz"):
        # Its loop over the inputs stands at the top of the text: as a statement it is the call.
        text, loop, body = without_numpy(row["test"]).rpartition("\nfor i, ")
        test = Script(id="test", source=text, call=loop + body)
        job = Job(code=row["code"], tests=(test,), limits=LIMITS)
        found.append(Solution(f"MBPP/{row['task_id']}", job))
    return found


def without_numpy(text: str) -> str:
    return text.replace("import numpy as np\n", NUMPY, 1)


SUITES: dict[str, Callable[[], list[Solution]]] = {
    "humaneval": humaneval,
    "humaneval-plus": humaneval_plus,
    "mbpp-plus": mbpp_plus,
}


def run_suite(name: str, size: int | None, slots: int) -> bool:
    """Prints how the suite went; false where a solution failed that is not known to."""
    wanted = sample(SUITES[name](), size)
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
