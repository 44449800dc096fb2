"""Reflexion: a lesson in words from each failure, for the next try."""

from dataclasses import replace

from assay.feedback import Attempt, Feedback
from assay.feedback.combine import gather
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, ask, try_
from assay.feedback.written import asserts
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem, Test
from assay.search import NO_TESTS, OWN_TESTS, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.sample import draw
from assay.search.turns import statement, turn, write_new

OWN = 6
"""Tests that the model is asked for where there is no visible one."""
LESSON = 2_000
"""Characters of a lesson."""


def reflexion(problem: Problem, prompter: Prompter, rounds: int = 10) -> Steps[str]:
    """Each failure gives a lesson (one call), which the rewrite (another) sees with code and
    result: the newest lesson only.

    Shinn et al. 2023, "Reflexion: Language Agents with Verbal Reinforcement Learning" (HumanEval,
    GPT-4: 80.1 to 91.0 %; MBPP fell from 80.1 to 77.1 %). Visible tests decide where there are
    any. Else the model first writes tests of its own, which may be wrong (16.3 % of MBPP's passed
    wrong code, 1.4 % of HumanEval's), so that they end the search but never count as visible; it
    is told so. The paper writes such tests always. There is one attempt, no restart: a false pass
    is final, as in its script.
    """
    attempts = yield from draw(problem, prompter, range(1), made_by="reflexion:0")
    if not attempts:
        return SILENT
    [attempt] = attempts
    own = () if problem.tests else (yield from own_tests(problem, prompter))
    if not problem.tests and not own:
        return NO_TESTS
    seen = {attempt.candidate.id}
    for number in range(rounds + 1):
        judged = attempt
        if own and attempt.passed:
            [judged] = yield from try_([attempt.candidate], own)
        if judged.passed:
            return OWN_TESTS if own else PASSED
        if not judged.measured:
            return UNMEASURED
        if number == rounds:
            break
        messages = yield from lesson(problem, prompter, judged, bool(own))
        name, parent = f"reflexion:{number + 1}", attempt.candidate.id
        made = yield from write_new(problem, prompter, messages, name, seen, parent)
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
    return ROUNDS


def lesson(
    problem: Problem, prompter: Prompter, attempt: Attempt, own: bool
) -> Steps[tuple[Message, ...]]:
    """Asks for the lesson; gives the conversation that asks for the rewrite."""
    feedback: Feedback = yield from gather(problem, attempt, prompter)
    said = feedback.message
    question = turn(problem, prompter, attempt, "reflexion_ask", feedback=said, own=own)
    replies = yield from ask([prompter.prompt(question)])
    learnt = clip(replies[0].text.strip(), LESSON) if replies else ""
    return turn(problem, prompter, attempt, "reflexion_fix", feedback=said, lesson=learnt)


def own_tests(problem: Problem, prompter: Prompter) -> Steps[tuple[Test, ...]]:
    """Tests that the model writes from the task, of origin `generated`: read, never run here."""
    if problem.language != "python" or problem.entry_point is None:
        return ()
    task = statement(problem, prompter)
    text = prompter.text("reflexion_tests", problem=problem, task=task, count=OWN)
    replies = yield from ask([prompter.prompt(prompter.first(text, problem=problem))])
    return read_tests(replies[0].text, problem)[:OWN] if replies else ()


def read_tests(reply: str, problem: Problem) -> tuple[Test, ...]:
    """The usable asserts of a reply, see `feedback.written`: they end a search, so that one which
    any program passes is none."""
    found = dict.fromkeys(asserts(reply, problem))
    return tuple(replace(test, id=f"own:{number}") for number, test in enumerate(found, 1))
