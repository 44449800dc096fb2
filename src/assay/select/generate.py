"""Tests that the model writes for a task with few or none: asked for, cleaned up, never believed.

CodeT (Chen et al. 2022) asks for asserts by the model that writes the programs. Here one reply
holds several; where too few usable ones come back, inputs alone are asked for, whose values the
programs then vote on. A reply is parsed and never run here: what is kept of it calls the entry
point, is built of plain values and a few harmless functions, and so ends by itself.
"""

import ast
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.candidate.extract import blocks
from assay.errors import BudgetSpent, ModelError
from assay.feedback.steps import Steps, ask
from assay.model.prompter import Prompter
from assay.problem import Call, Problem, Test
from assay.problem.inputs import MAX_SOURCE
from assay.problem.values import literal, tolerance, value_of

MAX_TESTS = 40
"""Distinct tests that are kept, those that were written most often first."""
MAX_LINES = 400
"""Of one reply."""
FEW = 5
"""With fewer usable asserts than this, inputs alone are asked for as well."""
MAX_TOKENS = 512
"""Of one reply: forty short tests."""
HARMLESS = {
    "abs", "all", "any", "bool", "dict", "float", "frozenset", "int", "len", "list", "max", "min",
    "repr", "reversed", "round", "set", "sorted", "str", "sum", "tuple",
}  # fmt: skip
"""Functions that a test may call around the entry point, or in its arguments: none can take
long on values that were written out."""
WIDEST = 0.1
"""Largest tolerance that a test may claim: any value is within 1e999 of any other."""
PLAIN = (
    ast.Call, ast.Name, ast.Load, ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.Set,
    ast.UnaryOp, ast.USub, ast.UAdd, ast.Not, ast.keyword,
)  # fmt: skip
"""No operator, comprehension, subscript or attribute: `10 ** 10 ** 10` is no plain value."""


@dataclass(frozen=True, slots=True)
class Written:
    """A test and how often it was written."""

    test: Call
    times: int


def generate(
    problem: Problem, prompter: Prompter, parameters: str = "...", replies: int = 2, count: int = 10
) -> Steps[list[Written]]:
    """Asserts by `replies` completions; where fewer than `FEW` are usable, further calls without
    a claim. Nothing where model or budget give nothing: a selector goes on without.

    `problem` has an entry point.
    """
    found: list[Written] = []
    try:
        texts = yield from replies_to(
            problem, prompter, "asserts", parameters, range(replies), count
        )
        found = kept(problem, [test for text in texts for test in asserts(text, problem)])
        if len(found) < FEW:
            texts = yield from replies_to(problem, prompter, "inputs", parameters, range(1), count)
            made = [test for text in texts for test in calls(text, problem)]
            found = kept(problem, [*(w.test for w in found for _ in range(w.times)), *made])
    except (BudgetSpent, ModelError):
        pass
    return found


def replies_to(
    problem: Problem, prompter: Prompter, template: str, parameters: str, draws: range, count: int
) -> Steps[list[str]]:
    task = problem.starter.rstrip() if problem.stubs else problem.prompt.strip()
    text = prompter.text(
        template, task=task, name=problem.entry_point, parameters=parameters, count=count
    )
    messages = prompter.first(text, problem=problem)
    shorter = replace(prompter, max_tokens=min(prompter.max_tokens, MAX_TOKENS))
    completions = yield from ask([shorter.prompt(messages, draw) for draw in draws])
    return [completion.text for completion in completions]


def kept(problem: Problem, tests: Sequence[Call]) -> list[Written]:
    """Each distinct one once, at most `MAX_TESTS`, without those that repeat or contradict a
    visible test: that one is right."""
    visible = {normal(test.expression) for test in problem.tests if isinstance(test, Call)}
    times = Counter(test for test in tests if normal(test.expression) not in visible)
    return [
        Written(replace(test, id=f"generated-{number}"), many)
        for number, (test, many) in enumerate(times.most_common(MAX_TESTS))
    ]


def normal(expression: str) -> str:
    """The same for calls that differ in layout alone."""
    tree = parsed(expression)
    return expression if tree is None else ast.unparse(tree)


def asserts(text: str, problem: Problem) -> Iterator[Call]:
    """The usable tests of a reply, one for each part of a conjunction."""
    for tree in statements(text, "assert"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert):
                try:
                    found = [test_of(p, problem.entry_point or "") for p in conjuncts(node.test)]
                except RecursionError:  # nested too deeply to be written out again
                    continue
                yield from filter(None, found)


def calls(text: str, problem: Problem) -> Iterator[Call]:
    """The usable calls of a reply without what it says that they give."""
    name = problem.entry_point or ""
    for tree in statements(text, f"{name}("):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and of_entry(node, name) and plain(node, name):
                try:
                    expression = ast.unparse(node)
                except RecursionError:
                    continue
                if len(expression) <= MAX_SOURCE:
                    yield Call(id="", expression=expression, expected=None, origin="generated")


def statements(text: str, marker: str) -> Iterator[ast.AST]:
    """What parses of a reply: each block as a whole, else line by line where `marker` is."""
    parts = [code for _, code in blocks(text)] or [text]
    for part in parts:
        lines = part.splitlines()[:MAX_LINES]
        whole = parsed("\n".join(lines), "exec")
        if whole is not None:
            yield whole
            continue
        for line in lines:
            at = line.find(marker)
            tree = parsed(line[at:].strip(" \t`;,"), "exec") if at >= 0 else None
            if tree is not None:
                yield tree


def parsed(text: str, mode: str = "eval") -> ast.AST | None:
    if len(text) > MAX_LINES * MAX_SOURCE:
        return None
    try:
        return ast.parse(text, mode=mode)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def conjuncts(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.And):
        for part in node.values:
            yield from conjuncts(part)
    else:
        yield node


def test_of(claim: ast.expr, name: str) -> Call | None:
    """`f(1) == 2`, `2 == f(1)`, `f(1) is None`, `f(1)`, `not f(1)`, `abs(f(1) - 2.5) < 0.1`."""
    match claim:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[right]):
            pairs = [(left, ast.unparse(right)), (right, ast.unparse(left))]
        case ast.Compare(
            left=ast.Call(
                func=ast.Name(id="abs"), args=[ast.BinOp(left=left, op=ast.Sub(), right=right)]
            ),
            ops=[ast.Lt() | ast.LtE()],
            comparators=[ast.Constant(value=float() | int() as width)],
        ):
            return made(left, ast.unparse(right), name, float(width))
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            pairs = [(inner, "False")]
        case _:
            pairs = [(claim, "True")]
    found = (made(call, expected, name) for call, expected in pairs)
    return next((test for test in found if test is not None), None)


def made(call: ast.expr, expected: str, name: str, width: float | None = None) -> Call | None:
    if not isinstance(call, ast.Call) or not plain(call, name):
        return None
    value = value_of(expected)
    expression = ast.unparse(call)
    if value is None or value[1] or len(expression) + len(expected) > MAX_SOURCE:
        return None
    width = tolerance(value[0]) if width is None else min(width, WIDEST)
    return Call(
        id="", expression=expression, expected=value[0], tolerance=width, origin="generated"
    )


def plain(call: ast.Call, name: str) -> bool:
    """Plain values, and at one place the call of the entry point, alone or within functions that
    are harmless."""
    nodes = list(ast.walk(call))
    if not all(isinstance(node, PLAIN) for node in nodes):
        return False
    names = [node.id for node in nodes if isinstance(node, ast.Name)]
    called = [node.func.id for node in nodes if of_name(node)]  # type: ignore[attr-defined]
    return (
        names.count(name) == 1
        and name in called
        and sorted(names) == sorted(called)
        and set(names) <= HARMLESS | {name}
    )


def of_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def of_entry(node: ast.Call, name: str) -> bool:
    return isinstance(node.func, ast.Name) and node.func.id == name


def literal_arguments(test: Test, name: str) -> list[Any] | None:
    """The arguments of a generated test's call of the entry point, wherever it stands in it."""
    tree = parsed(test.expression) if isinstance(test, Call) else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and of_entry(node, name) and not node.keywords:
            values = [literal(ast.unparse(argument)) for argument in node.args]
            return [value[0] for value in values if value] if all(values) else None
    return None
