"""Which failing test to look into, and what a program of `inside/` does to repeat it."""

import ast
from typing import Any

from assay.feedback import Attempt
from assay.problem import Call, Command, Io, Problem, Script
from assay.problem.stubs import Source
from assay.sandbox import Detail, Verdict

Case = dict[str, Any]
Tried = Call | Io | Script
"""A test of what a candidate does within a process; a command starts programs where it likes."""
NOTHING_RAN = frozenset({"build_failed", "skipped"})


def first_failing(
    problem: Problem, attempt: Attempt, outcomes: frozenset[str] | None = None
) -> tuple[Tried, Verdict] | None:
    """The first visible test that failed, of those `outcomes` where they are given, and ran."""
    tests = tried(problem)
    for verdict in attempt.run.verdicts if attempt.run else ():
        if verdict.outcome == "passed" or verdict.outcome in NOTHING_RAN:
            continue
        if verdict.test in tests and (outcomes is None or verdict.outcome in outcomes):
            return tests[verdict.test], verdict
    return None


def tried(problem: Problem) -> dict[str, Tried]:
    """The visible tests by id, but for commands."""
    return {test.id: test for test in problem.tests if not isinstance(test, Command)}


def traceable(problem: Problem, attempt: Attempt) -> bool:
    """Whether there is a Python program that a run could be watched of."""
    code = attempt.candidate.code
    return code is not None and problem.language == "python" and attempt.run is not None


def case_of(test: Tried, call: str | None) -> Case:
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


def failing_case(attempt: Attempt, test: Tried, verdict: Verdict) -> Case:
    """As `case_of`; of a program that does not even load, its load."""
    run = attempt.run
    if run is not None and run.detail != Detail() and run.detail == verdict.detail:
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


def calls_in(source: str, entry: str | None) -> list[str]:
    """The calls of the function asked for in a script, also by the name that a checker gives it."""
    try:
        tree = Source(source).tree
    except SyntaxError:
        return []
    names = {entry} if entry else set()
    nodes = list(ast.walk(tree))
    names |= {a.arg for n in nodes if isinstance(n, ast.FunctionDef) for a in n.args.args[:1]}
    found: list[str] = []
    for node in nodes if entry else []:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names:
            node.func.id = entry or ""
            found.append(ast.unparse(node))
    return found


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
