"""Who may answer questions: a file, a simulated person, and wrappers around any of them."""

import json
import random
import sys
import tomllib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.errors import ProblemError
from assay.feedback.steps import Question, Recall, Reply
from assay.problem import Call, Limits, Test
from assay.problem.reading import decoded, json_object, read_bytes
from assay.sandbox import Job, Sandbox
from assay.search.driver import Person
from assay.select.questions import alike, is_value, same_call

Answers = Mapping[str, Mapping[str, str | None]]
"""By problem, then by input as `same_call` writes it, the value; `None`: do not know."""


@dataclass(slots=True)
class Limited:
    """Another person, for so many questions a problem. A question put again does not count."""

    person: Person
    most: int
    asked: Counter[str] = field(default_factory=Counter)

    async def answer(self, question: Question) -> Reply | None:
        left = self.most - self.asked[question.problem]
        if not question.again and left <= 0:
            return None
        reply = await self.person.answer(question)
        if reply is not None and reply.asked and not question.again:
            self.asked[question.problem] += 1
        return reply

    def recall(self, question: Recall) -> Reply | None:
        """What is left of the questions bounds what is looked up."""
        left = self.most - self.asked[question.problem]
        return self.person.recall(question, left) if isinstance(self.person, Noted) else None


@dataclass(frozen=True, slots=True)
class Noted:
    """Answers that are known beforehand."""

    known: Answers

    async def answer(self, question: Question) -> Reply | None:
        mine = self.known.get(question.problem, {})
        call = same_call(question.input)
        if call not in mine:
            return Reply(asked=False)
        value = mine[call]
        return Reply() if value is None else reply_of(question, value)

    def recall(self, question: Recall, most: int = sys.maxsize) -> Reply:
        """At most so many values that were not asked for, and what no program was run on."""
        mine = {c: v for c, v in self.known.get(question.problem, {}).items() if v is not None}
        calls = {call: same_call(call) for call in question.choices}
        known = {call: mine[key] for call, key in calls.items() if key in mine}
        known = dict(list(known.items())[: max(most, 0)])
        unused = [call for call in mine if call not in {same_call(c) for c in question.seen}]
        found = json.dumps({"known": known, "unused": unused})
        return Reply(text=found, asked=False) if known or unused else Reply(asked=False)


@dataclass(frozen=True, slots=True)
class Reference:
    """A simulated person, who answers what a reference solution returns. The solution runs in the
    sandbox; what it does not answer with a value, the person does not know."""

    sandbox: Sandbox
    solutions: Mapping[str, str]
    """The program, by problem."""
    limits: Limits = field(default_factory=Limits)

    async def answer(self, question: Question) -> Reply | None:
        code = self.solutions.get(question.problem)
        if code is None or not question.input:
            return None
        test = Call(id="asked", expression=question.input, expected=None)
        [run] = await self.sandbox.run([Job(code=code, tests=(test,), limits=self.limits)])
        value = run.verdicts[0].detail.actual if run.verdicts else None
        cut = value is not None and "..." in value  # of a long one only a part is told
        return Reply() if value is None or cut else reply_of(question, value)


@dataclass(slots=True)
class Erring:
    """Another person, who takes another listed value with a probability of `rate`."""

    person: Person
    rate: float
    seed: int = 0

    async def answer(self, question: Question) -> Reply | None:
        reply = await self.person.answer(question)
        chance = random.Random(f"{self.seed} {question.problem} {question.input}")
        if reply is None or (reply.choice is None and not reply.text) or not question.choices:
            return reply
        others = [n for n in range(len(question.choices) - 1) if n != reply.choice]
        if others and chance.random() < self.rate:
            return Reply(choice=chance.choice(others))
        return reply


def reply_of(question: Question, value: str) -> Reply:
    """The choice with that value; else the value as a text of their own."""
    for number, text in enumerate(question.choices[:-1]):
        if alike(value, text):
            return Reply(choice=number)
    return Reply(choice=len(question.choices) - 1, text=value)


def load(path: Path, known: Iterable[str]) -> Answers:
    """The answers in a file, for the problems `known`.

    JSONL, a row an answer, `{"task_id": "T/1", "input": "f([1])", "value": "[2]"}`, or several,
    `{"task_id": "T/1", "answers": {"f([1])": "[2]"}}`; or TOML, a table a problem, `["T/1"]`, with
    rows `"f([1])" = "[2]"`. A value is the text of a literal of Python; JSON's null, in TOML an
    empty text, says that the person does not know.

    Raises `ProblemError` with the place of what cannot be read, and for unknown problems.
    """
    data = read_bytes(path)
    rows = of_toml(data, path) if path.suffix == ".toml" else of_jsonl(data, path)
    tasks = set(known)
    found: dict[str, dict[str, str | None]] = {}
    for where, task, call, value in rows:
        if task not in tasks:
            listed = ", ".join(sorted(tasks)[:5]) + (", …" if len(tasks) > 5 else "")
            raise ProblemError(f"{where}: there is no task {task!r}; there is {listed}")
        key = same_call(call)
        mine = found.setdefault(task, {})
        if key in mine and mine[key] != value:
            raise ProblemError(f"{where}: {call} of {task!r} has two answers")
        mine[key] = value
    if not found:
        raise ProblemError(f"{path}: no answers in it")
    return found


Row = tuple[str, str, str, str | None]
"""Where it stands, problem, input, value."""


def of_jsonl(data: bytes, path: Path) -> list[Row]:
    rows: list[Row] = []
    for number, line in enumerate(data.splitlines(), 1):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = json_object(line, where)
        task = row.get("task_id")
        several = row.get("answers")
        if several is None and isinstance(row.get("input"), str):
            several = {row["input"]: row.get("value")}
        if not isinstance(task, str) or not isinstance(several, dict):
            raise ProblemError(f"{where}: a row has a task_id, and answers or an input and a value")
        rows += [(where, task, call, text(where, value)) for call, value in several.items()]
    return rows


def of_toml(data: bytes, path: Path) -> list[Row]:
    try:
        content = tomllib.loads(decoded(data, str(path)))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ProblemError(f"{path}: {error}") from None
    rows: list[Row] = []
    for task, several in content.items():
        where = f"{path}, [{task!r}]"
        if not isinstance(several, dict):
            raise ProblemError(f"{where}: it is no table of inputs and values")
        rows += [(where, task, call, text(where, value)) for call, value in several.items()]
    return rows


def text(where: str, value: Any) -> str | None:
    """The value as Python text. Raises `ProblemError`."""
    if value is None or value == "":
        return None
    given = value if isinstance(value, str) else repr(value)
    if not is_value(given):
        raise ProblemError(f"{where}: {given[:60]!r} is no value of Python (a text has quotes)")
    return given


def contradictions(known: Answers, problem: str, tests: Sequence[Test]) -> list[str]:
    """A line for each answer that a test which is known to be right says otherwise."""
    mine = known.get(problem, {})
    lines = []
    for test in tests:
        if isinstance(test, Call) and test.expected is not None:
            said = mine.get(same_call(test.expression))
            if said is not None and not alike(said, test.expected):
                lines.append(
                    f"{problem}: the answer {test.expression} == {said} contradicts the visible "
                    f"test, which says {test.expected}; the test stands"
                )
    return lines
