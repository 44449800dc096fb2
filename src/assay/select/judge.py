"""A model compares two programs at a time; for what tests and agreement leave open.

Pairwise, as CodeJudgeBench (2025) finds pairs better than scores; each pair in both orders, since
order alone moves a judge a lot: where the two replies disagree, or one cannot be read, it is a tie.
One program of each group that behaves alike is judged, at most `MOST`. A knockout brings them down
to `ROBIN`, who all meet; their votes, which need not be transitive, are settled by Bradley and
Terry's model (1952), P(i beats j) = p_i / (p_i + p_j), fitted by Hunter's iteration (2004)
p_i = w_i / sum_j n_ij / (p_i + p_j), a tie as half a win for each. At most 12 calls.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

from assay.errors import BudgetSpent, ModelError
from assay.feedback import Attempt
from assay.feedback.steps import Steps, ask
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.select import Choice
from assay.select.agreement import agreement
from assay.select.visible import rank

MOST, ROBIN = 6, 3
CALLS_A_PAIR = 2
ROUNDS = 200
VERDICT = re.compile(r"ANSWER:\W*(A|B|TIE)\b", re.IGNORECASE)


def judge(problem: Problem, attempts: Sequence[Attempt], prompter: Prompter) -> Steps[Choice]:
    choice = yield from agreement(problem, attempts, prompter)
    heads = leaders(choice)
    if len(heads) < 2:
        return choice
    left, votes = list(heads), dict[tuple[int, int], float]()
    try:
        while len(left) > ROBIN:
            left = yield from knockout(problem, prompter, choice, left, votes)
        for one, other in combinations(left, 2):
            yield from compare(problem, prompter, choice, (one, other), votes)
    except (BudgetSpent, ModelError):
        pass  # the votes that there are decide
    strength = bradley_terry(left, votes)
    winner = max(left, key=lambda place: (strength[place], -place))
    return led_by(choice, choice.cluster[winner], attempts)


def leaders(choice: Choice) -> list[int]:
    """The first of each group among the best by visible tests, as places in `order`."""
    seen: dict[int, int] = {}
    for place, attempt in enumerate(choice.order):
        if attempt.candidate.code and attempt.measured and rank(attempt) == rank(choice.order[0]):
            seen.setdefault(choice.cluster[place], place)
    return list(seen.values())[:MOST]


def knockout(
    problem: Problem,
    prompter: Prompter,
    choice: Choice,
    left: list[int],
    votes: dict[tuple[int, int], float],
) -> Steps[list[int]]:
    """The best meets the worst; of a tie the one with more agreement goes on."""
    kept = left[: max(len(left) // 2, ROBIN)]
    for place, other in enumerate(reversed(left[len(kept) :])):
        vote = yield from compare(problem, prompter, choice, (kept[place], other), votes)
        if vote < 0.5:
            kept[place] = other
    return sorted(kept)


def compare(
    problem: Problem,
    prompter: Prompter,
    choice: Choice,
    pair: tuple[int, int],
    votes: dict[tuple[int, int], float],
) -> Steps[float]:
    """1: the first of the pair wins, 0: the second, 0.5: a tie; asked once."""
    if pair in votes:
        return votes[pair]
    codes = [choice.order[place].candidate.code or "" for place in pair]
    prompts = []
    for one, other in (codes, codes[::-1]):
        task = problem.prompt.strip()
        text = prompter.text("judge", task=task, language=problem.language, one=one, other=other)
        prompts.append(prompter.prompt(prompter.first(text, problem=problem)))
    replies = yield from ask(prompts)
    said = [verdict(reply.text) for reply in replies]
    agreed = {("A", "B"): 1.0, ("B", "A"): 0.0}
    votes[pair] = agreed.get((said[0], said[1]), 0.5) if len(said) == CALLS_A_PAIR else 0.5
    return votes[pair]


def verdict(reply: str) -> str:
    """`A`, `B` or `TIE`; the last one said counts, and none is a tie."""
    found = VERDICT.findall(reply)
    return found[-1].upper() if found else "TIE"


def bradley_terry(players: Sequence[int], votes: dict[tuple[int, int], float]) -> dict[int, float]:
    """Strengths that sum to 1. Each also ties once with an average player, so that one who won,
    or lost, every time has a finite strength."""
    strength = dict.fromkeys(players, 1 / max(len(players), 1))
    games = {pair: vote for pair, vote in votes.items() if set(pair) <= set(players)}
    for _ in range(ROUNDS):
        average = sum(strength.values()) / max(len(strength), 1)
        made = {}
        for player, own in strength.items():
            wins, met = 0.5, 1 / (own + average)
            for (one, other), vote in games.items():
                if player in (one, other):
                    wins += vote if player == one else 1 - vote
                    met += 1 / (strength[one] + strength[other])
            made[player] = wins / met
        total = sum(made.values()) or 1.0
        strength = {player: value / total for player, value in made.items()}
    return strength


def led_by(choice: Choice, cluster: int, attempts: Sequence[Attempt]) -> Choice:
    """The same choice with that group first."""
    places = sorted(range(len(choice.order)), key=lambda place: choice.cluster[place] != cluster)
    numbers: dict[int, int] = {}
    counts = Counter(attempt.candidate.id for attempt in attempts)
    mine = [a for a, c in zip(choice.order, choice.cluster, strict=True) if c == cluster]
    return replace(
        choice,
        order=tuple(choice.order[place] for place in places),
        cluster=tuple(numbers.setdefault(choice.cluster[p], len(numbers)) for p in places),
        support=sum(counts[attempt.candidate.id] for attempt in mine),
    )
