"""Near-duplicates: planted copies are found however they are dressed, unrelated rows are not."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bench.duplicates import (
    Index,
    defined,
    duplicates,
    grams,
    text_of,
    tokens,
)
from assay.bench.suites import load_suite
from assay.errors import ProblemError, UsageError
from assay.grade import Item
from assay.problem import Problem

SHARED = Path(os.environ.get("ASSAY_SHARED", Path(__file__).parents[3] / "shared")) / "data"
MBPP = SHARED / "mbpp-plus" / "MbppPlus.jsonl.gz"


@pytest.fixture(scope="module")
def suite() -> list[Item]:
    try:
        return load_suite("humaneval")
    except UsageError as error:
        pytest.skip(str(error))


def renamed(text: str, number: int) -> str:
    for n, name in enumerate(sorted(defined(text))):
        text = re.sub(rf"\b{name}\b", f"other_{number}_{n}", text)
    return text


def reformatted(text: str) -> str:
    return re.sub(r" +", "\t", text.replace("'", '"').replace(", ", " ,"))


def test_every_planted_copy_is_found(suite: list[Item]) -> None:
    """Catches: a copy that escapes by other names, quotes, white space, or by what stands
    around it; one that is found as another problem."""
    index = Index(suite)
    assert index.short == []
    around = "Here is a task of an interview.\n{}\nHere are some words that have nothing to do."
    for number, item in enumerate(suite):
        reference = item.reference or ""
        copies = [
            reference,
            renamed(reference, number),
            reformatted(reference),
            around.format(renamed(item.problem.prompt, number)),
        ]
        for copy in copies:
            found = {pair.problem: pair for pair in index.alike(copy, "row")}
            assert item.problem.id in found, (item.problem.id, copy)
            assert len(found) <= 2


@pytest.mark.skipif(not MBPP.exists(), reason=f"{MBPP} is not here")
def test_problems_of_another_suite_are_no_copies(suite: list[Item]) -> None:
    """Catches: code that is alike because all code is."""
    index = Index(suite)
    others = load_suite("mbpp+", MBPP)
    texts = [f"{item.problem.prompt}\n{item.reference}" for item in others]
    assert [pair for text in texts for pair in index.alike(text, "row")] == []
    own = [pair for i in suite for pair in index.alike(i.reference or "", i.problem.id)]
    assert all(pair.problem == pair.row for pair in own)


@given(st.text(alphabet="ab c=(),:\n", max_size=80))
def test_similarity_is_a_share(text: str) -> None:
    """Catches: a gram of a row that is counted as often as it stands there, a negative length."""
    words = tokens(text)
    assert len(list(grams(words))) == max(0, len(words) - 7)
    task = "Return the sum of all even numbers that stand in the list, or zero for an empty one. "
    item = Item(problem=Problem(id="p", prompt=task * 2 + text))
    [pair] = Index([item]).alike((task * 2 + text) * 3, "row")
    assert pair.similarity == 1.0


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ({"text": "a"}, "a"),
        ({"prompt": "a", "completion": "b"}, "a\nb"),
        ({"messages": [{"role": "user", "content": "a"}, {"content": [{"text": "b"}]}]}, "a\nb"),
        ({"chosen": [{"content": "a"}], "rejected": "b", "score": 1}, "a\nb"),
        ({"id": "a"}, ""),
        ({"text": 7, "prompt": None, "messages": {"content": {"content": "x"}}}, ""),
    ],
)
def test_the_text_of_a_row(row: dict[str, Any], text: str) -> None:
    """Catches: a form of training rows whose text is not looked at."""
    assert text_of(row) == text


def test_rows_are_named_by_their_lines(tmp_path: Path, suite: list[Item]) -> None:
    """Catches: a pair that cannot be found again; rows without a text passed over in silence, so
    that a suite seems clean; a row nested without end."""
    path = tmp_path / "rows.jsonl"
    rows = [{"text": "nothing"}, {"prompt": suite[3].problem.prompt}]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    [pair] = duplicates(Index(suite), path)
    assert (pair.problem, pair.part, pair.row) == ("HumanEval/3", "prompt", f"{path}, line 2")
    for wrong in ('{"id": 1}', "[]", "no json", '{"text": ' + "[" * 100_000 + "]" * 100_000 + "}"):
        path.write_text(json.dumps(rows[0]) + "\n" + wrong + "\n")
        with pytest.raises(ProblemError, match="line 2"):
            list(duplicates(Index(suite), path))


def test_short_problems_are_said_not_to_be_compared() -> None:
    """Catches: a problem of one line that counts as clean."""
    item = Item(problem=Problem(id="p", prompt="Write add(a, b)."), reference="def add(a): pass")
    assert Index([item]).short == ["p"]
