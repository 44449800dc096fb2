"""Strategies: generators that say what they need and do no I/O, and the driver that serves them.

A strategy yields `Ask`, `Try` or `Consult` through the functions below and gets back what it
asked for. It never sees the network, the sandbox, the budget or the log.
"""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, TypeVar

from assay.candidate import Candidate
from assay.errors import UnknownName
from assay.feedback import Attempt
from assay.model import Completion, Prompt
from assay.problem import Test

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ask:
    """Completions, please; answered with as many, in order, as the budget affords."""

    prompts: tuple[Prompt, ...]


@dataclass(frozen=True, slots=True)
class Try:
    """Run these; answered with one attempt a candidate, in order."""

    candidates: tuple[Candidate, ...]
    tests: tuple[Test, ...] | None = None
    """Instead of the problem's visible tests: inputs of our own, to compare behaviour."""


@dataclass(frozen=True, slots=True)
class Question:
    text: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Consult:
    """Ask a person; answered with `None` where nobody is there."""

    question: Question


Steps = Generator[Ask | Try | Consult, Any, T]


def ask(prompts: Sequence[Prompt]) -> Steps[list[Completion]]:
    completions: list[Completion] = yield Ask(tuple(prompts))
    return completions


def try_(
    candidates: Sequence[Candidate], tests: Sequence[Test] | None = None
) -> Steps[list[Attempt]]:
    attempts: list[Attempt] = yield Try(tuple(candidates), None if tests is None else tuple(tests))
    return attempts


def consult(question: Question) -> Steps[str | None]:
    answer: str | None = yield Consult(question)
    return answer


STRATEGIES = {
    "sample": "assay.search.sample:sample",
    "self_debug": "assay.search.repair:self_debug",
}
"""Name to `module:function`; called with a `Problem`, a `Prompter` and its own keywords."""


def find_strategy(name: str) -> Callable[..., Steps[None]]:
    """The strategy of that name, or of `package.module:name`. Raises `UnknownName`."""
    return load("strategy", name, STRATEGIES)


def load(kind: str, name: str, known: dict[str, str]) -> Callable[..., Any]:
    """What `known` has under `name`, or what `package.module:attribute` names."""
    target = known.get(name, name)
    module, _, attribute = target.partition(":")
    if not attribute:
        raise UnknownName(kind, name, known)
    try:
        found: Callable[..., Any] = getattr(import_module(module), attribute)
    except (ImportError, AttributeError, ValueError, TypeError) as error:
        raise UnknownName(kind, name, known) from error
    return found
