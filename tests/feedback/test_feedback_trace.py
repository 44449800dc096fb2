"""The tracer against planted bugs and hostile programs, in the real sandbox."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from planted import PLANTED
from sourced import calls, opened, said, tried

from assay.feedback.decode import blocks_of, told
from assay.feedback.layout import layout
from assay.feedback.trace import blocks, trace
from assay.feedback.traced import Traced
from assay.problem import Io, Limits, Problem, Script
from assay.sandbox import Isolation, Run, Sandbox

GOLDEN = Path(__file__).parent / "golden"
BRIEF = Limits(cpu_seconds=0.5, wall_seconds=10.0, memory_mb=256)
ISOLATION = Isolation(tier="scripted", filesystem=True, network=True, processes=True, memory=True)


@pytest.fixture(scope="module")
def box() -> Iterator[Sandbox]:
    with opened() as made:
        yield made


def traced(box: Sandbox, problem: Problem, code: str) -> Traced:
    found = tried(box, problem, code, blocks)[1]
    assert found is not None
    return found


def call_of(box: Sandbox, code: str, call: str = "f(3)", limits: Limits = BRIEF) -> Traced:
    """A call that must fail: no program gives this value."""
    return traced(box, calls((call, "'no such value'"), limits=limits), code)


def test_planted_bugs_are_pointed_at(box: Sandbox) -> None:
    """Defect: a trace that leaves the wrong line out, or suspects that are no better than chance.

    Right: the planted line is among the lines of the trace and among the three suspects.
    """
    right = []
    for name, planted in PLANTED.items():
        found = traced(box, planted.problem(), planted.buggy)
        shown = planted.line in {step.line for step in found.steps}
        if shown and planted.line in {span.line for span in found.suspects}:
            right.append(name)
    assert len(PLANTED) == 20
    assert len(right) >= 18, set(PLANTED) - set(right)


def test_golden(box: Sandbox) -> None:
    """A changed word shows in the diff of a golden file, not in a model that repairs less."""
    for name in ("merge", "stack", "leap"):
        planted = PLANTED[name]
        feedback = said(box, planted.problem(), planted.buggy, trace)
        assert feedback is not None
        assert feedback.message + "\n" == (GOLDEN / f"trace_{name}.txt").read_text()
        assert (feedback.passed, feedback.score) == (None, None)


def test_values_change_where_they_changed(box: Sandbox) -> None:
    """Defects: values of the line before; a loop's middle kept and its end lost; a wrong count."""
    code = (
        "def f(n):\n    total = 0\n    for i in range(100):\n        total += i\n    return total\n"
    )
    found = call_of(box, code)
    changes = [step.changed.get("total") for step in found.steps if step.line == 4]
    assert changes == [None, "1", "3", "4753", "4851", "4950"]
    assert found.lines_run == 1 + 101 + 100 + 1
    assert found.ended == "It gave 4950, expected 'no such value'."


def test_blocks(box: Sandbox) -> None:
    """Defects: statements of two branches in one block; a helper's lines inside of the caller's."""
    code = (
        "def g(x):\n    y = x + 1\n    return y\n\n"
        "def f(n):\n    a = 1\n    b = g(a)\n    if b > n:\n        c = 1\n"
        "    else:\n        c = 2\n    return c\n"
    )
    found = call_of(box, code)
    shape = [(run.function, run.lines) for run in found.blocks]
    assert shape == [("f", (6, 7, 8)), ("g", (2, 3)), ("f", (11,)), ("f", (12,))]
    assert found.blocks[0].before == {"n": "3"}
    assert found.blocks[0].after == {"a": "1", "b": "2"}
    assert found.blocks[2].source == "c = 2"
    assert [(one.name, one.arguments, one.result) for one in found.calls] == [
        ("f", "n=3", "2"),
        ("g", "x=1", "2"),
    ]


def test_a_loop_for_ever_shows_its_lines(box: Sandbox) -> None:
    code = "def f(n):\n    i = 0\n    while i < n:\n        n += 1\n        i += 1\n    return i\n"
    found = call_of(box, code)
    assert found.ended.startswith("It had not ended after ")
    assert {step.line for step in found.steps[-6:]} == {3, 4, 5}
    assert {span.line for span in found.suspects} == {3, 4, 5}


def test_a_hang_in_c_names_its_line(box: Sandbox) -> None:
    """Defect: a trace that is lost because its program had to be killed."""
    found = call_of(box, "def f(n):\n    x = n\n    y = 7 ** 7 ** 11\n    return y\n")
    assert found.ended == "It was stopped at line 3: y = 7 ** 7 ** 11"
    assert [step.line for step in found.steps] == [2]


FORGED = 'import os\n    os.write(200, b\'{"end": 1}\\n{"step": {"n": -1}}\\n{[\')'
BARE = "while True:\n        try:\n            n += 1\n        except:\n            pass"


@pytest.mark.parametrize(
    ("name", "body", "end"),
    [
        ("prints", "print('x' * 10**6)\n    return 1", "It gave 1"),
        ("closes", "import os\n    os.closerange(0, 3)\n    return 1", "It gave 1"),
        ("settrace", "import sys\n    sys.settrace(None)\n    x = 1\n    return x", "It gave 1"),
        ("exits", "import os\n    os._exit(0)", "It ended the process by os._exit(0) at line 3"),
        ("sys.exit", "import sys\n    sys.exit(3)", "It raised SystemExit: 3 at line 3"),
        ("recursion", "return f(n + 1)", "It raised RecursionError"),
        ("kill", "import os\n    x = 1\n    os.kill(os.getpid(), 9)", "The process ended at line"),
        ("forged", FORGED, "It"),
        ("bare", BARE, "It had"),
    ],
)  # fmt: skip
def test_hostile_programs(box: Sandbox, name: str, body: str, end: str) -> None:
    found = call_of(box, f"def f(n):\n    {body}\n")
    assert found.ended.startswith(end), found.ended
    assert found.steps


MONSTERS = """
class Raises:
    def __repr__(self): raise ValueError
    def __eq__(self, other): raise ValueError
    __hash__ = None
    def __getattribute__(self, name): raise ValueError(name)
class Meta(type):
    @property
    def __name__(cls): raise ValueError
    def __eq__(cls, other): raise ValueError
    __hash__ = type.__hash__
class Odd(metaclass=Meta):
    __slots__ = ("x",)
    def __init__(self): self.x = 3
class Items(list):
    def __iter__(self): raise ValueError
    def __len__(self): raise ValueError
class Fake:
    __class__ = property(lambda self: int)
def f(n):
    a, b, c, d = Raises(), Odd(), Items([1, 2]), Fake()
    big = 1 << 10**6
    text = "x" * 10**6
    many = list(range(10**5))
    deep = []
    for _ in range(300): deep = [deep]
    own = [1]
    own.append(own)
    wide = {i: {j: j for j in range(30)} for i in range(30)}
    bad = "\\ud800\\x1b[31m"
    return 1
"""


def test_monstrous_values_are_short_and_run_no_code(box: Sandbox) -> None:
    """Defects: a `repr` that takes seconds, raises, or runs what the candidate wrote."""
    found = call_of(box, MONSTERS)
    last = found.steps[-1].before
    assert last["a"] == "<Raises>"
    assert (last["b"], last["c"], last["d"]) == ("Odd(x=3)", "Items([1, 2])", "<Fake>")
    assert last["big"] == "<int of about 301031 digits>"
    assert last["own"].startswith("[1, [1, [1")
    assert max(map(len, last.values())) <= 200
    feedback = said(box, calls(("f(3)", "2"), limits=BRIEF), MONSTERS, trace)
    assert feedback is not None
    assert len(feedback.message) < 3000


def test_only_the_last_call_of_a_script(box: Sandbox) -> None:
    """Defect: the passing assertions before the one that failed fill the trace."""
    source = (
        "def check(g):\n    for x in range(50):\n        assert g([x]) == (x if x < 40 else 0)\n"
    )
    script = Script(id="s", source=source, call="check(f)")
    problem = Problem(id="p", prompt="p", tests=(script,), limits=BRIEF)
    code = "def f(xs):\n    y = xs[0]\n    return y\n"
    found = traced(box, problem, code)
    assert found.call == "`f([40])`"
    assert [step.line for step in found.steps] == [2, 3]
    held = "class C:\n    def m(self, x):\n        y = x\n        return y\n"
    source = "def check():\n    c = C()\n    for x in range(50):\n        assert c.m(x) < 40\n"
    script = replace(script, source=source, call="check()")
    found = traced(box, replace(problem, tests=(script,)), held)
    assert [(step.line, step.before["x"]) for step in found.steps] == [(3, "40"), (4, "40")]


def test_programs_and_frameworks(box: Sandbox) -> None:
    code = "n = int(input())\nfor i in range(n):\n    print(i)\n"
    problem = Problem(id="p", prompt="", tests=(Io(id="i", stdin="2\n", expected="1\n"),))
    found = traced(box, problem, code)
    assert [step.line for step in found.steps] == [1, 2, 3, 2, 3, 2]
    source = "class TestF:\n    def test_a(self):\n        s = S()\n        assert s.get() == 1\n"
    script = Script(id="a", source=source, call="TestF::test_a", framework="pytest")
    code = "class S:\n    def get(self):\n        return 2\n"
    found = traced(box, Problem(id="p", prompt="", tests=(script,)), code)
    assert [step.line for step in found.steps] == [3]


def test_nothing_to_trace(box: Sandbox) -> None:
    """Defects: a run that is paid for nothing; a source that raises where there is no code."""
    problem = calls(("f(1)", "1"))
    assert said(box, problem, "def f(n):\n    return n\n", trace) is None
    assert said(box, problem, "def f(n:\n", trace) is None
    bash = Problem(
        id="p", prompt="", language="bash", tests=(Io(id="i", stdin="", expected="2\n"),)
    )
    assert said(box, bash, "echo 1\n", trace) is None


def test_a_program_that_does_not_load(box: Sandbox) -> None:
    found = traced(
        box, calls(("f(1)", "1"), limits=BRIEF), "x = 1\nwhile x:\n    x += 1\ndef f(n): return n\n"
    )
    assert found.call == "loading the program"
    assert {step.line for step in found.steps[-4:]} == {2, 3}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["step", "call", "end", "n", "line", "in", "depth", "frame", "before", "changed"]
            ),
            inner,
            max_size=8,
        )
    ),
    max_leaves=20,
)


@given(st.lists(JSON | st.text(max_size=40), max_size=12))
def test_what_the_tracer_said_is_never_believed(data: list[object]) -> None:
    """Defect: a candidate that writes to our descriptor breaks the search."""
    text = "\n".join(item if isinstance(item, str) else json.dumps(item) for item in data)
    made = layout("def f(x):\n    return x\n")
    assert made is not None
    run = Run(verdicts=(), isolation=ISOLATION, outcome="passed", stdout=text)
    found = told(run, made)
    assert all(1 <= step.line <= 2 for step in found.steps)
    blocks_of(found.steps, made)
