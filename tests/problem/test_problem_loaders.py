"""Files with stubs, test files, text and JSONL as problems."""

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ProblemError, UsageError
from assay.problem import Call, Io, Script, jsonl, python, testfile, text
from assay.problem.reading import read_bytes
from assay.problem.stubs import Source, functions, is_stub

FILE = '''\ufeff"""Module."""\r
from abc import abstractmethod\r
from typing import Protocol, overload\r
\r
\r
class Shape(Protocol):\r
    def area(self) -> float: ...\r
\r
\r
class Box:\r
    """A box.\r
\r
    >>> Box().size()\r
    1\r
    """\r
\r
    @abstractmethod\r
    def open(self): ...\r
\r
    @property\r
    def lid(self):\r
        """The lid."""\r
        raise NotImplementedError("later")\r
\r
    async def size(self):\r
        pass\r
\r
    def full(self):\r
        return True\r
\r
\r
@overload\r
def f(x: int) -> int: ...\r
def f(x): ...  # é\r
if True:\r
    def g(): raise NotImplementedError\r
def documented():\r
    """Only that."""\r
'''


def written(folder: Path, content: str | bytes, name: str = "stubs.py") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_stubs_of_every_shape(tmp_path: Path) -> None:
    """Defects: an abstract method filled, a stub in a class or an `if` missed, bytes changed."""
    path = written(tmp_path, FILE)
    problem = python.load(path)
    assert problem.stubs == ("Box.lid", "Box.size", "f", "g")
    assert problem.entry_point == "Box.lid"
    assert problem.starter.encode() == path.read_bytes()
    assert [test.id for test in problem.tests] == ["Box:1"]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"def f():\n    return 1\n", "nothing to fill"),
        (b"def f():\n    x = = 1\n", "line 2"),
        (b"x = 1\n\xff\n", "line 2: not UTF-8"),
        (b"x = 1\0\n", "not Python"),
        (b"x = " + b"(" * 5000, "not Python"),
        (
            b'def f(a):\n    """F.\n\n    >>> f(1\n    2\n    """\n    ...\n',
            "line 4: the example of f",
        ),
        (b'def f(a):\n    """\n    f(1) == 2\n    f(1) == 3\n    """\n    ...\n', "contradict"),
    ],
)
def test_a_file_that_cannot_be_filled(tmp_path: Path, content: bytes, words: str) -> None:
    """Defect: a traceback, or an error that does not say where."""
    with pytest.raises(ProblemError) as caught:
        python.load(written(tmp_path, content))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_no_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="no such file"):
        python.load(tmp_path / "missing.py")
    with pytest.raises(ProblemError, match="folder"):
        python.load(tmp_path)


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(["x = 'é\u2028'", "if x:", "    y = 1  # ü", "\tz = 2", "", "def f():"]),
        max_size=8,
    ),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.booleans(),
)
def test_positions_lead_back_to_the_text(lines: list[str], newline: str, bom: bool) -> None:
    """Defects: columns in bytes taken for characters; a line end that `ast` does not know."""
    source = Source(("\ufeff" if bom else "") + newline.join(lines))
    try:
        tree = source.tree
    except SyntaxError:
        return
    for node in tree.body:
        part = source.text[source.start(node) : source.end(node)]
        assert part == part.strip("\ufeff")
        assert Source(part).tree.body
    assert not [found for found in functions(tree.body) if is_stub(found)]


TESTS = """
import math
import numpy_like_thing_of_mine
from roman import to_roman

LIMIT = 3


def helper(x):
    return x


def test_plain():
    assert to_roman(1) == "I"


class TestMore:
    def test_two(self): ...
    def other(self): ...


class Case(unittest.TestCase):
    def test_three(self): ...

if __name__ == "__main__":
    unittest.main()
"""


def test_nodes_of_pytest_and_unittest(tmp_path: Path) -> None:
    """Defects: a method that is no test collected; the module of the candidate not found."""
    source = TESTS.replace("import numpy_like_thing_of_mine\n", "import pytest\nimport pydantic\n")
    tests = testfile.load(written(tmp_path, source))
    scripts = [test for test in tests if isinstance(test, Script)]
    assert [(s.call, s.framework) for s in scripts] == [
        ("test_plain", "pytest"),
        ("TestMore::test_two", "pytest"),
        ("Case.test_three", "unittest"),
    ]
    assert {script.module for script in scripts} == {"roman"}
    assert scripts[0].source == source


def test_asserts_become_calls(tmp_path: Path) -> None:
    """Defect: expected values that need not be in the candidate's process are put there."""
    source = (
        "import math\nN = 2\nassert f(N) == [1, 2]\nassert 3 == f(3)\nassert f(4)\n"
        "N = 5\nassert f(N) is None\n"
    )
    calls = testfile.load(written(tmp_path, source))
    assert [type(call) for call in calls] == [Call, Call, Script, Call]
    first, second, third, last = calls
    assert isinstance(first, Call)
    assert isinstance(second, Call)
    assert isinstance(third, Script)
    assert isinstance(last, Call)
    assert (first.expression, first.expected, first.setup) == (
        "f(N)",
        "[1, 2]",
        "import math\nN = 2",
    )
    assert (second.expression, second.expected) == ("f(3)", "3")
    assert third.call == "assert f(4)"
    assert (last.expected, last.setup) == ("None", "import math\nN = 2\nN = 5")
    assert len({test.id for test in calls}) == 4


@pytest.mark.parametrize(
    ("content", "words"),
    [("x = 1\n", "no tests in it"), ("assert f(\n", "line 1"), ("", "no tests")],
)
def test_a_file_without_tests(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        testfile.load(written(tmp_path, content))


def test_a_test_file_is_never_run(tmp_path: Path) -> None:
    """Defect: reading a stranger's file runs it."""
    mark = tmp_path / "mark"
    testfile.load(written(tmp_path, f"open({str(mark)!r}, 'w')\nassert f(1) == 2\n"))
    assert not mark.exists()


def test_text_names_its_function_and_has_examples() -> None:
    problem = text.problem("Write a function `add(a, b)` with add(1, 2) == 3.")
    assert problem.entry_point == "add"
    [test] = problem.tests
    assert isinstance(test, Call)
    assert (test.expression, test.expected, test.origin) == ("add(1, 2)", "3", "example")
    assert problem.id == text.problem(problem.prompt).id
    given_test = Call(id="1", expression="mul(2, 3)", expected="6")
    assert text.problem("Multiply.", [given_test]).entry_point == "mul"
    assert text.problem("Multiply.").entry_point is None
    with pytest.raises(UsageError, match="empty"):
        text.problem(" \n")


ROW = (
    '{"id": "a", "prompt": "p", "entry_point": "f", "tests": ["assert f(1) == 2", '
    '{"kind": "io", "stdin": "1", "expected": "2"}], "hidden": ["assert f(3) == 4"], '
    '"limits": {"cpu_seconds": 2.0}}'
)


def test_rows_of_jsonl(tmp_path: Path) -> None:
    """Defect: a hidden test in what a solver sees."""
    [row] = jsonl.read_rows(written(tmp_path, f"\n{ROW}\n", "p.jsonl"))
    problem = jsonl.problem_of(row)
    call, io = problem.tests
    assert isinstance(call, Call)
    assert isinstance(io, Io)
    assert (call.expression, io.stdin, problem.limits.cpu_seconds) == ("f(1)", "1", 2.0)
    assert "f(3)" not in repr(problem)
    [hidden] = jsonl.hidden_of(row)
    assert isinstance(hidden, Call)
    assert hidden.expression == "f(3)"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("{", "not JSON"),
        ("[1]", "row"),
        ('{"id": "b"}', "prompt"),
        ('{"id": 3, "prompt": "p"}', "id"),
        ('{"id": "b", "prompt": "p", "answer": 1}', "answer"),
        ('{"id": "b", "prompt": "p", "tests": [{"kind": "call"}]}', "tests 0"),
        ('{"id": "b", "prompt": "p", "limits": {"cpu_seconds": -1}}', "limits.cpu_seconds"),
        ('{"id": "a", "prompt": "p"}', "twice"),
        ("[" * 100_000, "not JSON"),
        ('{"id": "b", "prompt": "' + "x" * 2_000_000 + '"}', "prompt"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, words: str) -> None:
    """Defect: a row passed over in silence, or an error without its place."""
    with pytest.raises(ProblemError) as caught:
        jsonl.read_rows(written(tmp_path, f"{ROW}\n{row}\n", "p.jsonl"))
    assert "line 2" in str(caught.value)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 500


def test_a_line_without_end_is_not_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jsonl, "MAX_BYTES", 1000)
    with pytest.raises(ProblemError, match="longer than"):
        jsonl.read_rows(written(tmp_path, "x" * 5000, "p.jsonl"))


def test_rows_like_those_of_evalplus(tmp_path: Path) -> None:
    row = (
        '{"task_id": "H/1", "prompt": "def f(x):\\n    \\"\\"\\" f(1) == 2 \\"\\"\\"\\n", '
        '"entry_point": "f", "canonical_solution": "x", "test": "def check(c): ..."}'
    )
    [read] = jsonl.read_rows(written(tmp_path, row, "p.jsonl"))
    problem = jsonl.problem_of(read)
    assert (problem.stubs, len(problem.tests)) == (("f",), 1)
    [check] = jsonl.hidden_of(read)
    assert isinstance(check, Script)
    assert check.call == "check(f)"


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"kind": "command", "argv": ["x"], "arg": 1}, ["'command'", "'arg'", "argv, files, file"]),
        ({"kind": "command", "argv": "python x"}, ["'command'", "'argv'", "valid list"]),
        ({"kind": "io", "stdin": "1"}, ["'io'", "'expected'", "comparison"]),
        ({"kind": "call", "expression": 1}, ["'call'", "'expression'", "string"]),
        ({"kind": "cmd"}, ["call, io, script, command", "'cmd'"]),
        ({"argv": ["x"]}, ["kind", "call, io, script, command"]),
        (3, ["text", "kind"]),
    ],
)
@pytest.mark.parametrize("key", ["tests", "hidden"])
def test_a_wrong_field_of_a_test_is_named_with_what_is_allowed(
    tmp_path: Path, key: str, test: object, words: list[str]
) -> None:
    """Defect: "Input should be a valid string", which names neither the kind nor the field."""
    path = tmp_path / "own.jsonl"
    path.write_text(json.dumps({"id": "a", "prompt": "p", key: ["assert 1", test]}))
    with pytest.raises(ProblemError) as told:
        jsonl.read_rows(path)
    said = str(told.value)
    assert f"line 1: {key} 1: " in said
    assert [word for word in words if word not in said] == []


def test_the_table_of_tests_names_every_field() -> None:
    """Defect: a field that is documented nowhere."""
    page = (Path(__file__).parents[2] / "docs" / "problem.md").read_text()
    for kind, row in jsonl.ROWS.items():
        assert f"| `{kind}` |" in page
        assert [name for name in row.model_fields if f"`{name}`" not in page] == []


def test_a_pipe_that_nobody_writes_to_is_no_file(tmp_path: Path) -> None:
    """Catches: a file of others that makes Assay wait for ever; a shell's `<(...)` refused."""
    pipe = tmp_path / "pipe.py"
    os.mkfifo(pipe)
    with pytest.raises(ProblemError, match="a pipe or a device"):
        read_bytes(pipe)
    with pytest.raises(ProblemError, match="a pipe or a device"):
        read_bytes(Path("/dev/zero"))
    ours, theirs = os.pipe()
    os.write(theirs, b"x = 1\n")
    os.close(theirs)
    assert read_bytes(Path(f"/dev/fd/{ours}")) == b"x = 1\n"
    os.close(ours)
