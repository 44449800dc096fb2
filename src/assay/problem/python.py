"""A Python file with stubs, as one problem. Nothing of the file is run: it is only parsed."""

import ast
from collections.abc import Iterator
from pathlib import Path

from assay.errors import ProblemError
from assay.problem import Call, Problem, Test
from assay.problem.examples import Target, find, target_of
from assay.problem.reading import read_text
from assay.problem.stubs import Found, Function, Source, functions, is_stub
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
        raise ProblemError(f"{name}, {faults[0]}; correct it or take it out to go on without it")
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
        return source.tree
    except SyntaxError as error:
        line = f", line {error.lineno}" if error.lineno else ""
        raise ProblemError(f"{name}{line}: not Python: {error.msg}") from None


def stubs(tree: ast.Module) -> list[Found]:
    return [found for found in functions(tree.body) if is_stub(found)]


def has_stubs(source: str) -> bool:
    try:
        return bool(stubs(parse(Source(source), "-")))
    except ProblemError:
        return False


def tests_of(found: list[Found]) -> tuple[list[Test], list[str]]:
    """The examples of the stubs and of the classes that they are in, and what is wrong with
    those that are not Python."""
    tests: dict[str, Test] = {}
    faults: list[str] = []
    for node, target in documented(found):
        # Not cleaned, so that lines can be counted from where it begins.
        text = ast.get_docstring(node, clean=False)
        if text is None:
            continue
        examples = find(text, target)
        tests |= {test.id: test for test in examples.tests}
        for fault in examples.faults:
            line = node.body[0].lineno + fault.line - 1
            faults.append(f"line {line}: the example of {target.name} {fault.message}")
    return list(tests.values()), faults


def documented(found: list[Found]) -> Iterator[tuple[Function | ast.ClassDef, Target]]:
    """Each class once, before its first stub."""
    seen: set[ast.stmt] = set()
    for stub in found:
        for parent in stub.parents:
            if isinstance(parent, ast.ClassDef) and parent not in seen:
                seen.add(parent)
                yield parent, Target(parent.name)
        yield stub.node, target_of(stub.name, stub.node)


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
