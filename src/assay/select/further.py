"""What the best candidates do beyond the visible tests: on further inputs, which cost only runs,
and on tests that the model writes, which are only asked for where they can matter."""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.errors import BudgetSpent
from assay.feedback import Attempt
from assay.feedback.mutants import mutants
from assay.feedback.steps import Steps, execute
from assay.model.prompter import Prompter
from assay.problem import Limits, Problem, Test
from assay.problem.probes import probes
from assay.problem.stubs import Function, Source
from assay.sandbox import Run, Verdict
from assay.search.driver import job_for
from assay.select.generate import generate, literal_arguments
from assay.select.judging import PROBE, Seen, loaded, seen_of
from assay.select.prune import cover

LIMITS = Limits(cpu_seconds=0.5, wall_seconds=3.0)
"""Of one further test: nobody has said that its input is a fair one."""
MUTANTS = 12
"""Of one candidate, to see which tests are redundant."""
USEFUL = 24
"""Tests that are kept where redundant ones are left out."""


@dataclass(frozen=True, slots=True)
class Further:
    tests: tuple[Test, ...] = ()
    """The inputs, which claim nothing, then the tests that the model wrote."""
    weight: tuple[int, ...] = ()
    """How often each was written."""
    seen: tuple[Seen, ...] = ()
    """For each candidate what it does on `tests`."""


def further(
    problem: Problem, best: Sequence[Attempt], prompter: Prompter, inputs: int, tests: bool
) -> Steps[Further]:
    """Looks at `best`, which are all equally good by the visible tests. `tests`: whether the model
    may be asked for some; it is, where there are no visible ones or where `best` differ."""
    problem = named(problem, best)
    bare = not problem.tests
    nothing = Further(seen=(seen_of((), True, 0),) * len(best))
    if problem.language != "python" or problem.entry_point is None or not best[0].passed:
        return nothing
    code = best[0].candidate.code or ""
    first = probes(problem, inputs, code)
    found = nothing
    if first and len(best) > 1:
        found = yield from look(problem, best, first, (1,) * len(first))
    behaviours = {seen.values for seen in found.seen}
    if not tests or not (bare or (len(best) > 1 and len(behaviours) != 1)):
        return found
    written = yield from generate(problem, prompter, parameters(problem, code))
    if not written:
        return found
    given = [literal_arguments(one.test, problem.entry_point) for one in written]
    more = probes(problem, inputs, code, [args for args in given if args is not None])
    every = (*more, *(one.test for one in written))
    times = (*[1] * len(more), *(one.times for one in written))
    kept = yield from useful(problem, code, every, len(best))
    every, times = tuple(every[n] for n in kept), tuple(times[n] for n in kept)
    richer = yield from look(problem, best, every, times)
    return richer if len(richer.tests) >= len(found.tests) else found


def useful(
    problem: Problem, code: str, tests: Sequence[Test], candidates: int
) -> Steps[Sequence[int]]:
    """Places of the tests that are worth running on so many candidates: a redundant one is found
    by running mutants of `code`, which pays only where there are more candidates than mutants."""
    whole = range(len(tests))
    if candidates <= MUTANTS or len(tests) <= USEFUL or not (faulty := mutants(code, MUTANTS)):
        return whole
    jobs = [job_for(problem, text, tuple(tests)) for text in (code, *faulty)]
    try:
        made = yield from execute([replace(job, limits=LIMITS) for job in jobs])
    except BudgetSpent:
        return whole
    seen = [seen_in((run,), len(tests)).values for run in made if run is not None]
    return cover(seen[0], seen[1:], USEFUL) if made[0] is not None and len(seen) > 1 else whole


def look(
    problem: Problem, best: Sequence[Attempt], tests: tuple[Test, ...], weight: tuple[int, ...]
) -> Steps[Further]:
    """Each candidate on all tests; one that ends on none of the first few meets no more.

    Where a failure of ours or the budget leaves one candidate open, the tests of that part are
    left out for all: what was not seen is no evidence, and tells nothing against anyone."""
    runs: list[list[Run]] = [[] for _ in best]
    able, done = list(range(len(best))), 0
    for part in (tests[:PROBE], tests[PROBE:]):
        jobs = [job_for(problem, best[number].candidate.code or "", part) for number in able]
        jobs = [replace(job, limits=LIMITS) for job in jobs]
        if not part or not jobs:
            continue
        try:
            made = yield from execute(jobs)
        except BudgetSpent:
            break
        whole = [run for run in made if run is not None]
        if len(whole) < len(jobs):
            break
        done += len(part)
        for number, run in zip(able, whole, strict=True):
            runs[number].append(run)
        able = [number for number in able if ended(runs[number][-1])]
    return Further(tests[:done], weight[:done], tuple(seen_in(each, done) for each in runs))


def ended(run: Run) -> bool:
    return loaded(run) and any(v.outcome != "timeout" for v in run.verdicts)


def seen_in(runs: Sequence[Run], tests: int) -> Seen:
    verdicts: list[Verdict] = [verdict for run in runs for verdict in run.verdicts]
    return seen_of(verdicts, all(loaded(run) for run in runs), tests)


def named(problem: Problem, best: Sequence[Attempt]) -> Problem:
    """The problem with an entry point where the task named none: the last function of most
    candidates, other things equal the first one's."""
    if problem.entry_point is not None or problem.language != "python":
        return problem
    last = [functions[-1].name for a in best if (functions := top(a.candidate.code or ""))]
    names = Counter(last).most_common(1)
    return replace(problem, entry_point=names[0][0]) if names else problem


def top(code: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    try:
        return [node for node in Source(code).tree.body if isinstance(node, Function)]
    except SyntaxError:
        return []


def parameters(problem: Problem, code: str) -> str:
    """The names of the entry point's parameters, for a prompt."""
    for node in (*top(problem.starter), *top(code)):
        if node.name == problem.entry_point:
            return ", ".join(item.arg for item in (*node.args.posonlyargs, *node.args.args))
    return "..."
