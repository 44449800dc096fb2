"""Tests that never end by themselves, whatever the program, are found before they cost time:
else each program would run into the limit on each of them, and tell nothing by it."""

import ast
import builtins
from collections.abc import Iterator
from dataclasses import replace

from assay.problem import Call, Limits, Test
from assay.problem.values import literal
from assay.sandbox import Job, Sandbox
from assay.select.pool import ENDLESS, Pool

STUB = "def {name}(*given, **named):\n    return None\n"


async def without_hanging(sandbox: Sandbox, pool: Pool, limits: Limits) -> Pool:
    """The pool without the tests that run into the limit on programs that return at once.

    A test of literals cannot; each other one is run alone. Raises `SandboxError`.
    """
    doubtful = [number for number, test in enumerate(pool.tests) if not of_literals(test)]
    jobs = [
        Job(code=stubs(pool.tests[number]), tests=(pool.tests[number],), limits=limits)
        for number in doubtful
    ]
    runs = await sandbox.run(jobs) if jobs else []
    hanging = {
        number
        for number, run in zip(doubtful, runs, strict=True)
        if run.outcome in ("timeout", "memory", "output", "killed")
    }
    if not hanging:
        return pool
    kept = [number for number in range(len(pool.tests)) if number not in hanging]
    return replace(
        pool,
        tests=tuple(pool.tests[number] for number in kept),
        texts=tuple(pool.texts[number] for number in kept),
        weight=tuple(pool.weight[number] for number in kept),
        binding=tuple(pool.binding[number] for number in kept),
        left_out=(*pool.left_out, *((pool.texts[number], ENDLESS) for number in sorted(hanging))),
    )


def of_literals(test: Test) -> bool:
    """A call by name with literal arguments only."""
    if not isinstance(test, Call) or test.setup:
        return not isinstance(test, Call) and not hasattr(test, "call")
    try:
        call = ast.parse(test.expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
        return False
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return all(literal(ast.unparse(value)) is not None for value in given)


def stubs(test: Test) -> str:
    """A program that defines every function that the test calls by name."""
    return "".join(STUB.format(name=name) for name in sorted(set(called(test))))


def called(test: Test) -> Iterator[str]:
    text = test.expression if isinstance(test, Call) else getattr(test, "source", "")
    parts = [text, getattr(test, "call", ""), getattr(test, "setup", "")]
    for part in parts:
        try:
            tree = ast.parse(part)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and not hasattr(builtins, node.func.id)
            ):
                yield node.func.id
