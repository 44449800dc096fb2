"""A task in words."""

import hashlib
import re
from collections.abc import Sequence

from assay.errors import UsageError
from assay.problem import Call, Problem, Test
from assay.problem.examples import Target, find

NAMED = re.compile(
    r"(?:function|method|def)\s+(?:(?:named|called)\s+)?[`'\"]?([A-Za-z_]\w*)[`'\"]?\s*\("
)
CALLED = re.compile(r"(?:named|called)\s+[`'\"]?([A-Za-z_]\w*)")


def problem(prompt: str, tests: Sequence[Test] = ()) -> Problem:
    """The task with the tests of `--tests`, after the examples in its own words.

    Raises `UsageError` for an empty one.
    """
    if not prompt.strip():
        raise UsageError("the task is empty")
    name = entry_point(prompt, tests)
    examples = find(prompt, Target(name)).tests if name else ()
    return Problem(
        id="text-" + hashlib.sha256(prompt.encode("utf-8", "surrogatepass")).hexdigest()[:8],
        prompt=prompt,
        entry_point=name,
        tests=(*examples, *tests),
    )


def entry_point(prompt: str, tests: Sequence[Test]) -> str | None:
    """The function that the task names, or the one that the first test calls."""
    named = NAMED.search(prompt) or CALLED.search(prompt)
    if named:
        return named[1]
    for test in tests:
        if isinstance(test, Call) and (called := re.match(r"\s*([A-Za-z_]\w*)\(", test.expression)):
            return called[1]
    return None
