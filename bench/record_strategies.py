"""Records a live model over every strategy, and compares them at equal tokens.

    nice -n 19 python bench/record_strategies.py [--model embedded/qwen2.5-coder-0.5b] [--limit 20]
        [--strategies assay,self_debug] [--budget completion_tokens=600] [--work FOLDER]
        [--jobs 4] [--advice]

Every eighth problem of HumanEval, `--limit` of them, as in `tests/search/recorded/`. It may be
killed and started again: completions are in `FOLDER/recording.jsonl` as soon as they are there, and
are not asked for twice, whichever strategy wants them. As soon as a strategy is finished its row is
in the table, and `tests/search/recorded/strategies_MODEL.json` and `.jsonl.gz` have it;
`tests/search/test_search_cards.py` replays them. A completion of 600 tokens a problem and strategy
is about 20 * 23 * 600 = 276,000 tokens at most: 8 hours at 10 tokens a second.

What is kept as a test is made without the programs of ours that run around a candidate (a trace,
properties, a linter), which not every machine has: `ldb`, `property` and `anneal` do without.
With `--advice` they run, which is fair to these strategies; then the table is printed and nothing
is kept.
The selector is `visible`. The hidden
verdict is of the chosen program; nobody sees it before. Intervals: 95 % (Wilson).
"""

import argparse
import asyncio
import gzip
import json
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.bench.stats import wilson
from assay.errors import ModelError, SandboxError
from assay.grade import Item, grade, humaneval, solved
from assay.model import Completion, Model, Prompt, open_model
from assay.model.prompter import Prompter
from assay.model.recorded import Recorded, Recording
from assay.sandbox import Job, Sandbox, open_sandbox
from assay.search import STRATEGIES, find_strategy
from assay.search.budget import Budget, Cost, Ledger
from assay.search.driver import Driver, Forgetful, Parties
from assay.select.visible import ranked

RECORDED = Path(__file__).parents[1] / "tests" / "search" / "recorded"
EVERY = 8
KEPT = ("key", "text", "usage", "finish_reason")
"""Of a completion; its prompt is in the key."""


class Resumed:
    """Answers what an earlier run recorded, and records what the model answers. `seconds` is what
    all answers took when they were written, `--jobs` at a time on the machine as it was."""

    def __init__(self, model: Model, path: Path) -> None:
        path.touch()
        self._known = Recorded(path)
        self._live = Recording(model, path)
        self._new: dict[str, Completion] = {}
        self.name = model.name
        self.seconds = 0.0

    async def complete(self, prompts: list[Prompt]) -> list[Completion]:
        given = [await self._one(prompt) for prompt in prompts]
        self.seconds += sum(completion.seconds for completion in given)
        return given

    async def _one(self, prompt: Prompt) -> Completion:
        if prompt.key not in self._new:
            try:
                [self._new[prompt.key]] = await self._known.complete([prompt])
            except ModelError:
                [self._new[prompt.key]] = await self._live.complete([prompt])
        return self._new[prompt.key]

    async def close(self) -> None:
        await self._live.close()


class Candidates:
    """The sandbox for candidates alone, see the module's docstring."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self.isolation = sandbox.isolation
        self.close = sandbox.close

    async def run(self, jobs: list[Job]) -> list[Any]:
        if any(job.stdin or job.language != "python" for job in jobs):
            raise SandboxError("only candidates are run here")
        return await self._sandbox.run(jobs)


@dataclass
class Row:
    """One strategy over the problems."""

    stopped: list[str] = field(default_factory=list)
    hidden: list[bool | None] = field(default_factory=list)
    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0

    def line(self, name: str) -> str:
        judged = [one for one in self.hidden if one is not None]
        low, high = wilson(sum(judged), len(judged)) or (0.0, 1.0)
        return (
            f"{name:<14} {sum(judged):>3} of {len(judged):<3} ({100 * low:.0f}-{100 * high:.0f} %)"
            f" {self.calls:>6} {self.prompt_tokens:>8} {self.completion_tokens:>8}"
            f" {self.seconds:>8.0f}"
        )


async def over(
    name: str,
    items: list[Item],
    model: Resumed,
    box: Sandbox,
    budget: Budget,
    *,
    advice: bool,
    jobs: int,
) -> Row:
    room = asyncio.Semaphore(jobs)

    async def one(item: Item) -> tuple[str, bool | None, Cost]:
        ledger = Ledger(budget)
        parties = Parties(model, box if advice else Candidates(box))
        driver = Driver(item.problem, parties, ledger, Forgetful())
        async with room:
            reason = await driver.drive(find_strategy(name)(item.problem, Prompter()))
            best = next(iter(ranked(driver.trail.attempts)), None)
            code = best.candidate.code if best else None
            hidden = solved(item, code, await grade(box, item, code))
        return reason or driver.trail.stopped, hidden, ledger.cost

    row, before = Row(), model.seconds
    for stopped, hidden, cost in await asyncio.gather(*map(one, items)):
        row.stopped.append(stopped)
        row.hidden.append(hidden)
        row.calls += cost.calls
        row.prompt_tokens += cost.prompt_tokens
        row.completion_tokens += cost.completion_tokens
    row.seconds = model.seconds - before
    return row


def keep(recording: Path, table: Path, found: dict[str, Any]) -> None:
    """The recording and its table, small enough to be committed; the same bytes each time."""
    rows = [json.loads(line) for line in recording.read_text().splitlines()]
    slim = [{key: row[key] for key in KEPT} for row in rows]
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in slim)
    table.with_suffix(".jsonl.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
    table.write_text(json.dumps(found, indent=1) + "\n")


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--model", default="embedded/qwen2.5-coder-0.5b")
    parser.add_argument("--limit", type=int, default=20)
    parser.add_argument("--strategies", default=",".join(STRATEGIES))
    parser.add_argument("--budget", default="completion_tokens=600")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--work", type=Path, default=Path("recording"))
    parser.add_argument("--out", type=Path, default=RECORDED)
    parser.add_argument("--advice", action="store_true")
    flags = parser.parse_args()
    flags.work.mkdir(parents=True, exist_ok=True)
    items = humaneval.items()[::EVERY][: flags.limit]
    recording = flags.work / "recording.jsonl"
    model, box = Resumed(open_model(flags.model), recording), open_sandbox()
    table = flags.out / f"strategies_{Path(flags.model).name}.json"
    found: dict[str, Any] = {
        "model": flags.model,
        "problems": len(items),
        "budget": flags.budget,
        "stopped": {},
    }
    print(f"{'strategy':<14} hidden passed (95 %)    calls   prompt  written  seconds")
    try:
        for name in flags.strategies.split(","):
            row = await over(
                name,
                items,
                model,
                box,
                Budget.parse(flags.budget),
                advice=flags.advice,
                jobs=flags.jobs,
            )
            found["stopped"][name] = row.stopped
            print(row.line(name), flush=True)
            if not flags.advice:
                keep(recording, table, found)
    finally:
        await model.close()
        await box.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
