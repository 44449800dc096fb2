"""The fixed programs and tests of one task, each distinct one once."""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from assay.errors import ProblemError
from assay.problem import Call, Script, Test
from assay.problem.testfile import tests_in

MAX_TESTS = 2_000
"""Distinct tests of one task; what a model wrote beyond that is left out, and said."""


NO_TEST = "no Python, or no check in it"
TOO_MANY = f"more than {MAX_TESTS:,} tests of a task"
ENDLESS = "never ends"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    task: str
    programs: tuple[str, ...]
    count: tuple[int, ...]
    """How often each program was written."""
    member: tuple[int, ...]
    """For each sample, in the order of the file, its place in `programs`."""
    tests: tuple[Test, ...]
    texts: tuple[str, ...]
    """Each test as it was written."""
    weight: tuple[int, ...]
    """How often each test was written."""
    binding: tuple[bool, ...]
    """Tests that are known to be right."""
    left_out: tuple[tuple[str, str], ...] = ()
    """Each test that does not count, as it was written, and why."""


def pool_of(
    task: str,
    samples: Sequence[str],
    tests: Sequence[str | Test],
    visible: Sequence[str | Test] = (),
) -> Pool:
    """Counts what is there more than once. A text that is no test is left out, and counted: models
    write such."""
    programs = list(dict.fromkeys(samples))
    place = {program: number for number, program in enumerate(programs)}
    written: Counter[tuple[str, Test]] = Counter()
    for given in tests:
        written.update(read(given))
    known = {pair for given in visible for pair in read(given)}
    left_out = [(str(given), NO_TEST) for given in (*tests, *visible) if not read(given)]
    written.update(pair for pair in known if pair not in written)
    pairs = sorted(written, key=lambda pair: pair not in known)  # binding ones first
    left_out += [(text, TOO_MANY) for text, _ in pairs[MAX_TESTS:]]
    pairs = pairs[:MAX_TESTS]
    repeats = Counter(samples)
    return Pool(
        task=task,
        programs=tuple(programs),
        count=tuple(repeats[program] for program in programs),
        member=tuple(place[sample] for sample in samples),
        tests=tuple(named(test, number) for number, (_, test) in enumerate(pairs)),
        texts=tuple(text for text, _ in pairs),
        weight=tuple(written[pair] for pair in pairs),
        binding=tuple(pair in known for pair in pairs),
        left_out=tuple(left_out),
    )


def read(given: str | Test) -> list[tuple[str, Test]]:
    """The tests of a text with what each says; empty where it is no Python or holds none."""
    if not isinstance(given, str):
        return [(text_of(given), named(given, 0))]
    try:
        return [(text_of(test), named(test, 0)) for test in tests_in(given, "test")]
    except (ProblemError, ValueError, RecursionError, MemoryError):
        return []


def text_of(test: Test) -> str:
    if isinstance(test, Call):
        return test.expression if test.expected is None else f"{test.expression} == {test.expected}"
    return test.call if isinstance(test, Script) else f"stdin {test.stdin!r}"


def named(test: Test, number: int) -> Test:
    return replace(test, id=str(number))


def outline(code: str) -> tuple[str, int]:
    """What tells programs apart but for layout, comments and docstrings, and the number of nodes
    in the bodies of its functions. The text itself, and 1, where it is no Python."""
    try:
        tree = ast.parse(code)
        total = 0
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                body = node.body
                if isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant):
                    node.body = body[1:] or [ast.Pass()]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                total += sum(1 for part in node.body for _ in ast.walk(part))
        return ast.dump(tree), max(total, 1)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return code, 1
