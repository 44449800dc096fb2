"""Why a result has no verdict of the hidden tests, in one phrase."""

import re
from collections.abc import Iterable
from typing import Any

from assay.bench import Result


def why(result: Result) -> str:
    """Empty where it has one."""
    if result.hidden is not None:
        return ""
    if result.status == "unmeasured":
        return result.reason
    if result.stopped == "total budget" and result.status != "verified":
        return "the budget of the whole run ended first"
    if result.failures:
        return "a call of the model or a run failed on the way to the answer"
    return "no hidden tests, or they came to no verdict"


def counted(results: Iterable[Result]) -> list[dict[str, Any]]:
    """Reasons with how often, most often first; those that differ in numbers alone (of a prompt, of
    a port) are one, and the first stands for them."""
    first: dict[str, str] = {}
    counts: dict[str, int] = {}
    for reason in filter(None, map(why, results)):
        kind = re.sub(r"\d+", "0", reason)
        first.setdefault(kind, reason)
        counts[kind] = counts.get(kind, 0) + 1
    order = sorted(counts, key=lambda kind: -counts[kind])
    return [{"why": first[kind], "results": counts[kind]} for kind in order]
