"""Further inputs that only observe: what programs do on them tells their behaviours apart."""

import random
from collections.abc import Sequence
from typing import Any

from assay.problem import Call, Problem
from assay.problem.inputs import expression, near, seeds
from assay.problem.signature import from_signature


def probes(
    problem: Problem, count: int, code: str = "", more: Sequence[list[Any]] = ()
) -> tuple[Call, ...]:
    """At most `count` calls; the same for the same arguments.

    Mutated from the inputs of the visible tests and from `more`; where there are none, made from
    the types of the signature in the starter or in `code`.
    """
    if problem.entry_point is None:
        return ()
    chance = random.Random(problem.id)
    known = [*seeds(problem), *more]
    made = near(known, chance, count) if known else from_signature(problem, code, chance, count)
    return tuple(
        Call(
            id=f"probe-{number}",
            expression=expression(problem.entry_point, args),
            expected=None,
            origin="generated",
        )
        for number, args in enumerate(made)
    )
