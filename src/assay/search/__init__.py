"""Strategies: generators that say what they need and do no I/O, and the driver that serves them.

A strategy asks through `ask`, `try_`, `execute`, `consult` (`feedback.steps`) and has what a
candidate did put into words by `feedback.combine.gather`. It never sees the network, the sandbox,
the budget, the log or a hidden test. What it returns is the reason why it stopped.
"""

from collections.abc import Callable
from typing import Concatenate

from assay.feedback.steps import Steps
from assay.model.prompter import Prompter
from assay.names import load
from assay.problem import Problem

Strategy = Callable[Concatenate[Problem, Prompter, ...], Steps[str]]
"""What it is told is in its first two arguments; its knobs are its keywords. One that wants more,
a hidden test say, is of another type."""

STRATEGIES = {
    "assay": "assay.search.own:assay",
    "sample": "assay.search.sample:sample",
    "acecoder": "assay.search.thought:acecoder",
    "scot": "assay.search.thought:scot",
    "self_debug": "assay.search.repair:self_debug",
    "self_critique": "assay.search.repair:self_critique",
    "try_again": "assay.search.repair:try_again",
    "conversation": "assay.search.repair:conversation",
    "critic": "assay.search.repair:critic",
    "self_repair": "assay.search.repair:self_repair",
    "ldb": "assay.search.ldb:ldb",
    "reflexion": "assay.search.reflexion:reflexion",
    "lpw": "assay.search.plan:lpw",
    "slpw": "assay.search.plan:slpw",
    "codesim": "assay.search.plan:codesim",
    "plan_search": "assay.search.plan_search:plan_search",
    "beam": "assay.search.tree:beam",
    "codetree": "assay.search.tree:codetree",
    "rethink_mcts": "assay.search.mcts:rethink_mcts",
    "property": "assay.search.properties:property_",
    "anneal": "assay.search.anneal:anneal",
    "iad": "assay.search.iad:iad",
    "adaptive": "assay.search.adaptive:adaptive",
}
"""Name to `module:function`; called with a `Problem`, a `Prompter` and its own keywords."""

SOLVED = "solved"
"""A strategy with this keyword is given the solved problems of the log (`retrieval.Solved`); it is
no knob."""

PASSED = "passed"
"""A candidate passes every visible test."""
ROUNDS = "rounds"
"""As many rounds as it may take were taken."""
STUCK = "stuck"
"""It wrote only what was there before, in a further draw as well; or the critic found nothing to
mend. Nothing is left to go on from."""
PROPERTIES = "properties"
"""A candidate violates none of the properties that the model wrote; there is no visible test."""
OWN_TESTS = "own tests"
"""A candidate passes every test that the model itself wrote; there is no visible one."""
NO_TESTS = "no tests"
"""There is no visible test to go by."""
SILENT = "no reply"
"""The model gave nothing to go on with."""
NOT_WORTH = "not worth it"
"""The expected gain of another attempt is below its cost."""
UNMEASURED = "unmeasured"
"""A failure of ours left open what a candidate does."""


def find_strategy(name: str) -> Strategy:
    """The strategy of that name, or of `package.module:name`. Raises `UnknownName`."""
    found: Strategy = load("strategy", name, STRATEGIES)
    return found
