"""Which failing test to look into, and what a program of `inside/` does to repeat it."""

import ast
from typing import Any

from assay.feedback import Attempt
from assay.problem import Call, Io, Problem, Script, Test
from assay.sandbox import Verdict

Case = dict[str, Any]
NOTHING_RAN = frozenset({"build_failed", "skipped"})


def first_failing(
    problem: Problem, attempt: Attempt, outcomes: frozenset[str] | None = None
) -> tuple[Test, Verdict] | None:
    """The first visible test that failed, of those `outcomes` where they are given, and ran."""
    tests = {test.id: test for test in problem.tests}
    for verdict in attempt.run.verdicts if attempt.run else ():
        if verdict.outcome == "passed" or verdict.outcome in NOTHING_RAN:
            continue
        if verdict.test in tests and (outcomes is None or verdict.outcome in outcomes):
            return tests[verdict.test], verdict
    return None


def traceable(problem: Problem, attempt: Attempt) -> bool:
    """Whether there is a Python program that a run could be watched of."""
    code = attempt.candidate.code
    return code is not None and problem.language == "python" and attempt.run is not None


def case_of(test: Test, call: str | None) -> Case:
    """How to repeat a test; of a script only the `call` that decided it, where that is known."""
    match test:
        case Call():
            return {"kind": "call", "expression": test.expression, "setup": test.setup}
        case Io():
            return {"kind": "io", "stdin": test.stdin}
        case Script() if call is not None and is_literal_call(call):
            return {"kind": "call", "expression": call, "setup": ""}
        case Script():
            return {
                "kind": "script",
                "source": test.source,
                "call": test.call,
                "framework": test.framework,
                "module": test.module,
            }


def failing_case(attempt: Attempt, test: Test, verdict: Verdict) -> Case:
    """As `case_of`; of a program that does not even load, its load."""
    details = {verdict.detail for verdict in attempt.run.verdicts} if attempt.run else set()
    if len(details) == 1 and verdict.detail.call is None and not isinstance(test, Io):
        return {"kind": "load"}
    return case_of(test, verdict.detail.call)


def is_literal_call(text: str) -> bool:
    """Whether it is a call by name with arguments that are written out."""
    try:
        tree = ast.parse(text, mode="eval").body
        if not (isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name)):
            return False
        for argument in [*tree.args, *(keyword.value for keyword in tree.keywords)]:
            ast.literal_eval(argument)
    except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
        return False
    return True


def title(case: Case) -> str:
    """What is run, as text for a model."""
    match case["kind"]:
        case "call":
            return f"`{case['expression']}`"
        case "io":
            return f"the program with input {case['stdin']!r}"
        case "script":
            return f"the last call in `{case['call']}`"
    return "loading the program"
