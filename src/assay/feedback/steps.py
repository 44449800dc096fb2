"""What a strategy, a feedback source or a selector may ask for.

Each is a generator that does no I/O: it yields a request through one of the functions below and
gets back what it asked for. The driver (`search.driver`) serves it, and owns model, sandbox,
person, budget and log.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from assay.candidate import Candidate
from assay.feedback import Attempt, Feedback
from assay.model import Completion, Prompt
from assay.problem import Test
from assay.sandbox import Job, Run

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Completions, please; answered with as many, in order, as the budget affords."""

    prompts: tuple[Prompt, ...]
    optional: bool = False
    """Where the budget has no room for it or the model fails, the answer is empty and the strategy
    goes on, without a failure of its own; else that ends it."""


@dataclass(frozen=True, slots=True)
class Try:
    """Run these; answered with one attempt a candidate, in order."""

    candidates: tuple[Candidate, ...]
    tests: tuple[Test, ...] | None = None
    """Instead of the problem's visible tests: inputs of our own, to compare behaviour."""


@dataclass(frozen=True, slots=True)
class Execute:
    """Run these programs of ours around a candidate (a tracer, an analyser); no attempts.

    Answered with one run a job, in order; `None` where a failure of ours left it open, or where
    the budget had room for others only. Where it has room for none, `BudgetSpent` is raised at
    the request and ends the strategy. What such a program prints was in the candidate's hands:
    it is advice, not a verdict.
    """

    jobs: tuple[Job, ...]


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    choices: tuple[str, ...] = ()
    code: str | None = None
    """The program that it is about, which the person may edit."""
    input: str = ""
    """The call whose value is asked for; its last choice is then "something else", which a text
    may go with. Empty for a question of any other kind."""
    problem: str = ""
    """Id of the problem that it is about."""
    again: bool = False
    """Asked once more, because the answer contradicts what is known; `text` says what."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall(Question):
    """What a file of answers says of the inputs in `choices` that nobody was asked about: it is
    never put to a person. The reply's text is a JSON object, `known` by input and a list `unused`
    of inputs not `seen`."""

    seen: tuple[str, ...] = ()
    """All inputs that the programs were run on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a person said. With no part given: that they do not know."""

    choice: int | None = None
    """Index into the question's choices."""
    text: str = ""
    """In their own words; for a question about a value, the right one."""
    line: int | None = None
    """1-based line of the candidate that `text` is about."""
    code: str | None = None
    """The program as they edited it."""
    asked: bool = True
    """False: nobody was disturbed (a file of answers has none to this question)."""


@dataclass(frozen=True, slots=True)
class Consult:
    """Ask a person; answered with a `Reply`, or `None` where nobody is there."""

    question: Question


@dataclass(frozen=True, slots=True)
class Tell:
    """Write down what was said of a candidate: its notes are for whoever reads the log."""

    candidate: str
    """Its id."""
    feedback: Feedback


Request = Ask | Try | Execute | Consult | Tell
Steps = Generator[Request, Any, T]


def ask(prompts: Sequence[Prompt], *, optional: bool = False) -> Steps[list[Completion]]:
    completions: list[Completion] = yield Ask(tuple(prompts), optional)
    return completions


def try_(
    candidates: Sequence[Candidate], tests: Sequence[Test] | None = None
) -> Steps[list[Attempt]]:
    attempts: list[Attempt] = yield Try(tuple(candidates), None if tests is None else tuple(tests))
    return attempts


def execute(jobs: Sequence[Job]) -> Steps[list[Run | None]]:
    runs: list[Run | None] = yield Execute(tuple(jobs))
    return runs


def consult(question: Question) -> Steps[Reply | None]:
    reply: Reply | None = yield Consult(question)
    return reply
