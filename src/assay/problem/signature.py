"""Inputs from a function's signature alone: by annotation, else by what its text and names say."""

import ast
import random
import re
from typing import Any

from assay.problem import Problem
from assay.problem.inputs import mutate
from assay.problem.stubs import Source, find_function

MAX_DEPTH = 4
SCALARS: dict[str, tuple[Any, ...]] = {
    "int": (0, 1, 2, 3, 5, 7, 10, 12, 25, 100),
    "float": (0.0, 0.5, 1.0, 2.5, 3.14, 10.0),
    "str": ("", "a", "abc", "Hello World", "level", "one two three", "12", "aAbB", "x, y"),
    "bool": (True, False),
    "bytes": (b"", b"abc"),
    "None": (None,),
}
"""Values of each type that most tasks allow: no negative numbers, nothing large."""
SEVERAL = {"list", "List", "Sequence", "Iterable", "Collection", "set", "Set", "frozenset"}
MAPPINGS = {"dict", "Dict", "Mapping"}
WORDS = {
    "string": "str", "text": "str", "word": "str", "sentence": "str", "integer": "int",
    "number": "int", "float": "float", "boolean": "bool", "int": "int", "str": "str",
}  # fmt: skip
PHRASE = re.compile(
    r"\b(?P<many>(?:list|array|sequence)(?:\s+of)?(?:\s+(?:positive|distinct|non-?negative))?)?\s*"
    rf"(?P<one>{'|'.join(WORDS)})s?\b",
    re.IGNORECASE,
)
NAMES = {
    "str": re.compile(r"s|st|str\w*|text|word|string\w*|sentence|name|message|[a-z]*_str(ing)?"),
    "int": re.compile(r"[abnkmxyij]|num|number|count|size|limit|index|start|end|year|target"),
    "list[int]": re.compile(r"l|lst|nums|numbers|arr|array|list\w*|values|items|xs|data"),
    "list[str]": re.compile(r"words|strings|names|lines|texts"),
}
"""What a parameter without annotation usually is."""


def from_signature(
    problem: Problem, code: str, chance: random.Random, count: int
) -> list[list[Any]]:
    """At most `count` distinct argument lists by the entry point's signature in the starter, else
    in `code`; empty where the type of a parameter cannot be told."""
    types = parameter_types(problem, code)
    if not types:
        return []
    made: dict[str, list[Any]] = {}
    for _ in range(count * 4):
        args = [value_of_type(kind, chance) for kind in types]
        made.setdefault(repr(args), args)
        if len(made) == count:
            break
    return list(made.values())


def parameter_types(problem: Problem, code: str) -> list[ast.expr]:
    for text in (problem.starter, code):
        try:
            found = find_function(Source(text).tree, problem.entry_point or "")
        except SyntaxError:
            continue
        if found is None:
            continue
        given = found.node.args
        needed = [*given.posonlyargs, *given.args]
        needed = needed[: len(needed) - len(given.defaults)]
        docstring = ast.get_docstring(found.node) or problem.prompt
        kinds = [item.annotation or guessed(item.arg, docstring, len(needed)) for item in needed]
        known = [kind for kind in kinds if kind is not None and possible(kind)]
        return known if len(known) == len(kinds) else []
    return []


def guessed(name: str, text: str, parameters: int) -> ast.expr | None:
    """A type by what the text says of the only parameter, else by the parameter's name."""
    said = PHRASE.search(text) if parameters == 1 else None
    if said:
        one = WORDS[said["one"].lower()]
        return expression_of(f"list[{one}]" if said["many"] else one)
    for kind, usual in NAMES.items():
        if usual.fullmatch(name.lower()):
            return expression_of(kind)
    return None


def expression_of(kind: str) -> ast.expr:
    return ast.parse(kind, mode="eval").body


def possible(kind: ast.expr, depth: int = 0) -> bool:
    """Whether `value_of_type` can make one."""
    if depth > MAX_DEPTH:
        return False
    name, parts = taken_apart(kind)
    if name in SCALARS:
        return not parts
    if name in SEVERAL | MAPPINGS | {"tuple", "Tuple", "Optional", "Union"}:
        return all(possible(part, depth + 1) for part in parts if not is_dots(part))
    return name == "Any"


def value_of_type(kind: ast.expr, chance: random.Random) -> Any:
    """A value of a `possible` type."""
    name, parts = taken_apart(kind)
    if name in SCALARS:
        return mutate(chance.choice(SCALARS[name]), chance)
    if name in SEVERAL:
        inner = parts[0] if parts else expression_of("int")
        size = chance.choice((0, 1, 2, 3, 3, 4, 5, 6))
        values = [value_of_type(inner, chance) for _ in range(size)]
        return set(map(hashable, values)) if name.lower() in ("set", "frozenset") else values
    if name in MAPPINGS:
        key, value = parts if len(parts) == 2 else (expression_of("str"), expression_of("int"))
        size = chance.choice((0, 1, 2, 3))
        return {
            hashable(value_of_type(key, chance)): value_of_type(value, chance) for _ in range(size)
        }
    if name in ("Optional", "Union"):
        return value_of_type(chance.choice(parts or [expression_of("int")]), chance)
    if name in ("tuple", "Tuple"):
        if len(parts) == 2 and is_dots(parts[1]):
            parts = parts[:1] * chance.choice((1, 2, 3))
        return tuple(value_of_type(part, chance) for part in parts)
    return chance.choice(SCALARS["int"])  # Any: a number is the commonest


def hashable(value: Any) -> Any:
    return tuple(map(hashable, value)) if isinstance(value, list | set) else repr_if_dict(value)


def repr_if_dict(value: Any) -> Any:
    return repr(value) if isinstance(value, dict) else value


def taken_apart(kind: ast.expr) -> tuple[str, list[ast.expr]]:
    """`List[int]` as `List` and its parts; `int | None` as a `Union`; a text is parsed."""
    if isinstance(kind, ast.Constant) and isinstance(kind.value, str) and len(kind.value) < 200:
        try:
            return taken_apart(expression_of(kind.value))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return "", []
    if isinstance(kind, ast.Constant):
        return str(kind.value), []
    if isinstance(kind, ast.BinOp) and isinstance(kind.op, ast.BitOr):
        return "Union", [kind.left, kind.right]
    if isinstance(kind, ast.Subscript):
        inside = kind.slice
        parts = list(inside.elts) if isinstance(inside, ast.Tuple) else [inside]
        return taken_apart(kind.value)[0], parts
    if isinstance(kind, ast.Attribute):
        return kind.attr, []
    return (kind.id if isinstance(kind, ast.Name) else ""), []


def is_dots(part: ast.expr) -> bool:
    return isinstance(part, ast.Constant) and part.value is ...
