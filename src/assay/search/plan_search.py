"""Search over ideas in words, not over programs."""

from collections.abc import Iterator
from itertools import combinations

from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import PASSED, ROUNDS, STUCK, UNMEASURED
from assay.search.ideas import guided, items, reply_to
from assay.search.turns import write_new

TRIES = 3
"""Draws for a list of observations; a reply that is no list counts as one observation."""
TOGETHER = 2
"""Most observations that one sketch combines."""

Subset = tuple[str, ...]


def plan_search(
    problem: Problem,
    prompter: Prompter,
    observations: int = 3,
    layers: int = 2,
    programs: int = 16,
) -> Steps[str]:
    """PlanSearch: observations, subsets of them, a sketch and its criticised twin, programs.

    Wang et al. 2024, "Planning in Natural Language Improves LLM Search for Code Generation"
    (Claude 3.5 Sonnet, LiveCodeBench: 41.4 at k = 1, 60.6 at k = 200 by sampling, 77.0 by this).
    Of a layer's observations each subset of at most 2 becomes a sketch, and is what the next
    layer's observations are derived from. Changed: 3 observations, not 10 (a layer has
    1 + m + m(m - 1)/2 subsets); one call writes and lists them, as a numbered list that is read
    and never evaluated; criticism and the fixed twin are one call; no pseudocode between sketch
    and code; programs come as the tree grows, so that a budget that ends early leaves some; and
    it stops at a pass, where the original only samples. Calls: 4 a subset, and 1 a subset of one
    or two observations for the next layer.
    """
    made = 0
    seen: set[str] = set()
    done: set[frozenset[str]] = set()
    layer: list[Subset] = [()]
    for depth in range(layers):
        deeper: list[Subset] = []
        for start in layer:
            found = yield from observed(problem, prompter, start, observations)
            for subset in subsets(start, found, first=depth == 0):
                if frozenset(subset) in done:
                    continue  # reached from another start
                done.add(frozenset(subset))
                stopped = yield from sketched(problem, prompter, subset, made, programs, seen)
                if stopped:
                    return stopped
                made += 2
                if made >= programs:
                    return ROUNDS
                deeper.append(subset)
        layer = [subset for subset in deeper if subset]
    return ROUNDS


def observed(problem: Problem, prompter: Prompter, start: Subset, most: int) -> Steps[list[str]]:
    """New observations, derived from those in `start`."""
    best: list[str] = []
    for draw in range(TRIES):
        text = yield from reply_to(
            problem, prompter, "plan_search_observe", draw, known=start, most=most
        )
        found = [item for item in items(text, most) if item not in start]
        best = max(best, found, key=len)
        if len(best) > 1:
            break
    return best


def subsets(start: Subset, found: list[str], *, first: bool) -> Iterator[Subset]:
    """`start` with none, one and two of the new observations; with none it was there before."""
    for size in range(0 if first else 1, TOGETHER + 1):
        for chosen in combinations(found, size):
            yield (*start, *chosen)


def sketched(
    problem: Problem, prompter: Prompter, subset: Subset, made: int, programs: int, seen: set[str]
) -> Steps[str]:
    """A sketch and its twin, each as a program; the reason to stop, or empty."""
    draw = made // 2
    sketch = yield from reply_to(problem, prompter, "plan_search_sketch", draw, known=subset)
    for number in (made, made + 1):
        if number >= programs:
            return ROUNDS
        if number > made:
            sketch = yield from reply_to(
                problem, prompter, "plan_search_criticise", draw, sketch=sketch
            )
        messages = guided(problem, prompter, sketch)
        candidate = yield from write_new(
            problem, prompter, messages, f"plan_search:{number}", seen, draw=number
        )
        if candidate == STUCK:
            continue  # another sketch, the same program
        if isinstance(candidate, str):
            return candidate
        [attempt] = yield from try_([candidate])
        if problem.tests and attempt.passed:
            return PASSED
        if not attempt.measured:
            return UNMEASURED
    return ""
