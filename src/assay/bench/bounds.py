"""What a grid may use at most, by its budgets: figures of a `--dry-run`."""

from collections.abc import Sequence
from dataclasses import fields

from assay.search.budget import Budget, Price

LIMITS = tuple(field.name for field in fields(Budget))


def bounds(
    budgets: Sequence[Budget], prices: Sequence[Price | None], problems: int, total: Budget
) -> dict[str, float | None]:
    """By the name of a limit, the most that all cells together may use; `None` is no limit.

    A budget is of each problem in each cell, `total` of the whole run. Seconds are those of the
    problems one after the other. Where a server reports more than it was allowed to write, the
    calls that are then under way exceed the bound, and no call follows them.
    """
    pairs = list(zip(budgets, prices, strict=True))
    found: dict[str, float | None] = {}
    for name in LIMITS:
        cells = [limit(budget, price, name) for budget, price in pairs]
        known = [value for value in cells if value is not None]
        most = problems * sum(known) if len(known) == len(cells) else None
        found[name] = least(most, getattr(total, name))
    found["completion_tokens"] = least(found["completion_tokens"], found["tokens"])
    return found


def limit(budget: Budget, price: Price | None, name: str) -> float | None:
    """Of one problem. Tokens limit the dollars, as the dearer kind of them."""
    if name != "dollars" or price is None:
        own: float | None = getattr(budget, name)
        return own
    dearest = max(price.prompt, price.completion)
    if dearest == 0.0:
        return 0.0
    tokens = None if budget.tokens is None else dearest * budget.tokens / 1e6
    return least(budget.dollars, tokens)


def least(one: float | None, other: float | None) -> float | None:
    if one is None or other is None:
        return one if other is None else other
    return min(one, other)
