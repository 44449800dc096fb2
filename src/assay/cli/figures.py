"""The figures of a comparison on stdout: the table, then a few sentences, within 80 columns.

What most readers can do without is in the report and in `--json`.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

from assay.bench import APART
from assay.bench.unmeasured import merged
from assay.cli.labels import labels, letters, plural
from assay.cli.screen import Screen, rate
from assay.feedback.shorten import visible

WIDTH = 79
NAME = 26
"""Columns of a cell's name in the table; where one is longer, they stand above it."""
FEW = 3
"""Up to so many cells every pair is shown; of more, each against the best."""


def show_figures(figures: dict[str, Any]) -> None:
    rows = figures["cells"]
    called = {row["cell"]: letter for row, letter in zip(rows, letters(len(rows)), strict=True)}
    table(rows)
    for row in rows:
        if said := remarks(row):
            tell(f"{called[row['cell']]}: {said}." if len(rows) > 1 else f"{said}.")
    if (pooled := figures.get("pooled")) and pooled["cells"]:
        show_pooled(pooled)
        if pooled["paired"] or "runs" not in figures:
            return  # seeds of one cell are no rivals
    if figures["paired"]:
        show_pairs(figures, called)


def tell(text: str) -> None:
    print(textwrap.fill(text, WIDTH, subsequent_indent="  ", break_on_hyphens=False))


def legend(rows: Sequence[dict[str, Any]]) -> list[str]:
    """A line a cell: its letter, and what it differs in from the others."""
    names = zip(letters(len(rows)), labels(rows), strict=True)
    return [
        textwrap.fill(f"{letter:<2} {name}", WIDTH, subsequent_indent="   ", break_on_hyphens=False)
        for letter, name in names
    ]


def table(rows: Sequence[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table

    names = labels(rows)
    apart = max(map(len, names)) > NAME
    if apart:
        print("\n".join(legend(rows) if len(rows) > 1 else names))
    shown = Table(box=None, pad_edge=False)
    for name in ("cell", "solved", "pass@1 (95 %)", "tokens", "seconds"):
        shown.add_column(name, justify="left" if name == "cell" else "right", no_wrap=True)
    for letter, name, row in zip(letters(len(rows)), names, rows, strict=True):
        whole = name if len(rows) == 1 else letter if apart else f"{letter:<2} {name}"
        shown.add_row(
            "" if apart and len(rows) == 1 else whole,
            f"{row['solved']}/{row['measured']}",
            rate(row),
            amount(row["tokens"], ",d"),
            amount(row["seconds"], ",.1f"),
        )
    Console(highlight=False, markup=False).print(shown)
    unknown = [name for name, row in zip(names, rows, strict=True) if row["tokens"] is None]
    if unknown:
        tell(f"-: what the programs of {', '.join(unknown)} cost is not known: made elsewhere.")


def amount(value: float | None, form: str) -> str:
    """What is not known is `-`, never 0."""
    return "-" if value is None else format(value, form)


def remarks(row: dict[str, Any]) -> str:
    """What the table does not show and a reader should know."""
    parts = []
    if false := row["false_positives"]:
        passing = row["visible_passed"]
        fail = "fails" if false == 1 else "fail"
        parts.append(f"{false} of {passing} that pass the visible tests {fail} the hidden ones")
    if row["abstained"]:
        parts.append(f"{row['abstained']} abstained")
    if row["questions"]:
        parts.append(
            f"{plural(row['questions'], 'question')} about {plural(row['questioned'], 'problem')}, "
            f'{row["questions_answered"]} answered, {row["questions_unknown"]} "don\'t know"'
        )
    return "; ".join(parts)


def tell_unmeasured(rows: Sequence[dict[str, Any]], screen: Screen) -> None:
    """How many of each cell, and the reasons over all of them."""
    called = letters(len(rows)) if len(rows) > 1 else ["all"]
    each = [
        f"{letter} {row['unmeasured']}"
        for letter, row in zip(called, rows, strict=True)
        if row["unmeasured"] and len(rows) > 1
    ]
    missing, total = (sum(row[name] for row in rows) for name in ("unmeasured", "items"))
    cells = f" ({', '.join(each)})" if each else ""
    lines = [f"{missing} of {total} NOT MEASURED and not in the rate{cells}:"]
    for one in merged(one for row in rows for one in row["unmeasured_why"]):
        lines.append(f"  {one['results']} x {visible(' '.join(one['why'].split()))}")
    if missing:
        screen.warn("\n".join(lines))


def show_pooled(pooled: dict[str, Any]) -> None:
    """Several seeds: each cell with all of them, and pairs of these, as `worth_showing` does."""
    rows = pooled["cells"]
    best = key_of(max(rows, key=rated))
    names = dict(zip(map(key_of, rows), labels(rows), strict=True))
    for row in rows:
        each = ", ".join(str(seed["solved"]) for seed in row["seeds"].values())
        tell(
            f"{names[key_of(row)]}, {len(row['seeds'])} seeds: {each} solved of "
            f"{plural(row['problems'], 'problem')}; pass@1 {rate(row)}, by problem and not by "
            "result."
        )
    for pair in pooled["paired"]:
        a, b = key_of(pair["a"]), key_of(pair["b"])
        if len(rows) > FEW and best not in (a, b):
            continue
        head = f"{names[a]} minus {names[b]}"
        if pair["difference"] is None:
            tell(f"{head}: no problem that all seeds of both measured.")
            continue
        ahead, low, high = points(pair["difference"], *pair["interval"])
        tell(
            f"{head} over {plural(pair['problems'], 'problem')} x {plural(pair['seeds'], 'seed')}: "
            f"{ahead} points (95 % {low} to {high}), p = {pair['p']:.2g} "
            f"(Holm {pair['p_holm']:.2g})."
        )


def points(*shares: float) -> list[str]:
    """In hundredths; what is rounded to nothing has no sign."""
    return [f"{round(100 * share, 1) + 0.0:.1f}" for share in shares]


def rated(row: dict[str, Any]) -> tuple[int, float]:
    """What is solved comes first: a rate over few problems that were measured is no lead."""
    return row["solved"], -1.0 if row["pass@1"] is None else float(row["pass@1"])


def key_of(parts: dict[str, Any]) -> tuple[Any, ...]:
    return (parts.get("run"), *(parts[name] for name in APART))


def show_pairs(figures: dict[str, Any], called: dict[str, str]) -> None:
    if not any(row["solved"] for row in figures["cells"]):
        tell("Nothing is solved, so there is nothing to compare.")
        return
    shown = worth_showing(figures)
    pairs_table([pair for pair in shown if pair["only_a"] + pair["only_b"]], called)
    same = [pair for pair in shown if pair["problems"] and not pair["only_a"] + pair["only_b"]]
    apart = [pair for pair in shown if not pair["problems"]]
    for text, pairs in (("Never differ", same), ("No problem that both measured", apart)):
        if pairs:
            both = (f"{called[pair['a']]} and {called[pair['b']]}" for pair in pairs)
            tell(f"{text}: {', '.join(both)}.")
    if any(pair["problems"] for pair in shown):
        tell(reach(shown))
    if len(shown) < len(figures["paired"]):
        tell(f"Each is compared with the best; all {len(figures['paired'])} pairs: --json.")


def worth_showing(figures: dict[str, Any]) -> list[dict[str, Any]]:
    rows = figures["cells"]
    if len(rows) <= FEW:
        return list(figures["paired"])
    # max keeps the first of equals, and the log of a run does not change: the same each time.
    best = max(rows, key=rated)["cell"]
    return [pair for pair in figures["paired"] if best in (pair["a"], pair["b"])]


def pairs_table(pairs: Sequence[dict[str, Any]], called: dict[str, str]) -> None:
    """Cells that differ on a problem; the better of the two is the first."""
    from rich.console import Console
    from rich.table import Table

    shown = Table(box=None, pad_edge=False)
    names = ("pair", "problems", "only 1st", "only 2nd", "points ahead (95 %)", "p", "Holm")
    for name in names:
        shown.add_column(name, justify="left" if name == "pair" else "right", no_wrap=True)
    for pair in pairs:
        sides = [(called[pair["a"]], pair["only_a"]), (called[pair["b"]], pair["only_b"])]
        edges = list(pair["interval"])
        if pair["only_b"] > pair["only_a"]:
            sides, edges = sides[::-1], [-edge for edge in edges[::-1]]
        (one, only_one), (other, only_other) = sides
        ahead, low, high = points(abs(pair["difference"]), *edges)
        shown.add_row(
            f"{one} {'>' if only_one > only_other else '='} {other}",
            str(pair["problems"]),
            str(only_one),
            str(only_other),
            f"{ahead} ({low} to {high})",
            f"{pair['p']:.2g}",
            f"{pair['p_holm']:.2g}",
        )
    if pairs:
        Console(highlight=False, markup=False).print(shown)


def reach(pairs: Sequence[dict[str, Any]]) -> str:
    """What so many problems could have shown: below it, nothing shown is no sign of nothing."""
    known = [pair["smallest_difference"] for pair in pairs if pair["problems"]]
    least = [share for share in known if share is not None]
    if not least:
        return "So few problems can show no difference."
    low, high = (f"{100 * share:.0f}" for share in (min(least), max(least)))
    span = low if low == high else f"{low} to {high}"
    return f"So many problems show differences from {span} points on; smaller ones stay unseen."
