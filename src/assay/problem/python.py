"""A Python file with stubs, as one problem. Nothing of the file is run: it is only parsed."""

import ast
import warnings
from pathlib import Path

from assay.errors import ProblemError
from assay.problem import Call, Problem, Test
from assay.problem.examples import Fault, find, target_of
from assay.problem.reading import read_text
from assay.problem.stubs import Found, Source, functions, is_stub
from assay.problem.values import literal


def load(path: Path) -> Problem:
    """The stubs of a file. Raises `ProblemError` where it cannot be read or has nothing to fill."""
    return problem_of(read_text(path), str(path))


def problem_of(source: str, name: str) -> Problem:
    """The stubs of `source`; `name` is its id. Raises `ProblemError`."""
    found = stubs(parse(Source(source), name))
    if not found:
        raise ProblemError(
            f"{name}: nothing to fill; a stub is a function whose body is ..., pass or "
            "raise NotImplementedError"
        )
    tests, faults = tests_of(found)
    if faults:
        function, fault = faults[0]
        raise ProblemError(f"{name}: an example of {function} cannot be read: {fault.message}")
    refuse_contradictions(tests, name)
    names = tuple(dict.fromkeys(stub.name for stub in found))
    return Problem(
        id=name,
        prompt=source,
        entry_point=names[0],
        starter=source,
        stubs=names,
        tests=tuple(tests),
    )


def parse(source: Source, name: str) -> ast.Module:
    """The parsed file. Raises `ProblemError` with the line of a syntax error."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return source.tree
    except SyntaxError as error:
        raise ProblemError(f"{name}, line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ProblemError(f"{name}: not Python: {error}") from None


def stubs(tree: ast.Module) -> list[Found]:
    return [found for found in functions(tree.body) if is_stub(found)]


def has_stubs(source: str) -> bool:
    try:
        return bool(stubs(parse(Source(source), "-")))
    except ProblemError:
        return False


def tests_of(found: list[Found]) -> tuple[list[Test], list[tuple[str, Fault]]]:
    """The examples of all docstrings, and those that are not Python."""
    tests: list[Test] = []
    faults: list[tuple[str, Fault]] = []
    for stub in found:
        text = ast.get_docstring(stub.node, clean=True)
        if text:
            examples = find(text, target_of(stub.name, stub.node))
            tests += examples.tests
            faults += [(stub.name, fault) for fault in examples.faults]
    return tests, faults


def refuse_contradictions(tests: list[Test], name: str) -> None:
    """Two examples of one call with different values: no program passes both.

    Raises `ProblemError` that names them.
    """
    seen: dict[str, Call] = {}
    for test in tests:
        if not isinstance(test, Call) or test.expected is None:
            continue
        other = seen.setdefault(test.expression, test)
        mine, theirs = literal(test.expected), literal(other.expected or "")
        if mine and theirs and mine != theirs:
            raise ProblemError(
                f"{name}: {other.id} and {test.id} contradict each other: {test.expression} "
                f"cannot be both {other.expected} and {test.expected}"
            )
