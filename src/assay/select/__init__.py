"""Which candidate to hand back: a selector orders the attempts, `solve` makes the answer.

A `Ranker` orders the programs of a `Matrix`, which holds what came of running fixed programs on
fixed tests; `assay rank` uses it as it is, and `ranked` makes a selector of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from assay.feedback import Attempt
from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.names import load
from assay.problem import Problem, Test


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Distinct candidates, best first."""

    order: tuple[Attempt, ...]
    cluster: tuple[int, ...]
    """For each of `order`, the number of the group that behaves alike; 0 is the first's."""
    support: int
    """Attempts, repeats counted, whose behaviour is the first's."""
    of: int
    """Attempts that were compared: all that are as good as the first by the visible tests."""
    confidence: float | None = None
    """Calibrated probability that the first is right; `None`: the selector knows of none."""
    evidence: dict[str, float] | None = None
    """What the confidence was made of."""
    doubt: str = ""
    """One line on what speaks against the first; empty where nothing was found."""
    answers: tuple[Test, ...] = ()
    """What a person said, as tests; `order` has their verdicts."""
    said: tuple[tuple[str, str | None], ...] = ()
    """The inputs of `answers`, each with its value as Python text; `None`: not known."""
    silence: str = ""
    """Why a person was asked nothing, or nothing more."""
    observed: bool = False
    """Whether the first returned a value on some input, or passed a test; without tests that are
    known to be right nothing else is `likely`."""
    confirmed: bool = False
    """Whether the first returned a value that a person gave."""
    unused: tuple[str, ...] = ()
    """Inputs that a person's file answers and that no candidate was seen on."""


Selector = Callable[[Problem, Sequence[Attempt], Prompter], Steps[Choice]]

LIKELIHOOD = "likelihood"
"""The selector that needs log-probabilities."""

SELECTORS = {
    "visible": "assay.select.visible:visible",
    "agreement": "assay.select.agreement:agreement",
    "judge": "assay.select.judge:judge",
    LIKELIHOOD: "assay.select.likelihood:likelihood",
}
"""Name to `module:function`; a ranker's name is a selector as well. `posterior` is the default."""

RANKERS = {
    "visible": "assay.select.passed:passed",
    "majority": "assay.select.majority:majority",
    "codet": "assay.select.codet:codet",
    "b4": "assay.select.b4:b4",
    "pagerank": "assay.select.pagerank:pagerank",
    "minimax": "assay.select.minimax:minimax",
    "genx": "assay.select.genx:genx",
    "quality": "assay.select.quality:quality",
    "posterior": "assay.select.posterior:posterior",
}
"""Name to `module:function`, which gives the `Scores` of a `Matrix`. `posterior` is the default."""


def find_selector(name: str) -> Selector:
    """The selector of that name, of a ranker, or of `package.module:name`. Raises `UnknownName`."""
    if name in RANKERS and name not in SELECTORS:
        from assay.select.ranked import by_ranker

        return by_ranker(name)
    return load("selector", name, {**RANKERS, **SELECTORS})


def find_ranker(name: str) -> Callable[..., Any]:
    """The ranker of that name, or of `package.module:name`. Raises `UnknownName`."""
    return load("selector", name, RANKERS)
