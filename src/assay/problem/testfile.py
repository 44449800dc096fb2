"""A file of tests: asserts, pytest functions, unittest cases, or JSONL (`testrows`).

It is read, never run. An assert `expression == value` becomes a `Call`, so that the value stays
out of the candidate's process; anything else a `Script`.
"""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

from assay.errors import ProblemError
from assay.problem import Call, Framework, Origin, Script, Test
from assay.problem.python import parse
from assay.problem.reading import read_text
from assay.problem.stubs import BOM, Function, Source
from assay.problem.values import value_of

_KNOWN = frozenset({"pytest", "unittest", "hypothesis", "assay"})


def load(path: Path) -> tuple[Test, ...]:
    """The tests of a `.py` or `.jsonl` file. Raises `ProblemError`: missing, not Python, none."""
    if path.suffix == ".jsonl":
        from assay.problem import testrows  # pydantic is heavy

        return testrows.load(path)
    tests = tests_in(read_text(path), str(path))
    if not tests:
        raise ProblemError(f"{path}: no tests in it: no assert, test function or TestCase")
    return tests


def tests_in(text: str, name: str, origin: Origin = "given") -> tuple[Test, ...]:
    """The tests of a source text. Raises `ProblemError` where it is no Python."""
    source = Source(text)
    tree = parse(source, name)
    framed = [
        Script(
            id=call,
            source=text.removeprefix(BOM),
            call=call,
            framework=framework,
            module=module_of(tree),
            origin=origin,
        )
        for call, framework in _nodes(tree)
    ]
    return (*_asserts(source, origin), *framed)


def module_of(tree: ast.Module) -> str | None:
    """The module that the tests import the candidate from: the first that is neither a part of
    Python nor a package that is installed here."""
    for name in _imported(tree):
        top = name.partition(".")[0]
        if top and top not in sys.stdlib_module_names and top not in _KNOWN and not _here(top):
            return name
    return None


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # `from . import roman` means a module beside the tests.
            yield node.module or node.names[0].name


def _here(name: str) -> bool:
    """Whether the name is a distribution's; nothing is imported to find that out."""
    return name in _installed()


@cache
def _installed() -> frozenset[str]:
    return frozenset(packages_distributions())


def _nodes(tree: ast.Module) -> list[tuple[str, Framework]]:
    """What pytest or unittest would collect, by name."""
    found: list[tuple[str, Framework]] = []
    for node in tree.body:
        if isinstance(node, Function) and node.name.startswith("test"):
            found.append((node.name, "pytest"))
        elif isinstance(node, ast.ClassDef):
            methods = [
                item.name
                for item in node.body
                if isinstance(item, Function) and item.name.startswith("test")
            ]
            if any(ast.unparse(base).endswith("TestCase") for base in node.bases):
                found += [(f"{node.name}.{method}", "unittest") for method in methods]
            elif node.name.startswith("Test"):
                found += [(f"{node.name}::{method}", "pytest") for method in methods]
    return found


def _asserts(source: Source, origin: Origin) -> list[Test]:
    """The asserts on the top level; what stands before each is run before it."""
    tests: list[Test] = []
    setup: list[ast.stmt] = []
    for node in source.tree.body:
        if isinstance(node, ast.Assert):
            text = "\n".join(source.text[source.start(n) : source.end(n)] for n in setup)
            name = f"line {node.lineno}"
            tests.append(_assert(node, name, text, module_of(source.tree), origin))
        elif not _is_test(node):
            setup.append(node)
    return tests


def _is_test(node: ast.stmt) -> bool:
    """Belongs to a framework, or only serves running the file by itself."""
    if isinstance(node, Function):
        return node.name.startswith("test")
    if isinstance(node, ast.ClassDef):
        return node.name.startswith("Test")
    return isinstance(node, ast.If) and "__main__" in ast.unparse(node.test)


def _assert(
    node: ast.Assert, name: str, setup: str, module: str | None, origin: Origin
) -> Call | Script:
    sides = _sides(node.test)
    # An import of the candidate by name needs a module of that name, which only scripts have.
    if sides is None or module is not None:
        source = f"{setup}\n" if setup else ""
        return Script(id=name, source=source, call=ast.unparse(node), module=module, origin=origin)
    expression, expected, needed = sides
    return Call(
        id=name,
        expression=expression,
        expected=expected,
        tolerance=None,
        setup="\n".join(part for part in (needed, setup) if part),
        origin=origin,
    )


def _sides(test: ast.expr) -> tuple[str, str, str] | None:
    """Expression, value and the value's import of `f(1) == 2`, `2 == f(1)`, `f(1) is True`,
    `f(1)` and `not f(1)`; `None` for another shape."""
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        left, right = test.left, test.comparators[0]
        if isinstance(test.ops[0], ast.Eq):
            pairs = [(left, right), (right, left)]
        elif isinstance(test.ops[0], ast.Is) and isinstance(right, ast.Constant):
            pairs = [(left, right)]
        else:
            return None
        for one, other in pairs:
            value = value_of(ast.unparse(other))
            if value is not None and isinstance(one, ast.Call):
                return ast.unparse(one), value[0], value[1]
    return None
