"""Programs that do nothing: a test that they pass tests nothing.

Empty bodies, no output, and the one value that a problem's tests expect most often. What a program
gives is held against tests only where it is not all that they expect: the value of a lone test
passes it, and rightly so.
"""

import ast
import json
import shlex
from collections import Counter
from collections.abc import Iterator, Sequence

from assay.bench.contradictions import agree
from assay.grade import Item
from assay.problem import Call, Command, Io, Script, Test
from assay.problem.values import literal
from assay.sandbox.programs import same_output

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
    outputs = [text for test in item.hidden if (text := printed(test)) is not None]
    if language in EMPTY and not (len(outputs) == len(item.hidden) and blank(outputs)):
        found["is empty"] = EMPTY[language]
    if problem.starter:
        found["is the code as it was given"] = problem.starter
    if several_outputs(item.hidden) and language in PRINT:
        [(text, _)] = Counter(outputs).most_common(1)
        found[f"always prints {text[:60]!r}"] = PRINT[language](text)
    names = problem.stubs or ((problem.entry_point,) if problem.entry_point else ())
    if names and language in ("python", "javascript", "typescript"):
        values = [value for test in item.hidden for value in expected(test)]
        if {*values} != {"None"}:
            found["returns nothing"] = returning(names, "None", language)
        if value := constant(item):
            found[f"always returns {value[:60]}"] = returning(names, value, language)
    return found


def printed(test: Test) -> str | None:
    return test.expected if isinstance(test, Io | Command) else None


def blank(outputs: Sequence[str]) -> bool:
    return not any(text.strip() for text in outputs)


def several_outputs(tests: Sequence[Test]) -> bool:
    """Whether two of the tests want outputs that are not alike, as the tests compare them."""
    wanted = [
        (test.expected, test.comparison)
        for test in tests
        if isinstance(test, Io | Command) and test.expected is not None
    ]
    return any(not same_output(text, wanted[0][0], how) for text, how in wanted)


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


def constant(item: Item) -> str | None:
    """The value that the hidden tests, or else the visible ones, expect most often; `None` where
    they are not seen to expect two that differ."""
    for tests in (item.hidden, item.problem.tests):
        values = [value for test in tests for value in expected(test)]
        if values:
            [(most, _)] = Counter(values).most_common(1)
            return most if several_values(tests) else None
    return None


def several_values(tests: Sequence[Test]) -> bool:
    """Whether two of the tests are seen to want values that differ by more than they allow."""
    calls = [test for test in tests if isinstance(test, Call) and test.expected is not None]
    written = [
        literal(value) for test in tests if isinstance(test, Script) for value in expected(test)
    ]
    return any(not agree(calls[0], call) for call in calls) or any(
        value != written[0] for value in written
    )


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
