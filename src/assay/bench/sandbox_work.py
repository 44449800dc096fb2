"""What the runners of `assay bench sandbox` are given to run: programs that pass their tests."""

from collections.abc import Callable
from typing import Any

from assay.problem.humaneval import rows

_NUMBERS = [0, 1, 2, -3, 10]
_LISTS = [[1], [2, 1], [3, 9, 4], [5, 5], [0, -1]]
_KINDS: tuple[tuple[str, Callable[[Any, int], Any], list[Any]], ...] = (
    ("x + {n}", lambda x, n: x + n, _NUMBERS),
    ("x * {n} - 1", lambda x, n: x * n - 1, _NUMBERS),
    ("[item * {n} for item in x]", lambda x, n: [item * n for item in x], _LISTS),
    ("x[::-1] + '{n}'", lambda x, n: x[::-1] + str(n), ["", "a", "ab", "abc", "abcd"]),
    ("sorted(x)[-1] + {n}", lambda x, n: max(x) + n, _LISTS),
    ("{{'sum': sum(x), 'n': {n}}}", lambda x, n: {"sum": sum(x), "n": n}, _LISTS),
)
"""The text of a function of `x`, what it gives, and five values of `x`."""
_TINY = 300


def tiny() -> list[dict[str, Any]]:
    """300 different functions of one line with five asserts each: what a run itself costs."""
    return [_tiny(number) for number in range(_TINY)]


def _tiny(n: int) -> dict[str, Any]:
    text, right, values = _KINDS[n % len(_KINDS)]
    asserts = "".join(f"    assert candidate({x!r}) == {right(x, n)!r}\n" for x in values)
    return {
        "task_id": f"tiny/{n}",
        "prompt": "",
        "completion": f"def f{n}(x):\n    return {text.format(n=n)}\n",
        "test": f"def check(candidate):\n{asserts}",
        "entry_point": f"f{n}",
    }


def humaneval() -> list[dict[str, Any]]:
    """HumanEval's 164 canonical solutions with its tests (Chen et al. 2021).

    Raises `UsageError` where the package is not installed.
    """
    return [
        {key: row[key] for key in ("task_id", "prompt", "test", "entry_point")}
        | {"completion": row["canonical_solution"]}
        for row in rows()
    ]


WORKS: dict[str, Callable[[], list[dict[str, Any]]]] = {"tiny": tiny, "humaneval": humaneval}
