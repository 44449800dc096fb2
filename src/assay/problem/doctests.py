"""Real doctests (`>>> expression` and what it shows) as tests.

An expression with a value becomes a `Call`. Where examples depend on each other (assignments,
statements, the same expression with two results) or show printed text, they become a `Script`.
"""

import ast
import doctest
import re
from dataclasses import dataclass, replace
from itertools import pairwise

from assay.problem import Call, Test
from assay.problem.script import Step, is_print, script_of
from assay.problem.values import parsed, tolerance, value_of

_PROMPT = re.compile(r"^[ \t]*>>>", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Target:
    """The function whose docstring is read."""

    name: str
    params: tuple[str, ...] = ()
    returns_none: bool = False
    """Annotated so: what its examples show is what it prints."""


@dataclass(frozen=True, slots=True)
class Fault:
    """An example that cannot be read."""

    line: int
    """1-based, within the docstring."""
    message: str


def read_steps(text: str) -> tuple[list[Step], list[Fault]]:
    """The examples of a docstring, one by one, so that a broken one spoils no other."""
    starts = [match.start() for match in _PROMPT.finditer(text)]
    steps: list[Step] = []
    faults: list[Fault] = []
    for start, end in pairwise([*starts, len(text)]):
        line = text.count("\n", 0, start) + 1
        try:
            for example in doctest.DocTestParser().get_examples(text[start:end]):
                steps.append(_step(example, line))
        except (SyntaxError, RecursionError, MemoryError) as error:
            shown = text[start:end].strip().split("\n")[0]
            faults.append(Fault(line, f"`{shown}` is not Python: {error.args[0]}"))
        except ValueError as error:
            faults.append(Fault(line, _without_position(str(error))))
    return steps, faults


def _without_position(message: str) -> str:
    """`doctest` counts from the start of the piece that it was given: of no use to anybody."""
    return re.sub(r"^line \d+ of the docstring for \S+ ", "", message)


def _step(example: doctest.Example, line: int) -> Step:
    """Raises `SyntaxError`, or `ValueError` for text that no source can hold."""
    tree = ast.parse(example.source)
    raises = None
    if example.exc_msg is not None:
        raises = example.exc_msg.split(":")[0].strip().rpartition(".")[2]
    return Step(
        tree=tree,
        source=example.source,
        want="" if raises else example.want,
        raises=raises,
        options={flag for flag, on in example.options.items() if on},
        line=line,
    )


def tests_of_steps(steps: list[Step], target: Target) -> tuple[list[Test], set[int]]:
    """Tests without ids, and the lines of the steps that they cover.

    A lone expression that shows nothing and is no call is not an example in this form.
    """
    steps = [
        replace(step, prints=target.returns_none and _mentions(step, target.name))
        for step in steps
        if doctest.SKIP not in step.options
    ]
    imports = [step for step in steps if step.is_import]
    others = [step for step in steps if not step.is_import]
    if not any(step.checks or _mentions(step, target.name) for step in others):
        return [], set()
    if _dependent(others, target):
        lines = {step.line for step in steps}
        return [script_of(steps)], lines
    setup = "\n".join(step.source.strip() for step in imports)
    tests: list[Test] = []
    lines = set()
    for step in others:
        test = _single(step, imports, setup, target)
        if test is not None:
            tests.append(test)
            lines.add(step.line)
    return tests, lines


def _dependent(steps: list[Step], target: Target) -> bool:
    """Whether one example changes what a later one shows."""
    shown: dict[str, tuple[str, str | None]] = {}
    for step in steps:
        if step.expression is None:
            return True
        if not step.checks and not _mentions(step, target.name):
            return True
        key = ast.dump(step.expression)
        if shown.setdefault(key, (step.want, step.raises)) != (step.want, step.raises):
            return True
    return False


def _mentions(step: Step, name: str) -> bool:
    last = name.rpartition(".")[2]
    return any(
        (isinstance(node, ast.Name) and node.id == last)
        or (isinstance(node, ast.Attribute) and node.attr == last)
        for node in ast.walk(step.tree)
    )


def _single(step: Step, imports: list[Step], setup: str, target: Target) -> Test | None:
    tree = step.expression
    assert tree is not None
    text = ast.get_source_segment(step.source, tree) or ast.unparse(tree)
    if step.raises:
        return _call(text, None, setup, raises=step.raises)
    compared = _compared(tree, step.source)
    if compared and step.want.strip() in ("", "True"):
        return _call(compared[0], compared[1], setup)
    if not step.want:
        return _call(text, "None", setup) if isinstance(tree, ast.Call) else None
    printed = _print_argument(tree, step.source)
    if printed and not step.options and "<BLANKLINE>" not in step.want:
        return _call(f"str({printed})", repr(step.want.removesuffix("\n")), setup)
    value = value_of(step.want)
    if value and not (step.prints or step.options or is_print(tree)):
        return _call(text, value[0], "\n".join(filter(None, (setup, value[1]))))
    return script_of([*imports, step])


def _call(text: str, expected: str | None, setup: str, raises: str | None = None) -> Call:
    return Call(
        id="",
        expression=text,
        expected=expected,
        tolerance=tolerance(expected) if expected else None,
        raises=raises,
        setup=setup,
        origin="example",
    )


def _compared(tree: ast.expr, source: str) -> tuple[str, str] | None:
    """Both sides of `f(1) == 2`."""
    if not isinstance(tree, ast.Compare) or len(tree.ops) != 1:
        return None
    left = ast.get_source_segment(source, tree.left)
    right = ast.get_source_segment(source, tree.comparators[0])
    if not isinstance(tree.ops[0], ast.Eq) or not left or not right:
        return None
    value = value_of(right)
    return (left, value[0]) if value and not value[1] and parsed(left) else None


def _print_argument(tree: ast.expr, source: str) -> str | None:
    """`x` of `print(x)`."""
    if not isinstance(tree, ast.Call) or not is_print(tree) or tree.keywords or len(tree.args) != 1:
        return None
    if isinstance(tree.args[0], ast.Starred):
        return None
    return ast.get_source_segment(source, tree.args[0])
