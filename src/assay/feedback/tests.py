"""What the visible tests say: per failing test the call, the values, the line, the limit.

The unit-test feedback of Self-Debug (Chen et al. 2023), worded for small models: one fact a line.
"""

import ast
import re
import shlex
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import replace

from assay.feedback import Attempt, Feedback, Span
from assay.feedback.shorten import WIDTH, block, clip, inline, pair, told, visible
from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.problem import Call, Command, Io, Problem, Script, Test
from assay.problem.stubs import Source, find_function
from assay.sandbox import Detail, Diagnostic, Run, Verdict

SHOWN = 3
"""Failing tests that are shown in full; a model fixes one thing at a time."""

TEST_LINES = 15
"""A longer test is named, not shown."""


def tests(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: what the attempt already carries."""
    del problem, prompter
    return attempt.feedback
    yield  # a generator, as every source


def explain(problem: Problem, run: Run, shown: int = SHOWN) -> Feedback:
    """What happened on the visible tests. `score` is the share passed; without tests, whether
    the program loads."""
    failing = [verdict for verdict in run.verdicts if verdict.outcome != "passed"]
    return Feedback(
        source="tests",
        message="\n\n".join(paragraphs(problem, run, failing, shown)),
        passed=run.passed,
        score=run.share_passed if run.verdicts else float(run.passed),
        spans=tuple(places(run, failing[:shown])),
    )


def places(run: Run, failing: list[Verdict]) -> Iterator[Span]:
    """Lines of the candidate that the message is about."""
    for diagnostic in run.diagnostics[:SHOWN]:
        if diagnostic.line is not None:
            yield Span(diagnostic.line, diagnostic.column, inline(diagnostic.message))
    for detail in (verdict.detail for verdict in failing):
        if detail.line is not None:
            yield Span(detail.line, None, inline(detail.exception or detail.limit or ""))


def no_code(problem: Problem) -> Feedback:
    """For a completion without a program: the outcome is `build_failed`."""
    return Feedback(
        source="tests",
        message=f"Your reply held no {problem.language} code. Reply with the code in one "
        f"```{problem.language} block.",
        passed=False,
        score=0.0,
    )


def unmeasured(reason: str) -> Feedback:
    """For a failure of ours: says nothing about the program."""
    return Feedback(source="tests", message=f"not measured: {reason}", passed=None, score=None)


def paragraphs(problem: Problem, run: Run, failing: list[Verdict], shown: int) -> Iterator[str]:
    if run.passed:
        count = len(run.verdicts)
        yield (
            f"Your code passed {'all ' * (count > 1)}{plural(count)}."
            if count
            else "Your code runs without an error."
        )
        return
    if run.diagnostics:
        yield "\n".join(build_lines(run))
        return
    if not failing:
        yield "\n".join(["Your code does not run.", *body("program", run.outcome, run.detail)])
        return
    tests = {test.id: test for test in problem.tests}
    if len({(v.outcome, v.detail) for v in failing}) == 1 and failing[0].detail.call is None:
        failing = failing[:1]  # it does not load: every test says the same
    passed = sum(verdict.outcome == "passed" for verdict in run.verdicts)
    if passed:
        yield f"Your code passed {passed} of {len(run.verdicts)} tests."
    for verdict in failing[:shown]:
        yield about(problem, tests.get(verdict.test), verdict)
    if len(failing) > shown:
        yield f"{len(failing) - shown} more tests failed."


def plural(count: int) -> str:
    return f"{count} tests" if count > 1 else "the test"


def build_lines(run: Run) -> Iterator[str]:
    yield "Your code could not be loaded:"
    for diagnostic in run.diagnostics[:SHOWN]:
        yield from diagnosed(diagnostic)


def diagnosed(diagnostic: Diagnostic) -> Iterator[str]:
    """A message of a compiler or an analyser, with the line and a caret below its column."""
    where = f"line {diagnostic.line}: " if diagnostic.line is not None else ""
    yield f"{where}{inline(diagnostic.message)}"
    if diagnostic.source is None:
        return
    source = diagnostic.source.rstrip().replace("\t", " ")
    yield f"    {visible(source) if len(source) <= WIDTH else inline(source)}"
    column = diagnostic.column
    if column is not None and len(source) <= WIDTH and 0 < column <= len(source) + 1:
        yield "    " + " " * len(visible(source[: column - 1])) + "^"


def about(problem: Problem, test: Test | None, verdict: Verdict) -> str:
    detail = verdict.detail
    if verdict.outcome == "memory" and detail.limit is None:
        detail = replace(detail, limit=f"{problem.limits.memory_mb} MB")
    lines = [*title(test, verdict), *body("call", verdict.outcome, detail)]
    limit, used = problem.limits.cpu_seconds, verdict.cpu_seconds or 0.0
    if verdict.outcome != "timeout" and used > limit / 2:
        lines.append(f"It took {used:.0f} s of the {limit:g} s of CPU that it may use.")
    if detail.stdout.strip():
        lines += told("It printed", detail.stdout)
    return "\n".join(lines)


def title(test: Test | None, verdict: Verdict) -> Iterator[str]:
    """What was tried: the call, and for a test of several statements its text."""
    call = verdict.detail.call
    match test:
        case Io():
            yield f"Test failed: the program with input {inline(repr(test.stdin))}"
        case Command():
            yield f"Test failed: the command `{inline(shlex.join(test.argv))}`"
        case Call() if call is None:
            yield f"Test failed: `{inline(test.expression)}`"
        case Script() if text := script_text(test):
            yield f"Test failed: `{inline(call)}` in this test:" if call else "This test failed:"
            yield text
        case Script() if call is None:
            yield f"Test failed: `{inline(test.call)}`"
        case _:
            yield f"Test failed: `{inline(call)}`" if call else f"Test failed: {verdict.test}"


def script_text(test: Script) -> str | None:
    """The source of a test function, or the doctest that it was made of, where it is short."""
    name = test.call.partition("(")[0].replace("::", ".").partition("[")[0]
    if test.framework == "plain" and test.origin != "example":
        return None  # the call of a checker that may hold many tests says more than its text
    try:
        source = Source(test.source)
        found = find_function(source.tree, name)
    except SyntaxError:
        return None
    if found is None:
        return None
    start = source.line_start(source.start(found.node))
    text = textwrap.dedent(source.text[start : source.end(found.node)])
    if test.framework == "plain":
        text = ast.get_docstring(found.node) or text
    short = text.count("\n") < TEST_LINES and len(text) <= TEST_LINES * 60
    return block(text) if short else None


def body(what: str, outcome: str, detail: Detail) -> list[str]:
    return list(OUTCOMES.get(outcome, said)(detail, what))


def wrong(detail: Detail, what: str) -> Iterator[str]:
    del what
    if detail.expected is not None and detail.actual is not None:
        expected, actual = pair(visible(detail.expected), visible(detail.actual))
        yield f"Expected: {expected}"
        yield f"Your code gave: {actual}"
        if kind(detail.expected) != kind(detail.actual):
            yield f"The types differ: expected {kind(detail.expected)}, got {kind(detail.actual)}."
    if detail.message and (detail.actual is None or detail.expected is None):
        yield from said(detail, "")


def raised(detail: Detail, what: str) -> Iterator[str]:
    if detail.expected is not None:
        yield f"Expected: {inline(detail.expected)}"
    message = f": {inline(detail.message)}" if detail.message else ""
    yield f"Your code raised {inline(detail.exception or 'an exception')}{message}"
    yield from where("At", detail)
    del what


def timeout(detail: Detail, what: str) -> Iterator[str]:
    yield f"The {what} did not end within {detail.limit or 'its time limit'}."
    yield from where("It was at", detail)
    if detail.stack:
        yield f"The calls at that moment, innermost first: {inline(detail.stack)}"


def memory(detail: Detail, what: str) -> Iterator[str]:
    limit = (detail.limit or "its limit").removesuffix(" of memory")
    yield f"The {what} used more memory than {limit}."
    yield from where("It ran out at", detail)


def output(detail: Detail, what: str) -> Iterator[str]:
    yield f"The {what} printed more than {detail.limit or 'its limit'}."


def killed(detail: Detail, what: str) -> Iterator[str]:
    yield f"The {what} ended the process ({inline(detail.signal or detail.message or 'killed')})."


def denied(detail: Detail, what: str) -> Iterator[str]:
    text = detail.message or detail.denied
    reason = f": {inline(text)}" if text else "."
    yield f"The {what} tried something that is not allowed here{reason}"
    yield from where("At", detail)


def build_failed(detail: Detail, what: str) -> Iterator[str]:
    del what
    yield "Your code could not be loaded."
    yield from said(detail, "")
    yield from where("At", detail)


def skipped(detail: Detail, what: str) -> Iterator[str]:
    del what
    yield f"It was not run: {inline(detail.message or 'a test before it ended the program')}"


def said(detail: Detail, what: str) -> Iterator[str]:
    del what
    text = ": ".join(part for part in (detail.exception, detail.message) if part).strip()
    if len(text.splitlines()) > 1:
        yield block(clip(text))
    elif text:
        yield inline(text)


def where(word: str, detail: Detail) -> Iterator[str]:
    if detail.line is not None:
        source = f": {inline(detail.source)}" if detail.source else ""
        yield f"{word} line {detail.line}{source}"


def kind(text: str) -> str:
    """The type that a `repr` shows; of one that does not parse, or was cut off, as far as its
    beginning tells."""
    try:
        value = ast.literal_eval(text) if len(text) <= LONGEST_VALUE else ...
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        value = ...
    if value is not ...:
        return "None" if value is None else type(value).__name__
    if text.endswith("j)") and "," not in text:
        return "complex"
    return next((name for name, form in BEGINNINGS.items() if form.match(text)), "another value")


LONGEST_VALUE = 5_000
"""Characters of a value that are read as a whole."""
_ITEM = r"""\{(?:'[^'\\]*'|"[^"\\]*"|[^'",:{\[(]+)"""
BEGINNINGS = {
    "list": re.compile(r"\["),
    "tuple": re.compile(r"\("),
    "str": re.compile("['\"]"),
    "dict": re.compile(_ITEM + ":"),
    "set": re.compile(_ITEM + ","),
}

OUTCOMES: dict[str, Callable[[Detail, str], Iterator[str]]] = {
    "wrong": wrong,
    "raised": raised,
    "timeout": timeout,
    "memory": memory,
    "output": output,
    "killed": killed,
    "denied": denied,
    "build_failed": build_failed,
    "skipped": skipped,
}
