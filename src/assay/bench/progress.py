"""How one problem went, as the log has it: when a program first passed, when the answer came."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from assay.bench import Result
from assay.bench.history import searched
from assay.store import Event, Log


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Attempts count from 1, in the order in which they were made."""

    attempts: int
    first_pass: int | None
    """The first attempt that passes every visible test."""
    answer: int | None
    """The first attempt with the program that was handed over in the end."""
    answer_tokens: int | None
    """Prompt and completion tokens spent until then; `None`: not known."""
    answered: int = 0
    """Questions that somebody answered."""
    unknown: int = 0
    """Questions to which the answer was not known."""


def progress_of(log: Log, result: Result) -> Progress:
    """Raises `StoreError`."""
    return follow(searched(log, result), result)


def follow(events: Iterable[Event], result: Result) -> Progress:
    """`events`: of its last try."""
    spent = attempts = answered = unknown = 0
    first_pass = answer = answer_tokens = None
    tested = False
    for event in events:
        body = event.body
        match event.kind:
            case "problem":
                tested = bool(body["tests"])
            case "completion":
                usage = body["completion"]["usage"]
                spent += usage["prompt_tokens"] + usage["completion_tokens"]
            case "consult" if (reply := counted(body)) is not None:
                known = reply["choice"] is not None or bool(reply["text"])
                answered, unknown = answered + known, unknown + (not known)
            case "attempt":
                attempts += 1
                if first_pass is None and tested and body["feedback"]["passed"]:
                    first_pass = attempts
                written = body["candidate"]["code"]
                if answer is None and written is not None and written == result.code:
                    answer, answer_tokens = attempts, spent
    # A server that does not say what it used was charged the worst case, which no event has.
    whole = spent == result.tokens
    return Progress(
        attempts=attempts,
        first_pass=first_pass,
        answer=answer,
        answer_tokens=answer_tokens if whole else None,
        answered=answered,
        unknown=unknown,
    )


def counted(consult: dict[str, Any]) -> dict[str, Any] | None:
    """The reply, where the question is one of `Result.questions`."""
    reply: dict[str, Any] | None = consult["reply"]
    asked = reply is not None and reply["asked"] and not consult["question"]["again"]
    return reply if asked else None
