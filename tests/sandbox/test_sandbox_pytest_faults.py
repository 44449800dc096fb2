"""Whose fault it is that a pytest file cannot be collected: its own, or the candidate's."""

import pytest

from assay.problem import Script
from assay.sandbox import Job, Sandbox, Verdict

GOOD = "def f(n):\n    return n + 1\n"
TEST = "def test_f():\n    assert f(1) == 2\n"
FROM = "from thing import f\n"


async def judged(sandbox: Sandbox, source: str, code: str) -> Verdict:
    test = Script(id="t", source=source, call="test_f", framework="pytest", module="thing")
    [run] = await sandbox.run([Job(code=code, tests=(test,))])
    return run.verdicts[0]


BROKEN = {
    "module": (f"import no_such_module\n{FROM}{TEST}", "no_such_module"),
    "name of a module": (f"from math import no_such\n{FROM}{TEST}", "no_such"),
    "attribute": (f"import math\nX = math.no_such\n{FROM}{TEST}", "no_such"),
    "undefined": (f"{FROM}X = not_there + 1\n{TEST}", "not_there"),
    "syntax": (f"{FROM}def g(:\n    pass\n{TEST}", "SyntaxError"),
    "fixture": (f"{FROM}def test_f(no_such_fixture):\n    assert f(1) == 2\n", "no_such_fixture"),
    "parameters": (
        f"import pytest\n{FROM}@pytest.mark.parametrize('x', [1])\n{TEST}",
        "test_f",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
async def test_a_test_file_that_cannot_be_read_blames_no_program(
    isolated: Sandbox, name: str
) -> None:
    """Defect: a fault of the test file is charged to every program that meets it."""
    source, word = BROKEN[name]
    found = await judged(isolated, source, GOOD)
    assert found.outcome == "skipped", found
    assert (found.detail.message or "").startswith("the test is broken: "), found
    assert word in (found.detail.message or "")


OWN = {
    "lacks the name": (FROM + TEST, "def g(n):\n    return n\n", "raised"),
    "lacks the attribute": (f"import thing\nX = thing.f\n{TEST}", "g = 1\n", "raised"),
    "raises at import": (f"{FROM}X = f(1)\n{TEST}", "def f(n):\n    return n / 0\n", "raised"),
    "raises an import error": (
        f"{FROM}X = f(1)\n{TEST}", "def f(n):\n    import no_such_module\n", "raised",
    ),
    "gives None": (f"{FROM}X = f(1).bit_length()\n{TEST}", "def f(n): pass\n", "raised"),
    "is wrong at import": (f"{FROM}assert f(1) == 2\n{TEST}", "def f(n): pass\n", "wrong"),
    "is wrong": (FROM + TEST, "def f(n):\n    return n\n", "wrong"),
    "raises in a fixture": (
        f"import pytest\n{FROM}@pytest.fixture\ndef x():\n    return f(1)\n"
        "def test_f(x):\n    assert x == 2\n", "def f(n):\n    return n / 0\n", "raised",
    ),
    "a class of its own lacks the name": (
        "from thing import C, f\ndef test_f():\n    assert C().x == 2\n",
        "class C:\n    x = 2\n", "raised",
    ),
    "right": (FROM + TEST, GOOD, "passed"),
}  # fmt: skip


@pytest.mark.parametrize("name", OWN)
async def test_what_the_candidate_lacks_or_raises_is_its_own(isolated: Sandbox, name: str) -> None:
    """Defect: a candidate without the function asked for, or one that raises while the file is
    imported, is let off as a broken test."""
    source, code, outcome = OWN[name]
    found = await judged(isolated, source, code)
    assert found.outcome == outcome, found
