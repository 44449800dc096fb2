"""Which candidate to hand back: a selector orders the attempts, `solve` makes the answer."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assay.feedback import Attempt
from assay.problem import Problem
from assay.search import Steps, load


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


Selector = Callable[[Problem, Sequence[Attempt]], Steps[Choice]]

SELECTORS = {
    "visible": "assay.select.visible:visible",
    "agreement": "assay.select.agreement:agreement",
}
"""Name to `module:function`. `agreement` is the default."""


def find_selector(name: str) -> Selector:
    """The selector of that name, or of `package.module:name`. Raises `UnknownName`."""
    return load("selector", name, SELECTORS)
