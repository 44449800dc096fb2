"""What is read out of the text of a test and a candidate, before either runs."""

import argparse
import ast
import dataclasses
import inspect
import statistics
import types
import typing

import pytest

from assay.problem import Script
from assay.sandbox import plan
from assay.sandbox.child import static

LEAVES = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)


@pytest.mark.parametrize(
    "module", [argparse, ast, dataclasses, statistics, typing], ids=lambda module: module.__name__
)
def test_every_node_is_seen(module: types.ModuleType) -> None:
    """A faster walk that passes by a node, and with it what makes a test unfit to be shared."""
    text = inspect.getsource(module)
    tree = static.parsed(text)
    expected = [ast.dump(node) for node in ast.walk(tree) if not isinstance(node, LEAVES)]
    assert sorted(map(ast.dump, static.nodes_of(text))) == sorted(expected)


def test_a_judge_is_told_every_name_of_a_test() -> None:
    """A name that the judge does not find: the test would raise NameError."""
    source = "import a.b as c\ndef check(f, *, key):\n    with f() as g:\n        assert g.d[h]()\n"
    names = plan.read(Script(id="t", source=source, call="check(main)")).data["names"]
    assert {"f", "key", "g", "d", "h", "check", "main"} <= set(names)


@pytest.mark.parametrize(
    ("code", "names", "given"),
    [
        ("import math\ndef f(x):\n    return x\n", {"f"}, []),
        ("import math\ndef f(x):\n    return x\n", {"f", "math"}, ["import math"]),
        ("from math import tau\nasync def f(x): ...\n", {"f", "tau"}, ["from math import tau"]),
        ("def f(x):\n    import math\n", {"math"}, []),
    ],
)
def test_imports_that_a_test_uses(code: str, names: set[str], given: list[str]) -> None:
    """A module that the candidate imports and the test uses is not there for the test."""
    assert static.CandidateText(code).imports(names) == given
