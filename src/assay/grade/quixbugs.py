"""QuixBugs: one-line bugs in 40 classic algorithms, to repair (Lin et al. 2017; MIT).

Each row of the file is `{name, buggy, correct, cases, pytest}`: `cases` are pairs of arguments and
result, and where there are none `pytest` is the upstream test file. Every second test is visible;
all of them grade, so that neither a repair that only fits what it was shown nor a buggy program
that passes the hidden half counts as right.
"""

import re
from pathlib import Path
from typing import Any

from assay.errors import ProblemError
from assay.grade import Item
from assay.problem import Call, Problem, Script, Test
from assay.problem.reading import json_rows

GENERATORS = ("flatten", "kheapsort")
"""They yield; the cases hold lists."""
SLOW = {"knapsack": 9, "levenshtein": 3}
"""The case that takes the correct program minutes; upstream leaves it out too unless asked."""
SHOW_SECOND = ("detect_cycle", "quicksort")
"""The buggy program passes the first, third, … test: a bug is reported by one that it fails."""
NODE = """\
class Node:
    def __init__(self, value=None, successor=None, successors=(), predecessors=(),
                 incoming_nodes=(), outgoing_nodes=()):
        self.value = value
        self.successor = successor
        self.successors = list(successors)
        self.predecessors = list(predecessors)
        self.incoming_nodes = list(incoming_nodes)
        self.outgoing_nodes = list(outgoing_nodes)
"""
"""What the upstream tests of graphs and lists import."""
PROMPT = """\
This Python program has a bug, on one line. Find it and fix it.

```python
{buggy}
```"""


def items(path: Path) -> list[Item]:
    """Raises `ProblemError` for a file that is not QuixBugs' rows."""
    return [item_of(row, where) for row, where in json_rows(path)]


def item_of(row: dict[str, Any], where: str) -> Item:
    try:
        name, buggy = str(row["name"]), str(row["buggy"]).strip()
        correct = str(row["correct"])
        tests = of_cases(name, row["cases"]) if row["cases"] else of_pytest(name, row["pytest"])
    except (KeyError, TypeError, ValueError) as error:
        raise ProblemError(f"{where}: not a row of QuixBugs: {error!r}") from None
    first = int(name in SHOW_SECOND)
    problem = Problem(
        id=f"quixbugs/{name}",
        prompt=PROMPT.format(buggy=buggy),
        entry_point=name,
        tests=tuple(tests[first::2]),
    )
    return Item(problem=problem, hidden=tuple(tests), reference=correct)


def of_cases(name: str, cases: list[Any]) -> list[Test]:
    slow = SLOW.get(name)
    return [of_case(name, n, *case) for n, case in enumerate(cases) if n != slow]


def of_case(name: str, number: int, given: Any, result: Any) -> Call:
    arguments = given if isinstance(given, list) else [given]
    expression = f"{name}({', '.join(map(repr, arguments))})"
    if name in GENERATORS:
        expression = f"list({expression})"
    if name == "hanoi":
        result = [tuple(step) for step in result]
    return Call(
        id=f"case-{number}",
        expression=expression,
        expected=repr(result),
        tolerance=float(arguments[-1]) if name == "sqrt" else None,
    )


def of_pytest(name: str, text: str) -> list[Test]:
    """One test a function; what they import from upstream's tree is put in its place."""
    source = re.sub(r"^if pytest\.use_correct:\n(?:.*\n)*?else:\n    .*\n", "", text, flags=re.M)
    source = source.replace("from node import Node\n", NODE).replace("import pytest\n", "")
    names = re.findall(r"^def (test\w*)\(\):", source, re.M)
    return [Script(id=test, source=source, call=f"{test}()") for test in names]
