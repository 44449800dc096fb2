"""Code out of a completion: the last fenced block that fits, else the longest parsable part."""

import re
import textwrap
from collections.abc import Iterator

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
    defines what is asked for, else the last that parses or, in other languages than Python, that
    is `substantial`; a block that a cut-off reply never closed counts as well."""
    tags = TAGS.get(problem.language, {problem.language, ""})
    found = [block for block in blocks(text) if block[0].lower() in tags and block[1].strip()]
    python = problem.language == "python"
    if found:
        names = wanted(problem)
        codes = [code for _, code in found]
        fitting = [code for code in codes if any(defines(code, name) for name in names)]
        if python and not fitting:
            # The last few only: what a reply shows after its program is output and examples.
            fitting = [code for code in codes[-8:] if syntax_error(textwrap.dedent(code)) is None]
        elif not fitting:
            fitting = substantial(found)
        code = (fitting or codes)[-1]
        return textwrap.dedent(code) if code.lstrip("\r\n")[:1] in (" ", "\t") else code
    return longest_part(text, wanted(problem)) if python else None


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
    start = spent = 0
    while start < len(lines) and spent < MAX_PARSED:
        if not re.match(r"(?:from|import|def|class|async)\b|@", lines[start]):
            start += 1
            continue
        part, cost = parsable_prefix(lines[start:], MAX_PARSED - spent)
        spent += cost
        if len(part) > len(best):
            best = part
        start += max(1, part.count("\n"))
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
