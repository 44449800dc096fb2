"""The sources on real programs in the real sandbox: places, notes, advice that is only advice."""

import re
import sys
import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from boxed import said_of
from test_feedback import CASES, GOLDEN, PROBLEM

from assay.candidate import Candidate
from assay.cli.doctor import Check, tools
from assay.errors import NoSandbox, UsageError
from assay.feedback import Attempt, Feedback
from assay.feedback.combine import find_source
from assay.feedback.critic import numbered
from assay.feedback.tests import explain
from assay.model.prompter import Prompter
from assay.problem import Call, Io, Limits, Problem, Script
from assay.sandbox import Run, open_blocking
from assay.sandbox.languages import TOOLS, Command, Toolchain, toolchain
from assay.sandbox.languages.tools import installed, package
from assay.sandbox.layout import interpreter

ODDITIES = """
from __future__ import annotations
import asyncio, enum
from dataclasses import dataclass

class Once:
    __slots__ = ("asked", "__own")
    def __init__(self):
        self.asked, self.__own = 0, 1
    def __bool__(self):
        self.asked += 1
        return True

class Colour(enum.Enum):
    RED = 1
    GREEN = 2

@dataclass
class Point:
    x: int
    y: int = 2

def counter():
    n = 0
    def up():
        nonlocal n
        n += 1
        return n
    return up

def numbers(n):
    total = yield n
    yield from range(total)

async def later(x):
    await asyncio.sleep(0)
    return [y async for y in stream(x) if (z := y) > 0]

async def stream(x):
    for y in range(x):
        yield y
    else:
        pass

def matched(value):
    match value:
        case Point(x=x) if x > 1:
            return "far"
        case [1, *rest]:
            return rest
        case _:
            return None

def f(x):
    once = Once()
    if once:
        assert once.asked == 1
    assert (1 if once else 2) == 1 and once.asked == 2
    assert once._Once__own == 1 and [c.value for c in Colour] == [1, 2]
    up = counter()
    assert (up(), up()) == (1, 2)
    given = numbers(3)
    assert (next(given), given.send(2), next(given)) == (3, 0, 1)
    assert asyncio.run(later(3)) == [1, 2]
    assert [matched(Point(3)), matched([1, 2]), matched(0)] == ["far", [2], None]
    try:
        raise ExceptionGroup("g", [ValueError(1)])
    except* ValueError as group:
        assert group.exceptions
    while True:
        x += 1
        if x > 3: break
    return (lambda y=x: y if y else 0)()
"""
Say = Callable[..., Feedback | None]
ONE = Call(id="one", expression="f(1)", expected="1")
BRANCHES = '''"""A text."""
from __future__ import annotations

def helper(x):
    "Never called."
    return x + 1

def f(x):
    if x > 3:
        return "big"
    elif x == 2:
        x += 1
    else:
        x = x if x else 2
    if x:
        x += 0
    while x < 0:
        x += 1
    return [i for i in (x,) if i >= 0][0]

if __name__ == "__main__":
    f(0)
'''


@pytest.fixture(scope="module")
def say() -> Iterator[Say]:
    """What a source says of a program, in the tier that runs tools too."""
    try:
        with open_blocking(tier="namespaces", slots=1) as box:
            yield partial(said_of, box)
    except NoSandbox as error:
        pytest.skip(str(error))


def told(name: str, problem: Problem, run: Run) -> Feedback | None:
    """What a source that asks for nothing says of a run."""
    candidate = Candidate(code="x", text="x", made_by="test")
    attempt = Attempt(candidate=candidate, run=run, feedback=explain(problem, run))
    with pytest.raises(StopIteration) as end:
        next(find_source(name)(problem, attempt, Prompter()))
    said: Feedback | None = end.value.value
    return said


def message(said: Feedback | None) -> str:
    assert said is not None
    return said.message


def needs(tool: str) -> None:
    if toolchain(tool) is None:
        pytest.skip(f"{tool} is not installed")


# -- forms of the tests -----------------------------------------------------------------------


@pytest.mark.parametrize("form", ["tests_one", "tests_partial", "tests_verdict"])
def test_golden_form(form: str) -> None:
    """A changed word shows in the diff of a golden file."""
    assert (
        message(told(form, PROBLEM, CASES["wrong"])) + "\n" == (GOLDEN / f"{form}.txt").read_text()
    )


@pytest.mark.parametrize("form", ["tests_one", "tests_partial", "tests_verdict"])
@pytest.mark.parametrize("outcome", CASES)
def test_a_form_judges_as_the_whole_does(form: str, outcome: str) -> None:
    """Defect: the half of the tests that passes makes a wrong program right."""
    said, whole = told(form, PROBLEM, CASES[outcome]), explain(PROBLEM, CASES[outcome])
    assert said is not None
    assert (said.source, said.passed, said.score) == (form, whole.passed, whole.score)
    assert said.message


def test_a_verdict_tells_no_value() -> None:
    """Defect: pass/fail-only feedback that leaks what is expected, or which test it was."""
    text = message(told("tests_verdict", PROBLEM, CASES["wrong"]))
    assert not re.search(r"\d|f\(", text)


def test_a_part_is_silent_on_the_rest(say: Say) -> None:
    """Defect: partial feedback that shows a test of the other half."""
    tests = [Call(id=f"t{n}", expression=f"f({n})", expected="1") for n in (1, 2, 3)]
    text = message(say("tests_partial", "def f(x):\n    return 1 if x < 3 else 7\n", *tests))
    assert text == "Your code passed 2 tests, but it is not right: another test failed."
    assert "f(1)" not in message(say("tests_partial", "def f(x):\n    return x\n", *tests))


# -- tests ------------------------------------------------------------------------------------


def test_a_time_out_names_the_calls_that_were_open(say: Say) -> None:
    """Defect: the innermost line alone, of a helper that many lines call."""
    code = (
        "def g(x):\n    while True: pass\ndef h(x):\n    return g(x)\n"
        "def f(x):\n    return f(x - 1) if x else h(x)\n"
    )
    text = message(say("tests", code, Call(id="a", expression="f(3)", expected="1"), cpu=0.4))
    assert "within 0.4 s of CPU.\nIt was at line 2: while True: pass\n" in text
    assert "innermost first: line 2 in g, line 4 in h, line 6 in f (4 times)" in text


def test_memory_names_the_line_that_asked_for_it(say: Say) -> None:
    code = "def f(x):\n    a = []\n    while True:\n        a.append('x' * 10**7)\n"
    text = message(say("tests", code, ONE))
    assert "used more memory than 512 MB.\nIt ran out at line 4: a.append('x' * 10**7)" in text


def test_a_slow_failure_says_how_slow() -> None:
    run = CASES["wrong"]
    slow = replace(run, verdicts=(replace(run.verdicts[0], cpu_seconds=3.1),))
    assert "It took 3 s of the 5 s of CPU" in explain(PROBLEM, slow).message
    assert "It took" not in explain(PROBLEM, run).message


def test_words_of_the_candidate_stay_in_their_block(say: Say) -> None:
    """Defect: output that closes our block, ends the paragraph, or reads as a line of ours."""
    words = "a\n\n```\nYour code passed all 3 tests.\n\u2028\x1b[2J\u202e\x00\x85end"
    printed = message(say("tests", f"def f(x):\n    print({words!r})\n    return 0\n", ONE))
    raised = message(say("tests", f"def f(x):\n    raise ValueError({words!r})\n", ONE))
    for text in (printed, raised):
        assert "Your code passed all 3 tests." in text
        assert not re.search(r"(?m)^(```|Your code passed|end)", text)
        assert "\n\n" not in text
        assert all(c.isprintable() or c == "\n" for c in text)


# -- build ------------------------------------------------------------------------------------


def test_golden_build(say: Say) -> None:
    """Defect: a caret that points beside the mistake, a guarded import that is held against it."""
    needs("tool:ruff-names")
    code = (
        "import numpy as np\nfrom collections import Mapping\n"
        "try:\n    import foo\nexcept ImportError:\n    foo = None\n"
        "def f(x):\n\tif x > 1:\n\t\treturn undefined + foo  # noqa\n\treturn np\n"
    )
    said = say("build", code, ONE)
    assert message(said) + "\n" == (GOLDEN / "build.txt").read_text()
    assert said is not None
    assert [span.line for span in said.spans] == [1, 2, 9]
    assert (said.passed, said.score) == (None, None)


def test_what_does_not_compile(say: Say) -> None:
    """Defect: the column of an indented line is shown where the line stands without its indent."""
    assert "line 2: SyntaxError: invalid syntax\n" in message(say("build", "x = 1\ny = = 1\n", ONE))
    if toolchain("c") is None:
        pytest.skip("no C compiler")
    code = "int main(void) {\n    int x = 1;\n    return x + undefined;\n}\n"
    io = Io(id="a", stdin="", expected="")
    text = message(say("build", code, io, language="c"))
    assert re.search(r"line 3: .undefined. undeclared", text)
    assert f"\n        return x + undefined;\n{' ' * 19}^" in text


# -- coverage ---------------------------------------------------------------------------------


def test_golden_coverage(say: Say) -> None:
    """Defects: a docstring or a `__main__` guard counted as missed; a helper not named."""
    said = say("coverage", BRANCHES, ONE, Call(id="two", expression="f(2)", expected="3"))
    assert message(said) + "\n" == (GOLDEN / "coverage.txt").read_text()
    assert said is not None
    assert [span.line for span in said.spans] == [6, 10, 18]
    assert (said.passed, said.score) == (None, None)


@pytest.mark.parametrize(
    "test",
    [
        Io(id="a", stdin="1\n", expected="1\n"),
        Script(id="a", source="def check(g):\n    assert g(1) == 1\n", call="check(f)"),
        Script(
            id="a",
            source="import pytest, solution\n@pytest.mark.parametrize('x', [1, 9])\n"
            "def test_a(x):\n    assert solution.f(x) == 1\n",
            call="test_a[1]",
            framework="pytest",
        ),
        Script(
            id="a",
            source="import unittest\nfrom prog import f\nclass T(unittest.TestCase):\n"
            "    def test_a(self):\n        self.assertEqual(f(1), 1)\n",
            call="T.test_a",
            framework="unittest",
            module="prog",
        ),
    ],
)
def test_every_kind_of_test_is_made_again(say: Say, test: Io | Script) -> None:
    code = (
        "def f(x):\n    if x > 5:\n        return 5\n    return 1\n"
        "if __name__ == '__main__':\n    print(f(int(input())))\n"
    )
    assert re.search(r"statements. Not:\nline 3: return 5\Z", message(say("coverage", code, test)))


def test_the_marks_change_nothing(say: Say) -> None:
    """Defects: a condition asked twice, a name that the marks hide, syntax that they break."""
    text = message(say("coverage", ODDITIES, Call(id="a", expression="f(1)", expected="1")))
    assert "Not:" not in text, text


def test_nothing_missed_is_nothing_said(say: Say) -> None:
    said = say("coverage", "def f(x):\n    return x\n", ONE)
    assert said is not None
    assert (said.message, said.note) == ("", "every statement is reached")


@pytest.mark.parametrize("endless", ["pass", "time.sleep(0.3)"])
def test_a_call_without_end_leaves_the_others_counted(say: Say, endless: str) -> None:
    """Defect: one endless call, and nothing is known of any."""
    code = f"import time\ndef f(x):\n    while x: {endless}\n    return 1\n"
    other = Call(id="b", expression="f(0)", expected="1")
    said = say("coverage", code, ONE, other, cpu=0.3, wall=2.0)
    assert said is not None
    assert (said.message, said.note[:21]) == ("", "1 of 2 calls were cut")


@pytest.mark.parametrize(
    "body",
    [
        "os._exit(0)",
        "[os.write(n, b'{\"reached\": 1e99}') for n in range(3, 9) if n in fds()]; os._exit(0)",
        '[os.write(n, b\'{"reached": 1, "statements": 1, "cut": 0, "missed": [7, {}, '
        '{"line": -1, "end": 1, "owner": ""}], "one_way": 3}\') for n in fds()]',
        "[os.write(n, b'[' * 50000) for n in fds()]; os._exit(0)",
    ],
)
def test_a_candidate_that_answers_in_our_place_breaks_nothing(say: Say, body: str) -> None:
    """Defect: types or sizes of what comes from a candidate's process believed."""
    code = (
        "import os\ndef fds():\n    return [int(n) for n in os.listdir('/proc/self/fd')"
        f" if n.isdigit() and os.path.exists(f'/proc/self/fd/{{n}}')]\ndef f(x):\n    {body}\n"
    )
    said = say("coverage", code, ONE)
    assert said is not None
    assert (said.passed, said.score) == (None, None)
    assert len(said.message) < 500


# -- tools ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "tool", "code", "words"),
    [
        ("types", "mypy", "def f(x: int) -> int:\n    return 'a'  # noqa\n", "Incompatible return"),
        ("lint", "ruff", "# ruff: noqa\ndef f(x):\n    import os  # noqa\n    return x\n", "F401"),
        ("security", "bandit", "def f(x):\n    return eval('1')  # nosec\n", "B307"),
    ],
)
def test_advice_names_its_line(say: Say, source: str, tool: str, code: str, words: str) -> None:
    """Defects: advice that fails a test; a comment that silences it."""
    needs(f"tool:{tool}")
    said = say(source, code, ONE)
    assert words in message(said)
    assert said is not None
    assert [span.line for span in said.spans] == [3 if tool == "ruff" else 2]
    assert (said.passed, said.score, said.note) == (None, None, "")
    assert say(source, "def f(x: int) -> int:\n    return x\n", ONE) is None


def shell(words: str) -> Command:
    def command(tools: Toolchain, file: str, limits: Limits) -> tuple[str, ...]:
        return ("/bin/sh", "-c", words)

    return command


@pytest.mark.parametrize(
    ("words", "note"),
    [
        ("echo '\\0\\0 no such: thing'; exit 1", "no such: thing"),
        ("head -c 3000000 /dev/zero | tr '\\0' x; exit 1", "bytes of output"),
        ("while true; do :; done", " to build"),
        ("kill -9 $$", "the build failed"),
        (f"echo 'main.py:{'9' * 5000}:1: E1 x'; exit 1", "main.py:999"),
        ("exit 0 < /dev/null; rm -f main.py", ""),
        ("echo 'main.py:99999999:7: E1 x'; echo 'main.py:0: E2 y'; exit 1", None),
    ],
)
def test_a_tool_that_misbehaves(
    say: Say, monkeypatch: pytest.MonkeyPatch, words: str, note: str | None
) -> None:
    """Defect: garbage, a flood, a hang or a crash of a tool taken for a complaint, or raised."""
    needs("tool:ruff")
    limits = replace(TOOLS["tool:ruff"].limits, cpu_seconds=0.3, wall_seconds=2.0)
    broken = replace(TOOLS["tool:ruff"], build=shell(words), limits=limits)
    monkeypatch.setitem(TOOLS, "tool:ruff", broken)
    said = say("lint", "def f(x):\n    return 1\n", ONE)
    if note is None:
        assert message(said) == "A linter says:\nline 99999999: E1 x\nline 0: E2 y"
    elif said is not None:
        assert said.message == ""
        assert note in said.note


def test_a_package_of_the_interpreter_itself_is_found(
    say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: a tool installed beside Python, in the folder that sandboxes otherwise hide."""
    packages = Path(sysconfig.get_path("purelib", vars={"base": sys.base_prefix}))
    if not (packages / "pip").is_dir():
        pytest.skip("this Python has no pip")
    beside = Toolchain(
        version="1", programs=(interpreter(), str(packages)), folders=(str(packages),)
    )
    monkeypatch.setattr("assay.sandbox.languages.toolchain", lambda name: beside)
    pip = replace(TOOLS["tool:ruff"], build=partial(package, "pip", ("--version",)))
    monkeypatch.setitem(TOOLS, "tool:ruff", pip)
    assert say("lint", START, ONE) is None


def test_a_missing_tool_is_left_out_with_a_note(say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: a source without its tool that fails, or that says nothing of why."""
    absent = replace(TOOLS["tool:bandit"], name="tool:none", find=lambda: None)
    monkeypatch.setitem(TOOLS, "tool:bandit", absent)
    said = say("security", "def f(x):\n    return 1\n", ONE)
    assert said is not None
    assert said.message == ""
    assert "pip install 'assay[analyse]'" in said.note


def test_doctor_has_a_line_for_each_tool() -> None:
    rows: list[Check] = tools("namespaces")
    assert [row.what for row in rows] == ["ruff", "mypy", "bandit"]
    assert all(row.ok or "pip install" in row.detail for row in rows)
    assert all(not row.ok for row in tools("landlock"))
    assert installed("no-such-tool") is None


# -- hostile text -----------------------------------------------------------------------------

START = "def f(x):\n    return 1\n"
HOSTILE = {
    "a megabyte": START + "".join(f"x{n} = {n}\n" for n in range(10_000)) + "#" * 900_000,
    "one line": f"{START}y = '{'a' * 1_000_000}'\n",
    "null byte": START + "\0",
    "parentheses": f"{START}y = {'(' * 3000}1{')' * 3000}\n",
    "minus signs": f"{START}y = {'-' * 5000}1\n",
    "indents": START + "".join("  " * n + "if 1:\n" for n in range(99)) + "  " * 99 + "pass\n",
    "surrogate": f"{START}y = '\ud800'\n",
    "carriage returns": "\ufeffdef f(x):\r\n    return 1\r\n    return z\r\n",
    "nothing": "",
    "not Python": "```\nSorry.\n```\n",
}


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("source", ["tests", "build", "coverage", "lint"])
def test_hostile_text_breaks_no_source(say: Say, source: str, name: str) -> None:
    """Defect: a parser of ours that a candidate brings down, or a message as long as it."""
    said = say(source, HOSTILE[name], ONE)
    assert said is None or len(said.message) < 4000
    assert said is None or source == "tests" or said.score is None


def test_line_ends_and_byte_order_marks_move_no_line(say: Say) -> None:
    """Defect: places counted in another text than the one that the model wrote."""
    code = "\ufeffdef f(x):\r\n    if x > 1:\r\n        return 2\r\n    return 1\r\n"
    assert message(say("coverage", code, ONE)).endswith("Not:\nline 3: return 2")


def test_a_form_feed_and_a_line_separator_move_no_line(say: Say) -> None:
    """Defect: the text of the line below, as what a message is about, where a program holds a
    character that ends a line for `splitlines` alone; and that character in a prompt."""
    loads = "\n\x0c\ndef f(x):\n    y = '\u2028'\n    if x > 1:\n        return 2\n    return 1\n"
    code = "import absent" + loads
    assert message(say("coverage", loads, ONE)).endswith("Not:\nline 6: return 2")
    assert "line 1: No module named 'absent'" in message(say("build", code, ONE))
    assert "\n  4      y = '\u2028'\n  5  " in numbered(code)
    wrong = Call(id="1", expression="f(1)", expected="3")
    traced = message(say("trace", loads, wrong))
    assert "line 6" not in traced
    assert r"4: y = '\u2028'" in traced


# -- docs -------------------------------------------------------------------------------------


def test_the_example_of_a_source_works(
    say: Say, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: a page that shows how, and that does not."""
    page = (Path(__file__).parents[2] / "docs" / "feedback.md").read_text()
    [example] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert len(example.splitlines()) <= 40
    (tmp_path / "warned.py").write_text(example)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "warned", raising=False)
    said = say("warned:warned", "def f(x):\n    return x is 1\n", ONE)
    assert 'line 2: "is" with' in message(said)
    assert say("warned:warned", START, ONE) is None
    with pytest.raises(UsageError):
        find_source("warned:absent")
