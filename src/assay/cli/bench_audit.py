"""`assay bench audit SUITE`, and the problems that `assay bench` takes of a suite."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from assay.bench.audit import Audited, audit_all, keep, key_of, known
from assay.bench.duplicates import Duplicate, Index, duplicates
from assay.bench.suites import left_out, limit_items, load_suite
from assay.cli.run import run_async
from assay.cli.screen import Screen
from assay.cli.session import open_log
from assay.feedback.shorten import visible
from assay.grade import Item
from assay.sandbox import open_sandbox
from assay.store import Log


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditFlags:
    suite: str
    data: Path | None
    limit: int | None
    every: int
    repeat: int
    against: Path | None
    again: bool
    log: Path | None
    unsafe: bool
    tier: str | None
    remote: str | None
    jobs: int
    json: bool


def bench_audit(flags: AuditFlags) -> int:
    """A line a bad problem. 3 where there is one or a near-duplicate, 1 where one was not
    measured, else 0. Raises `UsageError`, `NoSandbox`."""
    screen = Screen(quiet=flags.json)
    items = limit_items(load_suite(flags.suite, flags.data), flags.limit, flags.every)
    out = left_out(flags.suite, flags.data)
    pairs, short = near(items, flags, screen)
    with open_log(flags.log) as log:
        run = log.start("audit", {"suite": flags.suite, "repeat": flags.repeat})
        audited = run_async(audits(items, flags, log, run, screen))
        log.append(run, "", "end", {"problems": len(items)})
    figures = figures_of(items, audited, out, pairs, short) | {"suite": flags.suite, "log": run}
    if flags.json:
        print(json.dumps(figures))
    else:
        show(figures, screen)
    if figures["unmeasured"]:
        return 1
    return 3 if figures["bad"] or pairs else 0


def near(
    items: Sequence[Item], flags: AuditFlags, screen: Screen
) -> tuple[list[Duplicate], list[str]]:
    """Near-duplicates in `--against`, and the problems too short to compare."""
    if flags.against is None:
        return [], []
    index = Index(items)
    with screen.busy(f"comparing with {flags.against}"):
        return list(duplicates(index, flags.against)), index.short


async def audits(
    items: Sequence[Item], flags: AuditFlags, log: Log, run: str, screen: Screen
) -> dict[str, Audited]:
    """By problem; what the log knows of the very same problem is not done again."""
    before = {} if flags.again else known(log)
    found = {
        item.problem.id: before[key]
        for item in items
        if (key := key_of(item)) in before and before[key].repeat >= flags.repeat
    }
    todo = [item for item in items if item.problem.id not in found]
    if found:
        screen.say(f"{len(found)} of {len(items)} problems are audited already (--again to redo)")
    if not todo:
        return found
    sandbox = open_sandbox(
        unsafe=flags.unsafe, tier=flags.tier, remote=flags.remote, slots=flags.jobs
    )
    try:
        screen.tell_tier(sandbox.isolation)
        with screen.working(len(todo)) as step:

            def listen(audited: Audited) -> None:
                keep(log, run, audited)
                found[audited.problem] = audited
                step()

            await audit_all(sandbox, todo, repeat=flags.repeat, jobs=flags.jobs, listener=listen)
    finally:
        await sandbox.close()
    return found


def figures_of(
    items: Sequence[Item],
    audited: dict[str, Audited],
    out: dict[str, str],
    pairs: Sequence[Duplicate],
    short: Sequence[str],
) -> dict[str, Any]:
    rows = [audited[item.problem.id] for item in items]
    return {
        "problems": len(items),
        "bad": [
            {"problem": row.problem, "reasons": [asdict(finding) for finding in row.findings]}
            for row in rows
            if row.bad
        ],
        "unmeasured": {row.problem: row.unmeasured for row in rows if row.unmeasured},
        "unchecked": {row.problem: row.unchecked for row in rows if row.unchecked},
        "left_out": out,
        "duplicates": [asdict(pair) for pair in pairs],
        "not_compared": list(short),
    }


def show(figures: dict[str, Any], screen: Screen) -> None:
    for row in figures["bad"]:
        for reason in row["reasons"]:
            print(visible(f"{row['problem']}  {reason['kind']}: {reason['detail']}"))
    for problem, reason in figures["left_out"].items():
        print(visible(f"{problem}  cannot be run here: {reason}"))
    for pair in figures["duplicates"]:
        print(
            f"{pair['problem']}  {pair['similarity']:.0%} of its {pair['part']} is in {pair['row']}"
        )
    measured = figures["problems"] - len(figures["unmeasured"])
    end = "; assay bench leaves them out" if figures["bad"] else ""
    print(f"{len(figures['bad'])} of {measured} problems are bad{end}")
    if unchecked := figures["unchecked"]:
        problem, why = next(iter(unchecked.items()))
        screen.say(f"{len(unchecked)} not checked in full: {problem}, {why}", "yellow")
    if short := figures["not_compared"]:
        screen.say(f"{len(short)} too short to compare with rows: {', '.join(short)}", "yellow")
    for problem, why in figures["unmeasured"].items():
        screen.warn(f"{problem}: NOT MEASURED: {why}")
