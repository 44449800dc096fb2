"""Code out of a completion: the last fenced block that fits, else the longest parsable part."""

import ast
import builtins
import re
import textwrap
from collections.abc import Iterator

from assay.candidate.additions import bound, needed
from assay.candidate.bodies import first_line
from assay.problem import Problem
from assay.problem.stubs import Source

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*$", re.MULTILINE)
TAGS = {
    "python": {"python", "py", "python3", "py3", ""},
    "javascript": {"javascript", "js", "node", ""},
    "cpp": {"cpp", "c++", "cc", "cxx", ""},
    "bash": {"bash", "sh", "shell", ""},
    "sql": {"sql", "sqlite", "sqlite3", ""},
}
MAX_LINES = 5_000
"""Of a completion without a fence: parsing more would cost more than the answer is worth."""
MAX_PARSED = 400_000
"""Characters given to the parser in search of a program without a fence, all tries together."""


def extract(text: str, problem: Problem) -> str | None:
    """The program in `text`, or `None`. Of several blocks in the language, the last one that
    defines what is asked for, else the last that is `substantial`, in Python of those that parse;
    a block that a cut-off reply never closed counts as well. What it uses and lacks, and another
    block of the reply defines, comes with it."""
    names = wanted(problem)
    if problem.language != "python":
        found = tagged(problem, text)
        return chosen(found, names) or margin(substantial(found)[-1]) if found else None
    code = chosen(tagged(problem, text), names)
    if code is not None and syntax_error(code):
        # A fence within its docstring may have ended it.
        whole = chosen(tagged(problem, text, nested=True), names)
        code = code if whole is None or syntax_error(whole) else whole
    if code is None:
        return python_in(text, tagged(problem, text), names)
    return completed(code, [block for _, block in tagged(problem, text)])


def python_in(text: str, found: list[tuple[str, str]], names: tuple[str, ...]) -> str | None:
    """The program of a reply in which no block defines what is asked for."""
    # The last few blocks only: what a reply shows after its program is output and examples.
    loading = [block for block in found[-8:] if syntax_error(textwrap.dedent(block[1])) is None]
    if loading:
        return margin(substantial(loading)[-1])
    part = longest_part(text, names) if names or not found else None
    return part or (margin(found[-1][1]) if found else None)


def completed(code: str, parts: list[str]) -> str:
    """`code` after what it uses, defines nowhere, and `parts` of the same reply define."""
    lacking = [] if syntax_error(code) else unbound(Source(code).tree)
    if not lacking:
        return code
    texts: dict[ast.stmt, str] = {}
    for part in (part for part in map(margin, parts) if part != code):
        source = Source("" if syntax_error(part) else part)
        for node in source.tree.body:
            if bound(node):
                lines = source.lines[first_line(node) - 1 : node.end_lineno]
                texts[node] = "".join(lines).rstrip("\n") + "\n"
    root = ast.Module([ast.Expr(ast.Name(name, ast.Load())) for name in lacking], [])
    return "".join(texts[node] for node in needed([root], [*texts])) + code


def unbound(tree: ast.Module) -> list[str]:
    """Names that are read and bound nowhere; none where that cannot be told, or where nothing may
    stand before the code."""
    read, known = set[str](), {*dir(builtins), "__name__", "__file__"}
    for node in ast.walk(tree):
        match node:
            case ast.Name(ctx=ast.Load()):
                read.add(node.id)
            case ast.Name() | ast.ExceptHandler(name=str()):
                known.add(node.id if isinstance(node, ast.Name) else str(node.name))
            case ast.arg():
                known.add(node.arg)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                known.add(node.name)
            case ast.MatchAs(name=str()) | ast.MatchStar(name=str()):
                known.add(str(node.name))
            case ast.ImportFrom(module="__future__") | ast.ImportFrom(names=[ast.alias("*")]):
                return []
            case ast.alias():
                known.add((node.asname or node.name).partition(".")[0])
    return sorted(read - known)


def tagged(problem: Problem, text: str, *, nested: bool = False) -> list[tuple[str, str]]:
    """The `blocks` that may be in the problem's language."""
    tags = TAGS.get(problem.language, {problem.language, ""})
    return [one for one in blocks(text, nested=nested) if one[0].lower() in tags and one[1].strip()]


def chosen(found: list[tuple[str, str]], names: tuple[str, ...]) -> str | None:
    """The last block that defines what is asked for."""
    fitting = [code for _, code in found if any(defines(code, name) for name in names)]
    return margin(fitting[-1]) if fitting else None


def margin(code: str) -> str:
    """Begun at the margin."""
    return textwrap.dedent(code) if code.lstrip("\r\n")[:1] in (" ", "\t") else code


def substantial(found: list[tuple[str, str]]) -> list[str]:
    """Those with the language's tag, if any has it, that are at least half as long as the longest:
    what a reply shows after its program is input, output, and how to start it."""
    codes = [code for tag, code in found if tag] or [code for _, code in found]
    longest = max(map(len, codes))
    return [code for code in codes if 2 * len(code) >= longest]


def wanted(problem: Problem) -> tuple[str, ...]:
    names = problem.stubs or ((problem.entry_point,) if problem.entry_point else ())
    return tuple(name.rpartition(".")[2] for name in names)


DEFINITION = (
    r"^[ \t]*(?:export[ \t]+)?(?:default[ \t]+)?(?:async[ \t]+)?"
    r"(?:def|class|function[ \t]*\*?|const|let|var)[ \t]+"
)
"""Of Python or JavaScript, up to the name."""


def defines(code: str, name: str) -> bool:
    return re.search(rf"{DEFINITION}{re.escape(name)}(?![\w$])", code, re.M) is not None


def blocks(text: str, *, nested: bool = False) -> Iterator[tuple[str, str]]:
    """Tag and content of each fenced block; a fence is closed by one as long as itself, where there
    is none by one at the end of a line. `nested`: one that is indented by four blanks more than
    the block is part of it, as in CommonMark; some models close theirs in this way."""
    open_fence: re.Match[str] | None = None
    for fence in FENCE.finditer(text):
        if open_fence is None:
            open_fence = fence
        elif fence[1].startswith(open_fence[1]) and not fence[2]:
            if nested and indent_of(fence) > indent_of(open_fence) + 3:
                continue
            yield open_fence[2], text[open_fence.end() + 1 : fence.start()]
            open_fence = None
    if open_fence is not None:
        rest = text[open_fence.end() + 1 :]
        yield open_fence[2], re.split(rf"{open_fence[1]}[ \t]*$", rest, maxsplit=1, flags=re.M)[0]


def indent_of(fence: re.Match[str]) -> int:
    return fence.start(1) - fence.start()


def longest_part(text: str, names: tuple[str, ...]) -> str | None:
    """The longest run of lines that is Python and does something: begins at a statement's first
    line and ends before the first line that breaks it."""
    lines = Source(text).lines[:MAX_LINES]
    best = ""
    start = spent = 0
    while start < len(lines) and spent < MAX_PARSED:
        if not re.match(r"(?:from|import|def|class|async)\b|@", lines[start]):
            start += 1
            continue
        part, cost = parsable_prefix(lines[start:], MAX_PARSED - spent)
        spent += cost
        if len(part) > len(best):
            best = part
        start += max(1, len(Source(part).lines))
    if not best.strip() or (names and not any(defines(best, name) for name in names)):
        return None
    return best


def parsable_prefix(lines: list[str], budget: int = MAX_PARSED) -> tuple[str, int]:
    """The longest beginning of `lines` that parses, found by cutting where the parser stops, and
    about how many characters the parser read for it."""
    end = len(lines)
    read = 0
    for _ in range(20):
        part = "".join(lines[:end])
        error = syntax_error(part)
        reached = end if error is None else min(end, error.lineno or end)
        read += 500 + sum(map(len, lines[:reached]))
        if error is None:
            return part, read
        end = min(end - 1, max(0, reached - 1))
        if end <= 0 or read > budget:
            break
    return "", read


def syntax_error(code: str) -> SyntaxError | None:
    """Why `code` is not Python, or `None`; hostile depth and null bytes are errors like others."""
    try:
        assert Source(code).tree
    except SyntaxError as error:
        return error
    return None
