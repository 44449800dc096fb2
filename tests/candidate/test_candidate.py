"""Code out of completions: what was there stays, what came is used, nothing hostile hurts."""

import ast
import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.candidate import Candidate
from assay.candidate.essence import essence
from assay.candidate.extract import extract
from assay.candidate.splice import build, diff, fill
from assay.problem import Problem

RECORDED = (
    Path(__file__).parents[3] / "shared/data/qwen25-coder-0.5b-humaneval-greedy/completions.jsonl"
)
WORDS = Problem(id="t", prompt="t", entry_point="add")


def stub_problem(starter: str, *stubs: str) -> Problem:
    return Problem(id="t", prompt=starter, starter=starter, stubs=stubs, entry_point=stubs[0])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("```python\ndef add(): 1\n```", "def add(): 1\n"),
        ("```python\ndef add(): 1\n```\nUse it:\n```python\nprint(add())\n```", "def add(): 1\n"),
        ("```\ndef add(): 1\n```", "def add(): 1\n"),
        ("~~~py\ndef add(): 1\n~~~", "def add(): 1\n"),
        ("```python\ndef add(): 1\n", "def add(): 1\n"),
        ("```bash\npip install x\n```\n```python\ndef add(): 1\n```", "def add(): 1\n"),
        ("Sure! Here it is:\ndef add(a):\n    return a\n\nI hope", "def add(a):\n    return a\n\n"),
        ("````python\ndef add():\n    '''\n```\n'''\n````", "def add():\n    '''\n```\n'''\n"),
        ("I cannot do that.", None),
        ("", None),
        ("```javascript\nlet add = 1\n```", None),
    ],
)
def test_extract(text: str, code: str | None) -> None:
    """Defects: the usage example taken for the answer, a cut-off or untagged fence missed."""
    assert extract(text, WORDS) == code


@given(st.text())
def test_no_text_breaks_the_extraction(text: str) -> None:
    extract(text, WORDS)
    build(stub_problem("def add(a, b):\n    ...\n", "add"), text)


@pytest.mark.parametrize(
    "text",
    ["(" * 100_000, "def f():\n" * 50_000, "```\n" * 60_000, "import a\n" * 60_000, "`" * 300_000],
)
def test_a_hostile_reply_takes_no_time(text: str) -> None:
    """Defect: a parser that is tried at every line of a reply of 100,000 tokens."""
    start = time.process_time()
    build(stub_problem("def add(a, b):\n    ...\n", "add"), text)
    assert time.process_time() - start < 5


STARTERS = [
    "import os\n\n\ndef add(a, b):\n    ...\n\nX = 1  # kept\n",
    "import os\r\n\r\n\r\ndef add(a, b):\r\n    pass\r\n\r\nX = 1  # kept\r\n",
    "import os\n\n\ndef add(a, b): ...\n\nX = 1  # kept\n",
    'import os\n\ndef add(a, b):\n    """Adds é."""\n    raise NotImplementedError\nX = 1 # kept\n',
    'import os\n\n\ndef add(a, b):\n\t"""Adds."""\n\nX = 1  # kept\n',
    'import os\n\n\ndef add(a, b):\n    """Adds."""',
]


@pytest.mark.parametrize("starter", STARTERS)
@pytest.mark.parametrize(
    "body",
    ["return a + b", "c = a\nfor i in range(b):\n    c += 1\nreturn c", "# why\nreturn a + b"],
)
def test_only_the_stub_changes(starter: str, body: str) -> None:
    """Defects: a docstring lost, line ends changed, tabs mixed, the tail of the file moved."""
    reply = "def add(a, b):\n" + "".join(f"  {line}\n" for line in body.split("\n"))
    made = fill(starter, ("add",), reply)
    head, tail = starter.split("def add")[0], starter.partition("X = 1")[1:]
    assert made.startswith(head)
    assert made.endswith("".join(tail))
    assert ("\r\n" in starter) == ("\r\n" in made)
    assert made.count("\n") == made.count("\r\n") or "\r\n" not in made
    namespace: dict[str, object] = {}
    exec(compile(made, "made", "exec"), namespace)
    assert namespace["add"](2, 3) == 5  # type: ignore[operator]
    if "Adds" in starter:
        assert "Adds" in (namespace["add"].__doc__ or "")


def test_a_byte_order_mark_survives() -> None:
    made = fill("\ufeffdef add(a, b):\n    ...\n", ("add",), "def add(a, b):\n    return a + b\n")
    assert made == "\ufeffdef add(a, b):\n    return a + b\n"


def test_methods_and_two_stubs() -> None:
    """Defect: a method's body at the wrong depth, or the second stub left empty."""
    starter = (
        "class Box:\n    def get(self):\n        ...\n\n    def put(self, x):\n        pass\n\n\n"
        "def free(n):\n    pass\n"
    )
    reply = (
        "class Box:\n    def get(self):\n        return self.x\n\n    def put(self, x):\n"
        "        self.x = x\n\ndef free(n):\n    return helper(n)\n\ndef helper(n):\n    return n\n"
    )
    made = fill(starter, ("Box.get", "Box.put", "free"), reply)
    namespace: dict[str, object] = {}
    exec(compile(made, "made", "exec"), namespace)
    box = namespace["Box"]()  # type: ignore[operator]
    box.put(4)
    assert (box.get(), namespace["free"](7)) == (4, 7)  # type: ignore[operator]


def test_imports_and_helpers_come_along_once() -> None:
    starter = "import math\n\n\ndef helper(x):\n    return x\n\n\ndef f(x):\n    ...\n"
    reply = (
        "import math\nimport re\n\ndef helper(x):\n    return 0\nK = 2\n\n"
        "def f(x):\n    return re.sub('a', 'b', x) * K\n"
    )
    made = fill(starter, ("f",), reply)
    names = {ast.unparse(node).split("\n")[0] for node in ast.parse(made).body}
    assert names == {"import math", "def helper(x):", "import re", "K = 2", "def f(x):"}
    assert "return x" in made
    assert made.count("import math") == 1


def test_a_renamed_parameter_takes_the_whole_function() -> None:
    """Defect: the model's body put under parameters that it does not use: a NameError of ours."""
    made = fill("def f(x):\n    ...\n", ("f",), "def f(y):\n    return y\n")
    assert made == "def f(y):\n    return y\n"


def test_a_bare_body_is_accepted() -> None:
    made = fill("def f(x):\n    ...\n", ("f",), "    return x\n")
    assert made == "def f(x):\n    return x\n"


def test_a_reply_with_another_function_leaves_the_file() -> None:
    """Defect: a stub that the reply lacks ended the whole run with a traceback."""
    starter = "def f(x):\n    ...\n"
    assert fill(starter, ("f",), "def g(x):\n    return x\n") == starter


def test_star_imports_come_along_only_when_used() -> None:
    """Defect: the habit of small models, `from typing import *`, in every file."""
    reply = "from typing import *\nfrom math import *\n\ndef f(x):\n    return floor(x)\n"
    made = fill("def f(x):\n    ...\n", ("f",), reply)
    assert "typing" not in made
    assert "from math import *" in made


def test_a_method_with_text_at_the_margin() -> None:
    """Defect: a helper method whose string begins lines at column 0 ended the run."""
    starter = "class A:\n    def f(self):\n        ...\n"
    reply = (
        "class A:\n    def f(self):\n        return self.h()\n\n    def h(self):\n"
        '        return """a\nb"""\n'
    )
    namespace: dict[str, object] = {}
    exec(fill(starter, ("A.f",), reply), namespace)
    assert namespace["A"]().f() == "a\nb"  # type: ignore[operator]


def test_a_cut_off_tail_does_not_spoil_the_function() -> None:
    """Defect: tokens that ran out amid a usage example fail a function that is complete."""
    made = fill("def f(x):\n    ...\n", ("f",), "def f(x):\n    return x\n\nprint(f([1, 2,")
    assert made == "def f(x):\n    return x\n"


def test_a_cut_off_function_is_not_mended() -> None:
    """Defect: half a function handed on as if it were whole, so that nobody sees what is wrong."""
    reply = "def f(x):\n    y = x\n    return (y +"
    assert fill("def f(x):\n    ...\n", ("f",), reply) == reply


@given(st.lists(st.sampled_from(["x = 1", "", "y = 2", "  "])), st.integers(0, 3))
def test_identity_ignores_blanks(lines: list[str], blanks: int) -> None:
    one = "\n".join(lines)
    other = "\n".join(line + " " * blanks for line in [*lines, *[""] * blanks])
    assert (
        Candidate(code=one, text="a", made_by="s").id
        == Candidate(code=other, text="b", made_by="s").id
    )


def test_identity_tells_indentation_and_missing_code_apart() -> None:
    ids = {
        Candidate(code=code, text="x = 1", made_by="s").id
        for code in ("x = 1", " x = 1", "x  = 1", None)
    }
    assert len(ids) == 4


def test_diff_of_a_file_without_a_last_newline() -> None:
    assert diff("a\n", "b", "f.py") == (
        "--- a/f.py\n+++ b/f.py\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n"
    )


@pytest.mark.skipif(not RECORDED.exists(), reason="the recorded completions are not here")
def test_every_recorded_completion_gives_a_program() -> None:
    """Defect: real replies of a small model that lose their code."""
    from assay.problem.humaneval import problems

    tasks = {problem.id: problem for problem in problems()}
    rows = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    made = {row["task_id"]: build(tasks[row["task_id"]], row["text"]) for row in rows}
    assert len(made) == 164
    for task, code in made.items():
        assert code is not None
        ast.parse(code)
        assert f"def {tasks[task].entry_point}(" in code


SUM = "def add(a, b):\n    c = a + b\n    return c\n"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("def add(x, y):\n    # the sum\n    total = x + y\n\n    return total\n", True),
        ('def add(a, b):\n    """Adds."""\n    c = a + b\n    return c\n', True),
        ("def add(a, b):\n    c = b + a\n    return c\n", False),
        ("def add(a, b):\n    c = max(a, b)\n    return c\n", False),
        ("def add(a, b):\n    c = a - b\n    return c\n", False),
        ("def plus(a, b):\n    c = a + b\n    return c\n", False),
        ("no Python", False),
    ],
)
def test_programs_that_differ_in_words_alone_are_one(other: str, same: bool) -> None:
    """Catches: a renamed copy that is a second opinion, or a second opinion that is none."""
    assert (essence(other) == essence(SUM)) == same


@given(st.text())
def test_any_text_has_an_essence(text: str) -> None:
    assert essence(text) == essence(text)


def test_builtins_keep_their_names() -> None:
    """Catches: `sum` and `max` taken for one variable under two names."""
    assert essence("def f(x):\n    return sum(x)") != essence("def f(x):\n    return max(x)")
    assert essence("(" * 9_000) == "(" * 9_000


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(a, b=1): return a\nf(a=1)", "def f(b, a=1): return b\nf(a=1)"),
        ("def f():\n global a\n a = b = 1", "def f():\n global a\n b = a = 1"),
        (
            "try: f()\nexcept E as x: y = x",
            "try: f()\nexcept E as y: y = x",
        ),
    ],
)
def test_names_that_mean_something_elsewhere_stay(one: str, other: str) -> None:
    """Catches: two programs that do other things, taken for one."""
    assert essence(one) != essence(other)
