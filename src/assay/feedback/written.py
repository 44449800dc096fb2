"""Asserts and calls that a model wrote: parsed, never run here.

What is kept calls the entry point, is built of plain values and a few harmless functions, and so
ends by itself: no `f(1) == 1 or True`, no file that is opened, no tolerance and no wrapping that
accepts anything.
"""

import ast
from collections.abc import Iterator

from assay.candidate.extract import blocks
from assay.problem import Call, Problem
from assay.problem.inputs import MAX_SOURCE
from assay.problem.values import tolerance, value_of

MAX_LINES = 400
"""Of one reply."""
HARMLESS = {
    "abs", "all", "any", "bool", "dict", "float", "frozenset", "int", "len", "list", "max", "min",
    "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple",
}  # fmt: skip
"""Functions that a test may call around the entry point, or in its arguments: none can take
long on values that were written out."""
WIDEST = 0.1
"""Largest tolerance that a test may claim: any value is within 1e999 of any other."""
PLAIN = (
    ast.Call, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set,
    ast.UnaryOp, ast.USub, ast.UAdd, ast.Not, ast.keyword,
)  # fmt: skip
"""No operator, comprehension, subscript or attribute: `10 ** 10 ** 10` is no plain value."""


def asserts(text: str, problem: Problem) -> Iterator[Call]:
    """The usable tests of a reply, one for each part of a conjunction."""
    for tree in statements(text, "assert"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                try:
                    found = [test_of(p, problem.entry_point or "") for p in conjuncts(node.test)]
                except RecursionError:  # nested too deeply to be written out again
                    continue
                yield from filter(None, found)


def calls(text: str, problem: Problem) -> Iterator[Call]:
    """The usable calls of a reply without what it says that they give."""
    name = problem.entry_point or ""
    for tree in statements(text, f"{name}("):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and of_entry(node, name) and plain(node, name):
                try:
                    expression = ast.unparse(node)
                except RecursionError:
                    continue
                if len(expression) <= MAX_SOURCE:
                    yield Call(id="", expression=expression, expected=None, origin="generated")


def statements(text: str, marker: str) -> Iterator[ast.AST]:
    """What parses of a reply: each block as a whole, else line by line where `marker` is."""
    parts = [code for _, code in blocks(text)] or [text]
    for part in parts:
        lines = part.splitlines()[:MAX_LINES]
        whole = parsed("\n".join(lines), "exec")
        if whole is not None:
            yield whole
            continue
        for line in lines:
            at = line.find(marker)
            tree = parsed(line[at:].strip(" \t`;,"), "exec") if at >= 0 else None
            if tree is not None:
                yield tree


def parsed(text: str, mode: str = "eval") -> ast.AST | None:
    if len(text) > MAX_LINES * MAX_SOURCE:
        return None
    try:
        return ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from conjuncts(part)
    else:
        yield node


def test_of(claim: ast.expr, name: str) -> Call | None:
    """`f(1) == 2`, `2 == f(1)`, `f(1) is None`, `f(1)`, `not f(1)`, `abs(f(1) - 2.5) < 0.1`."""
    match claim:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            pairs = [(left, ast.unparse(right)), (right, ast.unparse(left))]
        case ast.Compare(
            left=ast.Call(
                func=ast.Name(id="abs"), args=[ast.BinOp(left=left, op=ast.Sub(), right=right)]
            ),
            ops=[ast.Lt() | ast.LtE()],
            comparators=[ast.Constant(value=float() | int() as width)],
        ):
            return made(left, ast.unparse(right), name, float(width))
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            pairs = [(inner, "False")]
        case _:
            pairs = [(claim, "True")]
    found = (made(call, expected, name) for call, expected in pairs)
    return next((test for test in found if test is not None), None)


def made(call: ast.expr, expected: str, name: str, width: float | None = None) -> Call | None:
    if not isinstance(call, ast.Call) or not plain(call, name) or not decides(call, name):
        return None
    value = value_of(expected)
    expression = ast.unparse(call)
    if value is None or value[1] or len(expression) + len(expected) > MAX_SOURCE:
        return None
    width = tolerance(value[0]) if width is None else min(width, WIDEST)
    return Call(
        id="", expression=expression, expected=value[0], tolerance=width, origin="generated"
    )


def plain(call: ast.Call, name: str) -> bool:
    """Plain values, and at one place the call of the entry point, alone or within functions that
    are harmless."""
    nodes = list(ast.walk(call))
    if not all(isinstance(node, PLAIN) for node in nodes):
        return False
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    called = [node.func.id for node in nodes if of_name(node)]  # type: ignore[attr-defined]  # a Name
    return (
        names.count(name) == 1
        and name in called
        and sorted(names) == sorted(called)
        and set(names) <= HARMLESS | {name}
    )


def decides(call: ast.Call, name: str) -> bool:
    """Whether the claim is about what the entry point gives, so that a program which gives
    anything else may fail it: not `len([f(1)])`, `bool(str(f(1)))`, `min(f(1), -5)` or
    `round(f(1), -99)`, which are the same for nearly every value."""
    node: ast.expr = call
    while not (isinstance(node, ast.Call) and of_entry(node, name)):
        match node:
            case ast.Call(func=ast.Name(id="round"), args=[inner, ast.Constant()], keywords=[]):
                pass
            case ast.Call(func=ast.Name(id="str" | "repr")) if node is not call:
                return False
            case ast.Call(args=[inner]):
                pass
            case _:
                return False
        node = inner
    return True


def of_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def of_entry(node: ast.Call, name: str) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == name
