"""Which question is worth a person's time: the input whose answer helps the choice most.

Beliefs are over groups of programs that return the same on all inputs: group c is right with
probability p_c (`posterior`, calibrated), and no program with what is left. A question is an input;
a right program's value is the answer. A person errs with probability e, then names one of the K
other values: L(v | c) = 1 - e where c returns v, else e / K. They do not know, or the input is not
allowed, with probability u, and always where the right program raises.

The expected gain is the rise of the probability that the chosen program is right, with b the one
chosen so far:

    gain = sum_v max_c (1 - u) p_c L(v | c) + p_b P(unknown | b) - p_b

An answer that changes nothing has none, so there is nothing to ask where no answer would change the
choice. Values beyond the listed ones are typed with probability `TYPED`; else all that is known is
that none of the listed ones is right. Equal gains are told apart by information, the entropy of the
answer (the choice rule of ConAIR, and of greedy information gain).
"""

import ast
import builtins
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from assay.problem.values import literal, parsed, tolerance
from assay.select.matrix import Floats, Ints, Matrix, groups
from assay.select.posterior import posterior

CHOICES = 4
"""Values that a question lists."""
ERROR = 0.01
"""How often a person is taken to say something wrong."""
NOBODY = 0.01
"""Least probability that no program is right, as long as nobody has answered."""
UNKNOWN = 0.05
"""How often a person cannot answer, whatever the input."""
LEGIBLE = 1_000
"""Characters of an input after which a person is e times less likely to answer at all."""
TYPED = 0.5
"""How often a person who says "something else" gives the value as well."""
LEAST = 0.001
"""A gain below it is not worth a question."""
CUT = re.compile(r"… [0-9a-f]{24}\Z")
"""The end of a value of which only the beginning and a hash are kept (`judging.short`)."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beliefs:
    share: Floats
    """For each group of programs the probability that it is right."""
    values: Ints
    """Groups by inputs: equal numbers, equal values; below 0 an exception or another end."""
    unknown: Floats
    """For each input the probability that the person cannot answer; 1: it is not to be asked."""
    error: float = ERROR

    @property
    def first(self) -> int:
        return int(np.argmax(self.share))

    @property
    def confidence(self) -> float:
        """That the first is right."""
        return float(self.share[self.first])


def beliefs(matrix: Matrix, error: float = ERROR) -> tuple[Beliefs, Ints]:
    """What is believed before any question, and for each program its group. The matrix has a
    program."""
    found = posterior(matrix)
    values = merged(matrix)
    group = groups(np.column_stack([matrix.loaded, values]))
    share = np.zeros(int(group.max()) + 1)
    if found.probability is not None:
        # Programs that do the same are right together.
        np.maximum.at(share, group, np.where(matrix.loaded, found.probability, 0.0))
    first = np.unique(group, return_index=True)[1]
    unknown = np.array([doubt(matrix, values[:, j], j) for j in range(len(matrix.inputs))])
    return (
        Beliefs(
            share=share * min(1.0, (1 - NOBODY) / max(share.sum(), NOBODY)),
            values=values[first],
            unknown=unknown,
            error=error,
        ),
        group,
    )


def doubt(matrix: Matrix, column: Ints, place: int) -> float:
    """How likely it is that a person cannot answer. What visible tests settle, values too long to
    be told apart on a screen, and inputs that are named elsewhere, are not asked for."""
    known = matrix.input_of[matrix.binding]
    shown = (matrix.shown.get(int(number), "") for number in np.unique(column))
    if place in known or any(CUT.search(text) for text in shown):
        return 1.0
    if not says_all(matrix.inputs[place]):
        return 1.0
    return 1 - (1 - UNKNOWN) * math.exp(-len(matrix.inputs[place]) / LEGIBLE)


def says_all(call: str) -> bool:
    """Whether the text alone says what the input is: no names but those of functions called."""
    tree = parsed(call)
    if tree is None:
        return False
    nodes = list(ast.walk(tree))
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    bound = {
        name.id
        for node in nodes
        if isinstance(node, ast.comprehension)
        for name in ast.walk(node.target)
        if isinstance(name, ast.Name)
    }
    return all(
        id(node) in called or node.id in bound or hasattr(builtins, node.id)
        for node in nodes
        if isinstance(node, ast.Name)
    )


def merged(matrix: Matrix) -> Ints:
    """The values, with one number for those that Python finds equal: 1, 1.0 and True."""
    first: dict[str, int] = {}
    same = {
        number: number if number < 0 else first.setdefault(canonical(text), number)
        for number, text in matrix.shown.items()
    }
    if not same or not matrix.values.size:
        return matrix.values
    numbers, place = np.unique(matrix.values, return_inverse=True)
    new = np.array([same.get(int(number), int(number)) for number in numbers], np.int64)
    return new[place].reshape(matrix.values.shape)


def canonical(text: str) -> str:
    """The same text for values that are equal; floats to nine digits. The text itself where it is
    no literal, or an integer of more digits than Python writes."""
    found = literal(text)
    try:
        return text if found is None else repr(plain(found[0]))
    except ValueError:
        return text


def alike(said: str, text: str) -> bool:
    """Whether the value `text` is the one that a person said, as exactly as they said it: the test
    that their answer becomes has the same tolerance."""
    if canonical(said) == canonical(text):
        return True
    one, other, off = literal(said), literal(text), tolerance(said)
    return one is not None and other is not None and off is not None and near(one, other, off)


def near(one: Any, other: Any, off: float) -> bool:
    if isinstance(one, list | tuple) and type(one) is type(other):
        return len(one) == len(other) and all(map(near, one, other, [off] * len(one)))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(near(one[k], other[k], off) for k in one)
    if isinstance(one, float) or isinstance(other, float):
        try:
            return bool(abs(one - other) <= off)
        except (TypeError, OverflowError):
            return False
    same: bool = one == other
    return same


def plain(value: Any) -> Any:
    match value:
        case bool():
            return int(value)
        case float() if math.isfinite(value):
            short = float(f"{value:.9g}")
            return int(short) if short.is_integer() else short
        case list():
            return [plain(item) for item in value]
        case tuple():
            return tuple(plain(item) for item in value)
        case dict():
            return ("dict", sorted((repr(plain(k)), repr(plain(v))) for k, v in value.items()))
        case set():
            return ("set", sorted(repr(plain(item)) for item in value))
    return value


def answers(beliefs: Beliefs, place: int) -> tuple[Ints, Floats]:
    """The values that programs give on the input, the likeliest first, and how likely each is."""
    column = beliefs.values[:, place]
    able = column >= 0
    if not able.any():
        return np.zeros(0, np.int64), np.zeros(0)
    found, inverse = np.unique(column[able], return_inverse=True)
    share = np.bincount(inverse, weights=beliefs.share[able])
    order = np.argsort(-share, kind="stable")
    return found[order], np.asarray(share[order], float)


def gain(beliefs: Beliefs, place: int, choices: int = CHOICES) -> float:
    """The expected rise of the probability that the chosen program is right."""
    column, share, first = beliefs.values[:, place], beliefs.share, beliefs.first
    found, _ = answers(beliefs, place)
    best = best_after(share, column, found, beliefs.error)
    told = float(best[:choices].sum())
    if len(found) > choices:
        rest = ~np.isin(column, found[:choices]) & (column >= 0)
        told += TYPED * best[choices:].sum() + (1 - TYPED) * (1 - beliefs.error) * share[rest].max()
    known = 1 - beliefs.unknown[place]
    stays = 1 - known if column[first] >= 0 else 1.0
    return float(known * told + share[first] * stays - share[first])


def best_after(share: Floats, column: Ints, found: Ints, error: float) -> Floats:
    """For each value v of `found` max over groups c of p_c L(v | c); who raises gives no answer."""
    if not len(found):
        return np.zeros(0)
    place = np.argsort(found)
    able = column >= 0
    top = np.zeros(len(found))
    np.maximum.at(top, place[np.searchsorted(found[place], column[able])], share[able])
    first = int(np.argmax(top))
    other = np.full(len(found), top[first])
    other[first] = np.delete(top, first).max(initial=0.0)
    return np.asarray(np.maximum((1 - error) * top, error / max(len(found) - 1, 1) * other))


def information(beliefs: Beliefs, place: int, choices: int = CHOICES) -> float:
    """Entropy in nats of the answer, among the programs that are right if any is."""
    del choices
    _, share = answers(beliefs, place)
    total = beliefs.share.sum()
    parts = np.append(share, total - share.sum()) / max(total, 1e-300)
    parts = parts[parts > 1e-12]
    return float((1 - beliefs.unknown[place]) * -(parts * np.log(parts)).sum())


def best_input(
    beliefs: Beliefs,
    asked: set[int],
    choices: int = CHOICES,
    least: float = LEAST,
    rule: Callable[[Beliefs, int, int], float] = gain,
) -> int | None:
    """The input to ask about; `None` where no answer is worth it."""
    open_ = [
        place
        for place in range(beliefs.values.shape[1])
        if place not in asked and beliefs.unknown[place] < 1
    ]
    if not open_:
        return None
    gains = {place: round(rule(beliefs, place, choices), 9) for place in open_}
    most = max(gains.values())
    if most < least:
        return None
    equal = [place for place in open_ if gains[place] == most]
    return max(equal, key=lambda place: information(beliefs, place))


def heard(beliefs: Beliefs, place: int, values: set[int], excluded: bool = False) -> Beliefs:
    """After the answer that the value is one of `values`, or (`excluded`) that it is none of them.

    Where no program is right, the answer is any value with half of the chance that the programs
    give it, and with the other half one that none of them gives.
    """
    column = beliefs.values[:, place]
    found, share = answers(beliefs, place)
    agrees = np.isin(column, list(values))
    if excluded:
        agrees = ~agrees & (column >= 0)
    others = max(len(found) - 1, 1)
    likely = np.where(agrees, 1 - beliefs.error, beliefs.error / others)
    listed = float(share[np.isin(found, list(values))].sum() / max(share.sum(), 1e-300)) / 2
    nobody = 1 - listed if excluded else listed if agrees.any() else 0.5
    new = beliefs.share * likely
    none = max(1 - beliefs.share.sum(), 0.0) * min(nobody, 1 - beliefs.error)
    return replace(beliefs, share=new / max(new.sum() + none, 1e-300))


def is_value(text: str) -> bool:
    """Whether a person's text is a value: a literal of Python that Python can write as well."""
    found = literal(text)
    try:
        return found is not None and bool(repr(found[0]))
    except ValueError:
        return False


def same_call(text: str) -> str:
    """A call as Python would write it, so that blanks and quotes do not matter."""
    try:
        return ast.unparse(ast.parse(text.strip(), mode="eval"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return text.strip()
