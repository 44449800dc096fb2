"""Going on with a run: which of its results still stand, and what it has spent."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from assay.errors import StoreError
from assay.sandbox import Isolation
from assay.search.budget import Budget, Cost, Ledger, Price
from assay.store import Log, RunRow

MARKS = ("graded_by", "asked")
"""Keys of a run's configuration that say what each problem was, as short hashes."""
BEGUN_WITH = ("problems", "left_out", "people", *MARKS)
"""Keys that a run keeps as they were when it began."""
ACCOUNT = ("prompt_tokens", "completion_tokens", "calls", "runs", "dollars")
"""What is written down of the account of a run."""


def marks_of(log: Log, row: RunRow) -> dict[str, Any]:
    """What the problems of a run were when it was last taken up."""
    resumed = log.events(row.id, kind="resume")
    source = resumed[-1].body if resumed else row.config
    return {mark: source[mark] for mark in MARKS if mark in source}


def same_run(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    """Whether two configurations are one but for the content of their problems, and for which of
    them are left out."""
    return not differing(a, b) and problems_of(a) == problems_of(b)


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[str]:
    """Keys by which two runs are not the same."""
    names = dict.fromkeys([*a, *b])
    return [name for name in names if name not in BEGUN_WITH and a.get(name) != b.get(name)]


def problems_of(config: Mapping[str, Any]) -> set[str]:
    return {*config["problems"], *config.get("left_out", ())}


def take_up(log: Log, row: RunRow, config: Mapping[str, Any]) -> list[str]:
    """Notes that the run goes on, and gives the problems that are others than they were: what it
    has of them no longer stands."""
    before = marks_of(log, row)
    problems: Sequence[str] = config["problems"]
    anew = [
        problem
        for number, problem in enumerate(problems)
        if any(before[mark][number] != config[mark][number] for mark in before)
    ]
    log.append(row.id, "", "resume", {"anew": anew} | {mark: config[mark] for mark in MARKS})
    return anew


def account(
    log: Log, run: str, model: str, price: Price | None, total: Budget, spent: Cost
) -> Ledger:
    """The account of the whole run while `model` is asked. Where it has limits it is written down
    before each call, the worst case of the calls under way included, so that a kill loses none of
    them. Raises `UsageError`, `StoreError`."""

    def keep(cost: Cost) -> None:
        log.append(run, "", "account", {name: getattr(cost, name) for name in ACCOUNT})

    if total == Budget():
        return Ledger(total, price=price, spent=spent)
    return Ledger(total, price=price, spent=spent, paid=paid_before(log, run, model), keep=keep)


def paid_before(log: Log, run: str, model: str) -> set[str]:
    """Keys of the prompts that `model` answered in this run: its account has them already, and
    where the cache answers them again, as a problem that was cut off by a kill is taken up, they
    cost nothing."""
    events = log.events(run, kind="completion")
    return {event.body["key"] for event in events if event.item.startswith(f"{model} ")}


def spent_before(log: Log, row: RunRow) -> Cost:
    """What the run has spent, on problems that were not finished too; calls that were under way
    when it was killed count as their worst case. Its seconds are those during which it was under
    way, as of a run that nothing interrupted: items overlap, and pauses do not count.

    Raises `StoreError`.
    """
    accounts = log.events(row.id, kind="account")
    try:
        total = Cost(**accounts[-1].body) if accounts else Cost()
    except TypeError as error:
        raise StoreError(f"log {log.path}: run {row.id} is of another version ({error})") from error
    seconds, start, last = 0.0, row.started, row.started
    for kind, at in log.moments(row.id):
        if kind == "resume":
            seconds += max(0.0, last - start)
            start = at
        last = at
    return replace(total, seconds=seconds + max(0.0, last - start))


def changed_tier(log: Log, run: str, isolation: Isolation) -> str:
    """Notes under which tier a run judges; the one before, where that was another."""
    before = tiers(log, run)[-1:]
    if before == [tier_of(asdict(isolation))]:
        return ""
    log.append(run, "", "isolation", {"tier": isolation.tier, "far": isolation.far})
    return "".join(before)


def tiers(log: Log, run: str) -> list[str]:
    """Under which a run judged, the latest last."""
    return [tier_of(event.body) for event in log.events(run, kind="isolation")]


def tier_of(isolation: Mapping[str, Any]) -> str:
    far = isolation["far"]
    return f"{isolation['tier']}: {far}" if far else str(isolation["tier"])
