"""Monte Carlo tree search over thoughts."""

import math
from dataclasses import dataclass, field

from assay.candidate import Candidate
from assay.errors import UsageError
from assay.feedback import Attempt
from assay.feedback.combine import gather
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import NO_TESTS, PASSED, ROUNDS, SILENT, UNMEASURED
from assay.search.ideas import LONGEST, LONGEST_ITEM, VALUES, guided, items, reply_to
from assay.search.turns import write_new


@dataclass(slots=True, eq=False)
class Thought:
    """A node: one thought, and what came of the chain that ends in it."""

    text: str
    parent: "Thought | None" = None
    children: list["Thought"] = field(default_factory=list)
    visits: int = 0
    best: float = 0.0
    """The highest discounted reward below, the value of PG-TD, on which the paper builds."""
    attempt: Attempt | None = None
    feedback: str = ""
    """What went wrong with its program."""

    def chain(self) -> list[str]:
        """The thoughts from the first to this one."""
        before = self.parent.chain() if self.parent else []
        return [*before, self.text] if self.text else before


def rethink_mcts(
    problem: Problem,
    prompter: Prompter,
    rollouts: int = 6,
    width: int = 3,
    constant: float = 4.0,
    base: float = 10.0,
    discount: float = 0.9,
) -> Steps[str]:
    """RethinkMCTS: a search over chains of thoughts, with the wrong ones thought anew.

    Li et al. 2024, "RethinkMCTS: Refining Erroneous Thoughts in Monte Carlo Tree Search for Code
    Generation" (HumanEval: GPT-3.5-turbo 70.12 to 89.02, GPT-4o-mini 87.20 to 94.51; 16 rollouts,
    width 3, constant 4, base 10, discount 0.9, one rethink a leaf). A rollout: select by P-UCB,
    expand, write code for the chain, reward is the share of visible tests passed; where it fails,
    the values that the tracer saw tell the model to replace the thought, and the code is written
    again. Changed: the model's confidences become a uniform prior (those of small models are
    noise); block by block verdicts of the model become the trace itself; a visible pass ends the
    search, so that the rating of passing programs is never asked for; a new thought that does
    worse is not kept. Without visible tests each first thought becomes one program.
    Calls a rollout: 1 to expand, 1 program; where that fails 1 to rethink and 1 program.
    """
    if base <= 0:
        raise UsageError("strategy rethink_mcts: base must be above 0")
    root = Thought("")
    seen: set[str] = set()
    for _ in range(rollouts):
        leaf = selected(root, constant, base)
        if leaf is root or leaf.attempt is not None:
            leaf.children = yield from expanded(problem, prompter, leaf, width)
            leaf = leaf.children[0]
        if not problem.tests:
            return (yield from each_written(problem, prompter, root.children, seen))
        stopped = yield from evaluated(problem, prompter, leaf, seen)
        if stopped in (PASSED, SILENT, UNMEASURED):
            return stopped
        back_up(leaf, leaf.attempt.score if leaf.attempt else 0.0, discount)
    return ROUNDS


def p_ucb(
    value: float, prior: float, visits: int, above: int, constant: float, base: float
) -> float:
    """The bound of a child that was visited `visits` times, its parent `above` times.

    PG-TD (Zhang et al. 2023): value + beta * prior * sqrt(ln above) / (1 + visits), where
    beta = ln((above + base + 1) / base) + constant.
    """
    beta = math.log((above + base + 1) / base) + constant
    return value + beta * prior * math.sqrt(math.log(max(above, 1))) / (1 + visits)


def selected(root: Thought, constant: float, base: float) -> Thought:
    """Down to a node without children, by the highest bound; of equal ones the first."""
    node = root
    while node.children:
        above, prior = node.visits, 1 / len(node.children)
        node = max(
            node.children,
            key=lambda one: p_ucb(one.best, prior, one.visits, above, constant, base),
        )
    return node


def back_up(leaf: Thought, reward: float, discount: float) -> None:
    """One more visit for all nodes up to the root, the reward smaller with every step."""
    node: Thought | None = leaf
    while node is not None:
        node.visits += 1
        node.best = max(node.best, reward)
        node, reward = node.parent, reward * discount


def expanded(
    problem: Problem, prompter: Prompter, node: Thought, width: int
) -> Steps[list[Thought]]:
    """Thoughts that may come next, at least one: with no reply an empty one, for another draw."""
    text = yield from reply_to(
        problem, prompter, "mcts_expand", chain=node.chain(), feedback=node.feedback, width=width
    )
    return [Thought(one, node) for one in items(text, width) or [""]]


def each_written(
    problem: Problem, prompter: Prompter, thoughts: list[Thought], seen: set[str]
) -> Steps[str]:
    for thought in thoughts:
        made = yield from written(problem, prompter, thought, seen)
        if not isinstance(made, str):
            yield from try_([made])
    return NO_TESTS


def evaluated(problem: Problem, prompter: Prompter, node: Thought, seen: set[str]) -> Steps[str]:
    """Code for the chain, and where that fails for the chain with the last thought replaced; the
    node keeps what scored higher. `STUCK` and `ROUNDS` are no reason to stop the search."""
    for again in (False, True):
        trial = node
        if again:
            trial = Thought((yield from rethought(problem, prompter, node)), node.parent)
        made = yield from written(problem, prompter, trial, seen, draw=node.visits)
        if isinstance(made, str):
            return made
        [attempt] = yield from try_([made])
        if attempt.passed:
            return PASSED
        if not attempt.measured:
            return UNMEASURED
        if node.attempt is None or attempt.score >= node.attempt.score:
            feedback = yield from gather(problem, attempt, prompter, VALUES)
            node.text, node.attempt, node.feedback = trial.text, attempt, feedback.message
    return ROUNDS


def written(
    problem: Problem, prompter: Prompter, node: Thought, seen: set[str], draw: int = 0
) -> Steps[Candidate | str]:
    lines = [f"{number}. {text}" for number, text in enumerate(node.chain(), 1)]
    messages = guided(problem, prompter, "\n".join(lines))
    name = f"rethink_mcts:{len(seen)}"
    return (yield from write_new(problem, prompter, messages, name, seen, draw=draw))


def rethought(problem: Problem, prompter: Prompter, node: Thought) -> Steps[str]:
    """A thought in place of the node's, which led to a program that fails."""
    code = node.attempt.candidate.code if node.attempt else None
    text = yield from reply_to(
        problem,
        prompter,
        "mcts_rethink",
        chain=node.chain(),
        code=clip(code or "", LONGEST),
        feedback=node.feedback,
    )
    return clip(text, LONGEST_ITEM) or node.text
