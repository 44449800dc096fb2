"""Examples in prose: `f(1) == 2`, `f(1) ➞ 2`, `f(1) returns 2`, `For x = 1 the output should
be 2`, `Input: 1` / `Output: 2`.

An example is only taken where its arguments and its result are literals and nothing else
stands between them and the end of the sentence; what is half readable is left alone.
"""

import ast
import re
from collections.abc import Iterator

from assay.problem.values import balanced_end, leading_value, parsed

_SIGN = re.compile(
    r"[ \t]*(?:\#[ \t]*)?(?:==>|=>|==|->|➞|→|⇒|=|gives?\b|equals?\b|yields?\b)\s*:?[ \t]*"
    r"|\s*(?:\#[ \t]*)?(?:should\s+)?returns?\b[ \t]*:?[ \t]*"
    r"|\s*(?:the\s+(?:output|result|answer)\s+)?(?:should\s+be|will\s+be|must\s+be|is)\b[ \t]*"
)
_AFTER = re.compile(r"\s*(?:$|#|//|[.;,](?:\s|$)|\(|\band\b|\bbecause\b|\bsince\b|[\])]?$)")
_OUTPUT = re.compile(
    r"\b(?:output|result|answer|function|it)\s+(?:should|will|must)\s+(?:be|return)\b[ \t]*"
)
_BINDING = re.compile(r"[ \t]*([A-Za-z_]\w*)[ \t]*[=:][ \t]*")
_INPUT = re.compile(r"^[ \t]*Input[ \t]*:[ \t]*\n?", re.MULTILINE)
_RESULT = re.compile(r"[ \t,]*\n(?:[ \t]*\n)?[ \t]*Output[ \t]*:[ \t]*")

Example = tuple[str, str]
"""Expression and expected value."""


def loose(text: str, name: str, params: tuple[str, ...]) -> list[Example]:
    """The examples of the function `name` in `text`, each once, in order."""
    found: dict[int, Example] = {}
    for reader in (_calls(text, name), _for_where(text, name, params), _input(text, name, params)):
        for position, example in reader:
            found.setdefault(position, example)
    return list(dict.fromkeys(found[position] for position in sorted(found)))


def _calls(text: str, name: str) -> Iterator[tuple[int, Example]]:
    for match in re.finditer(rf"(?<![\w.]){re.escape(name)}\(", text):
        end = balanced_end(text, match.end() - 1)
        if end is None:
            continue
        expression = " ".join(text[match.start() : end].split("\n"))
        sign = _SIGN.match(text, end)
        start_of_line = text[text.rfind("\n", 0, match.start()) + 1 : match.start()]
        if sign is None and start_of_line.strip() != ">>>":
            continue
        expected = _expected(text, sign.end() if sign else end)
        if expected is not None and _closed(expression):
            yield match.start(), (expression, expected)


def _closed(expression: str) -> bool:
    """A call whose arguments are literals: `f(a)` in prose means nobody knows which `a`."""
    tree = parsed(expression)
    if not isinstance(tree, ast.Call):
        return False
    try:
        for argument in [*tree.args, *(keyword.value for keyword in tree.keywords)]:
            ast.literal_eval(argument)
    except (ValueError, TypeError, RecursionError, MemoryError):
        return False
    return True


def _expected(text: str, start: int) -> str | None:
    """The literal at `start`, or the end of a sum such as `19 - 5 - 6 = 8`."""
    end_of_line = text.find("\n", start)
    line_end = len(text) if end_of_line < 0 else end_of_line
    value = leading_value(text, start)
    if value is not None and _AFTER.match(text[value[1] : max(line_end, value[1])]):
        return value[0]
    steps, equals, result = text[start:line_end].rpartition("=")
    if equals and _is_arithmetic(steps):
        last = leading_value(result, 0)
        if last is not None and _AFTER.match(result[last[1] :]):
            return last[0]
    return None


def _is_arithmetic(text: str) -> bool:
    tree = parsed(text)
    allowed = (ast.BinOp, ast.Constant, ast.operator, ast.UnaryOp, ast.unaryop)
    return tree is not None and all(isinstance(node, allowed) for node in ast.walk(tree))


def _for_where(text: str, name: str, params: tuple[str, ...]) -> Iterator[tuple[int, Example]]:
    """`For s = "abcde", c = "ae", the result should be ('bcd', False)`."""
    for match in re.finditer(r"\b[Ff]or\b", text):
        bound, end = _bindings(text, match.end(), "=")
        if not bound:
            continue
        line_end = text.find("\n", end)
        rest = text[end : len(text) if line_end < 0 else line_end]
        outputs = list(_OUTPUT.finditer(rest))
        expected = _expected(rest, outputs[-1].end()) if outputs else None
        expression = _applied(name, params, bound)
        if expected is not None and expression is not None:
            yield match.start(), (expression, expected)


def _input(text: str, name: str, params: tuple[str, ...]) -> Iterator[tuple[int, Example]]:
    """`Input: grid = [[1]], k = 3`, or a bare value, then a line `Output: [1]`."""
    for match in _INPUT.finditer(text):
        bound, end = _bindings(text, match.end(), "=:")
        if not bound:
            value = leading_value(text, match.end())
            if value is None or len(params) != 1:
                continue
            bound, end = [(params[0], value[0])], value[1]
        result = _RESULT.match(text, end)
        expected = _expected(text, result.end()) if result else None
        expression = _applied(name, params, bound)
        if expected is not None and expression is not None:
            yield match.start(), (expression, expected)


def _bindings(text: str, start: int, signs: str) -> tuple[list[tuple[str, str]], int]:
    """`a = 1, b = 2` from `start` on: names, literals, and the position after them."""
    bound: list[tuple[str, str]] = []
    position = start
    while True:
        match = _BINDING.match(text, position)
        if match is None or not set(match[0].strip()[-1]) <= set(signs):
            return bound, position
        value = leading_value(text, match.end())
        if value is None:
            return bound, position
        bound.append((match[1], value[0]))
        position = value[1]
        separator = re.compile(r"[ \t]*(?:,|\n)").match(text, position)
        following = separator and _BINDING.match(text, separator.end())
        if not separator or not following or following[1] == "Output":
            return bound, position
        position = separator.end()


def _applied(name: str, params: tuple[str, ...], bound: list[tuple[str, str]]) -> str | None:
    """The call; by position where the text calls a parameter by another name."""
    values = dict(bound)
    if len(bound) != len(params) or len(values) != len(bound):
        return None
    if set(values) == set(params):
        arguments = [values[param] for param in params]
    else:
        arguments = [value for _, value in bound]
    return f"{name}({', '.join(arguments)})"
