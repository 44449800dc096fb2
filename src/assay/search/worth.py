"""Whether another attempt is worth its cost, when a wrong answer that passes has a price."""

from collections.abc import Iterator
from dataclasses import dataclass

from assay.errors import UsageError


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem."""

    share: float
    """Of all problems, in [0, 1]."""
    right: float
    """How often an attempt at one is right, in [0, 1]."""


@dataclass(frozen=True, slots=True)
class Rates:
    """A model and the visible tests it is judged by."""

    kinds: tuple[Kind, ...]
    complete: float
    """How often the visible tests accept a right program."""
    sound: float
    """How often they reject a wrong one."""

    def __post_init__(self) -> None:
        rates = [self.complete, self.sound]
        rates += [rate for kind in self.kinds for rate in (kind.share, kind.right)]
        if not all(0 <= rate <= 1 for rate in rates):
            raise UsageError("a rate is between 0 and 1")


def two_kinds(share: float, easy: float, hard: float, complete: float, sound: float) -> Rates:
    """`share` of the problems are solved at rate `easy`, the others at `hard`."""
    return Rates((Kind(share, easy), Kind(1 - share, hard)), complete, sound)


def gains(rates: Rates, wrong: float, cost: float, right: float = 1.0) -> Iterator[float]:
    """The expected gain of attempt 1, 2, ..., each given that all before were rejected.

    Stroebl et al. 2024, "Inference Scaling fLaws: The Limits of LLM Resampling with Imperfect
    Verifiers". A right answer is worth `right`, a wrong one that passes costs `wrong`, an attempt
    `cost`. Of kind t: a right program is accepted at rate c r_t, a wrong one at (1 - s)(1 - r_t),
    and the belief in t before attempt k goes with p_t b_t^(k-1), b_t the rate of rejections. Ends
    where a rejection is impossible.
    """
    belief = [kind.share for kind in rates.kinds]
    while (total := sum(belief)) > 0:
        belief = [weight / total for weight in belief]
        gain = -cost
        for index, (weight, kind) in enumerate(zip(belief, rates.kinds, strict=True)):
            accepted = rates.complete * kind.right
            fluke = (1 - rates.sound) * (1 - kind.right)
            gain += weight * (accepted * right - fluke * wrong)
            belief[index] = weight * (1 - accepted - fluke)
        yield gain


def attempts_worth(rates: Rates, wrong: float, cost: float, most: int) -> int:
    """How many attempts are worth their cost: up to the first that is not. 0: do not begin."""
    worth = 0
    for gain in gains(rates, wrong, cost):
        if gain <= 0 or worth == most:
            break
        worth += 1
    return worth
