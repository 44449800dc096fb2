"""What keeps a program from being built, and in Python what cannot work once it is reached.

A compiler's messages come with the run. For Python, which has none, each import is tried, and
ruff names what is undefined or can only fail (`sandbox.languages.tools.WRONG`).
"""

from assay.feedback import Attempt, Feedback
from assay.feedback.analysis import findings, listed, python_of
from assay.feedback.programs import answer, job, rows
from assay.feedback.steps import Steps, execute
from assay.feedback.tests import build_lines, places
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.problem.stubs import code_lines
from assay.sandbox import Diagnostic, Job, Run

LONGEST = 300
"""Characters of a line that is shown."""


def build(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """Messages of the build, else what cannot work; `None` where there is neither."""
    del prompter
    run = attempt.run
    if run is not None and run.diagnostics:
        message, spans = "\n".join(build_lines(run)), tuple(places(run, []))
        return Feedback(source="build", message=message, spans=spans)
    code = python_of(problem, attempt)
    if code is None:
        return None
    tool = "tool:ruff-names"
    jobs = [job("imports", {"code": code}), Job(code=code, language=tool)]
    imports, names = yield from execute(jobs)
    found, note = findings(names, tool)
    both = sorted([*absent(imports, code), *found], key=lambda each: each.line or 0)
    return listed("build", "This cannot work", both, note) if both or note else None


def absent(run: Run | None, code: str) -> list[Diagnostic]:
    """Imports that failed."""
    lines = code_lines(code)
    return [
        Diagnostic(
            message=row["message"],
            line=row["line"],
            column=row["column"],
            source=lines[row["line"] - 1][:LONGEST] if 0 < row["line"] <= len(lines) else None,
        )
        for row in rows(answer(run), "found", line=int, column=int, message=str)
    ]
