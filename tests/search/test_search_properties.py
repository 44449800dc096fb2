"""The strategy `property`, on the real sandbox and a scripted model."""

import asyncio
import re
from collections.abc import Iterator

import pytest

from assay.errors import NoSandbox, SandboxError
from assay.feedback.programs import text_of
from assay.model.prompter import Prompter
from assay.model.scripted import Scripted
from assay.problem import Call, Problem
from assay.sandbox import Isolation, Job, Run, Sandbox, open_sandbox
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties, Trail
from assay.search.properties import property_

PROBLEM = Problem(
    id="p",
    prompt="`last(xs)`: the last item of a list, None for an empty one.",
    entry_point="last",
    tests=(Call(id="t", expression="last([1, 2])", expected="2"),),
)
BARE = Problem(id="p", prompt=PROBLEM.prompt, entry_point="last")
PROPERTIES = '''```python
@given(st.lists(st.integers()))
def test_member(xs):
    """The last item is one of the list."""
    if xs:
        assert last(xs) == xs[-1]
    else:
        assert last(xs) is None
```'''
WRONG_PROPERTY = '''```python
@given(st.lists(st.integers()))
def test_wrong(xs):
    """The result is not negative."""
    assert last(xs) is None or last(xs) >= 0
```'''
MAXIMUM = "```python\ndef last(xs):\n    return max(xs) if xs else None\n```"
SORTED = "```python\ndef last(xs):\n    return sorted(xs)[-1] if xs else None\n```"
FIRST = "```python\ndef last(xs):\n    return xs[0] if xs else None\n```"
ALSO_FIRST = FIRST.replace("xs else", "len(xs) else")
LAST = "```python\ndef last(xs):\n    return xs[-1] if xs else None\n```"
ALSO = "```python\ndef last(xs):\n    if not xs:\n        return None\n    return xs[-1]\n```"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    try:
        made = open_sandbox(slots=2)
    except NoSandbox as error:
        pytest.skip(str(error))
    yield made
    asyncio.run(made.close())


async def drive(
    sandbox: Sandbox, *replies: str, problem: Problem = PROBLEM, rounds: int = 3
) -> tuple[str | None, Scripted, Trail]:
    model = Scripted(replies)
    driver = Driver(problem, Parties(model, sandbox), Ledger(Budget()), Forgetful())
    reason = await driver.drive(property_(problem, Prompter(), rounds))
    return reason or driver.trail.stopped, model, driver.trail


def test_a_program_that_only_passes_the_visible_test_is_repaired(sandbox: Sandbox) -> None:
    """Defects: a stop at the visible tests; a counterexample that does not reach the prompt."""
    reason, model, trail = asyncio.run(drive(sandbox, MAXIMUM, PROPERTIES, LAST))
    assert reason == "passed"
    assert [attempt.passed for attempt in trail.attempts] == [True, True]
    repair = model.asked[-1].messages[-1].content
    assert "Your code passed the test." in repair
    found = re.search(r"It fails for: xs=(.*)\nlast\((.*)\) gave (.*)\n", repair)
    assert found
    assert found[1] == found[2]
    assert found[1] in ("[1, 0]", "[0, -1]")  # one of the two smallest
    assert len(model.asked) == 3  # the properties are written once


def test_a_wrong_property_does_not_drive_out_two_programs_that_pass(sandbox: Sandbox) -> None:
    """Defect: a loop that repairs what is right until the budget is gone."""
    reason, model, trail = asyncio.run(drive(sandbox, LAST, WRONG_PROPERTY, ALSO, rounds=1))
    assert reason == "passed"
    assert len(trail.attempts) == 2
    assert len(model.asked) == 3


def test_a_right_property_outlives_two_programs_that_violate_it(sandbox: Sandbox) -> None:
    """Defect: a search that ends, passed, at the second wrong program, with repairs left."""
    reason, _, trail = asyncio.run(drive(sandbox, MAXIMUM, PROPERTIES, SORTED, LAST))
    assert (reason, len(trail.attempts)) == ("passed", 3)
    replies = (FIRST, PROPERTIES, ALSO_FIRST, LAST)
    reason, _, trail = asyncio.run(drive(sandbox, *replies, problem=BARE))
    assert (reason, len(trail.attempts)) == ("properties", 3)


def test_without_visible_tests_no_property_is_doubted(sandbox: Sandbox) -> None:
    """Defect: programs of which nothing is known but that they load, taken for two witnesses."""
    replies = (FIRST, PROPERTIES, ALSO_FIRST)
    reason, _, trail = asyncio.run(drive(sandbox, *replies, problem=BARE, rounds=1))
    assert (reason, len(trail.attempts)) == ("rounds", 2)


class Unchecking:
    """Runs candidates; what would check properties fails, as of a fault of ours."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    @property
    def isolation(self) -> Isolation:
        return self.sandbox.isolation

    async def run(self, jobs: list[Job]) -> list[Run]:
        if any(job.code == text_of("properties") for job in jobs):
            raise SandboxError("no pids")
        return await self.sandbox.run(jobs)

    async def close(self) -> None:
        """It is another's."""


def test_what_could_not_be_checked_is_no_praise(sandbox: Sandbox) -> None:
    """Defect: our failure read as "no property is violated", where nothing else speaks for it."""
    broken = Unchecking(sandbox)
    reason, _, trail = asyncio.run(drive(broken, FIRST, PROPERTIES, problem=BARE))
    assert (reason, len(trail.attempts)) == ("unmeasured", 1)
    reason, _, trail = asyncio.run(drive(broken, FIRST, PROPERTIES, LAST))
    assert (reason, len(trail.attempts)) == ("passed", 2)


def test_without_properties_it_repairs_by_the_visible_tests(sandbox: Sandbox) -> None:
    """Defects: a strategy that ends, or goes on for ever, where the model writes rubbish."""
    reason, _, trail = asyncio.run(drive(sandbox, FIRST, "I cannot.", LAST))
    assert (reason, len(trail.attempts)) == ("passed", 2)
    reason, _, trail = asyncio.run(drive(sandbox, *[FIRST, ""] + [FIRST] * 3))
    assert (reason, len(trail.attempts)) == ("stuck", 1)
    reason, model, _ = asyncio.run(drive(sandbox, FIRST, "no", problem=BARE))
    assert (reason, len(model.asked)) == ("no tests", 2)


def test_properties_stand_in_for_tests_that_are_not_there(sandbox: Sandbox) -> None:
    """Defect: an end that claims visible tests."""
    reason, _, trail = asyncio.run(drive(sandbox, FIRST, PROPERTIES, LAST, problem=BARE))
    assert (reason, len(trail.attempts)) == ("properties", 2)
