"""Any two cells over the problems that both measured: `paired` of `bench --json`."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations
from typing import Any

from assay.bench import Result
from assay.bench.paired import holm, mcnemar, paired_bootstrap, smallest_difference

Verdicts = Mapping[str, bool]
"""By problem: whether the cell solved it."""


def verdicts(results: Iterable[Result]) -> dict[str, bool]:
    """Those that were measured."""
    return {row.problem: row.hidden for row in results if row.hidden is not None}


def all_pairs(cells: Mapping[str, Verdicts]) -> list[dict[str, Any]]:
    return paired(cells, list(combinations(cells, 2)))


def paired(cells: Mapping[str, Verdicts], pairs: Sequence[tuple[str, str]]) -> list[dict[str, Any]]:
    """A row a pair; `p_holm` is adjusted for all of these pairs that have a p."""
    rows = [compare_two(a, b, cells[a], cells[b]) for a, b in pairs]
    tested = [row for row in rows if row["p"] is not None]
    for row, p in zip(tested, holm([row["p"] for row in tested]), strict=True):
        row["p_holm"] = p
    return rows


def compare_two(name_a: str, name_b: str, a: Verdicts, b: Verdicts) -> dict[str, Any]:
    """Figures that need a problem in common are `None` where there is none."""
    common = [problem for problem in a if problem in b]
    both = sum(a[problem] and b[problem] for problem in common)
    only_a = sum(a[problem] and not b[problem] for problem in common)
    only_b = sum(b[problem] and not a[problem] for problem in common)
    count = len(common)
    return {
        "a": name_a,
        "b": name_b,
        "problems": count,
        "both": both,
        "only_a": only_a,
        "only_b": only_b,
        "neither": count - both - only_a - only_b,
        "difference": (only_a - only_b) / count if count else None,
        "interval": list(paired_bootstrap(only_a, only_b, count)) if count else None,
        "p": mcnemar(only_a, only_b) if count else None,
        "p_holm": None,
        "smallest_difference": smallest_difference(count, only_a + only_b),
    }
