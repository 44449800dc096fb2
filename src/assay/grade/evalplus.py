"""HumanEval+ and MBPP+ (Liu et al. 2023; Apache-2.0), as EvalPlus publishes them, packed or not.

The release (`HumanEvalPlus.jsonl.gz`, `MbppPlus.jsonl.gz`) has inputs and a reference: the judge
calls both (`evalplus_check`). The other form (`…-OriginFmt`) has tests as text, which use four
names of numpy that no program here has (`NUMPY`).

Visible are, of HumanEval+, the examples of the docstring, as in `humaneval`; of MBPP+ the one
assert that EvalPlus puts into the task.
"""

import inspect
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from assay.errors import ProblemError
from assay.grade import Item, evalplus_check, timed
from assay.problem import Limits, Problem, Script, Test
from assay.problem.humaneval import problem_of
from assay.problem.reading import json_rows
from assay.problem.testfile import tests_in

NUMPY = """
class np:
    class ndarray: pass
    float64 = float32 = float
    @staticmethod
    def allclose(a, b, rtol, atol):
        if isinstance(b, (list, tuple, set)):
            return len(a) == len(b) and all(np.allclose(x, y, rtol, atol) for x, y in zip(a, b))
        return a == b or abs(a - b) <= atol + rtol * abs(b)
"""
"""What the tests use of numpy, after its documentation: |a - b| <= atol + rtol * |b|."""
LIMITS = timed(Limits(), 30.0)
"""Of a test: of the slowest inputs the references take 10 s of CPU, and the judge calls both."""
CHECK = inspect.getsource(evalplus_check)


def humaneval_items(path: Path) -> list[Item]:
    """Raises `ProblemError` for a file that is none of HumanEval+."""
    return read(path, humaneval_item)


def mbpp_items(path: Path) -> list[Item]:
    """Raises `ProblemError` for a file that is none of MBPP+."""
    return read(path, mbpp_item)


def read(path: Path, item_of: Callable[[dict[str, Any]], Item]) -> list[Item]:
    found: dict[str, Item] = {}
    for row, where in json_rows(path):
        try:
            item = item_of(row)
        except (KeyError, TypeError, ValueError, AttributeError, SyntaxError, RecursionError) as e:
            raise ProblemError(f"{where}: not a row of EvalPlus' suite: {e!r}"[:300]) from None
        if item.problem.id in found:
            raise ProblemError(f"{where}: {item.problem.id} is there twice")
        found[item.problem.id] = item
    if not found:
        raise ProblemError(f"{path}: no problem in it")
    return list(found.values())


def humaneval_item(row: dict[str, Any]) -> Item:
    if not isinstance(row["task_id"], str):
        raise TypeError("task_id is no text")
    problem = problem_of(row)
    reference = row["prompt"] + row["canonical_solution"]
    if "plus_input" in row:
        return Item(
            problem=problem, hidden=of_inputs(row, reference), reference=reference, limits=LIMITS
        )
    call = f"check({name_of(row)})"
    test = Script(id="check", source=without_numpy(row["test"]), call=call)
    return Item(problem=problem, hidden=(test,), reference=reference, limits=LIMITS)


def mbpp_item(row: dict[str, Any]) -> Item:
    if "plus_input" in row:
        text = row["prompt"].strip().removeprefix('"""').removesuffix('"""').strip()
        words, _, shown = text.partition("\nassert ")
        reference = row["canonical_solution"]
        problem = mbpp_problem(row["task_id"], words, f"assert {shown}")
        return Item(
            problem=replace(problem, entry_point=name_of(row)),
            hidden=of_inputs(row, reference),
            reference=reference,
            limits=LIMITS,
            begin=row["prompt"],
        )
    problem = mbpp_problem(f"Mbpp/{int(row['task_id'])}", row["prompt"], row["test_list"][0])
    # Its loop over the inputs stands at the top of the text: as a statement it is the call.
    source, loop, body = without_numpy(row["test"]).rpartition("\nfor i, ")
    problem = replace(problem, entry_point=body.partition("assertion(")[2].partition("(")[0])
    test = Script(id="test", source=source, call=loop.strip("\n") + body)
    # As in the release, whose prompts are this docstring.
    begin = f'"""\n{row["prompt"].strip()}\n{row["test_list"][0].strip()}\n"""\n'
    return Item(problem=problem, hidden=(test,), reference=row["code"], limits=LIMITS, begin=begin)


def mbpp_problem(task: str, words: str, shown: str) -> Problem:
    visible = tests_in(f"import math\n{shown}\n" if "math." in shown else shown, task)
    tests = tuple(replace(test, id=f"given:{n}") for n, test in enumerate(visible, 1))
    return Problem(id=task, prompt=f"{words.strip()}\n\n{shown.strip()}\n", tests=tests)


def of_inputs(row: dict[str, Any], reference: str) -> tuple[Test, ...]:
    """One test of the original inputs and one of those that EvalPlus adds."""
    name = name_of(row)
    if hasattr(evalplus_check, name):
        raise ValueError(f"the function asked for is called as one of the check's: {name}")
    tolerance = float(row["atol"])
    tests = []
    for kind in ("base", "plus"):
        calls = row[f"{kind}_input"] or []
        if not all(isinstance(given, list) for given in calls):
            raise ValueError(f"{kind}_input is not a list of lists of arguments")
        data = (reference, name, row["task_id"], json.dumps(calls), tolerance)
        # As a text: Python takes far longer to read a large list than JSON does.
        source = f"{CHECK}\n\nDATA = {data!r}\n"
        call = f"check_calls({name}, *DATA)"
        if calls:
            tests.append(Script(id=kind, source=source, call=call))
    return tuple(tests)


def name_of(row: dict[str, Any]) -> str:
    name = row["entry_point"]
    if not isinstance(name, str) or not name.isidentifier():
        raise ValueError(f"entry_point {name!r} is no name")
    return name


def without_numpy(text: str) -> str:
    return text.replace("import numpy as np\n", NUMPY, 1)
