"""`assay rank`: the best of given programs, by given tests that may be wrong."""

import json
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from assay.candidate import samples
from assay.cli.evidence import answered_by
from assay.cli.rank_asking import Asking
from assay.cli.rank_table import legend, text
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.errors import UsageError
from assay.feedback.shorten import visible
from assay.problem import Limits
from assay.sandbox import open_sandbox
from assay.select import find_ranker, tasks
from assay.select.pool import Pool
from assay.store import default_path
from assay.store.runs import Runs

if TYPE_CHECKING:
    from assay.select.consulting import Hearing
    from assay.select.ranking import Ranking

ABSTAINED = 4
MEMORY_MB = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class RankFlags:
    """The flags, as given; see `app.rank` for what each means."""

    tests: Path
    selector: str
    trusted: bool
    min_confidence: float
    time: float
    explain: bool
    ask: int | None
    answers: Path | None
    log: Path | None
    unsafe: bool
    remote: str | None
    json: bool


def rank_file(file: Path, flags: RankFlags) -> int:
    """Prints a ranking a task. Gives 4 where Assay abstained on all of them, else 0.

    Raises `UsageError` for a file or flag that is wrong, `SandboxError`, `StoreError`.
    """
    find_ranker(flags.selector)
    if not 0 < flags.time <= 3600:
        raise UsageError(f"--time wants seconds above 0 and up to 3600, not {flags.time:g}")
    pools = tasks.pools(samples.load(file), tasks.load(flags.tests), flags.trusted)
    screen = Screen(quiet=flags.json)
    asking = Asking.of(pools, flags, screen)
    warn(pools, screen)
    answered = 0
    path = (flags.log or default_path()).with_name("runs.db")
    with closing(Runs(path)) as memory, closing(asking):
        answered = run_async(rank_all(pools, flags, memory, asking, screen))
    return 0 if answered else ABSTAINED


def warn(pools: list[Pool], screen: Screen) -> None:
    left_out = sum(len(pool.left_out) for pool in pools)
    if left_out:
        tests = f"{left_out} tests are" if left_out > 1 else "1 test is"
        screen.warn(f"{tests} left out; which, is said with its task")
    bare = [pool.task for pool in pools if not pool.tests]
    if bare:
        several = f" and {len(bare) - 1} more" if len(bare) > 1 else ""
        screen.warn(f"no tests for {bare[0]!r}{several}: ranked by repetition alone")


async def rank_all(
    pools: list[Pool], flags: RankFlags, memory: Runs, asking: Asking, screen: Screen
) -> int:
    from assay.select.hanging import without_hanging
    from assay.select.judging import assemble, observe
    from assay.select.ranking import rank

    limits = Limits(
        cpu_seconds=flags.time, wall_seconds=max(3 * flags.time, 2.0), memory_mb=MEMORY_MB
    )
    sandbox = open_sandbox(unsafe=flags.unsafe, remote=flags.remote)
    if flags.unsafe:
        screen.warn("UNSAFE: programs run without isolation, with your rights")
    answered, explained = 0, False
    total = sum(len(pool.programs) for pool in pools)
    try:
        with screen.working(total, "program") as tell:
            for given in pools:
                pool = await without_hanging(sandbox, given, limits)
                if more := len(pool.left_out) - len(given.left_out):
                    screen.warn(f"{pool.task}: {more} tests are left out: they never end")
                matrix = assemble(pool, await observe(sandbox, pool, limits, memory, tell))
                heard = await asking.about(matrix)
                if asking.person is not None:
                    screen.say(f"{pool.task}: {asking.unasked(heard)}")
                for call in heard.unused:
                    screen.warn(f"{pool.task}: not used: no program was run on {visible(call)}")
                ranking = heard.sure(rank(heard.matrix, flags.selector))
                row = as_json(pool, heard, ranking, flags)
                answered += not row["abstained"]
                if not (flags.json or explained):
                    screen.say(legend(flags.selector), "dim")
                    explained = True
                print(json.dumps(row) if flags.json else text(row), flush=True)
    finally:
        await sandbox.close()
    return answered


def as_json(pool: Pool, heard: "Hearing", ranking: "Ranking", flags: RankFlags) -> dict[str, Any]:
    """One task's object; each sample is there, repeats at the place of their program."""
    matrix = heard.matrix
    copies: dict[int, list[int]] = {}
    for index, program in enumerate(pool.member):
        copies.setdefault(program, []).append(index)
    rows = [(int(program), index) for program in ranking.order for index in copies[int(program)]]
    first = ranking.order[0]
    able = bool(matrix.loaded[first])
    fails = not matrix.passed[first, matrix.binding].all()
    sure = ranking.probability
    found: dict[str, Any] = {
        "task_id": pool.task,
        "ranking": [
            {
                "index": index,
                "score": float(ranking.score[program]),
                "cluster": int(ranking.cluster[program]),
                "probability": None if sure is None else round(float(sure[program]), 4),
            }
            for program, index in rows
        ],
        "confidence": ranking.confidence,
        "abstained": not able or fails or ranking.confidence < flags.min_confidence,
        "questions": heard.questions,
        "answers": [told.record | {"by": answered_by(flags.answers)} for told in heard.told],
        "selector": flags.selector,
        "programs": len(pool.programs),
        "tests": len(pool.tests),
        "left_out": [{"test": test, "why": why} for test, why in pool.left_out],
        "not_loading": sorted(index for index, n in enumerate(pool.member) if not matrix.loaded[n]),
        "reason": reason(able, fails, ranking.confidence, flags.min_confidence),
    }
    if flags.explain:
        from assay.select.ranking import explain

        why = explain(matrix, ranking)
        for name in ("first", "second"):
            why[name] = None if why[name] is None else copies[why[name]][0]
        found["explain"] = why
    return found


def reason(able: bool, fails: bool, confidence: float, least: float) -> str:
    if not able:
        return "no program loads"
    if fails:
        return "every program fails a test that is known to be right"
    return f"confidence below {least:g}" if confidence < least else ""
