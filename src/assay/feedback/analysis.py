"""What analysers say of a Python program's text: advice, and never that it is wrong.

Each runs in the sandbox, as a job of its own language (`sandbox/languages/tools.py`): types
(mypy), likely mistakes (ruff), dangers (bandit).
"""

from collections.abc import Sequence

from assay.feedback import Attempt, Feedback, Span
from assay.feedback.programs import silence
from assay.feedback.shorten import inline
from assay.feedback.steps import Steps, execute
from assay.feedback.tests import diagnosed
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.problem.stubs import BOM
from assay.sandbox import Diagnostic, Job, Run
from assay.sandbox.languages import TOOLS

SHOWN = 8
"""Complaints that are shown, first lines first."""


def types(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """mypy's errors."""
    del prompter
    return (yield from advise("types", "tool:mypy", "A type checker says", problem, attempt))


def lint(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """What ruff takes for likely mistakes and needless work."""
    del prompter
    return (yield from advise("lint", "tool:ruff", "A linter says", problem, attempt))


def security(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """bandit's warnings."""
    del prompter
    return (yield from advise("security", "tool:bandit", "A security check says", problem, attempt))


def advise(
    source: str, tool: str, heading: str, problem: Problem, attempt: Attempt
) -> Steps[Feedback | None]:
    """Of a program in Python that loads; `None` where there is nothing to complain of."""
    code = python_of(problem, attempt)
    if code is None:
        return None
    [run] = yield from execute([Job(code=code, language=tool)])
    found, note = findings(run, tool)
    return listed(source, heading, found, note) if found or note else None


def python_of(problem: Problem, attempt: Attempt) -> str | None:
    """The program, where it is Python that could be read."""
    code = attempt.candidate.code
    unread = attempt.run is not None and bool(attempt.run.diagnostics)
    if code is None or unread or not problem.language.lower().startswith("py"):
        return None
    return code.removeprefix(BOM)


def findings(run: Run | None, tool: str) -> tuple[tuple[Diagnostic, ...], str]:
    """What a tool complained of, and for a person why it said nothing."""
    name = tool.removeprefix("tool:").partition("-")[0]
    if run is None:
        return (), f"{name} could not be run (see `assay doctor`; {TOOLS[tool].get})"
    if run.passed or run.diagnostics:
        return run.diagnostics, ""
    return (), f"{name}: {silence(run)}"


def listed(source: str, heading: str, found: Sequence[Diagnostic], note: str = "") -> Feedback:
    """As one paragraph, a line and its text for each."""
    lines = [f"{heading}:"] if found else []
    for diagnostic in found[:SHOWN]:
        lines += diagnosed(diagnostic)
    if len(found) > SHOWN:
        lines.append(f"And {len(found) - SHOWN} more.")
    places = (d for d in found if d.line is not None)
    return Feedback(
        source=source,
        message="\n".join(lines),
        spans=tuple(Span(d.line or 0, d.column, inline(d.message)) for d in places),
        note=note,
    )
