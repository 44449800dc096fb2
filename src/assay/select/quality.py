"""A static score of a program's text, after FRANC (Siddiq et al. 2024): findings, each weighted.

score = 1 / (1 + sum of the weights of the findings); 0 for what is no Python. It says nothing of
what a program does: a linter rewards an empty body. It is for programs that nothing else separates,
and breaks every selector's ties. FRANC's own weights are per type of smell and of weakness; these
are ours, heavier where the finding is more often a defect.
"""

import ast
import builtins
from collections.abc import Iterator

import numpy as np

from assay.select.matrix import Matrix
from assay.select.ranking import Scores

RISKY = {"eval": 3.0, "exec": 3.0, "compile": 2.0, "__import__": 2.0, "input": 1.0, "print": 0.5}
"""Calls that a function asked for a value seldom needs."""
LONG = 60
"""Statements of one function."""


def quality(matrix: Matrix) -> Scores:
    score = matrix.quality if matrix.quality is not None else np.zeros(matrix.programs)
    return Scores(score=score, cluster=matrix.shape)


def score_of(code: str) -> float:
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return 0.0
    return 1 / (1 + sum(weight for node in ast.walk(tree) for weight in findings(node)))


def findings(node: ast.AST) -> Iterator[float]:
    """The weight of each finding at this node."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            yield from of_function(node)
        case ast.ExceptHandler(type=None):
            yield 2.0
        case ast.ExceptHandler(body=[ast.Pass()]):
            yield 1.0
        case ast.Call(func=ast.Name(id=name)) if name in RISKY:
            yield RISKY[name]
        case ast.Compare(ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=None)]):
            yield 0.5
        case ast.Compare(
            ops=[ast.Eq() | ast.NotEq()], comparators=[ast.Constant(value=True | False)]
        ):
            yield 0.25
        case ast.Global() | ast.ImportFrom(names=[ast.alias(name="*")]):
            yield 1.0
        case ast.Name(id=name, ctx=ast.Store()) if hasattr(builtins, name):
            yield 0.5


def of_function(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[float]:
    for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
        if isinstance(default, ast.List | ast.Dict | ast.Set):
            yield 1.5
    statements = [part for part in ast.walk(node) if isinstance(part, ast.stmt)]
    if len(statements) > LONG:
        yield 0.5
    for part in statements:
        body = getattr(part, "body", None)
        for block in (body, getattr(part, "orelse", None)):
            if isinstance(block, list) and any(ends(one) for one in block[:-1]):
                yield 1.0  # what follows is never reached
    last = node.body[-1]
    if isinstance(last, ast.Pass) or (
        isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)
    ):
        yield 2.0  # nothing was written


def ends(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Return | ast.Raise | ast.Break | ast.Continue)
