"""Programs that somebody else made, graded as a run of their own: `assay bench import`.

Each is tried on the visible tests and graded by the hidden ones as a strategy's answer is. The n-th
sample of every task makes the cell of seed n - 1, so that what reads a run reads this one, and
pass@k is taken over its cells.
"""

from codeop import compile_command
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from warnings import catch_warnings

from assay.bench import Cell, Result
from assay.bench.compare import compare, prefix
from assay.bench.work import Listener, Recipe, Workshop
from assay.candidate import Candidate
from assay.candidate.samples import Sample
from assay.errors import UsageError
from assay.feedback.steps import Steps, try_
from assay.grade import Item
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.sandbox.languages.python import is_own

STRATEGY = "assay.bench.imported:given"
SELECTOR = "visible"


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One sample of each problem that has so many."""

    cell: Cell
    items: Sequence[Item]
    programs: Mapping[str, str]
    """By problem."""

    @property
    def recipe(self) -> Recipe:
        knobs = {"programs": self.programs}
        return Recipe(strategy=STRATEGY, knobs=knobs, selector=SELECTOR)

    def rows(self, results: Mapping[str, Result]) -> list[Result]:
        return [results[prefix(self.cell) + item.problem.id] for item in self.items]


def given(problem: Problem, prompter: Prompter, *, programs: Mapping[str, str]) -> Steps[str]:
    """A strategy that has its program and asks nobody. An empty one is no program."""
    del prompter
    code = programs[problem.id]
    whole = code if code.strip() else None
    yield from try_([Candidate(code=whole, text=code, made_by="given")])
    return "done"


def batches(
    suite: str, model: str, items: Sequence[Item], samples: Sequence[Sample]
) -> list[Batch]:
    """Raises `UsageError` where no sample is of one of the items, or a completion goes on from
    a text that is no code."""
    programs: dict[str, list[str]] = {item.problem.id: [] for item in items}
    by_task = {item.problem.id: item for item in items}
    for sample in samples:
        if sample.task in programs:
            begin = begin_of(by_task[sample.task]) if sample.completion else ""
            programs[sample.task].append(begin + sample.code)
    most = max(map(len, programs.values()), default=0)
    if not most:
        raise UsageError(
            f"no sample is of {suite}: of it {items[0].problem.id!r} and others are graded, "
            f"they have {samples[0].task!r}"
        )
    return [
        Batch(
            cell=Cell(suite=suite, model=model, strategy="given", selector=SELECTOR, seed=number),
            items=[item for item in items if len(programs[item.problem.id]) > number],
            programs={task: mine[number] for task, mine in programs.items() if len(mine) > number},
        )
        for number in range(most)
    ]


def begin_of(item: Item) -> str:
    """What a completion goes on from, as EvalPlus puts the two together. Raises `UsageError`."""
    begin = item.problem.prompt if item.begin is None else item.begin
    if is_own(item.problem.language) and not begins(begin):
        raise UsageError(
            f"the text of {item.problem.id} is no code that a completion could go on from: "
            "give `solution`, the whole program"
        )
    return begin


def begins(text: str) -> bool:
    """Whether a Python program can begin so."""
    try:
        with catch_warnings(action="ignore"):  # of the text, to nobody's use
            compile_command(text, symbol="exec")
    except (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError):
        return False
    return True


async def graded(
    shop: Workshop, given: Sequence[Batch], jobs: int, listener: Listener
) -> dict[str, Result]:
    results: dict[str, Result] = {}
    for batch in given:
        cells = [(batch.cell, batch.recipe)]
        results |= await compare(shop, batch.items, cells, jobs=jobs, done={}, listener=listener)
    return results
