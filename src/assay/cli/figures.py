"""The figures of a comparison on stdout: the table, then plain sentences, within 80 columns."""

import textwrap
from collections.abc import Sequence
from typing import Any

from assay.bench import APART
from assay.cli.screen import rate
from assay.feedback.shorten import head

WIDTH = 79
FEW = 3
"""Up to so many cells every pair is shown; of more, each against the best."""


def show_figures(figures: dict[str, Any]) -> None:
    rows = figures["cells"]
    names = dict(zip((row["cell"] for row in rows), labels(rows), strict=True))
    table(rows)
    if (pooled := figures.get("pooled")) and pooled["cells"]:
        for row in rows:
            if key_of(row) not in map(key_of, pooled["cells"]):
                tell(sentence(row, names[row["cell"]]))
        show_pooled(pooled)
        tell(f"More of each cell, and all {len(figures['paired'])} pairs of them: --json.")
        return
    for row in rows:
        tell(sentence(row, names[row["cell"]]))
    shown = worth_showing(figures)
    for pair in shown:
        tell(verdict(pair, names))
    if len(shown) < len(figures["paired"]):
        tell(f"Each is compared with the best; all {len(figures['paired'])} pairs: --json.")


def tell(text: str) -> None:
    print(textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False))


def table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, pad_edge=False)
    gaps = ["not measured"] * any(row["unmeasured"] for row in rows)
    for name in ("cell", "model", "solved", "pass@1 (95 %)", *gaps, "tokens", "seconds"):
        shown.add_column(name, justify="left" if name in ("cell", "model") else "right")
    for name, row in zip(labels(rows, without="model"), rows, strict=True):
        shown.add_row(
            Text(name),
            head(row["model"].rpartition("/")[2], 20),
            f"{row['solved']}/{row['measured']}",
            rate(row),
            *(["\n".join(counted(row)) or "0"] if gaps else []),
            amount(row["tokens"], ",d"),
            amount(row["seconds"], ",.1f"),
        )
    Console(highlight=False).print(shown)
    unknown = [name for name, row in zip(labels(rows), rows, strict=True) if row["tokens"] is None]
    if unknown:
        tell(f"-: what the programs of {', '.join(unknown)} cost is not known: made elsewhere.")


def amount(value: float | None, form: str) -> str:
    """What is not known is `-`, never 0."""
    return "-" if value is None else format(value, form)


def counted(row: dict[str, Any]) -> list[str]:
    """How many were not measured, by what kept them from it."""
    return [f"{count} {why}" for why, count in row["unmeasured_by"].items()]


def reasons(row: dict[str, Any]) -> str:
    return f" ({', '.join(counted(row))})" if row["unmeasured_by"] else ""


def labels(rows: Sequence[dict[str, Any]], without: str = "") -> list[str]:
    """The shortest names that tell the cells apart: the strategy, and what else differs;
    `without` a part that stands elsewhere."""
    parts = {
        "run": [row.get("run", "") for row in rows],
        "strategy": [row["strategy"] for row in rows],
        "told": [told(row) for row in rows],
        "selector": [f"/ {row['selector']}" for row in rows],
        "model": [f"with {row['model']}" for row in rows],
        "seed": [f"seed {row['seed']}" for row in rows if "seed" in row],
    }
    kept = [
        values
        for name, values in parts.items()
        if name == "strategy" or (name != without and len(set(values)) > 1)
    ]
    return [" ".join(filter(None, words)) for words in zip(*kept, strict=True)]


def told(row: dict[str, Any]) -> str:
    """The feedback of a cell, by its condition's name where it has one."""
    names = row.get("condition") or row.get("feedback")
    return f"[{names}]" if names else ""


def sentence(row: dict[str, Any], name: str) -> str:
    """What the table has no room for."""
    parts = [f"{row['visible_passed']} pass the visible tests"]
    if row["false_positives"]:
        parts.append(f"{row['false_positives']} of these fail the hidden ones")
    if row["rounds"] is not None:
        parts.append(f"the first pass at attempt {row['rounds']:.1f} on average")
    if row["solved_per_1000_tokens"] is not None:
        parts.append(f"{row['solved_per_1000_tokens']:.2f} solved per 1,000 tokens")
    if row["abstained"]:
        parts.append(f"{row['abstained']} abstained")
    if row.get("questions"):
        parts.append(f"{row['questions']} questions on {row['questioned']} problems")
    parts.append(times(row))
    return f"{name}: {'; '.join(parts)}."


def times(row: dict[str, Any]) -> str:
    """Wall and CPU time by who took it; what is not known is left out."""
    parties = ("model", "sandbox", "rest")
    known_wall = [(party, row[f"{party}_seconds"]) for party in parties]
    wall = ", ".join(f"{amount(value, '.1f')} {party}" for party, value in known_wall)
    cpu = [(party, row[f"{party}_cpu_seconds"]) for party in parties]
    known = ", ".join(f"{value:.1f} {party}" for party, value in cpu if value is not None)
    return f"seconds: {wall}" + (f" (CPU: {known})" if known else "")


def show_pooled(pooled: dict[str, Any]) -> None:
    """Several seeds: each cell with all of them, and pairs of these, as `worth_showing` does."""
    rows = pooled["cells"]
    best = key_of(max(rows, key=rated))
    names = dict(zip(map(key_of, rows), labels(rows), strict=True))
    for row in rows:
        each = ", ".join(str(seed["solved"]) for seed in row["seeds"].values())
        tell(
            f"{names[key_of(row)]}, {len(row['seeds'])} seeds: {each} solved of "
            f"{row['problems']} problems; pass@1 {rate(row)}, by problem and not by result."
        )
    for pair in pooled["paired"]:
        a, b = key_of(pair["a"]), key_of(pair["b"])
        if len(rows) > FEW and best not in (a, b):
            continue
        head = f"{names[a]} minus {names[b]}"
        if pair["difference"] is None:
            tell(f"{head}: no problem that all seeds of both measured.")
            continue
        ahead, low, high = (100 * value for value in (pair["difference"], *pair["interval"]))
        tell(
            f"{head} over {pair['problems']} problems x {pair['seeds']} seeds: {ahead:.1f} points "
            f"(95 % {low:.1f} to {high:.1f}), p = {pair['p']:.2g} (Holm {pair['p_holm']:.2g})."
        )


def rated(row: dict[str, Any]) -> float:
    return -1.0 if row["pass@1"] is None else float(row["pass@1"])


def key_of(parts: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(parts[name] for name in APART)


def worth_showing(figures: dict[str, Any]) -> list[dict[str, Any]]:
    rows = figures["cells"]
    if len(rows) <= FEW:
        return list(figures["paired"])
    # max keeps the first of equals, and the log of a run does not change: the same each time.
    best = max(rows, key=rated)["cell"]
    return [pair for pair in figures["paired"] if best in (pair["a"], pair["b"])]


def verdict(pair: dict[str, Any], names: dict[str, str]) -> str:
    """The better of the two is named first."""
    sides = [(names[pair["a"]], pair["only_a"]), (names[pair["b"]], pair["only_b"])]
    edges = [100 * edge for edge in pair["interval"] or ()]
    if pair["only_b"] > pair["only_a"]:
        sides, edges = sides[::-1], [-edge for edge in edges[::-1]]
    (one, only_one), (other, only_other) = sides
    if pair["problems"] == 0:
        return f"{one} and {other}: no problem that both measured."
    head = f"{one} and {other} over {pair['problems']} problems: both right {pair['both']}"
    if only_one + only_other == 0:
        return f"{head}, none {pair['neither']}; they never differ. {reach(pair)}"
    ahead = 100 * abs(pair["difference"])
    lead = f"{one} is ahead by {ahead:.1f} points" if ahead else "they are equal"
    return (
        f"{head}, only {one} {only_one}, only {other} {only_other}, none {pair['neither']}; "
        f"{lead} (95 % {edges[0]:.1f} to {edges[1]:.1f}), p = {pair['p']:.2g} "
        f"(Holm {pair['p_holm']:.2g}). {reach(pair)}"
    )


def reach(pair: dict[str, Any]) -> str:
    """What so many problems could have shown."""
    least = pair["smallest_difference"]
    if least is None:
        return "So few problems can show no difference."
    return f"So many problems show differences from {100 * least:.0f} points on."
