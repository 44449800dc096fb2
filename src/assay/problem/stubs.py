"""Functions in a source text, by qualified name, and the place where a stub's body goes.

Positions are indices into the text, which may begin with a byte order mark and may have any
newline style: what is not a stub's body must survive byte for byte.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

Function = ast.FunctionDef | ast.AsyncFunctionDef
BOM = "\ufeff"
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+\Z")
_NOT_TO_FILL = frozenset({"abstractmethod", "overload", "abstractproperty"})


@dataclass(frozen=True)
class Source:
    """A text that parses, with the way from `ast` positions back into it."""

    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Raises `SyntaxError`, also for null bytes and for what is nested too deeply."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                return ast.parse(self.text.removeprefix(BOM))
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(str(error) or "nested too deeply to be read") from error

    @cached_property
    def lines(self) -> list[str]:
        """The lines as `ast` counts them, line ends included, without the byte order mark."""
        return _LINE.findall(self.text.removeprefix(BOM))

    @cached_property
    def _starts(self) -> list[int]:
        starts = [len(self.text) - len(self.text.removeprefix(BOM))]
        for line in self.lines:
            starts.append(starts[-1] + len(line))
        return starts

    def index(self, line: int, column: int) -> int:
        """The index of a position that `ast` gives: lines from 1, columns in bytes of UTF-8."""
        text = self.lines[line - 1] if line <= len(self.lines) else ""
        before = text.encode("utf-8", "surrogatepass")[:column]
        return self._starts[line - 1] + len(before.decode("utf-8", "surrogatepass"))

    def start(self, node: ast.stmt) -> int:
        """Where a statement begins, its decorators included."""
        decorators = getattr(node, "decorator_list", [])
        first = min((item.lineno for item in decorators), default=node.lineno)
        if decorators:
            return self._starts[first - 1] + len(_indent(self.lines[first - 1]))
        return self.index(node.lineno, node.col_offset)

    def end(self, node: ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.index(node.end_lineno, node.end_col_offset)

    def line_start(self, position: int) -> int:
        return max(start for start in self._starts if start <= position)

    def line_end(self, position: int) -> int:
        """The end of the line at `position`, before its line break."""
        found = re.compile(r"[\r\n]").search(self.text, position)
        return found.start() if found else len(self.text)

    @cached_property
    def newline(self) -> str:
        first = re.search(r"\r\n|\r|\n", self.text)
        return first[0] if first else "\n"


def code_lines(text: str) -> list[str]:
    """Its lines as Python and compilers count them: a form feed or U+2028 ends none."""
    return [line.rstrip("\r\n") for line in Source(text).lines]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t\f"))]


@dataclass(frozen=True, slots=True)
class Found:
    """A function, and what it is in."""

    name: str
    """Qualified: `f`, `C.m`."""
    node: Function
    parents: tuple[ast.stmt, ...]
    """Outermost first: classes, and statements such as `if` and `try`."""

    @property
    def outermost(self) -> ast.stmt:
        return self.parents[0] if self.parents else self.node


def functions(
    body: list[ast.stmt], prefix: str = "", parents: tuple[ast.stmt, ...] = ()
) -> Iterator[Found]:
    """Functions at the top and in classes, in order; not those within functions."""
    for node in body:
        if isinstance(node, Function):
            yield Found(prefix + node.name, node, parents)
            continue
        inner = f"{prefix}{node.name}." if isinstance(node, ast.ClassDef) else prefix
        for part in ("body", "handlers", "orelse", "finalbody"):
            statements = getattr(node, part, None)
            if isinstance(statements, list):
                yield from functions(statements, inner, (*parents, node))


def find_function(tree: ast.Module, name: str) -> Found | None:
    """The last of that name, which is the one that counts when the program runs."""
    found = None
    for function in functions(tree.body):
        if function.name == name:
            found = function
    return found


def is_stub(found: Found) -> bool:
    """A body of `...`, `pass` or `raise NotImplementedError`, docstring aside, to be written.

    Abstract methods, overloads and the methods of a `Protocol` are complete as they are.
    """
    body = found.node.body[1:] if has_docstring(found.node) else found.node.body
    if len(body) != 1 or not is_placeholder(body[0]):
        return False
    decorators = {_last_name(item) for item in found.node.decorator_list}
    if decorators & _NOT_TO_FILL:
        return False
    parent = found.parents[-1] if found.parents else None
    bases = parent.bases if isinstance(parent, ast.ClassDef) else []
    return not any(_last_name(base) == "Protocol" for base in bases)


def is_placeholder(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        return node.exc is not None and _last_name(node.exc) == "NotImplementedError"
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) and node.value.value is ...
    return isinstance(node, ast.Pass)


def has_docstring(node: Function) -> bool:
    return ast.get_docstring(node, clean=False) is not None


def _last_name(node: ast.expr) -> str:
    """`b` of `a.b`, `a.b(…)` and `a.b[…]`."""
    while isinstance(node, ast.Call | ast.Subscript):
        node = node.func if isinstance(node, ast.Call) else node.value
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
