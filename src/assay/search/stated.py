"""How a prompt states the visible tests, and how it says that a program is run."""

import shlex
from typing import Literal

from assay.model.prompter import fenced
from assay.problem import Call, Command, Io, Problem, Script, Test

SHOWN_TESTS = 5

Way = Literal["", "called", "program", "command", "query"]
"""What `run_as.jinja` has a sentence for; empty for Python functions, which need none."""


def way(problem: Problem) -> Way:
    """By the first visible test, as the tests of one problem are of one kind."""
    match problem.tests[:1]:
        case (Io(),):
            return "query" if problem.language == "sql" else "program"
        case (Command(),):
            return "command"
        case (Call(),) if problem.language != "python":
            return "called"
    return ""


def given_tests(problem: Problem) -> list[str]:
    """Visible tests as a prompt states them, a few."""
    sql = problem.language == "sql"
    return [text for test in problem.tests[:SHOWN_TESTS] if (text := stated(test, sql))]


def stated(test: Test, sql: bool = False) -> str | None:
    """A visible test as the prompt states it; `None` where the task's own text has it already."""
    if test.origin == "example":
        return None
    match test:
        case Call(raises=str(name)):
            return f"{test.expression} raises {name}"
        case Call(expected=str(value)):
            return f"{test.expression} == {value}"
        case Io() if sql:
            made = fenced("sql", test.stdin.strip())
            return laid_out("after", made, "it returns", quoted(test.expected))
        case Io():
            return laid_out("input", quoted(test.stdin), "prints", quoted(test.expected))
        case Command():
            given = ("with input", quoted(test.stdin)) if test.stdin else ()
            return laid_out("the command", shlex.join(test.argv), *given, *ends(test))
        case Script(framework="plain") if not test.source:
            return test.call
        case _:
            return None


def ends(test: Command) -> list[str]:
    status = ["ends with status", str(test.status)]
    if test.expected is None:
        return status
    return ["prints", quoted(test.expected), *(["and", *status] if test.status else [])]


def quoted(text: str) -> str:
    """One line as a literal, several as a block."""
    lines = text.rstrip("\n")
    return fenced("", lines) if "\n" in lines else repr(text)


def laid_out(*parts: str) -> str:
    """The parts in a row, a block on lines of its own."""
    text = ""
    for part in parts:
        text += ("\n" if "\n" in part or text.endswith("`") else " ") + part
    return text[1:]
