"""Programs that do nothing: a test that they pass tests nothing.

Empty bodies, no output, and the one value that a problem's tests expect most often.
"""

import ast
import json
import shlex
from collections import Counter
from collections.abc import Iterator

from assay.grade import Item
from assay.problem import Call, Command, Io, Script, Test

MAX_SOURCE = 100_000
"""Characters of test code that are read for expected values."""
EMPTY = {
    "python": "pass\n",
    "bash": ":\n",
    "sql": "",
    "javascript": "",
    "typescript": "",
    "c": "int main(void) { return 0; }\n",
    "cpp": "int main() { return 0; }\n",
    "java": "class Main { public static void main(String[] a) { } }\n",
    "go": "package main\n\nfunc main() {}\n",
    "rust": "fn main() {}\n",
}
"""The least program of a language."""
_C = "#include <stdio.h>\nint main(void) {{ fputs({}, stdout); return 0; }}\n"
PRINT = {
    "python": lambda text: f"print({text!r}, end='')\n",
    "bash": lambda text: f"printf %s {shlex.quote(text)}\n",
    "javascript": lambda text: f"process.stdout.write({json.dumps(text)})\n",
    "typescript": lambda text: f"process.stdout.write({json.dumps(text)})\n",
    "c": lambda text: _C.format(json.dumps(text, ensure_ascii=False)),
    "cpp": lambda text: _C.format(json.dumps(text, ensure_ascii=False)).replace("(void)", "()"),
}
"""The program of a language that prints a text."""


def programs(item: Item) -> dict[str, str]:
    """What each does, and its code."""
    problem = item.problem
    language = "python" if problem.language.startswith("python") else problem.language
    found: dict[str, str] = {}
    if language in EMPTY:
        found["is empty"] = EMPTY[language]
    if problem.starter:
        found["is the code as it was given"] = problem.starter
    outputs = [text for test in item.hidden if (text := printed(test)) is not None]
    if outputs and language in PRINT:
        [(text, _)] = Counter(outputs).most_common(1)
        found[f"always prints {text[:60]!r}"] = PRINT[language](text)
    names = problem.stubs or ((problem.entry_point,) if problem.entry_point else ())
    if names and language in ("python", "javascript", "typescript"):
        found["returns nothing"] = returning(names, "None", language)
        for value in constants(item):
            found[f"always returns {value[:60]}"] = returning(names, value, language)
    return {label: code for label, code in found.items() if code or label == "is empty"}


def printed(test: Test) -> str | None:
    return test.expected if isinstance(test, Io | Command) else None


def returning(names: tuple[str, ...], value: str, language: str) -> str:
    """Functions and methods of these names that return a value, a Python literal."""
    if language != "python":
        try:
            value = json.dumps(ast.literal_eval(value))
        except (ValueError, TypeError, SyntaxError):
            value = "null"
        return "".join(f"function {name}() {{ return {value} }}\n" for name in names)
    classes: dict[str, list[str]] = {}
    for name in names:
        owner, _, own = name.rpartition(".")
        classes.setdefault(owner, []).append(own)
    lines: list[str] = []
    for owner, methods in classes.items():
        indent = "    " if owner else ""
        lines += [f"class {owner}:"] if owner else []
        for method in methods:
            lines += [f"{indent}def {method}(*args, **kwargs):", f"{indent}    return {value}"]
    return "\n".join(lines) + "\n"


def constants(item: Item) -> list[str]:
    """The value that the hidden tests, or else the visible ones, expect most often; where none can
    be read out of them, both truths."""
    for tests in (item.hidden, item.problem.tests):
        counts = Counter(value for test in tests for value in expected(test))
        if counts:
            return [counts.most_common(1)[0][0]]
    return ["True", "False"]


def expected(test: Test) -> Iterator[str]:
    """Literals that a test compares with, as Python writes them."""
    if isinstance(test, Call) and test.expected is not None:
        yield from literals([test.expected])
    if not isinstance(test, Script) or len(test.source) > MAX_SOURCE:
        return
    for text in (test.source, test.call):
        try:
            nodes = list(ast.walk(ast.parse(text)))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in nodes:
            match node:
                case ast.Compare(left=ast.Call(), ops=[ast.Eq() | ast.Is()], comparators=[right]):
                    yield from literals([ast.unparse(right)])
                case ast.Assert(test=ast.Call()):
                    yield "True"
                case ast.Assert(test=ast.UnaryOp(op=ast.Not(), operand=ast.Call())):
                    yield "False"


def literals(texts: list[str]) -> Iterator[str]:
    for text in texts:
        try:
            yield repr(ast.literal_eval(text))
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
