"""A ranking as a person reads it: a table of 80 columns that explains itself."""

from typing import Any

from assay.feedback.shorten import brief, head, visible

WIDTH = 80
LEADING = 5
"""Groups that are shown."""
NAMED = 3
"""Tests that were left out, of a task, that are shown."""
CONFIDENCE = {
    "posterior": "calibrated probability that the first is right",
    None: "share of the samples that behave as the first does",
}


def text(row: dict[str, Any]) -> str:
    """The answer, the groups of samples that behave alike, and what did not count."""
    head = f"{row['task_id']}: {counted(len(row['ranking']), 'sample')}"
    differing = counted(row["programs"], "different program")
    lines = [f"{head}, {differing}, {counted(row['tests'], 'test')}"]
    if row["abstained"]:
        lines.append(f"  abstained, {row['reason']}")
    else:
        lines.append(
            f"  best: sample {row['ranking'][0]['index']}, confidence {row['confidence']:.2f}"
        )
    lines += [f"  a person said: {brief(told['said'])}" for told in row["answers"]]
    lines += [*table(row), *missing(row)]
    if why := row.get("explain"):
        lines += explanation(why)
    return "\n".join(lines)


def legend(selector: str) -> str:
    """What the columns mean; once, before the first task."""
    sure = CONFIDENCE.get(selector, CONFIDENCE[None])
    return (
        f"score: by the selector {selector}, higher is better; samples in a row behave alike.\n"
        f"confidence: {sure}."
    )


def table(row: dict[str, Any]) -> list[str]:
    groups: dict[int, list[dict[str, Any]]] = {}
    for one in row["ranking"]:
        groups.setdefault(one["cluster"], []).append(one)
    lines = [f"  {'rank':>4}  {'score':>12}  {'alike':>5}  samples (from 0, in file order)"]
    for rank, members in enumerate(list(groups.values())[:LEADING], 1):
        names = head(", ".join(str(one["index"]) for one in members), WIDTH - 29)
        lines.append(f"  {rank:>4}  {members[0]['score']:>12.6g}  {len(members):>5}  {names}")
    if len(groups) > LEADING:
        lines.append(f"  and {counted(len(groups) - LEADING, 'more group')}")
    return lines


def missing(row: dict[str, Any]) -> list[str]:
    """The samples and tests that do not count, and why."""
    lines = []
    if broken := row["not_loading"]:
        names = ", ".join(map(str, broken))
        lines.append(head(f"  not loading (an error before any test): {names}", WIDTH))
    for left in row["left_out"][:NAMED]:
        begin = f"  left out ({left['why']}): "
        lines.append(begin + head(visible(left["test"]), WIDTH - len(begin)))
    if (more := len(row["left_out"]) - NAMED) > 0:
        lines.append(f"  and {counted(more, 'more test')} left out (--json has all)")
    return lines


def counted(number: int, what: str) -> str:
    return f"{number:,} {what}{'s' * (number != 1)}"


def explanation(why: dict[str, Any]) -> list[str]:
    if why["second"] is None:
        return ["  all programs do the same"]
    lines = [f"  sample {why['first']} against sample {why['second']}:"]
    for test in why["tests"]:
        mark = "right" if test["binding"] else f"{test['share']:.0%} of the programs pass it"
        lines.append(f"    only the {test['passed_by']} passes {brief(test['test'])} ({mark})")
    for value in why["values"]:
        said = " against\n      ".join(
            f"{brief(value[name])} ({value[f'{name}_share']:.0%} of the programs, "
            f"{value[f'{name}_claims']} tests)"
            for name in ("first", "second")
        )
        lines.append(f"    {brief(value['input'])} gives {said}")
    return lines
