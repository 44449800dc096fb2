"""Simulated people in a comparison: they answer as the reference does, and nothing else of it is
seen by anybody."""

import gc
import json
from dataclasses import replace
from pathlib import Path
from types import GeneratorType
from typing import Any

import pytest

from assay.bench import Cell, Result
from assay.bench.compare import compare
from assay.bench.people import People
from assay.bench.progress import follow
from assay.bench.summary import summary
from assay.bench.work import Recipe, Workshop
from assay.errors import SandboxError
from assay.feedback.steps import Question
from assay.grade import Item
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import Isolation, Job, Run, Sandbox, open_sandbox
from assay.sandbox.scripted import ISOLATION
from assay.search.budget import Budget, Ledger
from assay.search.driver import Parties
from assay.store import Event, Log

MARK = "the_reference_of_the_person"
REFERENCE = f"def largest(xs):\n    {MARK} = sorted(xs)\n    return {MARK}[-1]\n"
PROBLEM = Problem(
    id="p/0",
    prompt="Write largest(xs), the largest number of a list.",
    starter="def largest(xs: list[int]) -> int:\n    ...\n",
    entry_point="largest",
    tests=(Call(id="v", expression="largest([1, 2, 3])", expected="3"),),
)
HIDDEN = (
    Call(id="h1", expression="largest([9, 2, 4])", expected="9"),
    Call(id="h2", expression="largest([-5, -7])", expected="-5"),
)
WRONG, RIGHT = "return xs[-1]", "return max(xs)"
CELL = Cell(suite="s", model="m", strategy="sample(n=3)", selector="posterior")


def item(reference: str | None = REFERENCE, number: int = 0) -> Item:
    return Item(problem=replace(PROBLEM, id=f"p/{number}"), hidden=HIDDEN, reference=reference)


def script() -> Scripted:
    """Two wrong programs that pass the visible test, and a right one; no tests of its own."""
    texts = [f"```python\ndef largest(xs):\n    {body}\n```" for body in (WRONG, WRONG, RIGHT)]
    return Scripted([*texts * 8, Reply(match="", text="nothing")])


async def bench(
    path: Path, items: list[Item], people: People | None, machine: Sandbox | None = None
) -> tuple[list[Result], list[Event], Scripted]:
    model, machine = script(), machine or open_sandbox(slots=2)
    cell = (CELL, Recipe(strategy="sample", knobs={"n": 3}, selector="posterior"))
    try:
        with Log(path / "log.db") as log:
            run = log.start("bench", {})
            parties = Parties(model, machine)
            shop = Workshop(parties, log, run, None, Ledger(Budget()), people=people)
            found = await compare(
                shop, items, [cell], jobs=1, done={}, listener=lambda result: None
            )
            return list(found.values()), log.events(run), model
    finally:
        await machine.close()


async def test_an_answer_turns_the_choice_and_is_counted(tmp_path: Path) -> None:
    """Catches: a person who is not asked, whose questions are not counted, who is asked more than
    allowed, or who is there for a problem without a reference."""
    (tmp_path / "alone").mkdir()
    [alone], _, _ = await bench(tmp_path / "alone", [item()], None)
    assert (alone.hidden, alone.questions) == (False, 0), "two of three programs are wrong alike"
    rows, events, _ = await bench(tmp_path, [item(), item(None, 1)], People(1))
    assert [(row.hidden, row.questions) for row in rows] == [(True, 1), (False, 0)]
    told = [event for event in events if event.kind == "consult" and event.body["reply"]]
    assert [event.item.rpartition("|")[2] for event in told] == ["p/0"]
    figures = summary(CELL, rows)
    assert (figures["questions"], figures["questioned"]) == (1, 1)
    [path] = [follow([e for e in events if e.item == told[0].item], rows[0])]
    assert (path.answered, path.unknown) == (1, 0)


async def test_a_person_who_errs_misleads(tmp_path: Path) -> None:
    """Catches: an error rate that does nothing."""
    [row], _, _ = await bench(tmp_path, [item()], People(1, error=1.0))
    assert (row.hidden, row.questions) == (False, 1)


async def test_nothing_but_answers_comes_of_the_reference(tmp_path: Path) -> None:
    """Catches: the reference's text in a prompt, in what ran as a candidate, or in the log."""
    rows, events, model = await bench(tmp_path, [item()], People(2))
    assert rows[0].hidden is True
    assert not [prompt for prompt in model.asked if MARK in str(prompt)]
    assert not [event.kind for event in events if MARK in json.dumps(event.body)]


async def test_a_strategy_and_a_selector_hold_no_way_to_the_reference(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: a problem, prompter, attempt or generator through which a reference is reached. All
    that the strategy's and the selector's generators refer to is looked through while a person is
    asked (not the driver's frames above them: whoever reads these reads the whole process)."""
    seen: list[bool] = []
    real = People.for_item

    def for_item(self: People, one: Item, seed: int, sandbox: Sandbox) -> Any:
        steady = real(self, one, seed, sandbox)
        assert steady is not None
        inner = steady.person

        class Looking:
            async def answer(self, question: Question) -> Any:
                waiting = [
                    found
                    for found in gc.get_objects()
                    if isinstance(found, GeneratorType)
                    and "/assay/select/" in found.gi_code.co_filename
                    and found.gi_frame is not None
                ]
                assert waiting
                frames = [found.gi_frame for found in waiting]
                seen.extend(reaches(frame.f_locals) for frame in frames if frame is not None)
                return await inner.answer(question)

        steady.person = Looking()
        return steady

    monkeypatch.setattr(People, "for_item", for_item)
    await bench(tmp_path, [item()], People(1))
    assert seen
    assert not any(seen)


def reaches(root: object) -> bool:
    """Whether data, and not code or frames, leads from here to the reference's text."""
    waiting, known = [root], set[int]()
    while waiting:
        one = waiting.pop()
        if id(one) in known or isinstance(one, type | GeneratorType) or callable(one):
            continue
        known.add(id(one))
        if isinstance(one, str) and MARK in one:
            return True
        if type(one).__module__.partition(".")[0] in ("assay", "builtins"):
            waiting += gc.get_referents(one)
    return False


def test_the_search_for_a_way_finds_one() -> None:
    """Catches: a test above that looks at nothing."""
    assert reaches({"x": [item()]})
    assert not reaches({"x": [item(None)]})


class Failing:
    """The real sandbox, which fails for the reference alone."""

    def __init__(self) -> None:
        self._inside = open_sandbox(slots=2)

    @property
    def isolation(self) -> Isolation:
        return ISOLATION

    async def run(self, jobs: list[Job]) -> list[Run]:
        if any(MARK in job.code for job in jobs):
            raise SandboxError("no pids")
        return await self._inside.run(jobs)

    async def close(self) -> None:
        await self._inside.close()


async def test_a_failure_of_ours_while_answering_is_not_measured(tmp_path: Path) -> None:
    """Catches: a run that ends because a person could not answer, or a problem that is scored as
    if nobody had been there."""
    [row], _, _ = await bench(tmp_path, [item()], People(1), Failing())
    assert (row.status, row.hidden) == ("unmeasured", None)
    assert "the simulated person" in row.reason


async def test_a_person_is_of_one_problem_in_one_cell() -> None:
    """Catches: questions of one cell that are taken from another's, errors that differ between
    cells of a seed."""
    sandbox = open_sandbox(slots=1)
    try:
        question = Question(
            text="?", choices=("1", "5", "else"), input="largest([5, 1])", problem="p/0"
        )
        people = People(1, error=0.5)
        replies = []
        for seed in (0, 0, 1, 2, 3, 4, 5):
            person = people.for_item(item(), seed, sandbox)
            assert person is not None
            reply = await person.answer(question)
            assert reply is not None
            replies.append(reply.choice)
            assert await person.answer(question) is None, "one question was allowed"
        assert replies[0] == replies[1]
        assert {0, 1} <= set(replies)
        free = replace(question, input="", text="what is wrong?")
        alone = People(3).for_item(item(), 0, sandbox)
        assert alone is not None
        assert await alone.answer(free) is None, "free words would tell what no test does"
        assert Prompter().seed == 0
    finally:
        await sandbox.close()
