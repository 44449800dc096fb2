"""Why a result has no verdict of the hidden tests, in one phrase."""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from assay.bench import Result

CUT_OFF = "the budget of the whole run left no room for it"


def why(result: Result) -> str:
    """Empty where it has one."""
    if result.hidden is not None:
        return ""
    if result.cut_off:
        return CUT_OFF
    if result.status == "unmeasured":
        return result.reason
    if result.failures:
        return "a call of the model or a run failed on the way to the answer"
    return "no hidden tests, or they came to no verdict"


def counted(results: Iterable[Result]) -> list[dict[str, Any]]:
    return merged({"why": reason, "results": 1} for reason in map(why, results) if reason)


def merged(rows: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """Reasons with how many `results`, most first; those that differ in numbers alone (of a prompt,
    of a port) are one, with `…` for a number."""
    found: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for row in rows:
        kind = re.sub(r"\d+", "…", row["why"])
        found.setdefault(kind, set()).add(row["why"])
        counts[kind] += row["results"]
    return [
        {"why": kind if len(found[kind]) > 1 else min(found[kind]), "results": count}
        for kind, count in counts.most_common()
    ]
