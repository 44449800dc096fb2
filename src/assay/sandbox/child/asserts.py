"""Assertions that remember their two sides, so that a failure can say what came instead."""

import ast
import operator
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

COMPARE, TRUTH, MARK = "__assay_compare__", "__assay_truth__", "__assay_mark__"
_OPERATORS: dict[str, tuple[str, Callable[[Any, Any], Any]]] = {
    "Eq": ("==", operator.eq),
    "NotEq": ("!=", operator.ne),
    "Lt": ("<", operator.lt),
    "LtE": ("<=", operator.le),
    "Gt": (">", operator.gt),
    "GtE": (">=", operator.ge),
    "Is": ("is", operator.is_),
    "IsNot": ("is not", operator.is_not),
    "In": ("in", lambda one, two: one in two),
    "NotIn": ("not in", lambda one, two: one not in two),
}


@dataclass(frozen=True)
class Failed:
    """The two sides of the assertion that failed last."""

    expected: Any
    actual: Any
    sign: str


class Recorder:
    """The functions that rewritten assertions call."""

    def __init__(self, calls: Callable[[], int]) -> None:
        self._calls = calls
        self.failed: Failed | None = None

    def names(self) -> dict[str, Any]:
        return {COMPARE: self.compare, TRUTH: self.truth, MARK: self._calls}

    def compare(self, kind: str, before: int, left: Any, between: int, right: Any) -> Any:
        sign, function = _OPERATORS[kind]
        result = function(left, right)
        if not result:
            swapped = between == before and self._calls() > between
            left, right = (right, left) if swapped else (left, right)
            self.failed = Failed(expected=right, actual=left, sign=sign)
        return result

    def truth(self, value: Any) -> Any:
        if not value:
            self.failed = Failed(expected=True, actual=value, sign="==")
        return value


def _statements(tree: ast.AST) -> Iterator[ast.stmt]:
    """Every statement below, without a look into expressions: no assertion is in one."""
    for field in ("body", "orelse", "finalbody", "handlers", "cases"):
        for node in getattr(tree, field, ()):
            yield node
            yield from _statements(node)


def _rewrite(node: ast.Assert) -> None:
    test = node.test
    place: Any = {
        "lineno": test.lineno,
        "col_offset": test.col_offset,
        "end_lineno": test.end_lineno,
        "end_col_offset": test.end_col_offset,
    }

    def call(name: str, arguments: list[ast.expr]) -> ast.Call:
        return ast.Call(ast.Name(name, ast.Load(), **place), arguments, [], **place)

    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        kind = ast.Constant(type(test.ops[0]).__name__, **place)
        mark = call(MARK, [])
        node.test = call(COMPARE, [kind, mark, test.left, mark, test.comparators[0]])
    elif isinstance(test, ast.Call | ast.Name | ast.Subscript):
        node.test = call(TRUTH, [test])


@lru_cache(256)
def rewritten(source: str, filename: str) -> Any:
    """The compiled source. Raises what `compile` raises."""
    tree = ast.parse(source, filename)
    for node in _statements(tree):
        if isinstance(node, ast.Assert):
            _rewrite(node)
    return compile(tree, filename, "exec", dont_inherit=True)
