"""EvalPlus' suites as items: both published forms judge alike, and nothing judges too kindly."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pytest

from assay.errors import ProblemError
from assay.grade import Item, evalplus, evalplus_check, hidden_job
from assay.problem import reading
from assay.sandbox import open_blocking

SHARED = Path(os.environ.get("ASSAY_SHARED", Path(__file__).parents[3] / "shared")) / "data"
HUMANEVAL = SHARED / "humaneval-plus" / "HumanEvalPlus.jsonl.gz"
MBPP = SHARED / "mbpp-plus" / "MbppPlus.jsonl.gz"
needs_data = pytest.mark.skipif(not HUMANEVAL.exists(), reason=f"{HUMANEVAL} is not here")
SPECIAL = {
    "HumanEval/32",  # any root is right
    "Mbpp/2", "Mbpp/115", "Mbpp/124", "Mbpp/252", "Mbpp/259", "Mbpp/278", "Mbpp/558", "Mbpp/580",
    "Mbpp/581", "Mbpp/722", "Mbpp/737", "Mbpp/793",
}  # fmt: skip
"""One of each kind of input and of comparison."""


def loaded(path: Path) -> dict[str, Item]:
    load = evalplus.mbpp_items if "Mbpp" in path.name else evalplus.humaneval_items
    return {item.problem.id: item for item in load(path)}


def outcomes(items: list[Item], codes: list[str]) -> list[str]:
    with open_blocking(slots=2) as box:
        jobs = [hidden_job(item, code) for item, code in zip(items, codes, strict=True)]
        runs = box.run(jobs)
    assert {run.judging for run in runs} == {"isolated"}
    return [run.outcome for run in runs]


@needs_data
def test_references_pass_and_programs_that_give_nothing_do_not() -> None:
    """Catches: inputs read as lists where they are tuples, sets or complex numbers, a comparison
    that is too strict, a reference that is judged in the candidate's place."""
    every = loaded(HUMANEVAL) | loaded(MBPP)
    assert len(every) == 164 + 378
    items = [item for name, item in every.items() if name in SPECIAL or name.endswith("50")]
    assert len(items) >= 15
    references = [item.reference or "" for item in items]
    nothing = [f"def {item.problem.entry_point}(*given): return None" for item in items]
    assert set(outcomes(items, references)) == {"passed"}
    assert "passed" not in outcomes(items, nothing)


@needs_data
def test_the_form_with_tests_as_text_has_the_same_problems() -> None:
    """Catches: a form whose ids, functions, visible tests or references differ."""
    for path in (HUMANEVAL, MBPP):
        one = loaded(path)
        two = loaded(path.with_name(path.name.replace(".jsonl", "-OriginFmt.jsonl")))
        assert one.keys() == two.keys()
        for name, item in one.items():
            problem = two[name].problem
            assert item.problem.tests == problem.tests, name
            assert item.problem.entry_point == problem.entry_point
            assert (item.reference or "").strip() == (two[name].reference or "").strip()
            assert item.problem.tests or path is HUMANEVAL, name
    assert not {item.problem.entry_point for item in one.values()} & set(vars(evalplus_check))


ROW: dict[str, Any] = {
    "task_id": "HumanEval/0",
    "prompt": 'def f(x):\n    """Half of it.\n\n    >>> f(3.0)\n    1.5\n    """\n',
    "canonical_solution": "    x_ = x / 2\n    return x_\n",
    "entry_point": "f",
    "base_input": [[3.0], [1e300]],
    "plus_input": [[0.1], [7]],
    "atol": 0,
}


def item_of(**changes: Any) -> Item:
    return evalplus.humaneval_item(ROW | changes)


@pytest.mark.parametrize(
    ("body", "passes"),
    [
        ("return x / 2 + 1e-9", True),
        ("return x / 2 + 1e-3", False),
        ("return [x / 2]", False),
        ("return str(x / 2)", False),
        ("return float('nan')", False),
        ("return x / 2 if x != 7 else 0.0", False),
    ],
)
def test_floats_are_compared_as_evalplus_does(body: str, passes: bool) -> None:
    """Catches: a tolerance for what is exact, none for floats, plus inputs that are not run."""
    [outcome] = outcomes([item_of()], [f"def f(x):\n    {body}\n"])
    assert (outcome == "passed") is passes


def test_a_candidate_neither_sees_nor_changes_what_it_is_compared_with() -> None:
    """Catches: a reference that works on the list which the candidate has emptied, and one that a
    candidate replaces by a function of the same name."""
    item = item_of(
        prompt='def f(x):\n    """Sorted."""\n',
        canonical_solution="    return sorted(x)\n",
        base_input=[[[3, 1, 2]]],
        plus_input=[],
    )
    assert [test.id for test in item.hidden] == ["base"]
    empties = "def f(x):\n    x.clear()\n    return x\n"
    spies = (
        "import sys\ndef f(x):\n"
        "    return next(v for k, v in globals().items() if k in ('DATA', 'reference'))\n"
    )
    fools = "def same(*a): return True\nclose = also_right = check_calls = same\nf = same\n"
    right = "def f(x):\n    x.sort()\n    return x\n"
    found = outcomes([item] * 4, [empties, spies, fools, right])
    assert "passed" not in found[:3]
    assert found[3] == "passed"


def test_the_visible_tests_of_mbpp_are_the_assert_of_its_task() -> None:
    """Catches: hidden inputs among the visible tests, an assert without its import."""
    row = {
        "task_id": "Mbpp/124",
        "prompt": '"""\nWrite half.\nassert math.isclose(half(1), 0.5)\n"""\n',
        "canonical_solution": "def half(x): return x / 2",
        "entry_point": "half",
        "base_input": [["1", "2"]],
        "plus_input": {},
        "atol": 0.001,
    }
    item = evalplus.mbpp_item(row)
    assert item.problem.prompt == "Write half.\n\nassert math.isclose(half(1), 0.5)\n"
    assert len(item.problem.tests) == 1
    assert "1j" not in repr(item.problem)
    given = [[2, 3], [4, 5]]
    assert evalplus_check.given_of("Mbpp/2", given) == [(2, 3), (4, 5)]
    assert evalplus_check.given_of("HumanEval/2", given) == given


@pytest.mark.parametrize(
    "change",
    [
        {"base_input": [1]}, {"base_input": 1}, {"plus_input": "ab"}, {"entry_point": "f; x"},
        {"entry_point": "check_calls"}, {"atol": "much"}, {"prompt": 1}, {"task_id": None},
        {"canonical_solution": None}, {"prompt": "def f(:"}, {"prompt": "(" * 5000},
    ],
)  # fmt: skip
def test_a_wrong_row_is_named_with_its_line(tmp_path: Path, change: dict[str, Any]) -> None:
    """Catches: a traceback, or a problem that nothing grades, from a damaged or hostile row."""
    path = tmp_path / "f.jsonl"
    path.write_text(json.dumps(ROW | {"task_id": "ok"}) + "\n" + json.dumps(ROW | change) + "\n")
    with pytest.raises(ProblemError, match="line 2"):
        evalplus.humaneval_items(path)


def test_a_packed_file_that_bursts_or_is_damaged_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: memory filled by a few packed bytes, a traceback from half a file."""
    path = tmp_path / "f.jsonl.gz"
    whole = gzip.compress((json.dumps(ROW) + "\n").encode())
    path.write_bytes(whole)
    assert [item.problem.id for item in evalplus.humaneval_items(path)] == ["HumanEval/0"]
    for damaged in (whole[:-20], b"no gzip", whole[:30] + b"\xff" * 20 + whole[50:]):
        path.write_bytes(damaged)
        with pytest.raises(ProblemError):
            evalplus.humaneval_items(path)
    path.write_bytes(gzip.compress(b"0" * 40_000_000))
    with pytest.raises(ProblemError, match="longer than 16 MB"):
        evalplus.humaneval_items(path)
    monkeypatch.setattr(reading, "MAX_UNPACKED", 1 << 20)
    path.write_bytes(gzip.compress(b"\n" * 3_000_000))
    with pytest.raises(ProblemError, match="more than 1 MB unpacked"):
        evalplus.humaneval_items(path)
