"""LDB: the failing call block by block, with the values that the variables had."""

from collections.abc import Sequence
from typing import Any

from assay.feedback import Attempt
from assay.feedback.combine import gather
from assay.feedback.shorten import clip
from assay.feedback.steps import Steps
from assay.feedback.trace import blocks
from assay.feedback.traced import BlockRun, Traced
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search.repair import from_greedy
from assay.search.turns import opening, tell, turn

ENDS = 5
"""Blocks shown of the beginning and of the end, where there are more than both."""
WIDTH = 1_500
"""Characters of one block's code; 300 of its values."""


def ldb(problem: Problem, prompter: Prompter, rounds: int = 10) -> Steps[str]:
    """LDB: the model judges each basic block of the failing call, then writes the code anew.

    Zhong et al. 2024, "Debug like a Human" (GPT-3.5: HumanEval 73.8 to 82.9 %, MBPP 67.6 to
    76.0 %). Two calls and up to three runs a round, all greedy; the conversation goes on over the
    rounds, within the model's window. Other than the paper it takes the first failing test, not
    one at random, and asks for a line a block in place of JSON, which small models rarely write
    and nothing here needs to read. Where there is no trace it shows what the tests say, in one
    call.
    """
    history = opening(problem, prompter)

    def revise(attempt: Attempt) -> Steps[tuple[Message, ...]]:
        nonlocal history
        feedback = yield from gather(problem, attempt, prompter)
        traced = yield from blocks(problem, attempt)
        given: dict[str, Any] = {"before": history, "feedback": feedback.message}
        if traced is None or not traced.blocks:
            history = turn(problem, prompter, attempt, "self_debug", **given)
        else:
            question = turn(problem, prompter, attempt, "ldb", **given, **listing(traced))
            history = yield from tell(problem, prompter, question, "fix")
        return history

    return (yield from from_greedy(problem, prompter, "ldb", rounds, revise))


def listing(traced: Traced) -> dict[str, Any]:
    """What the template shows of a trace."""
    many = len(traced.blocks) > 2 * ENDS
    shown = (*traced.blocks[:ENDS], *traced.blocks[-ENDS:]) if many else traced.blocks
    rows = [row(block) for block in shown]
    if many:
        rows[ENDS]["gap"] = "more blocks ran"
    return {"call": clip(traced.call), "ended": traced.ended, "blocks": rows}


def row(block: BlockRun) -> dict[str, str]:
    return {
        "function": block.function,
        "source": clip(block.source, WIDTH),
        "before": values(list(block.before.items())),
        "after": values(list(block.after.items())),
        "raised": clip(block.raised or ""),
        "gap": f"{block.left_out} more lines ran" if block.left_out else "",
    }


def values(known: Sequence[tuple[str, str]]) -> str:
    return clip(", ".join(f"{name} = {value}" for name, value in known), WIDTH // 5)
