"""What strategies share: the opening of a conversation, a program out of a reply."""

from dataclasses import replace

from assay.candidate import Candidate
from assay.candidate.splice import build
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, ask
from assay.model import Completion, Message, Prompt
from assay.model.prompter import Prompter
from assay.problem import Call, Io, Problem, Script, Test

SHOWN_TESTS = 5
REMINDED = 1_000
"""Characters of a reply without code that its reminder repeats."""


def opening(problem: Problem, prompter: Prompter) -> tuple[Message, ...]:
    """The task as the model first sees it: the same for every strategy."""
    given = [text for test in problem.tests[:SHOWN_TESTS] if (text := shown(test))]
    return prompter.first(prompter.text("task", problem=problem, given=given), problem=problem)


def shown(test: Test) -> str | None:
    """A visible test as the prompt states it; `None` where the task's own text has it already."""
    if test.origin == "example":
        return None
    match test:
        case Call(raises=str(name)):
            return f"{test.expression} raises {name}"
        case Call(expected=str(value)):
            return f"{test.expression} == {value}"
        case Io():
            return f"input {test.stdin!r} prints {test.expected!r}"
        case Script(framework="plain") if not test.source:
            return test.call
        case _:
            return None


def candidate_of(
    problem: Problem, reply: Completion, made_by: str, parent: str | None = None
) -> Candidate:
    code = build(problem, reply.text)
    sure = sum(reply.logprobs) / len(reply.logprobs) if reply.logprobs else None
    return Candidate(code=code, text=reply.text, made_by=made_by, parent=parent, likelihood=sure)


def write(
    problem: Problem, prompter: Prompter, prompt: Prompt, made_by: str, parent: str | None = None
) -> Steps[Candidate | None]:
    """One program. A reply without code is asked once for the code alone; `None`: no reply."""
    completions = yield from ask([prompt])
    if not completions:
        return None
    made = candidate_of(problem, completions[0], made_by, parent)
    if made.code is not None:
        return made
    reminder = (
        Message("assistant", clip(made.text, REMINDED) or "(nothing)"),
        Message("user", prompter.text("reminder", problem=problem)),
    )
    completions = yield from ask([replace(prompt, messages=(*prompt.messages, *reminder))])
    return candidate_of(problem, completions[0], made_by, parent) if completions else made
