"""Further inputs that only observe: what programs do on them tells their behaviours apart."""

import random

from assay.problem import Call, Problem
from assay.problem.inputs import expression, near, seeds


def probes(problem: Problem, count: int) -> tuple[Call, ...]:
    """At most `count` calls, mutated from the visible tests; the same for the same problem."""
    if problem.entry_point is None:
        return ()
    name, made = problem.entry_point, near(seeds(problem), random.Random(problem.id), count)
    return tuple(
        Call(
            id=f"probe-{number}",
            expression=expression(name, args),
            expected=None,
            origin="generated",
        )
        for number, args in enumerate(made)
    )
