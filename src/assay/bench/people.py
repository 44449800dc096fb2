"""Simulated people: they answer questions of a selector by what the reference solution returns.

The reference stays with the person. A strategy, a source and a selector have the problem, the
attempts and the answers, so that they learn of it what a person would have told them.
"""

from dataclasses import dataclass

from assay.errors import SandboxError, UsageError
from assay.feedback.steps import Question, Reply
from assay.grade import Item
from assay.sandbox import Sandbox
from assay.search.driver import Person
from assay.select.people import Erring, Limited, Reference


@dataclass(slots=True)
class Steady:
    """Another person, of whom a failure of the sandbox is noted and not raised."""

    person: Person
    failed: str = ""
    """What was in the way of an answer; empty: nothing."""

    async def answer(self, question: Question) -> Reply | None:
        try:
            return await self.person.answer(question)
        except (SandboxError, UsageError) as error:
            self.failed = f"the simulated person: {error}"
            return None


@dataclass(frozen=True, slots=True)
class People:
    """Somebody for each problem, with the same knowledge in every cell."""

    most: int
    """Questions that each answers."""
    error: float = 0.0
    """The probability that an answer is another one of the listed."""
    without: int = 0
    """Problems of the suite that have no reference: nothing is asked about them."""

    def for_item(self, item: Item, seed: int, sandbox: Sandbox) -> Steady | None:
        """`None`: the item has no reference. Errors are the same for all cells of a seed."""
        if item.reference is None:
            return None
        limits = item.problem.limits
        person: Person = Reference(sandbox, {item.problem.id: item.reference}, limits)
        return Steady(Limited(Erring(person, self.error, seed), self.most))
