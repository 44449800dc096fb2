"""Do two tests want what no one program gives? Each is taken at its own word: its tolerance, and
how it compares what is printed."""

import ast
from typing import Any

from assay.grade import Item
from assay.problem import Call, Io, Test
from assay.problem.values import literal
from assay.sandbox.child.compare import equal
from assay.sandbox.programs import same_output

STRICT = ("exact", "lines")
"""Comparisons under which what is alike is alike under every other too, the first also under the
second."""


def contradiction(item: Item) -> str:
    """Two tests that want two values of one call, or two outputs for one input; the first such
    pair, in words. Empty: none."""
    seen: dict[tuple[str, str], Test] = {}
    for test in (*item.problem.tests, *item.hidden):
        match test:
            case Call(expected=str()):
                key = (normal(test.expression), test.setup)
            case Io():
                key = ("", test.stdin)
            case _:
                continue
        first = seen.setdefault(key, test)
        if not agree(first, test):
            what = test.expression if isinstance(test, Call) else f"input {test.stdin!r}"
            return f"{what[:120]}: {first.id} and {test.id} want two results"
    return ""


def normal(expression: str) -> str:
    try:
        return ast.unparse(ast.parse(expression, mode="eval"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return expression


def agree(one: Test, two: Test) -> bool:
    """Whether one result can pass both. Also where that cannot be known."""
    match one, two:
        case Io(), Io():
            return same_prints(one, two)
        case Call(expected=str(first)), Call(expected=str(second)):
            values = literal(first), literal(second)
            if values[0] is None or values[1] is None:
                return True
            return alike(values[0][0], values[1][0], one.tolerance, two.tolerance)
    return True


def same_prints(one: Io, two: Io) -> bool:
    if same_output(one.expected, two.expected, two.comparison):
        return True
    if same_output(two.expected, one.expected, one.comparison):
        return True
    # Of two loose comparisons a third output may pass both.
    return one.comparison != two.comparison and not {one.comparison, two.comparison} & {*STRICT}


def alike(one: Any, two: Any, *tolerances: float | None) -> bool:
    """Whether some value is as near to both as their tests allow."""
    given = [tolerance for tolerance in tolerances if tolerance is not None]
    try:
        return equal(one, two, sum(given) if given else None)
    except (TypeError, RecursionError):
        return True
