"""Small faults planted in a program, to see whether a test or a property notices.

The classic operators of mutation testing (DeMillo et al. 1978; Offutt et al. 1996): arithmetic
and logic, comparisons, constants off by one, conditions negated or fixed, dropped statements.
"""

import ast
import random
from collections.abc import Iterator
from typing import Any

LONGEST = 50_000
"""Characters of a program that is mutated."""
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}
_DROPPED = (ast.Assign, ast.AugAssign, ast.Expr, ast.If, ast.For, ast.While)


def mutants(code: str, count: int) -> list[str]:
    """At most `count` programs, each with one fault, spread over the program; the same ones for
    the same code. None for what does not parse."""
    if len(code) > LONGEST:
        return []
    try:
        tree = ast.parse(code)
        original = ast.unparse(tree)
        places = [
            (node, name, value)
            for function in ast.walk(tree)
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
            for name, value in changes(node)
        ]
        random.Random(original).shuffle(places)
        made: dict[str, None] = {}
        for node, name, value in places:
            if len(made) == count:
                break
            before = getattr(node, name)
            setattr(node, name, value)
            made.setdefault(ast.unparse(ast.fix_missing_locations(tree)))
            setattr(node, name, before)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [text for text in made if text != original]


def changes(node: ast.AST) -> Iterator[tuple[str, Any]]:
    """An attribute of the node and what it becomes."""
    match node:
        case ast.BinOp(op=op) | ast.AugAssign(op=op) | ast.BoolOp(op=op) if type(op) in SWAPS:
            yield "op", SWAPS[type(op)]()
        case ast.Compare(ops=[op, *others]) if type(op) in SWAPS:
            yield "ops", [SWAPS[type(op)](), *others]
        case ast.Constant(value=bool(value)):
            yield "value", not value
        case ast.Constant(value=int(value)):
            yield "value", value + 1
            yield "value", value - 1
        case ast.Return(value=ast.expr()):
            yield "value", ast.Constant(None)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test):
            yield "test", ast.UnaryOp(ast.Not(), test)
            if not isinstance(node, ast.While):
                yield "test", ast.Constant(True)
                yield "test", ast.Constant(False)
    body = getattr(node, "body", [])
    for at, statement in enumerate(body if isinstance(body, list) else []):
        if isinstance(statement, _DROPPED) and not is_text(statement):
            yield "body", [*body[:at], ast.Pass(), *body[at + 1 :]]


def is_text(statement: ast.stmt) -> bool:
    """A docstring: dropping it changes nothing."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
