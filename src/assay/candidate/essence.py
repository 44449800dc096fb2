"""What programs have in common that differ in words alone."""

import ast

Bodied = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def essence(code: str) -> str:
    """A Python program without its comments, docstrings and layout, and with its own variables
    numbered: equal for programs that say the same in other words. Names that stand for something
    beyond their function (keywords of calls, `global`, a handler's) stay. Of what is no Python, its
    text with single blanks."""
    try:
        tree = ast.parse(code)
        for node in ast.walk(tree):
            if isinstance(node, Bodied) and ast.get_docstring(node, clean=False) is not None:
                node.body = node.body[1:]
        number = {name: f"_{place}" for place, name in enumerate(own_names(tree))}
        for node in ast.walk(tree):
            if isinstance(node, ast.Name):
                node.id = number.get(node.id, node.id)
            elif isinstance(node, ast.arg):
                node.arg = number.get(node.arg, node.arg)
        return ast.dump(tree)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return " ".join(code.split())


def own_names(tree: ast.AST) -> list[str]:
    """Parameters and variables that it sets, in the order of the tree."""
    found = [
        node.arg if isinstance(node, ast.arg) else node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.arg)
        or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    ]
    kept = fixed_names(tree)
    return [name for name in dict.fromkeys(found) if name not in kept]


def fixed_names(tree: ast.AST) -> set[str]:
    """Names that are also said as plain text, where renaming does not reach."""
    found: set[str | None] = set()
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg=name) | ast.ExceptHandler(name=name):
                found.add(name)
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                found.update(names)
            case ast.MatchAs(name=name) | ast.MatchStar(name=name) | ast.MatchMapping(rest=name):
                found.add(name)
    return {name for name in found if name is not None}
