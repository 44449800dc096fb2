"""Independent samples: the baseline that every other strategy has to beat.

The first is greedy, the others are drawn at the prompter's temperature.
Source: Chen et al. 2021, "Evaluating Large Language Models Trained on Code" (Codex-12B on
HumanEval: 28.8 / 46.8 / 72.3 % at k = 1 / 10 / 100).
"""

from assay.feedback import Attempt
from assay.feedback.steps import Steps, try_
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import ROUNDS, SILENT
from assay.search.turns import opening, write_all


def sample(problem: Problem, prompter: Prompter, n: int = 1) -> Steps[str]:
    """Asks for `n` programs at once and tries all of them; equal ones count as often as they
    were written, which is what selection by agreement goes by."""
    attempts = yield from draw(problem, prompter, range(n), made_by="sample")
    return ROUNDS if attempts else SILENT


def draw(problem: Problem, prompter: Prompter, draws: range, made_by: str) -> Steps[list[Attempt]]:
    """Programs for the bare task, one a draw; draw 0 is greedy. No model, no attempts."""
    messages = opening(problem, prompter)
    prompts = [prompter.prompt(messages, number) for number in draws]
    made = yield from write_all(problem, prompter, prompts, made_by)
    return (yield from try_(made))
