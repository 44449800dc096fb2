"""The statements of a program by line: basic blocks, and how much there is to get wrong."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from assay.problem.stubs import Source, code_lines

_PARTS = (
    ast.BinOp,
    ast.BoolOp,
    ast.UnaryOp,
    ast.Compare,
    ast.AugAssign,
    ast.Subscript,
    ast.Slice,
    ast.Call,
    ast.IfExp,
    ast.comprehension,
)
_SILENT = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)


@dataclass(slots=True)
class Layout:
    lines: Sequence[str]
    """The program's lines, without line ends."""
    statement: dict[int, int] = field(default_factory=dict)
    """Line to the first line of its statement (of a compound one: of its head)."""
    block: dict[int, int] = field(default_factory=dict)
    """First line of a statement to its basic block, numbered from 0 in the order of lines."""
    weight: dict[int, int] = field(default_factory=dict)
    """First line of a statement to the number of operators, calls, indices, numbers in it."""
    silent: set[int] = field(default_factory=set)
    """First lines of definitions, imports and texts that stand alone."""

    def source(self, line: int) -> str:
        return self.lines[line - 1] if 0 < line <= len(self.lines) else ""


def layout(code: str) -> Layout | None:
    """`None` for what does not parse."""
    source = Source(code)
    try:
        tree = source.tree
    except SyntaxError:
        return None
    made = Layout(code_lines(code))
    blocks = list(_blocks(tree.body))
    heads = sorted(((block[0].lineno, block) for block in blocks if block), key=lambda one: one[0])
    for number, (_, block) in enumerate(heads):
        for statement in block:
            _place(made, statement, number)
    return made


def _blocks(body: Sequence[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """Statements that run one after the other; a condition ends its block, a loop is its own."""
    block: list[ast.stmt] = []
    for statement in body:
        if isinstance(statement, ast.For | ast.AsyncFor | ast.While | ast.Try):
            yield block
            yield [statement]
            block = []
        else:
            block.append(statement)
        inner = list(_bodies(statement))
        if inner and not isinstance(statement, _SILENT):
            yield block
            block = []
        for part in inner:
            yield from _blocks(part)
    yield block


def _bodies(statement: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        if part := getattr(statement, name, None):
            yield part
    for part in [*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())]:
        yield part.body


def _place(made: Layout, statement: ast.stmt, number: int) -> None:
    first, last = statement.lineno, statement.end_lineno or statement.lineno
    inner = [part[0].lineno for part in _bodies(statement)]
    last = max(first, min(inner) - 1) if inner else last
    for line in range(first, last + 1):
        made.statement.setdefault(line, first)
    made.block.setdefault(first, number)
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    if isinstance(statement, _SILENT) or text:
        made.silent.add(first)
    parts = [node for head in _own(statement) for node in ast.walk(head)]
    count = sum(isinstance(node, _PARTS) for node in parts) + isinstance(statement, ast.AugAssign)
    count += sum(isinstance(node, ast.Constant) and node.value not in (None,) for node in parts)
    made.weight[first] = max(made.weight.get(first, 0), count)


def _own(statement: ast.stmt) -> list[ast.expr]:
    """The expressions of a statement itself, not of the statements inside of it."""
    return [node for node in ast.iter_child_nodes(statement) if isinstance(node, ast.expr)]
