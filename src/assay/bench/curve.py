"""pass@t: the share of problems solved within so many tokens each (Olausson et al. 2024)."""

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import Any

from assay.bench import Result
from assay.bench.progress import Progress


def curve(
    cell: str, results: Iterable[Result], progress: Mapping[str, Progress]
) -> list[dict[str, Any]]:
    """The steps of one cell, `tokens` rising: prompt and completion tokens of one problem.

    `solved`: problems whose search was over, and right, within so many. `written`: problems
    whose right answer had been tried by then, though the search went on; what it would be with a
    perfect stop. Of the measured problems; an unmeasured one is in neither count. No steps where
    it is not known what they cost.
    """
    rows = [row for row in results if row.hidden is not None]
    right = [row for row in rows if row.hidden]
    if any(row.tokens is None for row in right):
        return []
    ended = sorted(row.tokens or 0 for row in right)
    written = sorted(written_at(row, progress.get(row.problem)) for row in right)
    return [
        {
            "cell": cell,
            "tokens": tokens,
            "solved": bisect_right(ended, tokens),
            "written": bisect_right(written, tokens),
            "measured": len(rows),
        }
        for tokens in sorted({*ended, *written})
    ]


def written_at(row: Result, path: Progress | None) -> int:
    """Where the log does not tell, all that was spent."""
    known = None if path is None else path.answer_tokens
    return (row.tokens or 0) if known is None else known
