"""The figures of a comparison on stdout: the table, then plain sentences, within 80 columns."""

import textwrap
from collections.abc import Sequence
from typing import Any

from assay.cli.screen import rate
from assay.feedback.shorten import head

WIDTH = 79
FEW = 3
"""Up to so many cells every pair is shown; of more, each against the best."""


def show_figures(figures: dict[str, Any]) -> None:
    rows = figures["cells"]
    names = dict(zip((row["cell"] for row in rows), labels(rows), strict=True))
    table(rows)
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

    shown = Table(box=None, pad_edge=False)
    for name in ("cell", "model", "solved", "pass@1 (95 %)", "tokens", "seconds"):
        shown.add_column(name, justify="left" if name in ("cell", "model") else "right")
    for name, row in zip(labels(rows, without="model"), rows, strict=True):
        shown.add_row(
            name,
            head(row["model"].rpartition("/")[2], 20),
            f"{row['solved']}/{row['measured']}",
            rate(row),
            f"{row['tokens']:,}",
            f"{row['seconds']:,.1f}",
        )
    Console(highlight=False).print(shown)


def labels(rows: Sequence[dict[str, Any]], without: str = "") -> list[str]:
    """The shortest names that tell the cells apart: the strategy, and what else differs;
    `without` a part that stands elsewhere."""
    parts = {
        "run": [row.get("run", "") for row in rows],
        "strategy": [row["strategy"] for row in rows],
        "selector": [f"/ {row['selector']}" for row in rows],
        "model": [f"with {row['model']}" for row in rows],
        "seed": [f"seed {row['seed']}" for row in rows],
    }
    kept = [
        values
        for name, values in parts.items()
        if name == "strategy" or (name != without and len(set(values)) > 1)
    ]
    return [" ".join(words) for words in zip(*kept, strict=True)]


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
    return f"{name}: {'; '.join(parts)}."


def worth_showing(figures: dict[str, Any]) -> list[dict[str, Any]]:
    rows = figures["cells"]
    if len(rows) <= FEW:
        return list(figures["paired"])
    # max keeps the first of equals, and the log of a run does not change: the same each time.
    best = max(rows, key=lambda row: -1.0 if row["pass@1"] is None else row["pass@1"])["cell"]
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
