"""Trees of programs: strategies and fixes, depth first with a critic; and a plain beam."""

import re
from dataclasses import dataclass

from assay.feedback import Attempt
from assay.feedback.combine import gather
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, STUCK, UNMEASURED
from assay.search.ideas import LONGEST, guided, items, reply_to, unseen
from assay.search.sample import draw
from assay.search.turns import asked, ended, turn, write_all, write_new

MIDDLE_SCORE = 3
"""Of the critic's scale, from 1 to 5; a review without a score says nothing either way."""
SCORE = re.compile(r"score\W{0,8}([1-5])\b(?!\d|\.\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Idea:
    """A program to write: a strategy for the bare task, or a fix of `parent`."""

    text: str
    depth: int
    """1: a strategy of the first list."""
    parent: "Node | None" = None


@dataclass(frozen=True, slots=True)
class Node:
    attempt: Attempt
    feedback: str
    review: str
    score: int
    """The critic's."""

    @property
    def value(self) -> tuple[float, int]:
        """Share of the visible tests, then the critic's opinion."""
        return self.attempt.score, self.score


def codetree(
    problem: Problem, prompter: Prompter, programs: int = 8, width: int = 3, depth: int = 3
) -> Steps[str]:
    """CodeTree: a thinker's strategies and fixes, a solver, and a critic that prunes.

    Li et al. 2024, "CodeTree: Agent-guided Tree Search for Code Generation with Large Language
    Models" (GPT-4o: HumanEval 95.1, CodeContests 43.0; at most 20 programs, depth 3, width 3).
    Depth first: write for a strategy, run the visible tests, review; a node that is worse than
    its parent, or as good and reviewed low, has no children; others get as many fixes as the
    thinker lists. Changed: the original adds score/15 to the share of tests passed, so that an
    opinion outweighs one test of many; here it only decides between equal shares. A visible pass
    ends the search without a review. The tests shown are the visible ones alone. Calls: 1, then 3
    a program (1 for the last).
    """
    thoughts = yield from reply_to(problem, prompter, "codetree_strategies", width=width)
    waiting = [Idea(text, 1) for text in reversed(items(thoughts, width) or [""])]
    seen: set[str] = set()
    for number in range(programs):
        if not waiting:
            break
        idea = waiting.pop()
        made = yield from carried_out(problem, prompter, idea, number, seen)
        if isinstance(made, str):
            if made == STUCK:
                continue
            return made
        if problem.tests and made.passed:
            return PASSED
        if not made.measured:
            return UNMEASURED
        if not problem.tests or idea.depth >= depth or number == programs - 1:
            continue
        node = yield from reviewed(problem, prompter, made)
        if worth_children(node, idea.parent):
            thoughts = yield from fixes_for(problem, prompter, node, width)
            fixes = [Idea(text, idea.depth + 1, node) for text in items(thoughts, width)]
            waiting += reversed(fixes)
    return ROUNDS if problem.tests else NO_TESTS


def carried_out(
    problem: Problem, prompter: Prompter, idea: Idea, number: int, seen: set[str]
) -> Steps[Attempt | str]:
    """The idea as a program that ran, or why there is none."""
    if idea.parent is None:
        messages, parent = guided(problem, prompter, idea.text), None
    else:
        node = idea.parent
        said, fix = node.feedback, idea.text
        messages = turn(problem, prompter, node.attempt, "codetree_debug", feedback=said, fix=fix)
        parent = node.attempt.candidate.id
    made = yield from write_new(problem, prompter, messages, f"codetree:{number}", seen, parent)
    if isinstance(made, str):
        return made
    [attempt] = yield from try_([made])
    return attempt


def reviewed(problem: Problem, prompter: Prompter, attempt: Attempt) -> Steps[Node]:
    feedback = yield from gather(problem, attempt, prompter)
    code = clip(attempt.candidate.code or "", LONGEST)
    review = yield from reply_to(
        problem, prompter, "codetree_review", code=code, feedback=feedback.message
    )
    return Node(attempt, feedback.message, review, score_of(review))


def score_of(review: str) -> int:
    """The last score from 1 to 5 that a review gives, else the middle."""
    found = SCORE.findall(review)
    return int(found[-1]) if found else MIDDLE_SCORE


def worth_children(node: Node, parent: Node | None) -> bool:
    """False for a node that is worse than its parent, or as good and reviewed low."""
    if parent is None:
        return True
    low = node.score < MIDDLE_SCORE
    return node.value > parent.value or (node.value == parent.value and not low)


def fixes_for(problem: Problem, prompter: Prompter, node: Node, width: int) -> Steps[str]:
    """The thinker's reply: ways to correct the node's program."""
    return (
        yield from reply_to(
            problem,
            prompter,
            "codetree_fixes",
            width=width,
            code=clip(node.attempt.candidate.code or "", LONGEST),
            feedback=node.feedback,
            review=node.review,
        )
    )


def beam(
    problem: Problem, prompter: Prompter, width: int = 3, children: int = 2, depth: int = 3
) -> Steps[str]:
    """A plain beam: the best `width` programs are repaired `children` times each, `depth` times.

    No paper; what the other trees here have to beat. The first child of a program is greedy, all
    further ones, at a later level too, are drawn. Parents stay in the beam as long as nothing
    beats them; of equal scores the older wins. Calls: `width`, then `width * children` a level.
    """
    attempts = yield from draw(problem, prompter, range(width), made_by="beam:0")
    if not attempts:
        return SILENT
    if not problem.tests:
        return NO_TESTS
    if stopped := ended(attempts):
        return stopped
    seen = {attempt.candidate.id for attempt in attempts}
    expanded: set[str] = set()
    best = ranked(attempts)[:width]
    for level in range(1, depth + 1):
        fresh: list[Attempt] = []
        for attempt in best:
            made = yield from offspring(problem, prompter, attempt, children, level, seen, expanded)
            if stopped := ended(made):
                return stopped
            fresh += made
        if not fresh:
            return STUCK
        best = ranked([*best, *fresh])[:width]
    return ROUNDS


def ranked(attempts: list[Attempt]) -> list[Attempt]:
    """One attempt a program, the best first; of equal scores the older."""
    programs: dict[str, Attempt] = {}
    for attempt in attempts:
        programs.setdefault(attempt.candidate.id, attempt)
    return sorted(programs.values(), key=lambda one: -one.score)


def offspring(
    problem: Problem,
    prompter: Prompter,
    attempt: Attempt,
    children: int,
    level: int,
    seen: set[str],
    expanded: set[str],
) -> Steps[list[Attempt]]:
    """Repairs that were not written before. One that is not in `expanded` is added to it."""
    parent = attempt.candidate.id
    messages = yield from asked(problem, prompter, attempt, "self_debug")
    draws = [level * children + number for number in range(children)]
    if parent not in expanded:
        expanded.add(parent)
        draws[:1] = [0]
    prompts = [prompter.prompt(messages, number) for number in draws]
    made = yield from write_all(problem, prompter, prompts, f"beam:{level}", parent)
    new = unseen(made, seen)
    return (yield from try_(new)) if new else []
