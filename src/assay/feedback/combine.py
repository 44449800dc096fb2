"""What several sources say of one attempt, as one message within a limit of tokens."""

import traceback
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import Any

from assay.errors import AssayError, BudgetSpent, ModelError, UsageError
from assay.feedback import SOURCES, Attempt, Feedback
from assay.feedback.steps import Steps, Tell
from assay.model.prompter import Prompter
from assay.model.window import BYTES_A_TOKEN
from assay.names import load
from assay.problem import Problem

Source = Callable[[Problem, Attempt, Prompter], Steps[Feedback | None]]


def find_source(name: str) -> Source:
    """The source of that name, or of `package.module:name`. Raises `UnknownName`."""
    found: Source = load("feedback source", name, SOURCES)
    return found


def gather(
    problem: Problem, attempt: Attempt, prompter: Prompter, preferred: Sequence[str] = ("tests",)
) -> Steps[Feedback]:
    """What the sources asked for (`prompter.sources`, else `preferred`) say of the attempt.

    The most useful come first; paragraphs beyond `prompter.feedback_tokens` are left out, and a
    note says whose. `passed` and `score` are those of the visible tests. Raises `UnknownName`.
    """
    names = preferred if prompter.sources is None else prompter.sources
    said: list[Feedback] = []
    for name in sorted(dict.fromkeys(names), key=usefulness):
        feedback = yield from said_by(name, problem, attempt, prompter)
        if feedback is not None:
            said.append(feedback)
    message, cut = fit(said, prompter.feedback_tokens * BYTES_A_TOKEN)
    notes = [f"{feedback.source}: {feedback.note}" for feedback in said if feedback.note]
    if cut:
        notes.append(f"cut for length: {', '.join(cut)}")
    whole = Feedback(
        source="+".join(feedback.source for feedback in said if feedback.message),
        message=message,
        passed=attempt.feedback.passed,
        score=attempt.feedback.score,
        spans=tuple(span for feedback in said for span in feedback.spans),
        note="; ".join(notes),
    )
    yield Tell(attempt.candidate.id, whole)
    return whole


def said_by(
    name: str, problem: Problem, attempt: Attempt, prompter: Prompter
) -> Steps[Feedback | None]:
    """What one source says. Where model or budget do not give what it needs it is left out with a
    note: only what a strategy asks for itself ends the search. Raises `UsageError` for a mistake
    in it: it may be the user's own."""
    steps = find_source(name)(problem, attempt, prompter)
    if not isinstance(steps, Generator):
        raise UsageError(f"feedback source {name}: it is no generator, it has no `yield`")
    try:
        feedback = yield from steps
    except (BudgetSpent, ModelError) as error:
        return Feedback(source=name, message="", note=f"left out: {error}")
    except AssayError:
        raise
    except Exception as error:
        where = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{Path(where.filename).name}, line {where.lineno}"
        raise UsageError(
            f"feedback source {name}: {type(error).__name__}: {error} ({place})"
        ) from error
    if feedback is not None and not isinstance(feedback, Feedback):
        raise UsageError(f"feedback source {name}: it gave no Feedback but {feedback!r:.80}")
    return feedback


def usefulness(name: str) -> int:
    """The place of a source in `SOURCES`; one from outside comes last."""
    known: list[Any] = list(SOURCES)
    return known.index(name) if name in known else len(known)


def fit(said: Sequence[Feedback], room: int) -> tuple[str, list[str]]:
    """Whole paragraphs within `room` bytes, in order, at least the first; whose were cut."""
    kept: list[str] = []
    cut: list[str] = []
    for feedback in said:
        for paragraph in filter(None, feedback.message.split("\n\n")):
            size = len(paragraph.encode("utf-8", "surrogatepass")) + 2
            if paragraph in kept:  # what does not load, both the tests and the build say
                continue
            if kept and size > room:
                cut.append(feedback.source)
                break
            kept.append(paragraph)
            room -= size
    return "\n\n".join(kept), cut
