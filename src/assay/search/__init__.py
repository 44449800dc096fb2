"""Strategies: generators that say what they need and do no I/O, and the driver that serves them.

A strategy asks through `ask`, `try_`, `execute`, `consult` (`feedback.steps`) and has what a
candidate did put into words by `feedback.combine.gather`. It never sees the network, the sandbox,
the budget, the log or a hidden test. What it returns is the reason why it stopped.
"""

from collections.abc import Callable

from assay.feedback.steps import Steps
from assay.names import load

STRATEGIES = {
    "sample": "assay.search.sample:sample",
    "self_debug": "assay.search.repair:self_debug",
    "property": "assay.search.properties:property_",
}
"""Name to `module:function`; called with a `Problem`, a `Prompter` and its own keywords."""

PASSED = "passed"
"""A candidate passes every visible test."""
ROUNDS = "rounds"
"""As many rounds as it may take were taken."""
STUCK = "stuck"
"""The model had nothing new to say."""
NO_TESTS = "no tests"
"""There is no visible test to go by."""
SILENT = "no reply"
"""The model gave nothing to go on with."""
UNMEASURED = "unmeasured"
"""A failure of ours left open what a candidate does."""


def find_strategy(name: str) -> Callable[..., Steps[str]]:
    """The strategy of that name, or of `package.module:name`. Raises `UnknownName`."""
    found: Callable[..., Steps[str]] = load("strategy", name, STRATEGIES)
    return found
