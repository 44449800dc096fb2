"""What a model says before it writes: plans, sketches, reviews, and lists out of such replies.

A reply is text of the model's: it is shortened, read as JSON or line by line, and never evaluated.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from assay.candidate import Candidate
from assay.feedback import SOURCES
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, ask
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search.turns import opening, statement

THOUGHT_TOKENS = 400
"""Most tokens of a plan or a review: a small model that goes on from here repeats itself."""
LONGEST = 3_000
"""Characters of a reply that are read, and that a later prompt repeats."""
LONGEST_ITEM = 400
"""Characters of one item of a list."""

VALUES = tuple(name for name in ("tests", "trace") if name in SOURCES)
"""What failed, and the values of variables on the way there."""
MARKER = re.compile(r"[ \t]*(?:\d{1,3}[.):]|[-*\u2022])(?:[ \t]+(.*))?$")


AROUND = " \t*#>-.`\"'"
"""What stands around a word in Markdown, and the marks in which a prompt quotes it."""


def reply_to(
    problem: Problem, prompter: Prompter, template: str, draw: int = 0, **values: Any
) -> Steps[str]:
    """What the model says to the template, which has the task as `task`; empty: no reply."""
    text = prompter.text(
        template, problem=problem, task=statement(problem, prompter).strip(), **values
    )
    prompt = prompter.prompt(prompter.first(text, problem=problem), draw)
    short = replace(prompt, max_tokens=min(prompt.max_tokens, THOUGHT_TOKENS))
    completions = yield from ask([short])
    return clip(completions[0].text.strip(), longest(prompter)) if completions else ""


def longest(prompter: Prompter) -> int:
    """Characters of a thought that a prompt repeats: `LONGEST`, and at most one for each token of
    the window beside the reply, a third of what fits there (`window.BYTES_A_TOKEN`), so that the
    task stays whole beside it."""
    if prompter.context is None:
        return LONGEST
    return max(0, min(LONGEST, prompter.context - prompter.max_tokens))


def guided(problem: Problem, prompter: Prompter, hint: str) -> tuple[Message, ...]:
    """The opening with a plan or an idea after the task; without one, the opening itself."""
    *before, task = opening(problem, prompter)
    if not hint:
        return (*before, task)
    asked = prompter.text(
        "guided", problem=problem, task=task.content, hint=clip(hint, longest(prompter))
    )
    return (*before, Message("user", asked))


def unseen(made: list[Candidate], seen: set[str]) -> list[Candidate]:
    """Those whose programs are not in `seen`, to which they are added."""
    new = []
    for candidate in made:
        if candidate.id not in seen:
            seen.add(candidate.id)
            new.append(candidate)
    return new


def items(text: str, most: int) -> list[str]:
    """The items of a list in a reply, without repeats, at most `most`.

    What is numbered or has a dash, else a JSON list of texts (an example in an item looks like
    one). A reply that is no list is one item, and an empty one is none.
    """
    text = clip(text, LONGEST)
    found = list(marked(text)) or json_items(text) or [text]
    kept: dict[str, str] = {}
    for item in found:
        short = clip(" ".join(item.split()), LONGEST_ITEM)
        if short:
            kept.setdefault(short.casefold(), short)
    return list(kept.values())[:most]


def json_items(text: str) -> list[str]:
    """The texts of the JSON list between the first `[` and the last `]`; empty: there is none."""
    start, end = text.find("["), text.rfind("]")
    if start < 0:
        return []
    try:
        value = json.loads(text[start : end + 1])
    except (ValueError, RecursionError):
        return []
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def marked(text: str) -> Iterator[str]:
    """Numbered or dashed items, each with its further lines up to a blank one."""
    item = ""
    for line in text.splitlines():
        if begun := MARKER.match(line):
            if item:
                yield item
            item = begun[1] or ""
        elif item and line.strip():
            item += f" {line.strip()}"
        elif item:
            yield item
            item = ""
    if item:
        yield item


def last_word(text: str, label: str) -> str:
    """What stands after the last `label:` at the start of a line, in lower case; else empty."""
    found = ""
    for line in text.splitlines():
        head, colon, rest = line.strip(AROUND).partition(":")
        if colon and head.strip(AROUND).casefold() == label.casefold():
            found = rest.strip(AROUND).casefold()
    return found
