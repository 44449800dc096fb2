"""What a run says to a model or to a person: one `Feedback` type, one file per source."""

from dataclasses import dataclass

from assay.candidate import Candidate
from assay.sandbox import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    source: str
    message: str
    """What the model reads."""
    passed: bool | None
    """`None`: not measured."""
    score: float | None
    """In [0, 1]; `None`: not measured. A timeout never outranks a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A candidate, what happened when it ran on the visible tests, and what is said of it."""

    candidate: Candidate
    run: Run | None
    """`None`: there was no code to run, or our own failure (then it is not `measured`)."""
    feedback: Feedback

    @property
    def passed(self) -> bool:
        return self.run is not None and self.run.passed

    @property
    def measured(self) -> bool:
        """False where a failure of ours left it open: never a score."""
        return self.feedback.passed is not None


SOURCES = {"tests": "assay.feedback.tests:explain"}
"""Name to `module:function`: what turns a run into feedback."""
