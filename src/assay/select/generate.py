"""Tests that the model writes for a task with few or none: asked for, cleaned up, never believed.

CodeT (Chen et al. 2022) asks for asserts by the model that writes the programs. Here one reply
holds several; where too few usable ones come back, inputs alone are asked for, whose values the
programs then vote on. A reply is parsed and never run here: what is kept of it calls the entry
point, is built of plain values and a few harmless functions, and so ends by itself.
"""

import ast
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from assay.errors import BudgetSpent, ModelError
from assay.feedback.steps import Steps, ask
from assay.feedback.written import asserts, calls, of_entry, parsed
from assay.model.prompter import Prompter
from assay.problem import Call, Problem, Test
from assay.problem.values import literal

MAX_TESTS = 40
"""Distinct tests that are kept, those that were written most often first."""
FEW = 5
"""With fewer usable asserts than this, inputs alone are asked for as well."""
MAX_TOKENS = 512
"""Of one reply: forty short tests."""


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


def literal_arguments(test: Test, name: str) -> list[Any] | None:
    """The arguments of a generated test's call of the entry point, wherever it stands in it."""
    tree = parsed(test.expression) if isinstance(test, Call) else None
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and of_entry(node, name) and not node.keywords:
            values = [literal(ast.unparse(argument)) for argument in node.args]
            return [value[0] for value in values if value] if all(values) else None
    return None
