"""Problems of a suite that stand, nearly, in training rows too.

The share of a text's 8-grams that a row has, 70 % as the threshold, as PaLM's authors measured
contamination (Chowdhery et al. 2022, section 8). Every row is compared with every problem, exactly:
the index is of the suite, so the rows are read one by one and may be many.

What changes in a copy does not count: white space, case, brackets, quotes, commas; and each name
that the text itself defines (functions, parameters, variables) stands for any other.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.errors import ProblemError
from assay.grade import Item
from assay.problem.reading import json_rows

GRAM = 8
THRESHOLD = 0.7
LEAST = 10
"""A text of fewer grams than this is not compared: such are alike by chance."""
OWN_WORDS = 3
"""A gram with fewer words that are no defined names says nothing."""
FIELDS = (
    "text", "prompt", "messages", "completion", "chosen", "rejected", "instruction", "input",
    "output", "response", "question", "answer", "content", "code", "solution",
)  # fmt: skip
"""Keys of a row that are read, where it has them."""
NAME = "§"
TOKEN = re.compile(r"§|\w+|[-+*/%=<>!&|^~]+")
MARKS = re.compile(r">>>|\.\.\.|```\w*|->")
DEFINED = re.compile(
    r"\b(?:def|class|function|func|fn|for|let|const|var|int|lambda)\s+(?P<one>[A-Za-z_]\w*)"
    r"|^[ \t]*(?P<two>[A-Za-z_]\w*)(?:\s*:[^=\n]{1,60})?\s*[-+*/]?=(?!=)"
    r"|\bfor\s+(?P<many>\w+(?:\s*,\s*\w+)+)\s+in\b",
    re.MULTILINE,
)
PARAMETERS = re.compile(r"\b(?:def|function|func|fn)\s+\w+\s*\(([^()]{0,500})\)")
Gram = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duplicate:
    problem: str
    part: str
    """`prompt` or `reference`."""
    row: str
    """File and line."""
    similarity: float
    """Share of the part's 8-grams that the row has."""


def tokens(text: str) -> list[str]:
    """Words and operators; names that the text defines as `§`."""
    text = MARKS.sub(" ", text)
    names = defined(text)
    return [NAME if word in names else word.lower() for word in TOKEN.findall(text)]


def defined(text: str) -> set[str]:
    found: set[str] = set()
    for match in DEFINED.finditer(text):
        found.update(re.findall(r"\w+", match["one"] or match["two"] or match["many"]))
    for match in PARAMETERS.finditer(text):
        # `name: type = value`, or `type name` elsewhere.
        for part in match[1].split(","):
            words = re.findall(r"\w+", part.partition("=")[0].partition(":")[0])
            found.update(words[-1:])
    return found - {"self", "cls", "in", "of", "a", "the", "each", "all", "every"}


def grams(words: list[str]) -> Iterator[Gram]:
    for start in range(len(words) - GRAM + 1):
        yield tuple(words[start : start + GRAM])


def telling(gram: Gram) -> bool:
    return sum(word != NAME for word in gram) >= OWN_WORDS


class Index:
    """The 8-grams of a suite's prompts and references."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._parts: list[tuple[str, str, int]] = []
        self._where: dict[Gram, list[int]] = defaultdict(list)
        self.short: list[str] = []
        """Problems without a part that is long enough to compare."""
        for item in items:
            texts = {"prompt": item.problem.prompt, "reference": item.reference or ""}
            if sum(self._add(item.problem.id, part, text) for part, text in texts.items()) == 0:
                self.short.append(item.problem.id)

    def _add(self, problem: str, part: str, text: str) -> int:
        own = {gram for gram in grams(tokens(text)) if telling(gram)}
        if len(own) < LEAST:
            return 0
        for gram in own:
            self._where[gram].append(len(self._parts))
        self._parts.append((problem, part, len(own)))
        return 1

    def alike(self, text: str, row: str, threshold: float = THRESHOLD) -> list[Duplicate]:
        """The problems that the text has nearly in full, each once: by its likest part."""
        hits: Counter[int] = Counter()
        seen: set[Gram] = set()
        for gram in grams(tokens(text)):
            parts = self._where.get(gram)
            if parts is not None and gram not in seen:
                seen.add(gram)
                hits.update(parts)
        best: dict[str, Duplicate] = {}
        for number, count in hits.items():
            problem, part, size = self._parts[number]
            share = round(count / size, 3)
            if share >= threshold and (problem not in best or share > best[problem].similarity):
                best[problem] = Duplicate(problem=problem, part=part, row=row, similarity=share)
        return list(best.values())


def duplicates(index: Index, path: Path, threshold: float = THRESHOLD) -> Iterator[Duplicate]:
    """Of all rows of a JSONL file, `.gz` too. Raises `ProblemError` for a row without text."""
    for row, where in json_rows(path):
        text = text_of(row)
        if not text:
            raise ProblemError(f"{where}: no text; a row has one of {', '.join(FIELDS)}")
        yield from index.alike(text, where, threshold)


def text_of(row: dict[str, Any]) -> str:
    return "\n".join(text for field in FIELDS for text in texts_in(row.get(field)))


def texts_in(value: Any) -> Iterator[str]:
    """A text, the `content` of a message, or a list of these; and lists of parts in a message."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value:
            if not isinstance(part, list):
                yield from texts_in(part)
    elif isinstance(value, dict):
        for key in ("content", "text"):
            if not isinstance(value.get(key), dict):
                yield from texts_in(value.get(key))
