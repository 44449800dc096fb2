"""Which text is a plain value, and how exactly a float in it is meant.

Nothing is evaluated here beyond `ast.literal_eval` on text of bounded size: a task's text is
as little to be trusted as a candidate.
"""

import ast
import math
import re
from typing import Any

MAX_TEXT = 50_000
"""Longer text is taken for no value."""

_CONSTRUCTORS = {
    "Counter": "from collections import Counter",
    "OrderedDict": "from collections import OrderedDict",
    "deque": "from collections import deque",
    "Decimal": "from decimal import Decimal",
    "Fraction": "from fractions import Fraction",
    "datetime": "import datetime",
    "frozenset": "",
    "bytearray": "",
    "range": "",
}
_WORDS = {
    "true": "True",
    "false": "False",
    "inf": "float('inf')",
    "-inf": "float('-inf')",
}


def parsed(text: str) -> ast.expr | None:
    """The expression that `text` is, or `None`."""
    if len(text) > MAX_TEXT:
        return None
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def literal(text: str) -> tuple[Any] | None:
    """The value of a literal, in a tuple of one; `None` for anything else."""
    if len(text) > MAX_TEXT:
        return None
    try:
        return (ast.literal_eval(text.strip()),)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return None


def value_of(text: str) -> tuple[str, str] | None:
    """The expression for the value that `text` shows, and the import that it needs.

    Literals, `true` and `false` as other languages write them, infinities, and the reprs of a
    few types of the standard library (`Counter({'a': 1})`). `None` where it is no value.
    """
    text = text.strip()
    text = _WORDS.get(text, text)
    if literal(text) is not None or text in _WORDS.values():
        return text, ""
    tree = parsed(text)
    if tree is None:
        return None
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    if not names or not names <= _CONSTRUCTORS.keys() or not _is_repr(tree):
        return None
    return text, "\n".join(sorted(filter(None, (_CONSTRUCTORS[name] for name in names))))


def _is_repr(tree: ast.expr) -> bool:
    """Only constructors over literals: no operator, subscript or comprehension."""
    known = (
        ast.Call, ast.Name, ast.Attribute, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set,
        ast.keyword, ast.expr_context, ast.UnaryOp, ast.unaryop,
    )  # fmt: skip
    return all(isinstance(node, known) for node in ast.walk(tree))


def tolerance(text: str) -> float | None:
    """How far a float may be off from the literal `text`; `None` where it holds no float.

    A text shows floats rounded, and another order of the same sums gives other last digits. One
    millionth, less for values below 1 (so that 0.0 is not 1e-9) and, as doubles have 15 digits,
    at least a millionth of a millionth of the value. The smallest float decides for all.
    """
    found = literal(text)
    if found is None:
        return None
    floats = [abs(number) for number in _floats(found[0]) if math.isfinite(number)]
    if not floats:
        return None
    smallest = min((number for number in floats if number), default=1.0)
    return max(1e-6 * min(1.0, smallest), 1e-12 * smallest)


def _floats(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    if isinstance(value, complex):
        return [value.real, value.imag]
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return [number for part in value for number in _floats(part)]
    return []


_CLOSING = {"(": ")", "[": "]", "{": "}"}
_STRING = re.compile(
    r"""[bBrRuUfF]{0,2}("{3}(?:\\.|[^\\])*?"{3}|'{3}(?:\\.|[^\\])*?'{3}"""
    r"""|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')""",
    re.DOTALL,
)


def balanced_end(text: str, start: int) -> int | None:
    """The position after the bracket that closes the one at `start`; strings are skipped."""
    open_brackets: list[str] = []
    position = start
    while position < min(len(text), start + MAX_TEXT):
        character = text[position]
        if character in "\"'":
            string = _STRING.match(text, position)
            if string is None:
                return None
            position = string.end()
            continue
        if character in _CLOSING:
            open_brackets.append(_CLOSING[character])
        elif character in ")]}":
            if not open_brackets or open_brackets.pop() != character:
                return None
            if not open_brackets:
                return position + 1
        position += 1
    return None


_SCALAR = re.compile(
    r"[-+]?(?:\d[\d_]*\.\d+|\d[\d_]*|\.\d+)(?:[eE][-+]?\d+)?j?|(?:True|False|None|true|false)\b"
)


def leading_value(text: str, start: int) -> tuple[str, int] | None:
    """The literal at `start` (blanks skipped) and the position after it."""
    while start < len(text) and text[start] in " \t":
        start += 1
    if start >= len(text):
        return None
    end: int | None
    if text[start] in _CLOSING:
        end = balanced_end(text, start)
    else:
        match = _STRING.match(text, start) or _SCALAR.match(text, start)
        end = match.end() if match else None
    if end is None:
        return None
    found = value_of(text[start:end])
    return (found[0], end) if found and not found[1] else None
