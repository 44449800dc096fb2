"""Solved problems that are like a problem, and never that problem: BM25, then variety."""

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

from assay.candidate.extract import wanted
from assay.problem import Problem

CANDIDATES = 20
"""That BM25 hands on."""
K1, B = 1.5, 0.75
"""BM25's usual constants (Robertson and Zaragoza 2009)."""
DECAY = 0.5
"""Weight of a word of the task for each example that has it already."""
ALIKE = 0.5
"""Share of the shorter text's word triples from which two tasks count as the same."""
LONGEST = 3_000
"""Characters of an example in all: a prompt holds three."""
USUAL_NAMES = frozenset({"solution", "solve", "main", "run", "f", "func"})
"""Names that say nothing of the task."""


@dataclass(frozen=True)
class Solved:
    """A problem of before with a program that passes its visible tests."""

    id: str
    prompt: str
    language: str
    entry_point: str | None
    tests: tuple[str, ...]
    """Its visible tests, as asserts."""
    code: str

    @cached_property
    def words(self) -> list[str]:
        return words_of(self.prompt)


class Library(Protocol):
    """Who knows solved problems; the strategy is given what `solved` gives."""

    def solved(self) -> Sequence[Solved]: ...


def examples_for(problem: Problem, solved: Sequence[Solved], count: int) -> list[Solved]:
    """At most `count`, the most useful first. The problem itself and what is nearly it are left
    out: an example must not be the answer."""
    usable = [one for one in solved if one.language == problem.language and fits(one)]
    others = [one for one in usable if not leaks(problem, one)]
    query = words_of(problem.prompt)
    return varied(query, bm25(query, others)[:CANDIDATES], count)


def fits(solved: Solved) -> bool:
    return len(solved.prompt) + len(solved.code) + sum(map(len, solved.tests)) <= LONGEST


def leaks(problem: Problem, solved: Solved) -> bool:
    """Whether it is this problem in another form: by id, by name, or by most of its words."""
    names = set(wanted(problem)) - USUAL_NAMES
    if solved.id == problem.id or any(
        re.search(rf"\b{re.escape(n)}\b", solved.code) for n in names
    ):
        return True
    mine, theirs = triples(words_of(problem.prompt)), triples(solved.words)
    return len(mine & theirs) >= ALIKE * min(len(mine), len(theirs))


def words_of(text: str) -> list[str]:
    return [word for part in re.findall(r"\w+", text.lower()) for word in part.split("_") if word]


def triples(words: list[str]) -> set[tuple[str, ...]]:
    return {tuple(words[at : at + 3]) for at in range(max(1, len(words) - 2))}


def bm25(query: Sequence[str], documents: Sequence[Solved]) -> list[Solved]:
    """The documents, best first, equal ones in their order; those without a common word not."""
    counts = [Counter(document.words) for document in documents]
    holding = Counter(word for count in counts for word in count)
    average = sum(map(Counter.total, counts)) / max(1, len(counts)) or 1.0

    def score(count: Counter[str]) -> float:
        length = K1 * (1 - B + B * count.total() / average)
        return sum(
            math.log(1 + (len(counts) - holding[word] + 0.5) / (holding[word] + 0.5))
            * count[word]
            * (K1 + 1)
            / (count[word] + length)
            for word in dict.fromkeys(query)
            if word in count
        )

    scored = [(score(count), document) for count, document in zip(counts, documents, strict=True)]
    ranked = sorted(scored, key=lambda pair: -pair[0])
    return [document for value, document in ranked if value > 0]


def varied(query: Sequence[str], ranked: Sequence[Solved], count: int) -> list[Solved]:
    """Greedily those that cover most words and word pairs of the query; what is covered already
    counts for less."""
    weight = dict.fromkeys(grams(query), 1.0)
    left, chosen = list(ranked), list[Solved]()
    while left and len(chosen) < count:
        best = max(left, key=lambda one: sum(weight.get(gram, 0.0) for gram in grams(one.words)))
        left.remove(best)
        chosen.append(best)
        for gram in grams(best.words) & weight.keys():
            weight[gram] *= DECAY
    return chosen


def grams(words: Sequence[str]) -> set[tuple[str, ...]]:
    return {(word,) for word in words} | set(pairwise(words))
