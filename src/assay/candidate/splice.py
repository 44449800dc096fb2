"""The model's functions put into the code that was there, which stays as it is, byte for byte."""

import ast
import difflib
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass

from assay.candidate.extract import defines, extract, parsable_prefix, parse
from assay.problem import Problem

Function = ast.FunctionDef | ast.AsyncFunctionDef


def build(problem: Problem, text: str) -> str | None:
    """The whole candidate program for a completion; `None` where it holds no code.

    With stubs, the starter with their bodies filled in. A reply that does not parse is handed on
    as it is, for the sandbox to say what is wrong with it.
    """
    code = extract(text, problem)
    if code is None or problem.language != "python" or not problem.stubs:
        return code
    return fill(problem.starter, problem.stubs, code)


def diff(old: str, new: str, path: str) -> str:
    """A unified diff, as `git diff` prints it."""
    lines = difflib.unified_diff(
        old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{path}", f"b/{path}"
    )
    return "".join(line if line.endswith("\n") else line + "\n" for line in lines)


@dataclass(frozen=True, slots=True)
class Edit:
    start: int
    """Character offsets into the starter."""
    end: int
    text: str


def fill(starter: str, stubs: tuple[str, ...], reply: str) -> str:
    """`starter` with the bodies of `stubs` taken from `reply`, and with what else `reply` defines
    at its top level put before the first of them."""
    newline = "\r\n" if "\r\n" in starter else "\n"
    source = starter.replace("\r\n", "\n")
    reply = textwrap.dedent(reply.replace("\r\n", "\n"))
    for form in readings(reply, stubs):
        try:
            theirs, mine = parse(form), parse(source)
        except SyntaxError:
            continue
        edits = stub_edits(source, mine, stubs, form, theirs)
        return apply(source, edits).replace("\n", newline)
    return reply.replace("\n", newline)


def readings(reply: str, stubs: tuple[str, ...]) -> Iterator[str]:
    """Ways to take a reply: as it is; as the bare body of the one stub; cut off after the
    functions, as when the tokens ran out amid a line of examples."""
    yield reply
    if len(stubs) == 1:
        yield as_function(reply)
    lines = reply.splitlines(keepends=True)
    whole = parsable_prefix(lines)
    rest = lines[whole.count("\n") :]
    if (
        rest
        and not rest[0][:1].isspace()
        and all(defines(whole, stub.rpartition(".")[2]) for stub in stubs)
    ):
        yield whole


BODY = "__body__"


def as_function(body: str) -> str:
    return f"def {BODY}():\n" + textwrap.indent(body.strip("\n"), "    ") + "\n"


def stub_edits(
    source: str, mine: ast.Module, stubs: tuple[str, ...], reply: str, theirs: ast.Module
) -> list[Edit]:
    offsets = line_offsets(source)
    own, given = functions(mine), functions(theirs)
    edits = []
    for name in stubs:
        stub = own.get(name)
        made = given.get(name) or given.get(name.rpartition(".")[2]) or given.get(BODY)
        if stub is None or made is None or is_empty(made):
            continue
        edits.append(one_edit(source, offsets, stub, reply, made))
    extra = additions(mine, stubs, reply, theirs)
    tops = [
        node
        for node in mine.body
        if any(s.split(".")[0] == getattr(node, "name", "") for s in stubs)
    ]
    if extra and tops:
        at = offsets[first_line(tops[0]) - 1]
        edits.append(Edit(at, at, extra))
    return edits


def one_edit(source: str, offsets: list[int], stub: Function, reply: str, made: Function) -> Edit:
    """The new body, or the whole function where the model changed the parameters."""
    lines = source.split("\n")
    indent = lines[stub.lineno - 1][: stub.col_offset]
    same = made.name == BODY or parameters(stub) == parameters(made)
    kept = docstring(stub)
    if not same:
        start = offsets[stub.lineno - 1]
        text = reindent(segment(reply, made.lineno, made.end_lineno), indent)
        return Edit(start, end_of(offsets, source, stub), text)
    body = statements(made)
    text = reindent(
        segment(reply, first_line(body[0]), made.end_lineno), body_indent(stub, lines, indent)
    )
    if kept is not None:
        # Only the docstring, or the docstring and a placeholder: what follows it is replaced.
        assert kept.end_lineno is not None
        start = offsets[kept.end_lineno] if kept.end_lineno < len(offsets) else len(source)
        if start and source[start - 1 : start] != "\n":
            text = "\n" + text
        return Edit(start, max(start, end_of(offsets, source, stub)), text)
    first = stub.body[0]
    if first.lineno == stub.lineno or lines[first.lineno - 1][: first.col_offset].strip():
        # `def f(x): ...` on one line.
        start = character(source, offsets, first.lineno, first.col_offset)
        return Edit(start, end_of(offsets, source, stub), "\n" + text)
    return Edit(offsets[first.lineno - 1], end_of(offsets, source, stub), text)


def body_indent(stub: Function, lines: list[str], indent: str) -> str:
    """That of the stub's own body where it has a line of its own, else one step deeper."""
    first = stub.body[0]
    prefix = lines[first.lineno - 1]
    prefix = prefix[: len(prefix) - len(prefix.lstrip())]
    return prefix if first.lineno > stub.lineno and prefix != indent else indent + "    "


def additions(mine: ast.Module, stubs: tuple[str, ...], reply: str, theirs: ast.Module) -> str:
    """Imports, helpers and constants of the reply that the starter does not have."""
    known = {name for node in mine.body for name in names_of(node)}
    wanted = {stub.split(".")[0] for stub in stubs} | {stub.rpartition(".")[2] for stub in stubs}
    texts = []
    for node in theirs.body:
        names = names_of(node)
        if not names or BODY in names or names & wanted or names <= known:
            continue
        text = segment(reply, first_line(node), node.end_lineno)
        tight = isinstance(node, ast.Import | ast.ImportFrom)
        texts.append(text + ("" if tight else "\n\n"))
    return "".join(texts) + ("\n" if texts and not texts[-1].endswith("\n\n") else "")


def names_of(node: ast.stmt) -> set[str]:
    """What a top-level statement binds; nothing for one that only does something."""
    match node:
        case ast.Import() | ast.ImportFrom():
            return {alias.asname or alias.name for alias in node.names}
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return {node.name}
        case ast.Assign():
            found = (n for target in node.targets for n in ast.walk(target))
            return {n.id for n in found if isinstance(n, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name)):
            return {name}
        case _:
            return set()


def functions(tree: ast.Module) -> dict[str, Function]:
    """Functions and methods by qualified name; the last of a name wins, as in Python."""
    found: dict[str, Function] = {}

    def visit(nodes: list[ast.stmt], prefix: str) -> None:
        for node in nodes:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                found[prefix + node.name] = node
            elif isinstance(node, ast.ClassDef):
                visit(node.body, f"{prefix}{node.name}.")

    visit(tree.body, "")
    return found


def docstring(function: Function) -> ast.stmt | None:
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str())) as first:
            return first
    return None


def statements(function: Function) -> list[ast.stmt]:
    return function.body[1:] if docstring(function) else function.body


def is_empty(function: Function) -> bool:
    return not statements(function)


def parameters(function: Function) -> list[str]:
    a = function.args
    listed = [*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg))]
    return [argument.arg for argument in listed]


def first_line(node: ast.stmt) -> int:
    decorators = getattr(node, "decorator_list", [])
    lines: list[int] = [node.lineno, *(decorator.lineno for decorator in decorators)]
    return min(lines)


def segment(text: str, first: int, last: int | None) -> str:
    """Lines `first` to `last`, 1-based, both included, with the end of line."""
    return "\n".join(text.split("\n")[first - 1 : last]) + "\n"


def reindent(text: str, indent: str) -> str:
    """`text` with its own common indent replaced. Lines inside of multi-line strings move along,
    as they would under an editor."""
    lines = text.split("\n")
    old = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return "\n".join(
        indent + line[len(old) :] if line.startswith(old) and line.strip() else line
        for line in lines
    )


def line_offsets(source: str) -> list[int]:
    offsets, at = [], 0
    for line in source.split("\n"):
        offsets.append(at)
        at += len(line) + 1
    return offsets


def character(source: str, offsets: list[int], line: int, column: int) -> int:
    """Offset in characters of a position that `ast` gives in UTF-8 bytes."""
    text = source.split("\n")[line - 1]
    return offsets[line - 1] + len(
        text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass")
    )


def end_of(offsets: list[int], source: str, node: ast.stmt) -> int:
    """Just behind the line on which the node ends."""
    assert node.end_lineno is not None
    return offsets[node.end_lineno] if node.end_lineno < len(offsets) else len(source)


def apply(source: str, edits: list[Edit]) -> str:
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        source = source[: edit.start] + edit.text + source[edit.end :]
    return source
