"""Code out of a completion: the last fenced block that fits, else the longest parsable part."""

import ast
import re
import warnings
from collections.abc import Iterator

from assay.problem import Problem

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})[ \t]*([\w+#.-]*)[^\n]*$", re.MULTILINE)
TAGS = {
    "python": {"python", "py", "python3", "py3", ""},
    "javascript": {"javascript", "js", "node", ""},
    "cpp": {"cpp", "c++", ""},
    "bash": {"bash", "sh", "shell", ""},
}
MAX_LINES = 5_000
"""Of a completion without a fence: parsing more would cost more than the answer is worth."""


def extract(text: str, problem: Problem) -> str | None:
    """The program in `text`, or `None`. Of several blocks in the language, the last one that
    defines what is asked for; a block that a cut-off reply never closed counts as well."""
    tags = TAGS.get(problem.language, {problem.language, ""})
    found = [code for tag, code in blocks(text) if tag.lower() in tags and code.strip()]
    if found:
        names = wanted(problem)
        fitting = [code for code in found if any(defines(code, name) for name in names)]
        return (fitting or found)[-1]
    if problem.language != "python":
        return None
    return longest_part(text, wanted(problem))


def wanted(problem: Problem) -> tuple[str, ...]:
    names = problem.stubs or ((problem.entry_point,) if problem.entry_point else ())
    return tuple(name.rpartition(".")[2] for name in names)


def defines(code: str, name: str) -> bool:
    return (
        re.search(rf"^[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+{re.escape(name)}\b", code, re.M)
        is not None
    )


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Tag and content of each fenced block; a fence is closed by one as long as itself."""
    open_fence: re.Match[str] | None = None
    for fence in FENCE.finditer(text):
        if open_fence is None:
            open_fence = fence
        elif fence[1].startswith(open_fence[1]) and not fence[2]:
            yield open_fence[2], text[open_fence.end() + 1 : fence.start()]
            open_fence = None
    if open_fence is not None:
        yield open_fence[2], text[open_fence.end() + 1 :]


def longest_part(text: str, names: tuple[str, ...]) -> str | None:
    """The longest run of lines that is Python and does something: begins at a statement's first
    line and ends before the first line that breaks it."""
    lines = text.splitlines(keepends=True)[:MAX_LINES]
    best = ""
    start = 0
    while start < len(lines):
        if not re.match(r"(?:from|import|def|class|async|@)\b|@", lines[start]):
            start += 1
            continue
        part = parsable_prefix(lines[start:])
        if len(part) > len(best):
            best = part
        start += max(1, part.count("\n"))
    if not best.strip() or (names and not any(defines(best, name) for name in names)):
        return None
    return best


def parsable_prefix(lines: list[str]) -> str:
    """The longest beginning of `lines` that parses, found by cutting where the parser stops."""
    end = len(lines)
    for _ in range(20):
        part = "".join(lines[:end])
        error = syntax_error(part)
        if error is None:
            return part
        end = min(end - 1, max(0, (error.lineno or end) - 1))
        if end <= 0:
            break
    return ""


def syntax_error(code: str) -> SyntaxError | None:
    """Why `code` is not Python, or `None`; hostile depth and null bytes are errors like others."""
    try:
        parse(code)
    except SyntaxError as error:
        return error
    return None


def parse(code: str) -> ast.Module:
    """`ast.parse`, with `SyntaxError` as the only error and no warnings of the candidate's."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or type(error).__name__) from error
