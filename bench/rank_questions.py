"""The table of questions on CodeT's recorded data: pass@1 after 0 to 4 questions to a person.

    nice -n 19 python bench/rank_questions.py --values FILE.jsonl --truth FILE.jsonl

--values is what `rank_codet.py --values` makes; --truth has what the canonical solution returns on
the same inputs, and is made in the sandbox where it is not there (seconds). The person answers that
value, and does not know where the solution raises; hidden tests only say which choice was right.
Weights of the posterior, and the settings of the questions, come from one half of the tasks and are
reported on the other, both ways. Ties count in expectation.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from rank_data import FOLDER, Recorded, recorded
from rank_fit import fit
from shared_data import lines

from assay.feedback.steps import Consult, Question, Reply
from assay.problem import Call, Limits
from assay.sandbox import Job, open_sandbox
from assay.search.driver import Person
from assay.select import questions
from assay.select.consulting import Hearing, ask_person, with_answer
from assay.select.people import Answers, Erring, Limited, Noted
from assay.select.posterior import posterior
from assay.select.questions import is_value, same_call
from assay.select.ranking import rank

MOST = 4
LIMITS = Limits(cpu_seconds=1.0, wall_seconds=5.0)
SETTINGS: dict[str, dict[str, Any]] = {
    f"error={error} least={least}": {"error": error, "least": least}
    for error in (0.001, 0.01, 0.05)
    for least in (0.0, 0.001, 0.01)
}
"""What one half may choose from."""


async def make_truth(tasks: Sequence[Recorded], file: Path) -> None:
    rows = {row["task_id"]: row for row in lines(f"{FOLDER}/HumanEval_for_code_generation.jsonl")}
    sandbox, found = open_sandbox(), []
    try:
        for task in tasks:
            row, answers = rows[task.matrix.task], {}
            tests = tuple(
                Call(id=str(number), expression=call, expected=None)
                for number, call in enumerate(task.matrix.inputs)
            )
            code = row["prompt"] + row["canonical_solution"]
            runs = await sandbox.run([Job(code=code, tests=tests, limits=LIMITS)]) if tests else []
            for verdict in runs[0].verdicts if runs else ():
                answers[tests[int(verdict.test)].expression] = verdict.detail.actual
            found.append({"task_id": task.matrix.task, "answers": answers})
    finally:
        await sandbox.close()
    file.write_text("".join(json.dumps(row) + "\n" for row in found), "utf-8")


def truth_in(file: Path) -> Answers:
    rows = map(json.loads, file.read_text("utf-8").splitlines())
    return {
        row["task_id"]: {same_call(call): value for call, value in row["answers"].items()}
        for row in rows
    }


@dataclass(frozen=True, slots=True)
class Row:
    right: list[float]
    """Share of right programs among the chosen, after 0, 1, … questions."""
    asked: list[int]
    sure: float
    """Confidence at the end."""


@dataclass(frozen=True, slots=True)
class Terse:
    """Another person, who says "something else" and never types the right value."""

    person: Person

    async def answer(self, question: Question) -> Reply | None:
        reply = await self.person.answer(question)
        return reply if reply is None else replace(reply, text="")


def one(task: Recorded, truth: Answers, rate: float, seed: int, settings: dict[str, Any]) -> Row:
    """All numbers of questions at once: a choice is made after each."""
    matrix, numbers = task.matrix, list[int]()
    settings = dict(settings)
    terse = settings.pop("terse", False)
    steps = ask_person(matrix, matrix.task, **settings)
    erring = Erring(Noted(truth), rate, seed)
    person = Limited(Terse(erring) if terse else erring, MOST)
    reply, heard = None, None
    while heard is None:
        try:
            request = steps.send(reply)
            assert isinstance(request, Consult)
            reply = asyncio.run(person.answer(request.question))
            answered = reply is not None and reply.choice is not None
            valued = reply is not None and (not reply.text or is_value(reply.text))
            if answered and valued and not request.question.again:
                numbers.append(person.asked[matrix.task])
        except StopIteration as end:
            heard = end.value
    assert isinstance(heard, Hearing)
    assert len(numbers) == len(heard.told)
    right: list[float] = []
    for most in range(MOST + 1):
        for number, told in zip(numbers, heard.told, strict=True):
            if number == most:
                matrix = with_answer(matrix, matrix.inputs.index(told.input), told)
        if not right or most in numbers:
            ranking = rank(matrix, "posterior")
            right.append(task.share_right(ranking.first))
        else:
            right.append(right[-1])
    sure = heard.sure(ranking).confidence
    return Row(right, [min(most, heard.questions) for most in range(MOST + 1)], sure)


class Halves:
    """Each task under the posterior of the other half; seed 0: every second task."""

    def __init__(self, tasks: Sequence[Recorded], truth: Answers, seed: int = 0) -> None:
        self.tasks, self.truth = tasks, truth
        order = np.arange(len(tasks))
        if seed:
            order = np.random.default_rng(seed).permutation(len(tasks))
        self.parts = (order[::2], order[1::2])
        self.weights = [fit([tasks[int(n)] for n in part]) for part in self.parts]

    def rows(self, rate: float = 0.0, seed: int = 0, **settings: Any) -> list[Row]:
        found: dict[int, Row] = {}
        for part, weights in zip(self.parts, reversed(self.weights), strict=True):
            fitted = partial(posterior, weights=weights)
            with (
                patch.object(questions, "posterior", fitted),
                patch("assay.select.ranking.find_ranker", lambda _, fitted=fitted: fitted),
            ):
                for n in part:
                    task = self.tasks[int(n)]
                    found[int(n)] = one(task, self.truth, rate, seed, settings)
        return [found[n] for n in range(len(self.tasks))]

    def chosen(self) -> list[Row]:
        """By the settings that the other half likes best, by the mean over 1, 2 and 4 questions."""
        every = {name: self.rows(**settings) for name, settings in SETTINGS.items()}
        for name, rows in every.items():
            show(f"  all tasks, {name}", rows)
        result: list[Row | None] = [None] * len(self.tasks)
        for mine, other in (self.parts, self.parts[::-1]):
            liking = {
                name: np.mean([[rows[int(n)].right[k] for k in (1, 2, 4)] for n in other])
                for name, rows in every.items()
            }
            name = max(liking, key=lambda name: liking[name])
            print(f"  one half chooses {name}")
            for n in mine:
                result[int(n)] = every[name][int(n)]
        return [row for row in result if row is not None]


def show(name: str, rows: Sequence[Row]) -> None:
    right = 100 * np.mean([row.right for row in rows], axis=0)
    asked = np.mean([row.asked for row in rows], axis=0)
    said = "  ".join(f"{value:5.1f}" for value in right)
    print(f"{name:<46}{said}   asked {asked[1]:.2f} {asked[2]:.2f} {asked[MOST]:.2f}", flush=True)


def table(tasks: Sequence[Recorded], truth: Answers, full: bool) -> None:
    halves = Halves(tasks, truth)
    print(f"{'questions':<46}{'    0      1      2      3      4':<34}    (of 1, 2, 4)")
    rows = halves.rows()
    show("as shipped", rows)
    sure, right = [row.sure for row in rows], [row.right[MOST] for row in rows]
    print(f"  confidence after {MOST}: {np.mean(sure):.3f}, right: {np.mean(right):.3f}")
    for rate in (0.05, 0.1):
        show(f"the person errs in {rate:.0%}", [r for s in range(5) for r in halves.rows(rate, s)])
    if not full:
        return
    show("settings of one half, reported on the other", halves.chosen())
    for choices in (1, 2, 3):
        show(f"{choices} values in a question", halves.rows(choices=choices))
    for choices in (1, 2, 4):
        rows = halves.rows(choices=choices, terse=True)
        show(f"{choices} values, none is ever typed", rows)
    with patch("assay.select.consulting.best_input", partial(questions.best_input, rule=entropy)):
        show("by information instead of gain", halves.rows())
    for seed in range(1, 4):
        show(f"other halves {seed}", Halves(tasks, truth, seed).rows())


entropy = questions.information


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--values", type=Path, required=True)
    parser.add_argument("--truth", type=Path, required=True)
    parser.add_argument("--full", action="store_true", help="what other settings give as well")
    options = parser.parse_args()
    if not options.values.exists():
        sys.exit(f"no {options.values}: bench/rank_codet.py --values {options.values} makes it")
    tasks = recorded(options.values)
    if not options.truth.exists():
        asyncio.run(make_truth(tasks, options.truth))
    table(tasks, truth_in(options.truth), options.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
