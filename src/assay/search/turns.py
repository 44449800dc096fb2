"""What strategies share: the opening of a conversation, new programs out of replies, the rounds
of a repair. Conversations are trimmed to the model's window by `Prompter.prompt`."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from assay.candidate import Candidate
from assay.candidate.splice import build
from assay.feedback import Attempt
from assay.feedback.combine import gather
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, ask, try_
from assay.model import Completion, Message, Prompt
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, STUCK, UNMEASURED
from assay.search.stated import given_tests, way

REMINDED = 1_000
"""Characters of a reply without code that its reminder repeats."""
LONGEST_REPLY = 20_000
"""Characters of a reply that a conversation repeats; a model that babbles fills no window."""
FURTHER = 1_000
"""Added to the number of a draw that gave a program of before: no round draws so often."""


def opening(problem: Problem, prompter: Prompter) -> tuple[Message, ...]:
    """The task as the model first sees it: the same for every strategy."""
    text = prompter.text("task", problem=problem, given=given_tests(problem), way=way(problem))
    return prompter.first(text, problem=problem)


def statement(problem: Problem, prompter: Prompter) -> str:
    """The task and its visible tests without a word on how to reply: for a plan, a sketch."""
    given = given_tests(problem)
    return prompter.text("statement", problem=problem, given=given, way=way(problem))


def said(reply: str) -> Message:
    """A reply of the model's as the conversation repeats it."""
    return Message("assistant", clip(reply, LONGEST_REPLY) or "(nothing)")


def turn(
    problem: Problem,
    prompter: Prompter,
    attempt: Attempt,
    template: str,
    before: tuple[Message, ...] | None = None,
    **values: Any,
) -> tuple[Message, ...]:
    """The task, the attempt's reply, and `template` said to that. `before` in place of the bare
    task: what led to the reply."""
    task = opening(problem, prompter) if before is None else before
    text = prompter.text(template, problem=problem, **values)
    return (*task, said(attempt.candidate.text), Message("user", text))


def asked(
    problem: Problem,
    prompter: Prompter,
    attempt: Attempt,
    template: str,
    before: tuple[Message, ...] | None = None,
    preferred: Sequence[str] = ("tests",),
    **values: Any,
) -> Steps[tuple[Message, ...]]:
    """As `turn`, with what the sources say of the attempt as `feedback`."""
    feedback = yield from gather(problem, attempt, prompter, preferred)
    values["feedback"] = feedback.message
    return turn(problem, prompter, attempt, template, before, **values)


def tell(
    problem: Problem, prompter: Prompter, messages: tuple[Message, ...], template: str
) -> Steps[tuple[Message, ...]]:
    """The conversation with the model's greedy answer, and `template` said to that."""
    replies = yield from ask([prompter.prompt(messages)])
    answer = said(replies[0].text if replies else "")
    return (*messages, answer, Message("user", prompter.text(template, problem=problem)))


def candidate_of(
    problem: Problem, reply: Completion, made_by: str, parent: str | None = None
) -> Candidate:
    code = build(problem, reply.text)
    sure = sum(reply.logprobs) / len(reply.logprobs) if reply.logprobs else None
    return Candidate(code=code, text=reply.text, made_by=made_by, parent=parent, likelihood=sure)


def write(
    problem: Problem, prompter: Prompter, prompt: Prompt, made_by: str, parent: str | None = None
) -> Steps[Candidate | None]:
    """One program, see `write_all`; `None`: no reply."""
    made = yield from write_all(problem, prompter, [prompt], made_by, parent)
    return made[0] if made else None


def write_all(
    problem: Problem,
    prompter: Prompter,
    prompts: Sequence[Prompt],
    made_by: str,
    parent: str | None = None,
) -> Steps[list[Candidate]]:
    """One program a prompt, asked for at once; fewer where the model or the budget gave fewer.

    Replies without code are asked once more, for the code alone; where there is still none, the
    candidate has none. A budget that has no room for that, or a model that fails then, leaves all
    of them what they are.
    """
    completions = yield from ask(prompts)
    made = [candidate_of(problem, reply, made_by, parent) for reply in completions]
    bare = [at for at, candidate in enumerate(made) if candidate.code is None]
    if not bare or len(made) < len(prompts):  # which reply is whose is not known then
        return made
    for at in bare:  # one by one: of several some may fail, and which did is not known
        again = reminder(problem, prompter, prompts[at], made[at].text)
        for reply in (yield from ask([again], optional=True)):
            made[at] = candidate_of(problem, reply, made_by, parent)
    return made


def reminder(problem: Problem, prompter: Prompter, prompt: Prompt, reply: str) -> Prompt:
    again = (
        Message("assistant", clip(reply, REMINDED) or "(nothing)"),
        Message("user", prompter.text("reminder", problem=problem)),
    )
    return replace(prompt, messages=prompter.trimmed((*prompt.messages, *again)))


def write_new(
    problem: Problem,
    prompter: Prompter,
    messages: tuple[Message, ...],
    made_by: str,
    seen: set[str],
    parent: str | None = None,
    draw: int = 0,
) -> Steps[Candidate | str]:
    """A program whose id is not in `seen`, to which it is added; else the reason for stopping.

    One of before is not worth a round: it gets one further draw, at the prompter's temperature.
    """
    for number in (draw, draw + FURTHER):
        prompt = prompter.prompt(messages, number)
        made = yield from write(problem, prompter, prompt, made_by, parent)
        if made is None:
            return SILENT
        if made.id not in seen:
            seen.add(made.id)
            return made
    return STUCK


Revise = Callable[[Attempt], Steps[tuple[Message, ...]]]
"""From an attempt that failed to the conversation whose next reply is a better program."""


def improve(
    problem: Problem, prompter: Prompter, attempt: Attempt, rounds: int, revise: Revise
) -> Steps[str]:
    """Rounds of one new program each, every one made from the one before, until the visible
    tests pass. `made_by` goes on counting from the attempt's."""
    if not problem.tests:
        return NO_TESTS
    name = attempt.candidate.made_by.partition(":")[0]
    seen = {attempt.candidate.id}
    for number in range(1, rounds + 1):
        if stopped := ended([attempt]):
            return stopped
        messages = yield from revise(attempt)
        parent = attempt.candidate.id
        made = yield from write_new(problem, prompter, messages, f"{name}:{number}", seen, parent)
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
    return ended([attempt]) or ROUNDS


def ended(attempts: list[Attempt]) -> str:
    """Why these attempts end the search, or empty."""
    if any(attempt.passed for attempt in attempts):
        return PASSED
    return "" if all(attempt.measured for attempt in attempts) else UNMEASURED
