"""What a critique does to right and to wrong programs, closed-loop (RealCritic, Tang et al. 2025).

    nice -n 19 python bench/critic_effect.py [--items 12] [--sources blanked,critic,critic_blind]
        [--model embedded/qwen2.5-coder-0.5b] [--record FILE] [--jobs 4]

As many right as wrong greedy answers to HumanEval, by the hidden tests. The same model then revises
each, once with a critique and once with a blanked one: a critic that helps has to beat the blank,
else the second try did it. Counts wrong -> right and right -> wrong, by the hidden tests, with
95 % intervals (Wilson). Nobody sees a hidden test but the count.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from shared_data import SHARED

from assay.bench.stats import wilson
from assay.feedback import Attempt, Feedback
from assay.feedback.combine import find_source
from assay.feedback.critic import quoted
from assay.feedback.steps import Steps, try_
from assay.grade import Item, grade, humaneval, solved
from assay.model import Model, open_model
from assay.model.prompter import Prompter
from assay.model.recorded import Recording
from assay.problem import Problem
from assay.sandbox import Sandbox, open_sandbox
from assay.search.budget import Budget, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.search.sample import draw
from assay.search.turns import turn, write

BLANK = "blanked"
DRAFTS = "data/qwen25-coder-0.5b-humaneval-greedy/completions.jsonl"


async def driven(
    problem: Problem, model: Model, sandbox: Sandbox, steps: Steps[list[Attempt]]
) -> Attempt | None:
    driver = Driver(problem, Parties(model, sandbox), Ledger(Budget()), Forgetful())
    made = await driver.drive(steps)
    return made[0] if made else None


def revised(
    problem: Problem, prompter: Prompter, attempt: Attempt, source: str
) -> Steps[list[Attempt]]:
    """The program after one revision; the same one where the model writes none."""
    said: Feedback | None = None
    if source != BLANK:
        said = yield from find_source(source)(problem, attempt, prompter)
    feedback = said or Feedback(source=BLANK, message=quoted("(nothing)"))
    asked = turn(problem, prompter, attempt, "self_debug", feedback=feedback.message)
    prompt = prompter.prompt(asked)
    made = yield from write(problem, prompter, prompt, source)
    return [attempt] if made is None or made.code is None else (yield from try_([made]))


async def right(sandbox: Sandbox, item: Item, attempt: Attempt | None) -> bool | None:
    if attempt is None or not attempt.measured:
        return None
    code = attempt.candidate.code
    return solved(item, code, await grade(sandbox, item, code))


async def drafts(
    sandbox: Sandbox, prompter: Prompter, count: int
) -> list[tuple[Item, Attempt, bool]]:
    """The first so many answers, half of them right."""
    recorded = open_model(f"recorded/{SHARED / DRAFTS}")
    found: dict[bool, list[tuple[Item, Attempt, bool]]] = {True: [], False: []}
    for item in humaneval.items():
        steps = draw(item.problem, prompter, range(1), "draft")
        attempt = await driven(item.problem, recorded, sandbox, steps)
        verdict = await right(sandbox, item, attempt)
        if attempt is not None and attempt.candidate.code and verdict is not None:
            found[verdict].append((item, attempt, verdict))
        if min(map(len, found.values())) >= count // 2:
            break
    return [*found[True][: count // 2], *found[False][: count // 2]]


def report(source: str, counts: Counter[tuple[bool, bool]], lost: int) -> str:
    parts = [f"{source:<16}"]
    for before, name in ((False, "wrong -> right"), (True, "right -> wrong")):
        total = counts[before, True] + counts[before, False]
        changed = counts[before, not before]
        low, high = wilson(changed, total) or (0.0, 1.0)
        parts.append(f"{name} {changed}/{total} ({100 * low:.0f}-{100 * high:.0f} %)")
    return "  ".join([*parts, f"not measured {lost}"])


async def measure(
    model: Model, sources: Sequence[str], prompter: Prompter, count: int, jobs: int
) -> None:
    sandbox = open_sandbox(slots=1)
    room = asyncio.Semaphore(jobs)

    async def revision(item: Item, attempt: Attempt, source: str) -> bool | None:
        async with room:
            steps = revised(item.problem, prompter, attempt, source)
            return await right(sandbox, item, await driven(item.problem, model, sandbox, steps))

    try:
        given = await drafts(sandbox, Prompter(), count)
        print(f"{len(given)} answers, {sum(r for _, _, r in given)} right")
        for source in sources:
            revisions = (revision(item, attempt, source) for item, attempt, _ in given)
            after = await asyncio.gather(*revisions)
            pairs = list(zip((before for _, _, before in given), after, strict=True))
            counts = Counter((before, now) for before, now in pairs if now is not None)
            print(report(source, counts, sum(now is None for _, now in pairs)), flush=True)
    finally:
        await sandbox.close()
        await model.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--items", type=int, default=12)
    parser.add_argument("--sources", default="blanked,critic,critic_blind")
    parser.add_argument("--model", default="embedded/qwen2.5-coder-0.5b")
    parser.add_argument("--record", type=Path)
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--max-tokens", type=int, default=400)
    given = parser.parse_args()
    model = open_model(given.model)
    if given.record:
        model = Recording(model, given.record)
    prompter = Prompter(max_tokens=given.max_tokens)
    asyncio.run(measure(model, given.sources.split(","), prompter, given.items, given.jobs))


if __name__ == "__main__":
    main()
