"""A function's body out of one text and into another: where it goes, and with which indent."""

import ast
import re
from dataclasses import dataclass

from assay.problem.stubs import Function, Source, has_docstring, is_placeholder


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces a stretch of the starter; positions are indices into it."""

    start: int
    end: int
    text: str
    """With `\\n` as line break, whatever the starter has."""


def body_edit(mine: Source, stub: Function, theirs: Source, made: Function) -> Edit:
    """The body of `made` in the place of the placeholder of `stub`. Docstring and comments of
    the starter stay; the model's docstring does not come along."""
    outer = blank_before(mine, stub)
    last = stub.body[-1]
    if _shares_line(mine, stub.body[0]):
        # `def f(): ...` or `def f(): "doc"`: the body gets lines of its own.
        inner = outer + unit_of(mine)
        end = mine.end(last)
        start = mine.start(stub.body[0])
        kept = ""
        if has_docstring(stub):
            kept = "\n" + inner + mine.text[start : mine.end(stub.body[0])]
        start = len(mine.text[:start].rstrip(" \t"))
        return Edit(start, end, kept + "\n" + moved_body(theirs, made, inner, outer))
    inner = blank_before(mine, last)
    if is_placeholder(last) and not _shares_line(mine, last):
        start = mine.line_start(mine.start(last))
        return Edit(start, mine.end(last), moved_body(theirs, made, inner, outer))
    # Only a docstring: the body follows on the next line.
    at = mine.line_end(mine.end(last))
    return Edit(at, at, "\n" + moved_body(theirs, made, inner, outer))


def whole_edit(mine: Source, stub: Function, theirs: Source, made: Function) -> Edit:
    """The whole function, where the model gave it other parameters; decorators stay."""
    indent = blank_before(mine, stub)
    start = mine.index(stub.lineno, stub.col_offset)
    first = made.lineno if stub.decorator_list else first_line(made)
    text = moved(theirs, made, first, indent, indent)
    return Edit(start, mine.end(stub), text[len(indent) :])


def statements(function: Function) -> list[ast.stmt]:
    """The body without the docstring."""
    return function.body[1:] if has_docstring(function) else function.body


def moved_body(theirs: Source, made: Function, inner: str, outer: str) -> str:
    """The statements of `made` as lines with the indent `inner`, comments before them included."""
    first = statements(made)[0]
    if _shares_line(theirs, first):
        text = theirs.text[theirs.start(first) : theirs.line_end(theirs.end(made))]
        return inner + text.rstrip()
    line = first_line(first)
    above = theirs.lines[: line - 1]
    lowest = (made.body[0].end_lineno or 0) if has_docstring(made) else made.lineno
    while line - 1 > lowest and above[line - 2].lstrip().startswith("#"):
        line -= 1
    return moved(theirs, made, line, inner, outer)


def moved(theirs: Source, node: ast.stmt, line: int, inner: str, outer: str) -> str:
    """Lines `line` to the end of `node`, with `inner` for the indent of the first statement.

    Lines that begin within a string stay as they are: moving them would change the string.
    """
    assert node.end_lineno is not None
    fixed = _string_lines(node)
    body = node.body if isinstance(node, Function) else [node]
    is_body = line > node.lineno
    known = body[-1] if is_body else node
    old = blank_before(theirs, known)
    step = len(old) - len(blank_before(theirs, node)) if is_body else 4
    tabs = "\t" in inner[len(outer) :] or "\t" in outer
    lines = []
    for number in range(line, node.end_lineno + 1):
        text = theirs.lines[number - 1].rstrip("\r\n")
        if number not in fixed:
            text = _indented(text, old, inner, step if tabs else 0)
        lines.append(text)
    return "\n".join(lines)


def _indented(text: str, old: str, new: str, step: int) -> str:
    """One line moved from indent `old` to `new`; with `step`, deeper levels become tabs."""
    if not text.strip():
        return ""
    rest = text[len(old) :] if text.startswith(old) else text.lstrip()
    blank = re.match(r" *", rest)
    assert blank is not None
    levels, odd = divmod(blank.end(), step) if step else (0, 1)
    if not odd:
        rest = "\t" * levels + rest[blank.end() :]
    return new + rest


def _string_lines(node: ast.stmt) -> set[int]:
    """Numbers of the lines that begin within a string."""
    return {
        line
        for part in ast.walk(node)
        if isinstance(part, ast.JoinedStr)
        or (isinstance(part, ast.Constant) and isinstance(part.value, str | bytes))
        for line in range(part.lineno + 1, (part.end_lineno or part.lineno) + 1)
    }


def blank_before(source: Source, node: ast.stmt) -> str:
    """The blanks at the beginning of the node's line."""
    line = source.lines[node.lineno - 1]
    return line[: len(line) - len(line.lstrip(" \t\f"))]


def unit_of(source: Source) -> str:
    """One level of indent, as the text has it elsewhere."""
    indented = re.search(r"^(\t| +)(?=\S)", source.text, re.MULTILINE)
    return indented[1] if indented else "    "


def first_line(node: ast.stmt) -> int:
    """Of its decorators, where it has some."""
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(item.lineno for item in decorators)])


def _shares_line(source: Source, node: ast.stmt) -> bool:
    """Whether something stands before it on its line."""
    start = source.start(node)
    return bool(source.text[source.line_start(start) : start].strip(" \t\f\ufeff"))


def parameters(function: Function) -> list[tuple[str, str]]:
    """Kind and name of each, without annotations and defaults."""
    given = function.args
    kinds: dict[str, list[ast.arg | None]] = {
        "plain": [*given.posonlyargs, *given.args],
        "rest": [given.vararg],
        "keyword": [*given.kwonlyargs],
        "keywords": [given.kwarg],
    }
    return [(kind, item.arg) for kind, items in kinds.items() for item in items if item]


def same_shape(stub: Function, made: Function) -> bool:
    """Whether the body of one fits under the head of the other."""
    return type(stub) is type(made) and parameters(stub) == parameters(made)
