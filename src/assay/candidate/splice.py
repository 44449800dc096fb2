"""The model's functions put into the code that was there, which stays as it is, byte for byte."""

import ast
import difflib
import re
import textwrap
from collections.abc import Iterator, Sequence

from assay.candidate.additions import additions
from assay.candidate.bodies import Edit, body_edit, same_shape, statements, whole_edit
from assay.candidate.extract import defines, extract, parsable_prefix, wanted
from assay.problem import Problem
from assay.problem.stubs import Found, Function, Source, functions, is_placeholder

BODY = "__body__"


def build(problem: Problem, text: str) -> str | None:
    """The whole candidate program for a completion; `None` where it holds no code.

    With stubs, the starter with their bodies filled in; a stub that the reply leaves out stays
    as it is. A reply that does not parse is handed on as it is, for the sandbox to say what is
    wrong with it, but for what was cut off after the functions.
    """
    code = extract(text, problem)
    if code is None or problem.language != "python":
        return code
    if problem.stubs:
        return fill(problem.starter, problem.stubs, code)
    asked = wanted(problem)
    return code if not asked or parses(Source(code)) else begun(code, asked) or code


def diff(old: str, new: str, path: str) -> str:
    """A unified diff, as `git diff` prints it."""
    before, after = (re.findall(r"[^\n]*\n|[^\n]+", text) for text in (old, new))
    path = path.lstrip("/")  # `git apply` takes no other
    parts = []
    for line in difflib.unified_diff(before, after, f"a/{path}", f"b/{path}"):
        ended = line.endswith("\n")
        parts.append(line if ended else f"{line}\n\\ No newline at end of file\n")
    return "".join(parts)


def fill(starter: str, stubs: tuple[str, ...], reply: str) -> str:
    """`starter` with the bodies of `stubs` taken from `reply`, and with what else they need of
    the reply's top level put before the first of them."""
    mine = Source(starter)
    reply = textwrap.dedent(reply.replace("\r\n", "\n"))
    if not parses(mine):
        return reply
    for theirs in readings(reply, stubs):
        if parses(theirs):
            return filled(mine, stubs, theirs)
    return reply


def parses(source: Source) -> bool:
    try:
        return bool(source.tree)
    except SyntaxError:
        return False


def readings(reply: str, stubs: tuple[str, ...]) -> Iterator[Source]:
    """Ways to take a reply: as it is; as the bare body of the one stub; cut off after the
    functions, as when the tokens ran out amid a line of examples."""
    whole = Source(reply)
    body = Source(as_function(reply))
    if len(stubs) == 1 and is_body(whole):
        yield body
    yield whole
    if len(stubs) == 1:
        yield body
    if part := begun(reply, [stub.rpartition(".")[2] for stub in stubs]):
        yield Source(part)


def begun(reply: str, names: Sequence[str]) -> str | None:
    """What parses of a reply, where that ends after the functions asked for, and not amid one."""
    lines = Source(reply).lines
    part, _ = parsable_prefix(lines)
    rest = lines[len(Source(part).lines) :]
    whole = rest and not rest[0][:1].isspace() and all(defines(part, name) for name in names)
    return part if whole else None


def is_body(reply: Source) -> bool:
    """Statements of a function without its head: no definition on the top level."""
    if not parses(reply):
        return False
    kinds = {type(node) for node in reply.tree.body}
    return bool(kinds) and not kinds & {ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef}


def as_function(body: str) -> str:
    return f"def {BODY}():\n" + textwrap.indent(body.strip("\n"), "    ") + "\n"


def filled(mine: Source, stubs: tuple[str, ...], theirs: Source) -> str:
    """Both texts parse."""
    pairs = matched(mine, stubs, theirs)
    edits: list[Edit] = []
    used: list[ast.stmt] = []
    for stub, made in pairs:
        if made.name == BODY or same_shape(stub.node, made):
            edits.append(body_edit(mine, stub.node, theirs, made))
            used += statements(made)
        else:
            edits.append(whole_edit(mine, stub.node, theirs, made))
            used.append(made)
    edits += additions(mine, [stub for stub, _ in pairs], theirs, used)
    return apply(mine, edits)


def matched(mine: Source, stubs: tuple[str, ...], theirs: Source) -> list[tuple[Found, Function]]:
    """Each stub with the reply's function for it; those that the reply leaves out are left out."""
    own, given = list(functions(mine.tree.body)), list(functions(theirs.tree.body))
    pairs: list[tuple[Found, Function]] = []
    for name in stubs:
        mines = [found for found in own if found.name == name]
        short = name.rpartition(".")[2]
        made = next(
            (
                found
                for wanted in (name, short, BODY)
                if (found := [f.node for f in given if f.name == wanted])
            ),
            [],
        )
        # A property and its setter share a name: they go by their order.
        if len(mines) != len(made):
            mines, made = mines[-1:], made[-1:]
        together = zip(mines, made, strict=False)
        pairs += [(one, other) for one, other in together if is_open(one.node) and _does(other)]
    order = {id(found.node): position for position, found in enumerate(own)}
    return sorted(pairs, key=lambda pair: order[id(pair[0].node)])


def is_open(stub: Function) -> bool:
    """Ends in a placeholder, or holds nothing but strings and imports."""
    idle = (ast.Import, ast.ImportFrom)
    return is_placeholder(stub.body[-1]) or all(
        isinstance(node, idle)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in stub.body
    )


def _does(made: Function) -> bool:
    """Has a body of its own: more than a docstring, and no placeholder."""
    body = statements(made)
    return bool(body) and not (len(body) == 1 and is_placeholder(body[0]))


def apply(source: Source, edits: list[Edit]) -> str:
    """The edits do not overlap."""
    text = source.text
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end), reverse=True):
        inserted = edit.text.replace("\n", source.newline)
        text = text[: edit.start] + inserted + text[edit.end :]
    return text
