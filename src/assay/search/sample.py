"""Independent samples: the baseline that every other strategy has to beat.

The first is greedy, the others are drawn at the prompter's temperature.
Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code" (Codex-12B on
HumanEval: 28.8 / 46.8 / 72.3 % at k = 1 / 10 / 100).
"""

import shlex

from assay.candidate import Candidate
from assay.candidate.splice import build
from assay.feedback import Attempt
from assay.model import Completion, Message
from assay.problem import Call, Command, Io, Problem, Script, Test
from assay.search import Steps, ask, try_
from assay.search.prompter import Prompter

SHOWN_TESTS = 5


def sample(problem: Problem, prompter: Prompter, n: int = 1) -> Steps[None]:
    """Asks for `n` programs at once and tries all of them."""
    yield from draw(problem, prompter, range(n), made_by="sample")


def draw(problem: Problem, prompter: Prompter, draws: range, made_by: str) -> Steps[list[Attempt]]:
    """Programs for the bare task, one a draw; draw 0 is greedy."""
    messages = opening(problem, prompter)
    completions = yield from ask([prompter.prompt(messages, number) for number in draws])
    return (yield from try_([candidate_of(problem, reply, made_by) for reply in completions]))


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
        case Command(expected=str(text)):
            return f"the command {shlex.join(test.argv)} prints {text!r}"
        case Command():
            return f"the command {shlex.join(test.argv)} ends with status {test.status}"
        case Script(framework="plain") if not test.source:
            return test.call
        case _:
            return None


def candidate_of(
    problem: Problem, reply: Completion, made_by: str, parent: str | None = None
) -> Candidate:
    code = build(problem, reply.text)
    return Candidate(code=code, text=reply.text, made_by=made_by, parent=parent)
