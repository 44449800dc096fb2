"""Names what the candidate imports and what is not there, by trying each import."""

import ast
import importlib
import json
import os
import sys
from collections.abc import Iterator
from typing import Any

from assay.feedback.inside.cases import silence

GUARDS = ("ImportError", "ModuleNotFoundError", "Exception", "BaseException")
MOST = 20


def wanted(tree: ast.Module) -> Iterator[ast.Import | ast.ImportFrom]:
    """The imports that must work: not those with another way beside them, or for types alone."""
    guarded: set[ast.AST] = set()
    for node in ast.walk(tree):
        if spares(node):
            for statement in node.body:  # type: ignore[attr-defined]  # those that have one
                guarded.update(ast.walk(statement))
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom) and node not in guarded:
            yield node


def spares(node: ast.AST) -> bool:
    if isinstance(node, ast.Try):
        return any(map(catches, node.handlers))
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)


def catches(handler: ast.ExceptHandler) -> bool:
    return handler.type is None or any(name in ast.unparse(handler.type) for name in GUARDS)


def complaints(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from filter(None, (missing(alias.name) for alias in node.names))
    elif node.level:
        yield "a relative import: the program is one file"
    elif node.module:
        absent = missing(node.module)
        if absent:
            yield absent
            return
        module = sys.modules.get(node.module)
        for alias in node.names:
            there = alias.name == "*" or hasattr(module, alias.name)
            if not there and missing(f"{node.module}.{alias.name}"):
                yield f"cannot import name {alias.name!r} from {node.module!r}"


def missing(name: str) -> str | None:
    try:
        importlib.import_module(name)
    except ImportError as error:
        return f"{error} (only the standard library is there)"
    except BaseException:  # noqa: BLE001 - the module is there, whatever it does
        return None
    return None


def main() -> None:
    code = json.load(sys.stdin)["code"]
    out = silence()  # some modules print
    found: list[dict[str, Any]] = []
    for node in wanted(ast.parse(code)):
        place = {"line": node.lineno, "column": node.col_offset + 1}
        found += [{**place, "message": text} for text in complaints(node)]
    os.write(out, json.dumps({"found": found[:MOST]}).encode() + b"\n")
