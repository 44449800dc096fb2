"""Doctest examples that belong together, as one `Script`: the source of one test function."""

import ast
import doctest
from dataclasses import dataclass, field

from assay.problem import Script
from assay.problem.values import value_of

_HEAD = "import contextlib\nimport doctest\nimport io\n\n\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One example of a doctest."""

    tree: ast.Module
    source: str
    want: str
    """What it shows, empty for nothing."""
    raises: str | None = None
    """The exception that it shows."""
    options: set[int] = field(default_factory=set)
    """Flags of `doctest` that are on for it."""
    prints: bool = False
    """What it shows is printed, even where it looks like a value."""
    line: int = 0

    @property
    def expression(self) -> ast.expr | None:
        body = self.tree.body
        one = body[0] if len(body) == 1 else None
        return one.value if isinstance(one, ast.Expr) else None

    @property
    def is_import(self) -> bool:
        return all(isinstance(node, ast.Import | ast.ImportFrom) for node in self.tree.body)

    @property
    def checks(self) -> bool:
        return bool(self.want or self.raises)


def script_of(steps: list[Step]) -> Script:
    """One function that does all steps and checks what they show; its id is left to the caller.

    Its docstring is the doctest as it was written, for whoever explains a failure.
    """
    written = "\n".join(_written(step) for step in steps)
    lines = [repr(written), *(line for step in steps for line in _lines(step))]
    body = "".join(f"    {line}\n" for line in lines)
    needed = any("_printed" in line for line in lines)
    source = f"{_HEAD if needed else ''}def example():\n{body}"
    return Script(id="", source=source, call="example()", origin="example")


def _written(step: Step) -> str:
    first, *more = step.source.rstrip("\n").split("\n")
    shown = f"raises {step.raises}" if step.raises else step.want.rstrip("\n")
    return "\n".join([f">>> {first}", *(f"... {line}" for line in more), *filter(None, [shown])])


def _lines(step: Step) -> list[str]:
    # Unparsed text has no line breaks inside of strings, so it can be indented by lines.
    plain = ast.unparse(step.tree).split("\n")
    tree = step.expression
    if step.raises:
        return [
            "try:",
            *(f"    {line}" for line in plain),
            "except Exception as _error:",
            f"    assert type(_error).__name__ == {step.raises!r}",
            "else:",
            f"    raise AssertionError({f'{plain[0]} must raise {step.raises}'!r})",
        ]
    if not step.want:
        return plain
    value = value_of(step.want)
    if tree is not None and value and not step.options and not (step.prints or is_print(tree)):
        imports = value[1].split("\n") if value[1] else []
        return [*imports, f"assert {_grouped(tree)} == {value[0].strip()}"]
    return _printing(step, plain)


def _grouped(tree: ast.expr) -> str:
    text = ast.unparse(tree)
    return text if isinstance(tree, ast.Call | ast.Name | ast.Attribute) else f"({text})"


def is_print(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Call) and getattr(tree.func, "id", None) == "print"


def _printing(step: Step, plain: list[str]) -> list[str]:
    """Runs a step, and compares what it prints (its value as the prompt would show it)."""
    inner = plain
    if any(isinstance(node, ast.Expr) for node in step.tree.body):
        # As at the prompt: `x = 1; f(x)` shows the value of each expression.
        inner = [line for node in step.tree.body for line in _shown(node)]
    lines = [
        "with contextlib.redirect_stdout(io.StringIO()) as _printed:",
        *(f"    {line}" for line in inner),
    ]
    if step.options:
        flags = sum(step.options)
        given = f"{step.want!r}, _printed.getvalue(), {flags}"
        return [*lines, f"assert doctest.OutputChecker().check_output({given})"]
    want = step.want.replace(f"{doctest.BLANKLINE_MARKER}\n", "\n")
    return [*lines, f"assert _printed.getvalue() == {want!r}"]


def _shown(node: ast.stmt) -> list[str]:
    """A statement, and the print of its value where it is an expression."""
    if not isinstance(node, ast.Expr):
        return ast.unparse(node).split("\n")
    shown = ["if _value is not None:", "    print(repr(_value))"]
    return [f"_value = {ast.unparse(node.value)}", *shown]
