"""QuixBugs as items: the correct programs pass, the buggy ones are seen to be wrong."""

import json
from pathlib import Path

import pytest

from assay.errors import ProblemError
from assay.grade.quixbugs import items
from assay.problem import Limits
from assay.sandbox import Job, open_blocking

DATA = Path(__file__).parents[3] / "shared" / "data" / "quixbugs" / "quixbugs.jsonl"


@pytest.mark.skipif(not DATA.exists(), reason="the file of QuixBugs is not here")
def test_correct_programs_pass_and_buggy_ones_fail_a_visible_test() -> None:
    """Catches: cases read wrongly (generators, tuples, tolerance, graphs), a bug that shows in
    hidden tests only, a test that stands on both sides."""
    rows = [json.loads(line) for line in DATA.read_text().splitlines()]
    found = items(DATA)
    assert len(found) == 40
    for row, item in zip(rows, found, strict=True):
        visible, tests = item.problem.tests, item.hidden
        assert visible
        assert set(visible) < set(tests)
        assert len({test.id for test in tests}) == len(tests)
        assert row["correct"].strip() not in item.problem.prompt
    brief = Limits(cpu_seconds=0.3, wall_seconds=5)  # some of the bugs are endless loops
    with open_blocking() as box:
        right = [
            Job(code=row["correct"], tests=i.hidden) for row, i in zip(rows, found, strict=True)
        ]
        wrong = [
            Job(code=row["buggy"], tests=i.problem.tests, limits=brief)
            for row, i in zip(rows, found, strict=True)
        ]
        runs = box.run(right + wrong)
    for row, correct, buggy in zip(rows, runs[:40], runs[40:], strict=True):
        assert correct.passed, (row["name"], correct.verdicts)
        assert not buggy.passed, row["name"]


@pytest.mark.parametrize(
    "line", ["[]", "{}", '{"name": "f", "buggy": "", "cases": [1], "pytest": null}', "no json"]
)
def test_a_row_that_is_none_is_named_with_its_line(tmp_path: Path, line: str) -> None:
    """Catches: a traceback for a file of another kind."""
    path = tmp_path / "q.jsonl"
    path.write_text(line + "\n")
    with pytest.raises(ProblemError, match=r"line 1"):
        items(path)
