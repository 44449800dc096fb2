"""Agreement in behaviour, on the sandbox that isolates, and the probes that it is seen on."""

import ast
import asyncio
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.candidate import Candidate
from assay.model.prompter import Prompter
from assay.model.scripted import Scripted
from assay.problem import Call, Problem
from assay.problem.inputs import MAX_SOURCE
from assay.problem.probes import probes
from assay.sandbox import Sandbox, open_sandbox
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.select import Choice
from assay.select.agreement import agreement
from assay.select.answer import conclude


@pytest.fixture(scope="module")
def machine() -> Iterator[Sandbox]:
    made = open_sandbox(slots=2)
    yield made
    asyncio.run(made.close())


def problem_of(*expressions: str, entry: str = "f", name: str = "p") -> Problem:
    tests = tuple(
        Call(id=f"t{n}", expression=text, expected="None") for n, text in enumerate(expressions)
    )
    return Problem(id=name, prompt="f", entry_point=entry, tests=tests)


async def chosen(
    machine: Sandbox, problem: Problem, bodies: list[str], budget: Budget | None = None
) -> tuple[Choice, Driver]:
    """The choice among programs, one a line of `bodies`, made in that order."""
    parties = Parties(Scripted([]), machine)
    driver = Driver(problem, parties, Ledger(budget or Budget()), Forgetful())
    candidates = [Candidate(code=body, text=body, made_by="test") for body in bodies]
    attempts = await driver._try(candidates, problem.tests)
    driver.trail.attempts += attempts
    choice = await driver.drive(agreement(problem, attempts, Prompter()))
    assert choice is not None
    return choice, driver


TWICE = Problem(
    id="twice",
    prompt="Double it.",
    entry_point="f",
    tests=(Call(id="t", expression="f([2, 0])", expected="[4, 0]"),),
)


async def test_the_majority_wins(machine: Sandbox) -> None:
    """Catches: the first that passes the visible tests, though most behave otherwise."""
    odd = "def f(x):\n    return [4, 0]"
    bodies = [
        odd,
        "def f(x):\n    return [a * 2 for a in x]",
        "def f(x):\n    return [a + a for a in x]",
        "def f(x):\n    return [sum((a, a)) for a in x]",
        "def f(x):\n    return [a ** 2 for a in x]",
        "def f(x):\n    return x",
    ]
    choice, driver = await chosen(machine, TWICE, bodies)
    assert [a.candidate.code for a in choice.order[:3]] == bodies[1:4]
    assert choice.cluster[:3] == (0, 0, 0)
    assert len(set(choice.cluster)) == 4
    assert (choice.support, choice.of) == (3, 5)
    answer = conclude(TWICE, driver.trail, choice, driver.ledger.cost)
    assert (answer.status, answer.confidence) == ("verified", 0.6)
    assert choice.order[-1].candidate.code == bodies[5]


async def test_repeats_are_votes_but_not_for_failures(machine: Sandbox) -> None:
    """Catches: a crowd of wrong programs that outvotes one that passes."""
    right, wrong = "def f(x):\n    return [a * 2 for a in x]", "def f(x):\n    return x"
    choice, _ = await chosen(machine, TWICE, [wrong, wrong, wrong, right])
    assert [a.candidate.code for a in choice.order] == [right, wrong]
    assert (choice.support, choice.of) == (1, 1)


async def test_equal_values_agree(machine: Sandbox) -> None:
    """Catches: sets and dicts that are told apart by the order of their making."""
    sets = problem_of("f(3)")
    bodies = [
        "def f(n):\n    return {'x', 'yy', 'zzz', 'a', 'b'}",
        "def f(n):\n    return {'b', 'a', 'zzz', 'yy', 'x'}",
        "def f(n):\n    return ['x']",
    ]
    choice, _ = await chosen(machine, sets, bodies)
    assert (choice.support, choice.of) == (2, 3)
    dicts = ["def f(n):\n    return {1: 2, 3: 4}", "def f(n):\n    return {3: 4, 1: 2}"]
    choice, _ = await chosen(machine, sets, dicts)
    assert (choice.support, choice.of) == (2, 2)


async def test_hostile_programs_do_not_agree_with_others(machine: Sandbox) -> None:
    """Catches: an object that is equal to everything, and a program that dies on probes."""
    problem = problem_of("f(3)")
    bodies = [
        "class A:\n    __eq__ = lambda *a: True\n    __hash__ = lambda *a: 0\n"
        "def f(n):\n    return A()",
        "import os\ndef f(n):\n    os._exit(0)",
        "def f(n):\n    return n + 1",
        "def f(n):\n    return 1 + n",
    ]
    choice, _ = await chosen(machine, problem, bodies)
    assert {a.candidate.code for a in choice.order[:2]} == set(bodies[2:])
    assert choice.support == 2


async def test_no_room_for_probes(machine: Sandbox) -> None:
    """Catches: programs that were not seen on the probes and so count as agreeing."""
    bodies = [f"def f(x):\n    return [a * 2 for a in x]  # {n}" for n in range(3)]
    choice, _ = await chosen(machine, TWICE, bodies, Budget(runs=4))
    assert choice.support == 1
    assert len(set(choice.cluster)) == 3


literals = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-99, 10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.binary(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=3), inner, max_size=3)
        | st.sets(st.integers(), min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(literals, max_size=3), min_size=1, max_size=3), st.integers(0, 20))
def test_probes_are_literal_few_and_the_same(seeds: list[list[object]], count: int) -> None:
    """Catches: an input that is no literal, one seen before, a long one, or another each time."""
    texts = [f"f({', '.join(map(repr, args))})" for args in seeds]
    problem = problem_of(*texts)
    made = probes(problem, count)
    assert made == probes(problem, count)
    assert len(made) <= count
    assert len({probe.expression for probe in made}) == len(made)
    for probe in made:
        assert probe.expected is None
        assert probe.origin == "generated"
        assert probe.expression not in texts
        assert len(probe.expression) <= MAX_SOURCE + len("f()")
        call = ast.parse(probe.expression, mode="eval").body
        assert isinstance(call, ast.Call)
        for argument in call.args:
            ast.literal_eval(argument)


@pytest.mark.parametrize(
    "expression",
    [
        "g(1)",
        "f(x)",
        "f(k=1)",
        "f(*[1])",
        "f(open('/etc/passwd'))",
        "f(1) + 1",
        "len(f(1))",
        "f(",
        "f(" + "9" * MAX_SOURCE + ")",
        "f(" + "[" * 500 + "]" * 500 + ")",
        "f(1e999)",
        "f(set())",
    ],
)
def test_what_gives_no_probes(expression: str) -> None:
    """Catches: code of a test that is run as an input, or a crash on an odd test."""
    assert all("open" not in probe.expression for probe in probes(problem_of(expression), 12))
    for probe in probes(problem_of(expression), 12):
        assert not ast.parse(probe.expression).body[1:]


def test_probes_keep_signs() -> None:
    """Catches: a negative input for a task that was only shown others."""
    made = probes(problem_of("f(0)", "f(1, [3])"), 40)
    assert made
    assert all("-" not in probe.expression for probe in made)
