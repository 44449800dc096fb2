"""The profile and the growth of programs with a planted slow line, in the real sandbox."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sourced import SHORT, calls, opened, said

from assay.feedback.growth import Series, worst
from assay.feedback.profile import profile
from assay.problem import Io, Limits, Problem, Script
from assay.sandbox import Isolation, Run, Sandbox

BRIEF = Limits(cpu_seconds=0.5, wall_seconds=10.0)
GOLDEN = Path(__file__).parent / "golden"
ISOLATION = Isolation(tier="scripted", filesystem=True, network=True, processes=True, memory=True)
DUPLICATE = """\
def duplicate(xs):
    for i in range(len(xs)):
        for j in range(i + 1, len(xs)):
            if xs[i] == xs[j]:
                return True
    return False
"""


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with opened() as made:
        yield made


def message(box: Sandbox, problem: Problem, code: str) -> str:
    found = said(box, problem, code, profile)
    assert found is not None
    assert (found.passed, found.score) == (None, None)
    return found.message


def test_golden(box: Sandbox) -> None:
    """Counts of lines are the same each time: so is the text."""
    text = message(box, calls(("duplicate([1, 2, 3])", "False")), DUPLICATE)
    assert text + "\n" == (GOLDEN / "profile_quadratic.txt").read_text()


NESTED = """\
def f(a, b):
    n = 0
    for x in a:
        for y in b:
            n += 1
    return n
"""
TEXT = """\
def f(s):
    n = 0
    for i in range(len(s)):
        for j in range(i):
            n += s[i] == s[j] and i < 0
    return n
"""
FIB = "def f(n):\n    if n < 2:\n        return n\n    return f(n - 1) + f(n - 2)\n"
HALVES = "def f(n):\n    c = 0\n    while n > 1:\n        n //= 2\n        c += 1\n    return c\n"
LINEAR = "def f(xs):\n    t = 0\n    for x in xs:\n        t += x\n    return t\n"
UNIQUE = """\
def f(xs):
    out = []
    for x in xs:
        if x not in out:
            out.append(x)
    return len(out)
"""
GROWTH = {
    "linear": (LINEAR, "f([1])", "1", "about linearly with the length of argument 1"),
    "in a list": (UNIQUE, "f([1])", "1", "about quadratically with the length of argument 1"),
    "both": (
        NESTED,
        "f('a', 'b')",
        "1",
        "about quadratically with the length of arguments 1 and 2",
    ),
    "text": (TEXT, "f('ab')", "0", "about quadratically"),
    "value": (FIB, "f(5)", "5", "exponentially with the value of argument 1"),
    "halves": (HALVES, "f(8)", "3", "hardly at all"),
}


@pytest.mark.parametrize("name", GROWTH)
def test_growth(box: Sandbox, name: str) -> None:
    """Defects: work in C that lines do not show; inputs that grow together; a wrong power."""
    code, call, value, wanted = GROWTH[name]
    text = message(box, calls((call, value)), code)
    # Work in C shows in time alone, and a busy machine may leave too little of it to tell.
    if name != "in a list" or "Work grows" in text:
        assert f"Work grows {wanted}" in text, text


def test_a_timeout_names_line_and_growth(box: Sandbox) -> None:
    call = f"duplicate(list(range({10**5})))"
    text = message(box, calls(("duplicate([1, 2])", "False"), (call, "False")), DUPLICATE)
    assert text.startswith(f"Too slow: `{call}` ran over 1 s of CPU; the time goes to line ")
    assert "Profile of" in text
    text = message(box, calls(("f(50)", "1")), FIB)
    # Every line of it runs about as often.
    assert re.search(r"the time goes to line [24]: ", text), text
    assert "Work grows exponentially with the value of argument 1" in text


def test_a_loop_for_ever_and_a_hang_in_c(box: Sandbox) -> None:
    """Defect: no word where the profiler itself had to be killed."""
    code = "def f(n):\n    while n:\n        n += 1\n    return 1\n"
    text = message(box, calls(("f(3)", "1"), limits=BRIEF), code)
    assert "Even with a small value of argument 1 it did not end" in text
    code = "def f(n):\n    x = n\n    return 7 ** 7 ** 11\n"
    text = message(box, calls(("f(3)", "1"), limits=BRIEF), code)
    assert "the time goes to line 3: return 7 ** 7 ** 11" in text


SORTS = """\
def f(n):
    xs = []
    for i in range(n):
        xs.append(i * 7919 % 1009)
        xs.sort()
    return len(xs)
"""
SLICES = """\
def f(n):
    xs = list(range(n))
    t = 0
    while xs:
        t += 1
        xs = xs[1:]
    return t
"""
SUMS = """\
def f(n):
    xs = list(range(n))
    c = 0
    for i in range(n):
        c += sum(xs[:i]) >= 0
    return c
"""
HELPER = """\
def g(x, xs):
    return x in xs

def f(n):
    xs = list(range(n))
    c = 0
    for i in range(n):
        c += g(i, xs)
    return c
"""
SLOW = {
    "a sort in a loop": (SORTS, 5),
    "slices": (SLICES, 6),
    "sums": (SUMS, 5),
    "a helper": (HELPER, 2),
}


@pytest.mark.parametrize("name", SLOW)
def test_the_slow_line_is_named(box: Sandbox, name: str) -> None:
    """Defect: the line that runs most often in place of the one that takes the time."""
    code, line = SLOW[name]
    found = said(box, calls(("f(4000)", "4000")), code, profile)
    assert found is not None
    assert [span.line for span in found.spans] == [line], found.message


def test_memory_names_its_line(box: Sandbox) -> None:
    code = "def f(n):\n    a = [0] * 10\n    b = list(range(n))\n    c = sum(b)\n    return n\n"
    text = message(box, calls(("f(400000)", "400000")), code)
    assert "memory: " in text
    assert "of it from line 3: b = list(range(n))" in text


def test_programs_and_scripts(box: Sandbox) -> None:
    code = "n = int(input())\nfor i in range(n):\n    pass\nprint(n)\n"
    problem = Problem(id="p", prompt="", tests=(Io(id="i", stdin="9\n", expected="9\n"),))
    assert "line 2" in message(box, problem, code)
    check = Script(
        id="s",
        source="def check(f):\n    assert f([1, 2]) is False\n",
        call="check(duplicate)",
    )
    problem = Problem(id="p", prompt="", tests=(check,), entry_point="duplicate", limits=SHORT)
    assert "about quadratically" in message(box, problem, DUPLICATE)


def test_a_wrong_program_is_not_profiled(box: Sandbox) -> None:
    """Defect: advice on speed for a program that is wrong."""
    assert said(box, calls(("duplicate([1])", "True")), DUPLICATE, profile) is None
    assert said(box, calls(("duplicate([1])", "True")), "def (", profile) is None


@given(
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0]), st.floats(1.0, 50.0), st.integers(4, 7)
)  # fmt: skip
def test_powers_are_named(power: float, factor: float, count: int) -> None:
    points = tuple((float(16 << n), 100 * factor * (16 << n) ** power) for n in range(count))
    series = Series(places=(0,), shape="length", lines=points, times=(), over=False, hot=1)
    names = {0: "hardly at all", 0.5: "more slowly than linearly", 1: "about linearly"}
    names |= {2: "about quadratically", 3: "about cubically"}
    assert series.name == names[power]


def test_n_log_n_and_exponential_are_named() -> None:
    sizes = [float(16 << n) for n in range(7)]
    log = tuple((n, n * math.log2(n)) for n in sizes)
    assert Series(places=(0,), shape="", lines=log, times=(), over=False, hot=1).name == (
        "about as n log n"
    )
    two = ((4.0, 48.0), (8.0, 768.0), (16.0, 196_608.0))
    assert Series(places=(0,), shape="", lines=two, times=(), over=True, hot=1).name == (
        "exponentially"
    )


JSON = st.recursive(
    st.none() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=4),
    max_leaves=9,
)


@given(st.dictionaries(st.sampled_from(["places", "shape", "lines", "times", "hot"]), JSON))
def test_what_the_program_said_is_never_believed(data: dict[str, object]) -> None:
    run = Run(
        verdicts=(),
        isolation=ISOLATION,
        outcome="passed",
        stdout=json.dumps({"series": {"places": [0], "shape": "x"} | data}),
    )
    found = worst(run)
    assert found is None or (found.slope >= 0 and found.name)
