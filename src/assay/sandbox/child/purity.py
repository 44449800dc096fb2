"""Which tests can change nothing that outlives them: those share one judge.

Such a judge is isolated like every run, so this keeps verdicts apart, not the machine safe: a
test that patched a module, or kept a value, would decide about the candidates after it.
"""

import ast
import builtins
import importlib
import types
from functools import cache
from typing import Any

from assay.sandbox.child.static import ALIASES, nodes_of, texts

_MODULES = (
    "bisect", "cmath", "collections", "copy", "fractions", "functools", "heapq", "itertools",
    "math", "random", "re", "string", "typing",
)  # fmt: skip
_BUILTINS = frozenset((
    "abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr",
    "complex", "dict", "divmod", "enumerate", "filter", "float", "format", "frozenset", "hash",
    "hex", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max", "min", "next",
    "object", "oct", "ord", "pow", "print", "range", "repr", "reversed", "round", "set", "slice",
    "sorted", "str", "sum", "tuple", "type", "zip", "NotImplemented", "Ellipsis",
)) | {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}  # fmt: skip
_FORBIDDEN_NODES = (
    ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await, ast.Delete, ast.Global,
)  # fmt: skip


@cache
def _open_attributes() -> frozenset[str]:
    """Names through which one of `_MODULES` hands out a module or something that can change."""
    found = {"Formatter", "cache_clear", "purge", "attrgetter", "methodcaller"}
    for name in _MODULES:
        for attribute, value in vars(importlib.import_module(name)).items():
            if isinstance(value, types.ModuleType | dict | list | set):
                found.add(attribute)
    return frozenset(found)


def pure(test: dict[str, Any]) -> bool:
    """Whether nothing but the verdict is left once the test has run."""
    if test["kind"] == "script" and test["framework"] != "plain":
        return False
    own = {*ALIASES, test.get("module")}
    for text in texts(test):
        nodes = nodes_of(text.strip())
        if len(nodes) < 2 or not all(_pure(node, own) for node in nodes):
            return False
    return True


def _pure(node: ast.AST, own: set[Any]) -> bool:
    if isinstance(node, _FORBIDDEN_NODES):
        return False
    if isinstance(node, ast.Name):
        known = node.id in _BUILTINS or not hasattr(builtins, node.id)
        return known and (not node.id.startswith("__") or node.id == "__name__")
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and _closed(node.attr)
    if isinstance(node, ast.Import):
        return all(alias.name in _MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        if node.level == 0 and node.module in own:
            return all(alias.name == "*" or _closed(alias.name) for alias in node.names)
        known = node.level == 0 and node.module in _MODULES
        return known and all(_closed(alias.name) and alias.name != "*" for alias in node.names)
    return True


def _closed(attribute: str) -> bool:
    return not attribute.startswith("_") and attribute not in _open_attributes()
