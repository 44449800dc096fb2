"""Suites, and strategies compared on them at equal budgets.

`suites` names where items come from, `work` takes one item from problem to graded result,
`compare` runs a grid of cells and can go on after a `kill -9`, `stored` takes a run out of the log.
`grid` says what is combined with what and `bounds` what that may use; `conditions` are sets of
feedback sources by name, `people` who answers questions.
`findings` puts the figures together: `summary` has those of a cell (`progress` reads the log for
them), `curve` pass@t, `pairs` any two cells; formulas are in `stats`, `paired` and `abstention`.
`report/` shows all of it, attempts included.
"""

from dataclasses import dataclass, fields
from typing import Any

from assay.search.budget import TOTAL_BUDGET
from assay.select.answer import Answer, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination that is measured over a suite."""

    suite: str
    model: str
    strategy: str
    selector: str
    seed: int = 0
    feedback: str = ""
    """Sources of feedback, as `tests,trace`; empty: those that the strategy prefers."""
    condition: str = ""
    """The name of these sources in `conditions`; empty: they have none."""

    @property
    def key(self) -> str:
        key = f"{self.model} {self.strategy} {self.selector} seed={self.seed}"
        if self.condition:
            return f"{key} condition={self.condition}"
        return f"{key} feedback={self.feedback}" if self.feedback else key


APART = tuple(field.name for field in fields(Cell) if field.name != "seed")
"""What tells cells apart that are not the same but for the seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One item's outcome; as a dict it is what `assay solve --json` prints."""

    problem: str
    status: Status
    reason: str
    code: str | None
    confidence: float | None
    visible: dict[str, int]
    hidden: bool | None
    """The verdict of the hidden tests; `None`: there are none, or it was not measured."""
    candidates: int
    cost: dict[str, Any]
    judging: str | None
    """`isolated`, or `in-process` as soon as one verdict that counted was."""
    questions: int
    stopped: str
    """Why the search ended: `done`, `budget`, or the failure."""
    log: str
    """`RUN/PROBLEM`, for `assay show`."""
    failures: int = 0
    """Of model and sandbox during the search: what it found in spite of them need not be what it
    would have found."""

    @property
    def cut_off(self) -> bool:
        """Whether the budget of the whole run ended before this problem had its own."""
        return self.stopped == TOTAL_BUDGET

    @property
    def undisturbed(self) -> bool:
        """Whether it is what the strategy gives."""
        cut_off = self.cut_off and self.status != "verified"
        return not (cut_off or self.failures or self.status == "unmeasured")

    @property
    def tokens(self) -> int | None:
        """`None`: not known, as of programs that were made elsewhere."""
        prompt, completion = self.cost["prompt_tokens"], self.cost["completion_tokens"]
        return None if prompt is None or completion is None else int(prompt + completion)


def visible_counts(answer: Answer) -> dict[str, int]:
    passed, total = answer.visible
    return {"passed": passed, "total": total}
