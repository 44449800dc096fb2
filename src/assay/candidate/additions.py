"""What a reply defines beside the functions that were asked for, as far as they need it."""

import ast
from collections.abc import Sequence
from importlib import import_module

from assay.candidate.bodies import Edit, blank_before, first_line, moved
from assay.problem.stubs import Found, Source


def additions(mine: Source, stubs: list[Found], theirs: Source, used: list[ast.stmt]) -> list[Edit]:
    """Imports, helpers, classes and constants of the reply that its functions use and that the
    starter does not have, put before the first stub; helper methods into the stub's class.
    `used` are the statements that go into the starter.

    Examples of use (`print(f(1))`, `result = f(1)`, `if __name__ == ...`) are used by no
    function, so they stay behind.
    """
    if not stubs:
        return []
    edits = _members(mine, stubs, theirs)
    tops = {stub.name.split(".")[0] for stub in stubs}
    has = {name for node in mine.tree.body for name in bound(node)} | tops
    candidates = [
        node
        for node in theirs.tree.body
        if not _is_main(node) and (bound(node) - has or _is_star(node))
    ]
    inserted = [node for text in edits for node in _parsed(text.text)]
    texts = [_text(theirs, node, has) for node in needed([*used, *inserted], candidates)]
    if texts:
        at = _before(mine, stubs[0])
        edits.append(Edit(at, at, "".join(texts).rstrip("\n") + "\n\n\n"))
    return edits


def _parsed(text: str) -> list[ast.AST]:
    """The nodes of a method taken out of its class: a string in it may begin lines at the margin,
    so it is put into a block rather than moved to the left."""
    for form in (f"if True:\n{text}", text):
        try:
            return list(ast.walk(ast.parse(form)))
        except SyntaxError:
            continue
    return []


PLAIN_MODULES = (
    "bisect", "collections", "functools", "heapq", "itertools", "math", "operator", "re", "typing",
)  # fmt: skip
"""Models import everything from these by habit; Python's own, so that they may be looked into."""


def _offers(node: ast.stmt, read: set[str]) -> bool:
    """Whether `from module import *` may bind one of the names that are read."""
    module = getattr(node, "module", None)
    if module not in PLAIN_MODULES:
        return True
    return not read.isdisjoint(dir(import_module(module)))


def needed(roots: Sequence[ast.AST], candidates: list[ast.stmt]) -> list[ast.stmt]:
    """Those of `candidates` that `roots` use, directly or through another, in their order."""
    makers: dict[str, list[ast.stmt]] = {}
    for node in candidates:
        for name in bound(node):
            makers.setdefault(name, []).append(node)
    read = {name for root in roots for name in names_in(root)}
    read |= {name for node in candidates for name in names_in(node)}
    kept = {node for node in candidates if _is_star(node) and _offers(node, read)}
    waiting = [name for node in (*roots, *kept) for name in names_in(node)]
    while waiting:
        for node in makers.pop(waiting.pop(), ()):
            if node not in kept:
                kept.add(node)
                waiting += names_in(node)
    return [node for node in candidates if node in kept]


def names_in(node: ast.AST) -> set[str]:
    """Names that are read, those in annotations written as strings included."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names | {
        part.value
        for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) < 80
    }


def bound(node: ast.stmt) -> set[str]:
    """What a statement binds, also within `try` and `if`; nothing for one that only acts."""
    match node:
        case ast.ImportFrom(module="__future__"):
            return set()  # only allowed at the top of a file, where it would not get
        case ast.Import() | ast.ImportFrom():
            return {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign() | ast.AnnAssign() | ast.AugAssign() | ast.Expr():
            return {
                part.id
                for part in ast.walk(node)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            }
        case _:
            inner = (part for part in ast.iter_child_nodes(node))
            names: set[str] = set()
            for part in inner:
                if isinstance(part, ast.stmt):
                    names |= bound(part)
                elif isinstance(part, ast.ExceptHandler):
                    names |= {name for item in part.body for name in bound(item)}
            return names


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)


def _text(theirs: Source, node: ast.stmt, has: set[str]) -> str:
    if isinstance(node, ast.Import | ast.ImportFrom):
        new = [a for a in node.names if (a.asname or a.name).partition(".")[0] not in has]
        lone = type(node)(**{**dict(ast.iter_fields(node)), "names": new or node.names})
        return ast.unparse(lone) + "\n"
    text = moved(theirs, node, first_line(node), "", "")
    spaced = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    return text + ("\n\n\n" if spaced else "\n")


def _before(mine: Source, stub: Found) -> int:
    """The line before the stub or what it is in, above the comments that belong to it."""
    line = first_line(stub.outermost)
    while line > 1 and mine.lines[line - 2].startswith("#") and not _is_head(mine, line - 1):
        line -= 1
    return mine.index(line, 0)


def _is_head(mine: Source, line: int) -> bool:
    """`#!` and the coding line belong to the file."""
    return line <= 2 and ("#!" in mine.lines[line - 1][:2] or "coding" in mine.lines[line - 1])


def _members(mine: Source, stubs: list[Found], theirs: Source) -> list[Edit]:
    """Methods and constants of the reply's class that the starter's class has not."""
    edits = []
    for stub in {s.name.rpartition(".")[0]: s for s in reversed(stubs)}.values():
        owner = stub.parents[-1] if stub.parents else None
        if not isinstance(owner, ast.ClassDef):
            continue
        has = {name for node in owner.body for name in bound(node)}
        given = [
            n for n in theirs.tree.body if isinstance(n, ast.ClassDef) and n.name == owner.name
        ]
        indent = blank_before(mine, stub.node)
        new = [n for n in (given[-1].body if given else []) if bound(n) and not bound(n) & has]
        text = "".join(moved(theirs, n, first_line(n), indent, indent) + "\n\n" for n in new)
        if text and first_line(stub.node) != owner.lineno:
            at = mine.index(first_line(stub.node), 0)
            edits.append(Edit(at, at, text))
    return edits
