"""What is read out of the text of a test and a candidate, before either runs."""

import argparse
import ast
import dataclasses
import inspect
import statistics
import types
import typing

import pytest

from assay.problem import Script
from assay.sandbox import plan
from assay.sandbox.child import static

LEAVES = (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)


@pytest.mark.parametrize(
    "module", [argparse, ast, dataclasses, statistics, typing], ids=lambda module: module.__name__
)
def test_every_node_is_seen(module: types.ModuleType) -> None:
    """A faster walk that passes by a node, and with it what makes a test unfit to be shared."""
    text = inspect.getsource(module)
    tree = static.parsed(text)
    expected = [ast.dump(node) for node in ast.walk(tree) if not isinstance(node, LEAVES)]
    assert sorted(map(ast.dump, static.nodes_of(text))) == sorted(expected)


def test_a_judge_is_told_every_name_of_a_test() -> None:
    """A name that the judge does not find: the test would raise NameError."""
    source = "import a.b as c\ndef check(f, *, key):\n    with f() as g:\n        assert g.d[h]()\n"
    names = plan.read(Script(id="t", source=source, call="check(main)")).data["names"]
    assert {"f", "key", "g", "d", "h", "check", "main"} <= set(names)


@pytest.mark.parametrize(
    ("code", "names", "given"),
    [
        ("import math\ndef f(x):\n    return x\n", {"f"}, []),
        ("import math\ndef f(x):\n    return x\n", {"f", "math"}, ["import math"]),
        ("from math import tau\nasync def f(x): ...\n", {"f", "tau"}, ["from math import tau"]),
        ("def f(x):\n    import math\n", {"math"}, []),
    ],
)
def test_imports_that_a_test_uses(code: str, names: set[str], given: list[str]) -> None:
    """A module that the candidate imports and the test uses is not there for the test."""
    assert static.CandidateText(code).imports(names) == given


STEALS = """import copy, collections
def steal(target, name):
    seen = []
    M = collections.namedtuple("M", "get")
    def g(d, nil):
        seen.append(d)
        return nil
    try:
        copy.deepcopy(list.append, M(g))
    except TypeError:
        pass
    return copy.deepcopy(list.append, {seen[1]: target, seen[2]: name})
steal(copy.deepcopy, "__globals__")
"""


@pytest.mark.parametrize(
    "source",
    [
        STEALS,
        "from copy import deepcopy as d\n",
        "from collections import Counter\nkind = Counter.copy(int)\n",
        "from collections import Counter as K\nkind = (lambda c: c.copy)(K)(int)\n",
        "import typing\nkind = typing.Counter.copy(int)\n",
        "import re\nre.compile('a', 2)\n",
        "import random\nrandom.Random.seed\n",
        "from fractions import Fraction\n",
        "from typing import List\n",
        "x = '{0.__func__}'.format(f)\n",
        "b'x'.decode('no such')\n",
        "class A:\n    pass\n",
        "def f():\n    yield 1\n",
        "def f():\n    global g\n    g = 1\n",
        "import math\nmath.pi = 3\n",
        "import math\nfor math.pi in [3]:\n    pass\n",
        "import math as __builtins__\n",
        "try:\n    f()\nexcept NameError as __builtins__:\n    pass\n",
        "def __getattr__(name):\n    return 1\n",
        "x = f.__globals__\n",
        "x = f._private\n",
        "x = __builtins__\n",
        "x = getattr(f, 'a')\n",
        "x = type(f)\n",
        "from math import *\n",
        "import os\n",
        "del f\n",
        "this is no python",
    ],
)
def test_what_may_outlive_a_test_has_a_judge_of_its_own(source: str) -> None:
    """A test that decides about the candidates that the same judge meets after it."""
    assert not plan.read(Script(id="t", source=source, call="f()")).pure


@pytest.mark.parametrize("module", ["os", "builtins", "random", "os.path"])
def test_a_module_of_pythons_is_no_candidate(module: str) -> None:
    """A test that calls `os` its candidate, and imports the real one."""
    source = f"from {module} import system as s\n"
    assert not plan.read(Script(id="t", source=source, call="f()", module=module)).pure


@pytest.mark.parametrize(
    "source",
    [
        "def check(f):\n    assert f([1]) == 2, 'no'\n",
        "import math\nassert math.isclose(f(1), 1.0, abs_tol=1e-6)\n",
        "from collections import Counter\nassert Counter(f('a')) == Counter('a')\n",
        "import random\nfor _ in range(9):\n    x = random.randint(0, 9)\n    assert f(x) == x\n",
        "try:\n    f(None)\nexcept TypeError as error:\n    assert error.args\n",
    ],
)
def test_plain_tests_share_a_judge(source: str) -> None:
    """A list so short that every test pays for a judge of its own."""
    assert plan.read(Script(id="t", source=source, call="f(1)")).pure
