"""Tests that a model writes: what is kept of hostile replies, and what solving makes of them."""

import ast
import asyncio
import contextlib
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.candidate import Candidate
from assay.errors import SandboxError
from assay.feedback.steps import Question
from assay.feedback.steps import Reply as Said
from assay.feedback.written import asserts, calls
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.problem.signature import from_signature
from assay.sandbox import Job, Run, Sandbox, open_sandbox
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.search.sample import sample
from assay.select import Choice, find_selector
from assay.select.answer import Answer, conclude, solve
from assay.select.generate import MAX_TESTS, kept
from assay.select.matrix import matrix_of, with_votes
from assay.select.people import Limited, Noted

BARE = Problem(id="p", prompt="Write f(x), which doubles an integer.", entry_point="f")
GOOD = "```python\n" + "\n".join(f"assert f({n}) == {2 * n}" for n in range(1, 9)) + "\n```"


@pytest.fixture(scope="module")
def machine() -> Iterator[Sandbox]:
    made = open_sandbox(slots=2)
    yield made
    asyncio.run(made.close())


def read_of(text: str) -> list[tuple[str, str | None, float | None]]:
    return [(test.expression, test.expected, test.tolerance) for test in asserts(text, BARE)]


def test_every_usual_form_is_read() -> None:
    """Catches: conjunctions, reversed sides, tolerances and asserts within functions lost."""
    text = """
assert f(1) == 2 and 4 == f(2), "twice"
assert abs(f(0.5) - 1.0) < 1e-3
assert not f(0)
def test_more():
    assert f(3) is None
    assert sorted(f([2, 1])) == [1, 2]
"""
    assert read_of(text) == [
        ("f(1)", "2", None),
        ("f(2)", "4", None),
        ("f(0.5)", "1.0", 0.001),
        ("f(0)", "False", None),
        ("f(3)", "None", None),
        ("sorted(f([2, 1]))", "[1, 2]", None),
    ]


def test_a_reply_that_is_cut_off_keeps_its_whole_lines() -> None:
    """Catches: all tests of a reply lost because its last line was not finished."""
    assert read_of("Sure!\n1. `assert f(1) == 2`\nassert f(2) == 4\nassert f(3") == [
        ("f(1)", "2", None),
        ("f(2)", "4", None),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "assert f(10 ** 10 ** 10) == 1",
        "assert f('a' * 10 ** 9) == 1",
        "assert f(__import__('os').system('true')) == 0",
        "assert f(open('/etc/passwd').read()) == 1",
        "assert f([x for x in range(9)]) == 1",
        "assert f(list(range(1000000000))) == 1",
        "assert g(1) == 2",
        "assert f == 2",
        "assert eval(f(1)) == 2",
        "assert f(x) == 2",
        "assert f(1) == f(2)",
        "assert f(f(1)) == 2",
        "assert f(1) == open('x')",
        "assert f(" + "-" * 3000 + "1) == 2",
        "assert f(" + "[" * 900 + "]" * 900 + ") == 2",
        "assert f('" + "a" * 5000 + "') == 2",
        "assert f.__class__(1) == 2",
        "assert True",
        "assert f(1) == \0",
        "assert len([f(1)]) == 1",
        "assert bool([f(1)])",
        "assert bool(repr(f(1)))",
        "assert len(str(f(1))) == 4",
        "assert min(f(1), -5) == -5",
        "assert round(f(1), -99) == 0",
        "assert tuple((f(1), 1))",
        "assert len(dict(a=f(1))) == 1",
        "assert sum([f(1)], 0) == 0",
    ],
)
def test_what_is_no_plain_test_is_dropped(line: str) -> None:
    """Catches: a test that never ends, reads a file, or has nothing to do with the task."""
    assert read_of(line) == []
    assert not list(calls(line.removeprefix("assert ").partition(" ==")[0], BARE)) or "f(1)" in line


WRAPS = (
    "{}",
    "len({})",
    "bool({})",
    "str({})",
    "list({})",
    "any([{}])",
    "len([{}, 1])",
    "max({}, 0)",
)
STUBS: tuple[object, ...] = (None, 0, 1, -7.25, "zqx", "", [], [9, 8, 7], {"k": 1}, (), True, False)


@pytest.mark.parametrize("outer", WRAPS)
@pytest.mark.parametrize("inner", WRAPS)
@pytest.mark.parametrize("value", ["1", "True", "0", "4", "'None'", "[1]", "None"])
def test_a_claim_is_about_the_value(outer: str, inner: str, value: str) -> None:
    """Catches: a test that most programs pass, whatever they give, which ends a search."""
    said = f"{outer.format(inner.format('f(1)'))} == {value}"
    for test in asserts(f"assert {said}", BARE):
        passing = 0
        for stub in STUBS:
            with contextlib.suppress(Exception):
                passing += eval(test.expression, {"f": lambda _, stub=stub: stub}) == eval(value)
        assert passing <= len(STUBS) * 2 // 3, said


def test_a_wide_tolerance_is_cut() -> None:
    """Catches: a claim that any value is right."""
    assert read_of("assert abs(f(1) - 2) < 1e999") == [("f(1)", "2", 0.1)]


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="assert f()[]{}=12'\"\n,.-`# \\\0\ud800", max_size=200))
def test_no_reply_breaks_the_reader(text: str) -> None:
    """Catches: a traceback for what a model wrote."""
    for test in [*asserts(text, BARE), *calls(text, BARE)]:
        assert isinstance(ast.parse(test.expression, mode="eval").body, ast.Call)


def test_the_visible_tests_are_right() -> None:
    """Catches: a model's test that repeats or contradicts a visible one, one that counts twice,
    and more than the cap."""
    seen = Problem(
        id="p",
        prompt="f",
        entry_point="f",
        tests=(Call(id="t", expression="f( 1 )", expected="2"),),
    )
    text = "\n".join(["assert f(1) == 3", "assert f(1) == 2", "assert f(2) == 4"] * 2)
    [only] = kept(seen, list(asserts(text, seen)))
    assert (only.test.expression, only.times) == ("f(2)", 2)
    many = "\n".join(f"assert f({n}) == 0" for n in range(2, 200))
    assert len(kept(seen, list(asserts(many, seen)))) == MAX_TESTS


@pytest.mark.parametrize(
    ("head", "kinds"),
    [
        ("def f(a: int, b: str): ...", (int, str)),
        ("def f(a: 'list[int]', b: dict[str, float] = {}): ...", (list,)),
        ("def f(a: Optional[bool], *rest): ...", (bool | None,)),
        ("def f(words): ...", (list,)),
        ("def f(t: tuple[int, ...], s: set[str]): ...", (tuple, set)),
    ],
)
def test_inputs_from_a_signature(head: str, kinds: tuple[type, ...]) -> None:
    """Catches: inputs of another type, or optional parameters filled in."""
    problem = Problem(id="p", prompt="f", entry_point="f")
    made = from_signature(problem, head, random.Random(0), 12)
    assert made
    for args in made:
        assert len(args) == len(kinds)
        for value, kind in zip(args, kinds, strict=True):
            assert isinstance(value, kind)


@pytest.mark.parametrize(
    "head",
    ["def f(node: Node): ...", "def f(a: 'list['): ...", "def g(): ...", "def f(q7): ...", "("],
)
def test_no_inputs_for_a_type_that_is_not_known(head: str) -> None:
    """Catches: an integer for an object of the task's own class."""
    problem = Problem(id="p", prompt="f", entry_point="f")
    assert from_signature(problem, head, random.Random(0), 12) == []


async def solved(
    machine: Sandbox,
    bodies: list[str],
    replies: list[str | Reply],
    problem: Problem = BARE,
    budget: Budget | None = None,
    selector: str = "posterior",
    least: float = 0.0,
    person: Any = None,
) -> tuple[Choice, Answer, Driver]:
    parties = Parties(Scripted(replies), machine, person)
    driver = Driver(problem, parties, Ledger(budget or Budget()), Forgetful())
    candidates = [Candidate(code=body, text=body, made_by="test") for body in bodies]
    driver.trail.attempts += await driver._try(candidates, problem.tests)
    choice = await driver.drive(find_selector(selector)(problem, driver.trail.attempts, Prompter()))
    assert choice is not None
    problem = replace(problem, tests=(*problem.tests, *choice.answers))
    return choice, conclude(problem, driver.trail, choice, driver.ledger.cost, least), driver


TWICE = [
    "def f(x):\n    return 2 * x",
    "def f(x):\n    return x + x",
    "def f(x):\n    return x * 2",
]
SQUARE = "def f(x):\n    return x ** 2"


async def test_words_alone_give_a_likely_answer(machine: Sandbox) -> None:
    """Catches: abstaining always where there are no tests."""
    choice, answer, driver = await solved(machine, [SQUARE, *TWICE, TWICE[0]], [GOOD, GOOD])
    assert (answer.status, choice.support, choice.of) == ("likely", 4, 5)
    assert answer.code in TWICE
    assert choice.confidence == answer.confidence
    assert driver.ledger.cost.calls == 2


class Person:
    """Says the same to each question about a value; a file of theirs there is none."""

    def __init__(self, text: str = "") -> None:
        self.text = text

    async def answer(self, question: Question) -> Said | None:
        return Said(choice=len(question.choices) - 1, text=self.text)


class Failing:
    """The machine, but a failure of ours on each run of that text on more than one test."""

    def __init__(self, machine: Sandbox, text: str) -> None:
        self.machine, self.text, self.isolation = machine, text, machine.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        if any(self.text in job.code and len(job.tests) > 1 for job in jobs):
            raise SandboxError("down")
        return await self.machine.run(jobs)

    async def close(self) -> None:
        """Nothing of its own."""


SEEN = replace(BARE, tests=(Call(id="t", expression="f(2)", expected="4"),))


async def test_a_failure_of_ours_while_selecting_is_no_score(machine: Sandbox) -> None:
    """Catches: a candidate that was not observed, ranked and shown to a person as one that times
    out on every input."""
    bodies = [SQUARE, *[TWICE[1]] * 3]
    failing: Any = Failing(machine, "x + x")
    choice, answer, _ = await solved(failing, bodies, [GOOD] * 2, SEEN, person=Person("5"))
    assert answer.code == TWICE[1]
    assert not choice.answers
    assert all(v.outcome == "passed" for a in choice.order if a.run for v in a.run.verdicts)


@pytest.mark.parametrize("runs", [3, 4, 5, 6, 7])
async def test_a_budget_spent_while_selecting_is_no_score(machine: Sandbox, runs: int) -> None:
    """Catches: the majority that loses because the runs ended after the first candidate."""
    bodies = [SQUARE, *[TWICE[1]] * 3]
    _, answer, _ = await solved(machine, bodies, ["no"] * 3, SEEN, budget=Budget(runs=runs))
    assert answer.code == TWICE[1]


async def test_nothing_that_was_listed_is_no_proof_of_the_rest(machine: Sandbox) -> None:
    """Catches: `verified` for a reading that nobody confirmed, because others were excluded."""
    bodies = [
        f"def f(x):\n    y{n} = x\n    return y{n} + {k}"
        for n, k in enumerate((1, 1, 1, 2, 2, 3, 3, 4, 4, 5, 6))
    ]
    choice, answer, _ = await solved(machine, bodies, ["no"] * 3, person=Limited(Person(), 1))
    assert choice.answers
    assert not choice.confirmed
    assert answer.status == "abstained"


@pytest.mark.parametrize("selector", ["posterior", "majority", "codet", "agreement", "visible"])
async def test_nothing_is_likely_that_no_input_gave_a_value(
    machine: Sandbox, selector: str
) -> None:
    """Catches: programs that raise everywhere, or that nothing ran, called likely."""
    raising = [f"def f(x):\n    raise ValueError({n})" for n in range(5)]
    for bodies in (raising, ["x = 1\n" * 40] * 5, [TWICE[0]] * 20):
        _, answer, _ = await solved(machine, bodies, ["no"] * 3, selector=selector)
        assert answer.status == "abstained"
    _, alone, _ = await solved(machine, [TWICE[0]], ["no"] * 3, selector=selector)
    assert "below" not in alone.reason


async def test_two_readings_are_named(machine: Sandbox) -> None:
    """Catches: an abstention without the input on which the two readings differ."""
    _, answer, _ = await solved(machine, [SQUARE, TWICE[0]], [GOOD, GOOD], least=0.95)
    assert answer.status == "abstained"
    assert "below 0.95: two readings: f(" in answer.reason
    assert "\n" not in answer.reason


@pytest.mark.parametrize("budget", [Budget(calls=1), Budget(tokens=10), Budget(runs=8), None])
async def test_selection_goes_on_without_model_or_budget(
    machine: Sandbox, budget: Budget | None
) -> None:
    """Catches: an answer lost, or `unmeasured`, because the tests could not be paid for."""
    down: list[str | Reply] = [Reply(error="error"), Reply(error="error")]
    choice, answer, _ = await solved(machine, [SQUARE, *TWICE], down, budget=budget)
    assert answer.status in ("likely", "abstained")
    assert len(choice.order) == 4


async def test_a_failure_while_selecting_says_nothing_of_the_search(machine: Sandbox) -> None:
    """Catches: programs that fail called unmeasured, as the model was down when tests were due."""
    replies = [f"```python\n{body}\n```" for body in (SQUARE, TWICE[0])]
    parties = Parties(Scripted([*replies, Reply(error="error")]), machine)
    steps = sample(BARE, Prompter(), n=2)
    posterior = find_selector("posterior")
    answer = await solve(BARE, steps, posterior, parties, Ledger(Budget()), Forgetful(), Prompter())
    assert (answer.status, answer.stopped) == ("abstained", "rounds")


async def test_tests_are_not_paid_for_where_they_cannot_matter(machine: Sandbox) -> None:
    """Catches: calls for one behaviour that the visible tests have checked."""
    seen = Problem(
        id="p", prompt="f", entry_point="f", tests=(Call(id="t", expression="f(2)", expected="4"),)
    )
    _, same, driver = await solved(machine, TWICE, [], seen)
    assert (same.status, driver.ledger.cost.calls) == ("verified", 0)
    assert same.confidence is not None
    assert 0.5 < same.confidence < 1
    _, _, differ = await solved(machine, [*TWICE, SQUARE], [GOOD, GOOD], seen)
    assert differ.ledger.cost.calls == 2
    _, unsure, _ = await solved(machine, TWICE, [], seen, least=0.999)
    assert unsure.status == "abstained"
    assert "it passes every visible test, but its confidence is" in unsure.reason


@pytest.mark.slow
async def test_hostile_candidates_and_the_smallest_pools(machine: Sandbox) -> None:
    """Catches: a traceback for programs that hang, do not build, or are all the same one."""
    hang = "def f(x):\n    while True: pass"
    choice, answer, _ = await solved(machine, [hang, "def f(x:", *TWICE], [GOOD, GOOD])
    assert answer.code in TWICE
    assert choice.confidence is not None
    for bodies, status in (([TWICE[0]], "abstained"), (["def f(", "def f(x"], "failed")):
        _, answer, _ = await solved(machine, bodies, [GOOD, GOOD])
        assert answer.status == status
    _, same, _ = await solved(machine, [TWICE[0]] * 5, ["no tests, sorry"] * 3)
    assert same.status in ("likely", "abstained")


async def test_an_entry_point_that_only_the_programs_name(machine: Sandbox) -> None:
    """Catches: no evidence for a task in words that names no function."""
    words = Problem(id="w", prompt="Double an integer.")
    choice, answer, _ = await solved(machine, [SQUARE, *TWICE], [GOOD, GOOD], words)
    assert answer.code in TWICE
    assert choice.support == 3


@pytest.mark.parametrize("selector", ["codet", "b4", "pagerank", "minimax", "genx"])
async def test_claims_are_filled_in_by_vote(machine: Sandbox, selector: str) -> None:
    """Catches: a ranker of tests that sees a tie where the model wrote inputs and no claims."""
    three = "```python\nf(3)\nf(5)\nf(7)\nf(9)\nf(11)\nf(13)\n```"
    bodies = [SQUARE, TWICE[0], TWICE[1], TWICE[2]]
    _, answer, _ = await solved(machine, bodies, ["no", "no", three], selector=selector)
    assert answer.code in TWICE


def test_a_vote_is_one_of_written_programs_and_claims_no_exception() -> None:
    """Catches: distinct programs that vote once each, a claim of an exception, a claim beside that
    of a test."""
    matrix = matrix_of(
        "T", [[True]] * 3, count=[1, 1, 3], values=[[0, 2, 4, -1]] * 2 + [[1, 3, 4, -1]]
    )
    matrix = replace(matrix, input_of=np.array([0]), shown={3: "'x'"})
    voted = with_votes(matrix)
    assert voted.tests == ("test 0", "input 1 == 'x'", "input 2 == ?")
    assert voted.passed.tolist() == [[True, False, True]] * 2 + [[True, True, True]]
    assert not voted.binding.any()


async def asked_after(
    machine: Sandbox, replies: list[str | Reply], known: dict[str, str], problem: Problem = SEEN
) -> tuple[Answer, list[Any]]:
    """Three programs, then what `known` says; the events of the journal."""
    journal = Noting()
    parties = Parties(Scripted(replies), machine, Limited(Noted({"p": known}), 3))
    answer = await solve(
        problem,
        sample(problem, Prompter(), n=3),
        find_selector("posterior"),
        parties,
        Ledger(Budget()),
        journal,
        Prompter(),
    )
    return answer, journal.events


class Noting(Forgetful):
    def __init__(self) -> None:
        self.events: list[Any] = []

    def note(self, kind: str, body: Any) -> None:
        self.events.append((kind, body))


CUBE = "def f(x):\n    return 4 if x == 2 else 3 * x"
"""Right on the visible test; what the person of the next tests means."""
PROGRAMS = [f"```python\n{body}\n```" for body in (SQUARE, TWICE[0], SQUARE)]
MEANT = {f"f({n})": str(3 * n) for n in range(-20, 40) if n != 2}


async def test_what_a_person_said_is_repaired_against(machine: Sandbox) -> None:
    """Catches: an answer that only rules out what there is, though budget and model are there
    (ConAIR); a repair that is not told what was said; an answer lost in the second choice."""
    answer, events = await asked_after(
        machine, [*PROGRAMS, "no tests", "none", "no", f"```python\n{CUBE}\n```"], MEANT
    )
    assert answer.code is not None
    assert "3 * x" in answer.code
    assert answer.status == "verified"
    assert "answered by a person" in answer.reason
    prompts = [
        body["prompt"]["messages"][-1]["content"] for kind, body in events if kind == "completion"
    ]
    said = next(body["reply"] for kind, body in events if kind == "consult")
    assert said["text"] in prompts[-1]
    [decision] = [body for kind, body in events if kind == "decision"]
    ids = [test["id"] for test in decision["answers"]]
    assert ids == [f"person-{n}" for n in range(1, len(ids) + 1)]


@pytest.mark.parametrize("reply", [Reply(error="error"), "no code", PROGRAMS[0]])
async def test_a_repair_that_does_not_help_changes_nothing(
    machine: Sandbox, reply: str | Reply
) -> None:
    """Catches: `unmeasured` or a traceback because the model was down after the answer."""
    answer, _ = await asked_after(machine, [*PROGRAMS, "no", "no", "no", *[reply] * 9], MEANT)
    assert (answer.status, answer.stopped) == ("failed", "rounds")
