"""The code server of open-instruct: `POST /test_program` and `/test_program_stdio`.

Shapes: https://github.com/allenai/open-instruct (`open_instruct/code_utils/api.py`): a program
and its tests in, for each test 1 or 0 and its seconds (-1.0 where it failed) out. Three keys more:
`outcomes`, `judging`, and `unasserted`, the numbers of tests that assert nothing: what raises
nothing counts 1, as there.
"""

import ast
import json
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from aiohttp import web
from pydantic import BaseModel, Field, TypeAdapter

from assay.errors import SandboxError
from assay.problem import Script
from assay.sandbox import Job, Verdict
from assay.sandbox.transfer import STRICT
from assay.web.fusion import UNLIMITED_MB, limits
from assay.web.gate import Gate
from assay.web.reading import Bad, read_as

MAX_TESTS = 2000


class Program(BaseModel):
    model_config = STRICT

    program: str
    tests: Any
    """A list, or its JSON as text."""
    max_execution_time: Annotated[float, Field(gt=0, le=3600, allow_inf_nan=False)] = 1.0
    """Seconds a test."""


class Stdio(BaseModel):
    model_config = STRICT

    input: str
    output: str


_ASSERTS = TypeAdapter(list[str], config=STRICT)
_STDIO = TypeAdapter(list[Stdio])


async def test_program(request: web.Request, gate: Gate) -> web.Response:
    """Each test is a statement that must not raise, run on a fresh load of the program."""
    asked = await read_as(request, Program)
    tests: list[str] = _ASSERTS.validate_python(_listed(asked.tests))
    job = _job(asked, gate)
    done: dict[str, Verdict] = {}
    judging = "isolated"
    while waiting := [number for number in range(len(tests)) if str(number) not in done]:
        scripts = tuple(Script(id=str(n), source=tests[n], call="pass") for n in waiting)
        run = await gate.run(replace(job, tests=scripts))
        judging = run.judging if run.judging != "isolated" else judging
        judged = {v.test: v for v in run.verdicts if not _left_out(v)}
        if not judged:
            raise SandboxError("the sandbox judged none of the tests")
        done |= judged
    verdicts = [done[str(number)] for number in range(len(tests))]
    silent = [number for number, test in enumerate(tests) if not asserts(test)]
    seconds = [v.cpu_seconds for v in verdicts]
    return _answer([v.outcome for v in verdicts], seconds, judging, unasserted=silent)


def asserts(test: str) -> bool:
    """Whether it can fail by itself: it asserts, raises, or calls something that may. `f(1) == 2`
    compares, and forgets the result."""
    try:
        nodes = list(ast.walk(ast.parse(test)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True  # as broken it counts 0
    return any(
        isinstance(node, ast.Assert | ast.Raise)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call))
        for node in nodes
    )


async def test_program_stdio(request: web.Request, gate: Gate) -> web.Response:
    """Each test is a run of the whole program; its output is compared here."""
    asked = await read_as(request, Program)
    tests: list[Stdio] = _STDIO.validate_python(_listed(asked.tests))
    job = _job(asked, gate)
    outcomes: list[str] = []
    seconds: list[float | None] = []
    for test in tests:
        run = await gate.run(replace(job, stdin=test.input))
        wrong = run.passed and not same_lines(run.stdout, test.output)
        outcomes.append("wrong" if wrong else run.outcome)
        seconds.append(run.cpu_seconds)
    return _answer(outcomes, seconds, "isolated")


def _job(asked: Program, gate: Gate) -> Job:
    memory = min(UNLIMITED_MB, gate.caps.memory_mb)
    return Job(code=asked.program, limits=limits(asked.max_execution_time, memory))


def _listed(tests: object) -> object:
    """Raises `Bad` for text that is no JSON: compressed tests are pickles, and are not opened."""
    if isinstance(tests, str):
        try:
            tests = json.loads(tests) if tests else []
        except (ValueError, RecursionError):
            wanted = "a list, or its JSON as text; pickled tests are refused"
            raise Bad(422, f"tests: {wanted}") from None
    if isinstance(tests, list) and len(tests) > MAX_TESTS:
        raise Bad(422, f"tests: {MAX_TESTS} is the most here")
    return tests


def _left_out(verdict: Verdict) -> bool:
    """Not run, because too many tests before it had to be stopped: another job takes it on."""
    return verdict.outcome == "skipped" and (verdict.detail.message or "").startswith("not run:")


def _answer(
    outcomes: list[Any], seconds: list[float | None], judging: str, **more: Any
) -> web.Response:
    results = [int(outcome == "passed") for outcome in outcomes]
    runtimes = [
        (spent or 0.0) if passed else -1.0 for passed, spent in zip(results, seconds, strict=True)
    ]
    return web.json_response(
        {"results": results, "runtimes": runtimes, "outcomes": outcomes, "judging": judging} | more
    )


def same_lines(actual: str, expected: str) -> bool:
    """As LiveCodeBench compares, which that server follows: line by line without blanks around
    it, and as numbers where the words of both lines are numbers."""
    ours, theirs = (text.strip().split("\n") for text in (actual, expected))
    return len(ours) == len(theirs) and all(map(_same_line, ours, theirs))


def _same_line(actual: str, expected: str) -> bool:
    if actual.strip() == expected.strip():
        return True
    numbers = _numbers(actual)
    return numbers is not None and numbers == _numbers(expected)


def _numbers(line: str) -> list[Decimal] | None:
    try:
        return [Decimal(word) for word in line.split()]
    except InvalidOperation:
        return None
