"""What a run or an analysis says to a model or to a person: `Feedback`, one file per source.

A source is a generator (`steps`): it may run a program of its own around the candidate (`inside/`),
ask a model or a person. `combine` puts what several sources say into one message.
"""

from dataclasses import dataclass

from assay.candidate import Candidate
from assay.sandbox import Run


@dataclass(frozen=True, slots=True)
class Span:
    """A place in the candidate, 1-based."""

    line: int
    column: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    source: str
    message: str
    """What the model reads; empty where there is nothing to say."""
    passed: bool | None = None
    """`None`: not measured, or advice, which never makes a program wrong."""
    score: float | None = None
    """In [0, 1]; `None`: not measured. A timeout never outranks a pass."""
    spans: tuple[Span, ...] = ()
    """The places that it is about."""
    note: str = ""
    """For a person, not for the model: what was left out and why, how to get a missing tool."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A candidate, what happened when it ran on the visible tests, and what is said of it."""

    candidate: Candidate
    run: Run | None
    """`None`: there was no code to run, or our own failure (then it is not `measured`)."""
    feedback: Feedback
    """What the visible tests say."""

    @property
    def passed(self) -> bool:
        return self.run is not None and self.run.passed

    @property
    def measured(self) -> bool:
        """False where a failure of ours left it open: never a score."""
        return self.feedback.passed is not None

    @property
    def score(self) -> float:
        """Share of the visible tests passed; -1 where it was not measured."""
        return -1.0 if self.feedback.score is None else self.feedback.score


SOURCES = {
    "person": "assay.feedback.person:person",
    "tests": "assay.feedback.tests:tests",
    "tests_one": "assay.feedback.forms:tests_one",
    "tests_partial": "assay.feedback.forms:tests_partial",
    "tests_verdict": "assay.feedback.forms:tests_verdict",
    "build": "assay.feedback.build:build",
    "trace": "assay.feedback.trace:trace",
    "profile": "assay.feedback.profile:profile",
    "property": "assay.feedback.property:property_",
    "falsify": "assay.feedback.falsify:falsify",
    "coverage": "assay.feedback.coverage:coverage",
    "types": "assay.feedback.analysis:types",
    "lint": "assay.feedback.analysis:lint",
    "security": "assay.feedback.analysis:security",
    "critic": "assay.feedback.critic:critic",
    "critic_guarded": "assay.feedback.critic:critic_guarded",
    "critic_novice": "assay.feedback.critic:critic_novice",
    "critic_novice_partial": "assay.feedback.critic:critic_novice_partial",
    "critic_novice_blind": "assay.feedback.critic:critic_novice_blind",
    "critic_partial": "assay.feedback.critic:critic_partial",
    "critic_blind": "assay.feedback.critic:critic_blind",
    "unary": "assay.feedback.unary:unary",
}
"""Name to `module:function`, most useful first: the order in which they are put together.

A function takes the `Problem`, the `Attempt` and the `Prompter`, and gives `Steps` of a
`Feedback`, or of `None` where it has nothing to say of this attempt."""
