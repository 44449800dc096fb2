"""Shapes that replies of real models have: each holds a program that works."""

import io
import sys

import pytest

from assay.candidate.splice import build, diff
from assay.problem import Io, Problem

STARTER = 'def add(a, b):\n    """Sum."""\n'
WORDS = Problem(id="w", prompt="Add two numbers.", entry_point="add")
STUB = Problem(id="s", prompt=STARTER, starter=STARTER, stubs=("add",), entry_point="add")
ADD = "def add(a, b):\n    return a + b\n"
PY = "```python\n"

FUNCTIONS = {
    "a fence that closes at the end of the code's last line": f"{PY}{ADD.rstrip()}```",
    "and text after it": f"{PY}{ADD.rstrip()}```\nThis adds them.",
    "no fence at the beginning": f"{ADD}```\nThis adds them.",
    "a fence in a docstring": f"{PY}{STARTER[:-4]}\n    ```\n    add(1, 2)\n    ```\n"
    '    """\n    return a + b\n```',
    "a fence with a tag in a docstring": f"{PY}{STARTER[:-4]}\n    ```python\n    add(1, 2)\n"
    '    ```\n    """\n    return a + b\n```',
    "a closing fence that is indented": f"{PY}{ADD}    ```\nThis adds them.",
    "a closing fence with text behind it": f"{PY}{ADD}``` This adds them.\n\nIt works.",
    "cut off amid an example": f"{PY}{ADD}\nprint(add(1, ",
    "never closed, with text": f"{PY}{ADD}\nThis function adds the two numbers.\n",
    "a block in a list": f"1. Code:\n   {PY}   def add(a, b):\n       return a + b\n   ```",
    "a draft before the answer": f"<think>\n{PY}def add(a, b):\n    return a\n```\n</think>\n"
    f"{PY}{ADD}```",
    "tests in a block of their own": f"{PY}{ADD}```\n{PY}def test():\n"
    "    assert add(1, 2) == 3\n```",
    "a form feed between functions": f"{PY}import math\n\x0c\n{ADD}\x0c\n```",
    "the end of a chat's turn": f"{PY}{ADD}```<|im_end|>",
    "a helper in a block of its own": f"{PY}def plus(a, b):\n    return a + b\n```\nNow:\n"
    f"{PY}def add(a, b):\n    return plus(a, b)\n```",
    "imports and a helper after it": f"{PY}import operator as op\nfrom functools import reduce\n"
    f"```\n{PY}def add(a, b):\n    return total([a, b])\n```\nwith\n{PY}def total(items):\n"
    "    return reduce(op.add, items)\n```",
    "drafts of the helper": f"{PY}def plus(a, b):\n    return a\n```\nbetter:\n"
    f"{PY}def plus(a, b):\n    return a + b\n```\n{PY}def add(a, b):\n    return plus(a, b)\n```",
}


@pytest.mark.parametrize("problem", [WORDS, STUB], ids=["words", "stub"])
@pytest.mark.parametrize("shape", FUNCTIONS)
def test_a_reply_with_a_right_function_gives_one(shape: str, problem: Problem) -> None:
    """Defect: a right program that fails for the way in which it was written down."""
    names: dict[str, object] = {}
    exec(build(problem, FUNCTIONS[shape]) or "", names)
    assert names["add"](1, 2) == 3  # type: ignore[operator]


def test_no_more_comes_from_other_blocks_than_is_missing() -> None:
    """Defect: an example of use, a draft or another function put before a program that needs none,
    or a name of its own taken for one that it lacks."""
    before = f"{PY}def plus(a, b):\n    return a - b\nitems = [plus(1, 2)]\nprint(items)\n```\n"
    own = (
        "def add(a, b):\n    def plus(*items):\n        return sum(items)\n    return plus(a, b)\n"
    )
    for code in (ADD, own, "def add(a, b):\n    return sum(items for items in (a, b))\n"):
        assert build(WORDS, f"{before}{PY}{code}```") == code
    late = "from __future__ import annotations\ndef add(a, b):\n    return plus(a, b)\n"
    assert build(WORDS, f"{before}{PY}{late}```") == late


READS = "a, b = map(int, input().split())\nprint(a + b)\n"
PROGRAMS = {
    "output in a block": f"{PY}{READS}```\nIt prints:\n```\n3\n```",
    "input and output in blocks": f"{PY}{READS}```\n```\n1 2\n```\n```\n3\n```",
    "an import shown again": f"{PY}import sys\n{READS}```\nNot needed:\n{PY}import sys\n```",
}


@pytest.mark.parametrize("shape", PROGRAMS)
def test_a_program_is_not_what_it_prints(
    shape: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Defect: `3`, the output that a reply shows, is Python too, and was run for the program."""
    problem = Problem(id="p", prompt="p", tests=(Io(id="1", stdin="1 2", expected="3"),))
    monkeypatch.setattr(sys, "stdin", io.StringIO("1 2\n"))
    exec(build(problem, PROGRAMS[shape]) or "", {})
    assert capsys.readouterr().out == "3\n"


@pytest.mark.parametrize("problem", [WORDS, STUB], ids=["words", "stub"])
def test_half_a_function_is_not_taken_for_a_whole_one(problem: Problem) -> None:
    """Defect: a reply that was cut off amid the function, mended so that nobody sees it."""
    for reply in (f"{PY}{ADD}    x = (1 +", f"{PY}def add(a, b):\n    c = a\n    return (c +\n```"):
        with pytest.raises(SyntaxError):
            compile(build(problem, reply) or "", "made", "exec")


def test_a_form_feed_is_no_line_of_a_diff() -> None:
    """Defect: a patch that `git apply` calls corrupt, of a file with page breaks."""
    made = diff("a\n\x0c\nb\n", "a\n\x0c\nc\n", "f.py")
    assert made == "--- a/f.py\n+++ b/f.py\n@@ -1,3 +1,3 @@\n a\n \x0c\n-b\n+c\n"
