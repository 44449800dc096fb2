"""Examples in docstrings and prose: what is read, and what is left alone."""

import ast
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.problem import Call, Script
from assay.problem.doctests import Target
from assay.problem.examples import find, target_of
from assay.problem.values import leading_value, tolerance, value_of

F = Target("f", ("a",))
G = Target("g", ("s", "c"))


def pairs(text: str, target: Target = F) -> list[tuple[str, str | None]]:
    tests = find(text, target).tests
    return [(test.expression, test.expected) for test in tests if isinstance(test, Call)]


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        (">>> f(1)\n2", ("f(1)", "2")),
        (">>> f(1) == 2", ("f(1)", "2")),
        (">>> f(1) == 2\nTrue", ("f(1)", "2")),
        (">>> f(1) [1, 2]", ("f(1)", "[1, 2]")),
        (">>> f(1)\n\n>>> f(2)", ("f(1)", "None")),
        (">>> round(f(1), 2) # about a half\n0.5", ("round(f(1), 2)", "0.5")),
        (">>> print(f(1))\na b", ("str(f(1))", "'a b'")),
        (">>> f(1)\nCounter({'a': 2})", ("f(1)", "Counter({'a': 2})")),
        ("f(1) == 2", ("f(1)", "2")),
        ("f(1) ➞ 2", ("f(1)", "2")),
        ("* f(1) -> [11, 4]", ("f(1)", "[11, 4]")),
        ("f('x') ==> ['A+', 'B']", ("f('x')", "['A+', 'B']")),
        ("f(1) => true", ("f(1)", "True")),
        ("f(1) = 2", ("f(1)", "2")),
        ("f(1) returns [1, 5] # the odd ones", ("f(1)", "[1, 5]")),
        ("f(1)   # returns 'db'", ("f(1)", "'db'")),
        ("f('a.txt') # => 'No' (it should start with a letter)", ("f('a.txt')", "'No'")),
        ("f(148) should return 16.", ("f(148)", "16")),
        ("For example f('14.5') should\nreturn 15 and so on", ("f('14.5')", "15")),
        ("for f(7) == 34", ("f(7)", "34")),
        ("f(1) ->19 - 5 - 6 = 8", ("f(1)", "8")),
        ("f([1, 3]) == 1 + 9 = 10", ("f([1, 3])", "10")),
        ("f([\n  [1,2],\n  [3]\n], 1) == [(0, 0)]", ("f([   [1,2],   [3] ], 1)", "[(0, 0)]")),
        ('For num = "AB" the output should be 1.', ('f("AB")', "1")),
        (
            'For N = 10, the sum of digits will be 1 the output should be "1".',
            ("f(10)", '"1"'),
        ),
        ("Input: [4,2,3]\nOutput: [2, 1]\nExplanation: 2 is", ("f([4,2,3])", "[2, 1]")),
        ("Input: a = 5\n    Output: 1 # one", ("f(5)", "1")),
    ],
)
def test_forms(text: str, pair: tuple[str, str]) -> None:
    """Defect: a form of the benchmark's prompts that is passed over or half read."""
    assert pairs(text)[0] == pair


def test_two_parameters_by_name_and_by_place() -> None:
    """Defect: arguments in the order of the text under parameters of another order."""
    assert pairs('For c = "ae", s = "abc", the result should be 1', G) == [('g("abc", "ae")', "1")]
    text = "Input:\n  grid : [[0]]\n  bucket_capacity : 2\nOutput: 6"
    assert pairs(text, G) == [("g([[0]], 2)", "6")]


@pytest.mark.parametrize(
    "text",
    [
        "f(a) => False",
        'f(1) == ""a"',
        "f(1) is about 2 or 3",
        "the call f(1) may be slow",
        "see f() and g(1) == 2",
        "For a = 5 nothing is known",
        "Input: a = 5, b = 6\nOutput: 1",
        "f(1) == __import__('os').system('true')",
        "f((((((",
        "",
    ],
)
def test_what_is_half_readable_is_left_alone(text: str) -> None:
    """Defect: a guess made into a test, which then fails right programs."""
    assert pairs(text) == []


def test_the_same_example_twice_is_one_test() -> None:
    assert pairs(">>> f(1)\n2\n\nf(1) == 2\nf( 1 ) == 2") == [("f(1)", "2")]


def test_an_exception_is_expected() -> None:
    text = ">>> f(1)\nTraceback (most recent call last):\n    ...\nmy.errors.Odd: no"
    [test] = find(text, F).tests
    assert isinstance(test, Call)
    assert (test.raises, test.expected) == ("Odd", None)


def test_a_broken_doctest_spoils_no_other() -> None:
    """Defect: one typing error in a docstring loses all of its tests, or goes unseen."""
    found = find(">>> f(1)\n2\n>>> f('3\",)\n4\n>>> f(5)\n6\n", F)
    assert [test.id for test in found.tests] == ["f:1", "f:2"]
    [fault] = found.faults
    assert fault.line == 3
    assert ">>> f('3\",)" in fault.message


def run(script: Script, program: str) -> bool:
    """Whether the script passes, in another process."""
    text = f"{program}\n{script.source}\n{script.call}\n"
    return subprocess.run([sys.executable, "-I", "-c", text], capture_output=True).returncode == 0


STACK = (
    "class Stack:\n    def __init__(self): self.x = []\n    def push(self, v): self.x.append(v)\n"
)
STATEFUL = """
    >>> s = Stack()
    >>> s.push(1)
    >>> s.pop()
    1
    >>> s.pop()
    Traceback (most recent call last):
    IndexError: pop from empty list
    >>> for i in range(2):
    ...     print(i)
    0
    1
    >>> s
    <Stack of 0>
    >>> "a\\nb"
    'a\\nb'
"""


def test_dependent_examples_are_one_script() -> None:
    """Defect: statements of a doctest run apart from those that they depend on."""
    text = STATEFUL.replace("\\n", "\\\\n")
    [script] = find(text, Target("Stack.pop")).tests
    assert isinstance(script, Script)
    shown = "    def __repr__(self): return f'<Stack of {len(self.x)}>'\n"
    assert run(script, f"{STACK}{shown}    def pop(self): return self.x.pop()\n")
    assert not run(script, f"{STACK}{shown}    def pop(self): return 1\n")
    assert not run(script, f"{STACK}    def pop(self): return self.x.pop()\n")


def test_printed_text_is_checked() -> None:
    """Defect: a function that prints is asked for a value, or its output for nothing."""
    node = ast.parse("def f(a) -> None: ...").body[0]
    assert isinstance(node, ast.FunctionDef)
    [test] = find(">>> f(1)\n1\n", target_of("f", node)).tests
    assert isinstance(test, Script)
    assert run(test, "def f(a): print(a)")
    assert not run(test, "def f(a): return None")
    [test] = find(">>> f(1)\nhello\n<BLANKLINE>\nyou\n", F).tests
    assert isinstance(test, Script)
    assert run(test, "def f(a): print('hello\\n\\nyou')")
    [test] = find(">>> f(1)  # doctest: +ELLIPSIS\n<obj ... x>\n", F).tests
    assert isinstance(test, Script)
    assert run(test, "def f(a): print('<obj 1 2 x>')")
    assert not run(test, "def f(a): print('<obj>')")


def test_imports_go_before() -> None:
    [test] = find(">>> import math\n>>> f(math.pi)\n3\n", F).tests
    assert isinstance(test, Call)
    assert (test.setup, test.expression) == ("import math", "f(math.pi)")


def test_a_changing_result_is_no_contradiction() -> None:
    """Defect: a counter's examples taken apart, so that the second one fails."""
    [test] = find(">>> f()\n1\n>>> f()\n2\n", Target("f")).tests
    assert isinstance(test, Script)
    assert run(test, "import itertools\nc = itertools.count(1)\ndef f(): return next(c)")


@pytest.mark.parametrize(
    ("text", "bound"),
    [("1", None), ("'1.5'", None), ("1.5", 1e-6), ("[0.0, 2]", 1e-6), ("1e-9", 1e-15), ("1e12", 1)],
)
def test_tolerance(text: str, bound: float | None) -> None:
    """Defects: 0.0 passes for 1e-9; the last digit of a large float fails a right program."""
    assert tolerance(text) == (bound if bound is None else pytest.approx(bound))


@pytest.mark.parametrize("text", ["[1, open('x')]", "().__class__", "1 if x else 2", "a b", "x"])
def test_only_plain_values_are_values(text: str) -> None:
    """Defect: text of a task that the judge would run."""
    assert value_of(text) is None


@settings(deadline=None)
@given(st.text(max_size=300))
def test_no_text_breaks_the_readers(text: str) -> None:
    find(text, F)
    find(f">>> f({text}\nf({text}) == {text}\nFor a = {text} the output should be {text}", F)
    leading_value(text, 0)


@settings(deadline=None)
@given(st.recursive(st.integers() | st.text() | st.booleans() | st.none(), st.lists, max_leaves=8))
def test_every_literal_is_found(value: object) -> None:
    """Defect: brackets and quotes within strings end a value too early."""
    if "\n" not in repr(value):
        assert pairs(f"so f({value!r}) == {value!r}, as said") == [(f"f({value!r})", repr(value))]
