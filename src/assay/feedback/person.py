"""What a person says of a program: words, a comment on a line, an edit, a choice."""

import re
from collections.abc import Sequence

from assay.candidate import Candidate
from assay.feedback import Attempt, Feedback, Span
from assay.feedback.critic import numbered
from assay.feedback.shorten import clip, lines_of
from assay.feedback.steps import Question, Reply, Steps, consult, try_
from assay.model.prompter import Prompter, fenced
from assay.problem import Problem
from assay.problem.stubs import code_lines

LONGEST = 4_000
"""Characters of a person's words that are passed on."""


def person(problem: Problem, attempt: Attempt, prompter: Prompter) -> Steps[Feedback | None]:
    """The source: asks about this attempt. `None` where nobody is there or nothing is said."""
    del prompter
    if attempt.candidate.code is None:
        return None
    question = Question(text=about(attempt), code=attempt.candidate.code)
    reply = yield from consult(question)
    return None if reply is None else (yield from heed(problem, reply, attempt))


def about(attempt: Attempt) -> str:
    return f"{numbered(attempt.candidate.code or '')}\n{attempt.feedback.message}"


def heed(problem: Problem, reply: Reply, attempt: Attempt) -> Steps[Feedback | None]:
    """The reply as the next prompt has it. An edited program is a demonstration: it is tried as
    well, as a candidate made by `person`."""
    parts = list(words(problem, reply, [attempt.candidate]))
    if reply.code is not None and reply.code.strip():
        made = edited(problem, reply.code, attempt.candidate)
        [tried] = yield from try_([made])
        parts.append(f"With that change:\n{tried.feedback.message}")
    if not parts:
        return None
    spans = (Span(reply.line, message=reply.text),) if reply.line is not None else ()
    return Feedback(source="person", message="\n\n".join(parts), spans=spans)


def words(problem: Problem, reply: Reply, candidates: Sequence[Candidate]) -> Sequence[str]:
    """Paragraphs for the model: what was chosen, said of a line, said at all, changed."""
    said = clip(lines_of(reply.text), LONGEST)
    parts: list[str] = []
    if reply.choice is not None and 0 <= reply.choice < len(candidates):
        chosen = candidates[reply.choice].code or ""
        parts.append(f"A person chose this program to go on from:\n{dense(problem, chosen)}")
    if said and reply.line is not None:
        code = candidates[-1].code if candidates else None
        lines = code_lines(code or "")
        inside = 1 <= reply.line <= len(lines)
        text = lines[reply.line - 1].strip() if inside else ""
        source = f", `{clip(text)}`" if text else ""
        parts.append(f"A person says of line {reply.line}{source}: {said}")
    elif said:
        parts.append(f"A person says: {said}")
    if reply.code is not None and reply.code.strip():
        code = dense(problem, reply.code)
        parts.append(f"A person changed the program to this; go on from it:\n{code}")
    return parts


def edited(problem: Problem, code: str, parent: Candidate | None) -> Candidate:
    return Candidate(
        code=code,
        text=fenced(problem.language, code.rstrip()),
        made_by="person",
        parent=None if parent is None else parent.id,
    )


def dense(problem: Problem, code: str) -> str:
    """Without blank lines: one paragraph, which is kept or cut as a whole."""
    return fenced(problem.language, re.sub(r"\n[ \t\r]*(?=\n)", "", code).strip("\n").rstrip())


def parse(text: str) -> Reply:
    """What a person typed: `12: off by one` is about line 12, anything else is free text."""
    found = re.match(r"\s*(?:line\s+)?(\d{1,5})\s*:\s*(.+)", text, re.DOTALL | re.IGNORECASE)
    if found and int(found[1]) > 0:
        return Reply(line=int(found[1]), text=found[2].strip())
    return Reply(text=text.strip())
