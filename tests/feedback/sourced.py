"""What a source says of a program that runs in the real sandbox, served by the driver."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

from assay.candidate import Candidate
from assay.errors import NoSandbox
from assay.feedback import Attempt, Feedback
from assay.feedback.combine import Source
from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.model.scripted import Scripted
from assay.problem import Call, Limits, Problem
from assay.sandbox import Sandbox, open_sandbox
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties

T = TypeVar("T")
SHORT = Limits(cpu_seconds=1.0, wall_seconds=10.0, memory_mb=256)


@contextmanager
def opened() -> Iterator[Sandbox]:
    """Skips where nothing isolates."""
    try:
        made = open_sandbox(slots=2)
    except NoSandbox as error:
        pytest.skip(str(error))
    yield made
    asyncio.run(made.close())


def calls(*pairs: tuple[str, str], limits: Limits = SHORT, entry: str | None = None) -> Problem:
    tests = tuple(Call(id=text, expression=text, expected=value) for text, value in pairs)
    return Problem(id="p", prompt="p", tests=tests, limits=limits, entry_point=entry)


def tried(
    box: Sandbox, problem: Problem, code: str, look: Callable[[Problem, Attempt], Steps[T]]
) -> tuple[Attempt, T]:
    """Runs `code` on the visible tests, then what `look` asks for."""

    def steps() -> Steps[tuple[Attempt, T]]:
        [attempt] = yield from try_([Candidate(code=code, text=code, made_by="test")])
        found = yield from look(problem, attempt)
        return attempt, found

    driver = Driver(problem, Parties(Scripted([]), box), Ledger(Budget()), Forgetful())
    found: Any = asyncio.run(driver.drive(steps()))
    assert found is not None, driver.trail
    return found  # type: ignore[no-any-return]


def said(box: Sandbox, problem: Problem, code: str, source: Source) -> Feedback | None:
    return tried(box, problem, code, lambda p, attempt: source(p, attempt, Prompter()))[1]
