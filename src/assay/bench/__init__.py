"""Suites, and strategies compared on them at equal budgets.

`suites` names where items come from, `work` takes one item from problem to graded result,
`compare` runs a grid of cells and can go on after a `kill -9`, `stored` takes a run out of the log.
`findings` puts the figures together: `summary` has those of a cell (`progress` reads the log for
them), `curve` pass@t, `pairs` any two cells; formulas are in `stats`, `paired` and `abstention`.
`report/` shows all of it, attempts included.
"""

from dataclasses import dataclass
from typing import Any

from assay.select.answer import Answer, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One combination that is measured over a suite."""

    suite: str
    model: str
    strategy: str
    selector: str
    seed: int = 0

    @property
    def key(self) -> str:
        return f"{self.model} {self.strategy} {self.selector} seed={self.seed}"


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

    @property
    def tokens(self) -> int:
        return int(self.cost["prompt_tokens"] + self.cost["completion_tokens"])


def visible_counts(answer: Answer) -> dict[str, int]:
    passed, total = answer.visible
    return {"passed": passed, "total": total}
