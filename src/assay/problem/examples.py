"""The examples in a docstring or a text, as visible tests of origin `example`.

Two forms are read: doctests (see `doctests`) and examples in prose (see `loose`). A float in an
expected value may be off by a millionth (see `values.tolerance`).
"""

import ast
from dataclasses import dataclass, replace

from assay.problem import Call, Test
from assay.problem.doctests import Fault, Target, read_steps, tests_of_steps
from assay.problem.loose import loose
from assay.problem.values import tolerance


@dataclass(frozen=True, slots=True)
class Found:
    tests: tuple[Test, ...]
    faults: tuple[Fault, ...]
    """Doctests that are not Python: dropped, and for the caller to complain about."""


def find(text: str, target: Target) -> Found:
    """The tests in `text`, with ids `NAME:1`, `NAME:2`, … in the order of the text's forms."""
    steps, faults = read_steps(text)
    tests, covered = tests_of_steps(steps, target)
    broken = {fault.line for fault in faults}
    rest = _without(text, covered | broken)
    if "." not in target.name:
        tests += [_call(*example) for example in loose(rest, target.name, target.params)]
    unique = {_identity(test): test for test in reversed(tests)}
    ordered = reversed(unique.values())
    named = [replace(test, id=f"{target.name}:{n}") for n, test in enumerate(ordered, 1)]
    return Found(tuple(named), tuple(faults))


def _call(expression: str, expected: str) -> Call:
    return Call(
        id="",
        expression=expression,
        expected=expected,
        tolerance=tolerance(expected),
        origin="example",
    )


def _identity(test: Test) -> object:
    """The same example in two forms is one test."""
    if not isinstance(test, Call):
        return test
    return ast.dump(ast.parse(test.expression.strip(), mode="eval")), test.expected, test.raises


def _without(text: str, starts: set[int]) -> str:
    """The text with the doctests at these lines (1-based) blanked, each to its end."""
    lines = text.split("\n")
    inside = False
    for index, line in enumerate(lines):
        is_prompt = line.lstrip().startswith(">>>")
        if is_prompt or not line.strip():
            inside = is_prompt and index + 1 in starts
        if inside:
            lines[index] = ""
    return "\n".join(lines)


def target_of(name: str, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Target:
    """What the readers need to know of a function, without the receiver of a method."""
    arguments = node.args
    params = [item.arg for item in (*arguments.posonlyargs, *arguments.args)]
    if "." in name and params[:1] in (["self"], ["cls"]):
        params = params[1:]
    returns = node.returns
    none = isinstance(returns, ast.Constant) and returns.value is None
    return Target(name, tuple(params), none)


__all__ = ["Fault", "Found", "Target", "find", "target_of"]
