"""Which twelve of thirty-six further inputs tell right programs from wrong ones?

    nice -n 19 python bench/probe_choice.py [--tasks N] [--programs 10] [--mutants 16]

CodeT's recorded programs for HumanEval that pass the examples of the text. For each task the pairs
of a right and a wrong one (hidden tests) are counted that differ on: the first twelve inputs,
twelve that tell most mutants of one program apart (`select.prune`), and all of them.
"""

import argparse
import random
from collections.abc import Sequence

from rank_data import FOLDER
from shared_data import each_run, lines

from assay.feedback.mutants import mutants
from assay.problem import Limits
from assay.problem.humaneval import problems
from assay.problem.probes import probes
from assay.sandbox import Job, Run
from assay.select.judging import loaded, seen_of
from assay.select.prune import cover

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=3.0)


def values(run: Run | None, count: int) -> tuple[str, ...]:
    return seen_of(run.verdicts, loaded(run), count).values if run else ("?",) * count


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=164)
    parser.add_argument("--programs", type=int, default=10)
    parser.add_argument("--mutants", type=int, default=16)
    parser.add_argument("--wide", type=int, default=36)
    parser.add_argument("--kept", type=int, default=12)
    options = parser.parse_args()
    rows = {row["task_id"]: row for row in lines(f"{FOLDER}/pass_matrix.jsonl.gz")}
    jobs: list[Job] = []
    tasks = []
    for problem in problems()[: options.tasks]:
        row = rows[problem.id]
        right = row["gt_pass"]
        order = list(range(len(row["solutions"])))
        random.Random(problem.id).shuffle(order)
        chosen = order[: 3 * options.programs]
        codes = [problem.starter + row["solutions"][n] for n in chosen]
        inputs = probes(problem, options.wide, codes[0])
        if len(inputs) < options.kept:
            continue
        tasks.append((problem, codes, [right[n] for n in chosen], inputs, len(jobs)))
        jobs += [Job(code=code, tests=problem.tests, limits=LIMITS) for code in codes]
    passed = [bool(run and run.passed) for _, run in each_run(jobs, slots=2, label="examples")]
    more: list[Job] = []
    plan = []
    for problem, codes, right, inputs, first in tasks:
        good = [n for n in range(len(codes)) if passed[first + n]][: options.programs]
        truth = [bool(right[n]) for n in good]
        if len(set(truth)) < 2:
            continue
        changed = mutants(codes[good[0]], options.mutants)
        plan.append((problem, truth, len(good), len(changed), inputs, len(more)))
        texts = [codes[n] for n in good] + changed
        more += [Job(code=text, tests=inputs, limits=LIMITS) for text in texts]
    seen = [run for _, run in each_run(more, slots=2, label="inputs")]
    found = {"first": 0.0, "mutants": 0.0, "all": 0.0, "drawn": 0.0}
    for problem, truth, many, others, inputs, at in plan:
        rows_ = [values(run, len(inputs)) for run in seen[at : at + many + others]]
        programs, faulty = rows_[:many], rows_[many:]
        places = {
            "first": list(range(options.kept)),
            "drawn": random.Random(problem.id).sample(range(len(inputs)), options.kept),
            "mutants": cover(programs[0], faulty, options.kept),
            "all": list(range(len(inputs))),
        }
        for name, kept in places.items():
            found[name] += told_apart(programs, truth, kept)
    print(f"{len(plan)} tasks with right and wrong programs among those that pass the examples")
    for name, total in found.items():
        print(f"{name:8} {100 * total / len(plan):.1f} % of the pairs differ")


def told_apart(
    rows: Sequence[tuple[str, ...]], truth: Sequence[bool], kept: Sequence[int]
) -> float:
    pairs = [(a, b) for a, x in enumerate(truth) for b, y in enumerate(truth) if x and not y]
    return sum(any(rows[a][n] != rows[b][n] for n in kept) for a, b in pairs) / len(pairs)


if __name__ == "__main__":
    main()
