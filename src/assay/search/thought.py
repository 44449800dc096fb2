"""Independent samples that begin with something else than code: tests, a sketch."""

from collections.abc import Sequence

from assay.feedback.steps import Steps, ask, try_
from assay.model import Message
from assay.model.prompter import Prompter
from assay.problem import Problem
from assay.search import ROUNDS, SILENT
from assay.search.retrieval import Solved, examples_for
from assay.search.turns import said, statement, write_all


def acecoder(
    problem: Problem,
    prompter: Prompter,
    n: int = 1,
    examples: int = 3,
    solved: Sequence[Solved] = (),
) -> Steps[str]:
    """AceCoder: shown solved problems that are like this one, the model writes tests, then code.

    Li et al. 2023, "AceCoder: Utilizing Existing Code to Enhance Code Generation" (MBPP: pass@1 up
    to 56.4 % better than the best baseline then). `solved` are problems of the log that passed
    their visible tests, from runs before this one; this problem and near-duplicates are left out
    (`retrieval.leaks`), and without any it is the same with no examples. One call a sample; the
    tests are only thought aloud and are not run. The first sample is greedy, as everywhere.
    """
    text = prompter.text(
        "acecoder",
        problem=problem,
        task=statement(problem, prompter),
        examples=examples_for(problem, solved, examples),
    )
    messages = prompter.first(text, problem=problem)
    prompts = [prompter.prompt(messages, number) for number in range(n)]
    made = yield from write_all(problem, prompter, prompts, "acecoder")
    attempts = yield from try_(made)
    return ROUNDS if attempts else SILENT


def scot(problem: Problem, prompter: Prompter, n: int = 1) -> Steps[str]:
    """Structured chain of thought: a sketch of sequence, branch and loop, then its code.

    Li et al. 2023, "Structured Chain-of-Thought Prompting for Code Generation" (HumanEval,
    ChatGPT: 60.64 % against 53.29 % for a plain chain of thought; MBPP 46.98 against 41.83). Two
    calls a sample, three worked sketches in the first. The first sketch and the first program are
    greedy, as everywhere; each further sketch and its program are drawn.
    """
    text = prompter.text("scot_sketch", problem=problem, task=statement(problem, prompter))
    messages = prompter.first(text, problem=problem)
    sketches = yield from ask([prompter.prompt(messages, number) for number in range(n)])
    code = Message("user", prompter.text("scot_code", problem=problem))
    prompts = [
        prompter.prompt((*messages, said(sketch.text), code), number)
        for number, sketch in enumerate(sketches)
    ]
    made = yield from write_all(problem, prompter, prompts, "scot")
    attempts = yield from try_(made)
    return ROUNDS if attempts else SILENT
