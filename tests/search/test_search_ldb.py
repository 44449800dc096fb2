"""ldb with the sandbox that there is: a real trace of a planted bug."""

from collections.abc import AsyncIterator

import pytest

from assay.errors import NoSandbox
from assay.model.prompter import Prompter
from assay.model.scripted import Scripted
from assay.problem import Call, Problem
from assay.sandbox import Sandbox, open_sandbox
from assay.search import PASSED
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.search.ldb import ldb

PROBLEM = Problem(
    id="total",
    prompt="Sum the even numbers of a list.",
    entry_point="total",
    tests=(Call(id="t", expression="total(list(range(20)))", expected="90"),),
)
WRONG = """```python
def total(numbers):
    result = 0
    for number in numbers:
        if number % 2 == 1:
            result += number
    return result
```"""


@pytest.fixture
async def sandbox() -> AsyncIterator[Sandbox]:
    try:
        opened = open_sandbox(slots=1)
    except NoSandbox as error:
        pytest.skip(str(error))
    yield opened
    await opened.close()


async def test_blocks_with_their_values(sandbox: Sandbox) -> None:
    """Catches: a listing without values, a loop shown in full, a verdict that the rewrite does not
    see, a round of more than two calls."""
    model = Scripted([WRONG, "BLOCK-2 is wrong.", WRONG.replace("== 1", "== 0")])
    driver = Driver(PROBLEM, Parties(model, sandbox), Ledger(Budget()), Forgetful())
    assert await driver.drive(ldb(PROBLEM, Prompter())) == PASSED
    assert len(model.asked) == 3
    listing = model.asked[1].messages[-1].content
    assert "Your code gave: 100" in listing
    assert "[BLOCK-1]" in listing
    assert "[BLOCK-10]" in listing
    assert "[BLOCK-11]" not in listing
    assert "result = 1" in listing
    assert "… more blocks ran …" in listing
    assert model.asked[2].messages[-2].content == "BLOCK-2 is wrong."
