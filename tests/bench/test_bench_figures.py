"""The figures of cells and pairs: over what was measured, each counted once, none made up."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bench import Cell, Result
from assay.bench.curve import curve
from assay.bench.pairs import all_pairs, paired
from assay.bench.progress import Progress, follow
from assay.bench.stored import graded_by
from assay.bench.summary import seeds, summary
from assay.bench.unmeasured import why
from assay.grade import Item
from assay.problem import Call, Problem
from assay.select.answer import Status
from assay.store import Event, last_try

CELL = Cell(suite="s", model="m", strategy="sample", selector="agreement")
VERDICTS = st.dictionaries(st.sampled_from("abcdefgh"), st.booleans())


def result(
    problem: str,
    hidden: bool | None,
    status: Status = "verified",
    tokens: tuple[int, int] = (70, 30),
    confidence: float | None = None,
    code: str | None = "code",
    visible: dict[str, int] | None = None,
) -> Result:
    cost = {
        "prompt_tokens": tokens[0],
        "completion_tokens": tokens[1],
        "seconds": 3.0,
        "model_seconds": 2.0,
        "sandbox_seconds": 0.75,
    }
    return Result(
        problem=problem,
        status=status,
        reason="",
        code=code,
        confidence=confidence,
        visible=visible or {"passed": int(status == "verified"), "total": 1},
        hidden=hidden,
        candidates=1,
        cost=cost,
        judging="isolated",
        questions=0,
        stopped="passed",
        log=f"run/{problem}",
    )


ROWS = [
    result("a", True),
    result("b", True, tokens=(150, 50)),
    result("c", False),
    result("d", False, "failed", tokens=(500, 100)),
    result("e", None, "unmeasured", tokens=(900, 100)),
    result("f", False, "abstained", tokens=(0, 0), visible={"passed": 0, "total": 0}),
    result("g", None, tokens=(0, 0)),
]
PATHS = {
    "a": Progress(attempts=1, first_pass=1, answer=1, answer_tokens=100),
    "b": Progress(attempts=4, first_pass=2, answer=4, answer_tokens=120),
    "c": Progress(attempts=3, first_pass=3, answer=3, answer_tokens=100),
    "d": Progress(attempts=3, first_pass=None, answer=2, answer_tokens=400),
}


def test_the_summary_of_a_cell() -> None:
    """Catches: a figure over the wrong problems: unmeasured ones in a rate, a false positive that
    never passed, rounds of problems that nothing solved, seconds that are counted twice."""
    row = summary(CELL, ROWS, PATHS)
    assert (row["items"], row["measured"], row["unmeasured"], row["solved"]) == (7, 5, 2, 2)
    assert (row["pass@1"], row["abstained"]) == (0.4, 1)
    assert (row["visible_passed"], row["visible_pass_rate"]) == (4, 0.8)
    assert row["false_positives"] == 1
    assert (row["answered"], row["answered_wrong"]) == (3, 1)
    assert (row["tokens"], row["completion_tokens"]) == (2_000, 310)
    assert row["solved_per_1000_tokens"] == 2.0
    assert row["seconds"] == 21
    assert (row["model_seconds"], row["sandbox_seconds"], row["rest_seconds"]) == (14, 5.25, 1.75)
    assert row["rounds"] == 2.0
    assert row["mrr"] == (1 + 1 / 4) / 4
    assert row["recall"] == 0.5
    assert row["confidence"] is None


def test_an_abstention_that_passes_its_tests_is_counted_as_both() -> None:
    """Catches: a visible pass that is lost because the confidence was too low; an abstention that
    is blamed as a wrong answer."""
    passing = {"passed": 2, "total": 2}
    rows = [
        result("a", False, "abstained", visible=passing),
        result("b", True, "abstained", visible=passing),
    ]
    row = summary(CELL, rows)
    assert (row["visible_passed"], row["visible_pass_rate"]) == (2, 1.0)
    assert (row["abstained"], row["answered"], row["answered_wrong"]) == (2, 0, 0)
    assert (row["solved"], row["false_positives"]) == (1, 1)


def test_nothing_measured_is_no_rate() -> None:
    """Catches: 0 where there is no figure."""
    row = summary(CELL, [ROWS[4]])
    absent = {name for name, value in row.items() if value is None}
    assert absent == {
        *("pass@1", "interval", "visible_pass_rate", "solved_per_1000_tokens"),
        *("rounds", "mrr", "recall", "confidence"),
        *("model_cpu_seconds", "sandbox_cpu_seconds", "rest_cpu_seconds"),  # of an older log
    }
    free = summary(CELL, [result("a", True, tokens=(0, 0))])
    assert free["solved_per_1000_tokens"] is None


def test_no_program_is_the_least_sure_answer() -> None:
    """Catches: a cell that looks well calibrated because its crashes are left out."""
    rows = [
        result("a", True, confidence=0.9),
        result("b", True, confidence=0.6),
        result("c", False, "failed", code=None),
        result("d", False, "failed"),
    ]
    found = summary(CELL, rows)["confidence"]
    assert found["answers"] == 3
    assert found["excess_aurc"] == pytest.approx(0)
    assert found["aurc"] == pytest.approx(1 / 9)
    assert found["coverage_at_risk"] == {"0.05": 2 / 3, "0.1": 2 / 3}
    assert summary(CELL, rows[2:])["confidence"] is None


def event(kind: str, **body: Any) -> Event:
    return Event(0, "run", "item", kind, body, 0.0)


def asked(prompt: int, completion: int) -> Event:
    usage = {"prompt_tokens": prompt, "completion_tokens": completion, "cached_tokens": 0}
    return event("completion", completion={"usage": usage})


def tried(code: str | None, passed: bool | None) -> Event:
    return event("attempt", candidate={"code": code}, feedback={"passed": passed})


TESTED, UNTESTED = event("problem", tests=[{"id": "1"}]), event("problem", tests=[])


def test_a_problem_that_was_taken_up_again_is_followed_from_its_last_start() -> None:
    """Catches: attempts and tokens of a try that a kill cut off; the last of equal programs
    taken for the first."""
    cut = [TESTED, asked(900, 90), tried("code", True)]
    whole = [TESTED, asked(40, 10), tried("no", False), tried(None, False)]
    whole += [asked(30, 20), tried("code", True), tried("code", True), event("decision")]
    found = follow(last_try(cut + whole), result("a", True))
    assert found == Progress(attempts=4, first_pass=3, answer=3, answer_tokens=100)
    assert follow(whole, result("a", True)) == found


def test_what_the_log_does_not_tell_stays_open() -> None:
    """Catches: the tokens of a server that does not count them, an answer that no attempt had, a
    pass where there are no tests, `None` taken for the same program as `None`."""
    events = [TESTED, asked(0, 0), tried("code", None)]
    assert follow(events, result("a", True)) == Progress(
        attempts=1, first_pass=None, answer=1, answer_tokens=None
    )
    nothing = follow([TESTED, tried(None, False)], result("a", False, code=None))
    assert (nothing.attempts, nothing.answer) == (1, None)
    untested = follow([UNTESTED, tried("code", True)], result("a", True))
    assert (untested.first_pass, untested.answer) == (None, 1)


def consult(reply: dict[str, Any] | None, again: bool = False) -> Event:
    return event("consult", question={"again": again}, reply=reply)


def test_answers_are_counted_as_the_questions_are() -> None:
    """Catches: "don't know" that counts as an answer, a question that nobody was asked or that was
    put again counted."""
    told: dict[str, Any] = {"choice": 0, "text": "", "asked": True}
    events = [
        *(consult(told), consult(told | {"choice": None, "text": "4"})),
        *(consult(told | {"choice": None}), consult(told, again=True)),
        *(consult(None), consult(told | {"asked": False})),
    ]
    found = follow([TESTED, *events], result("a", True))
    assert (found.answered, found.unknown) == (2, 1)
    row = summary(CELL, [replace(result("a", True), questions=3)], {"a": found})
    counts = [row[f"questions{part}"] for part in ("", "_answered", "_unknown")]
    assert counts == [3, 2, 1]


def test_what_was_not_measured_has_a_reason() -> None:
    """Catches: a result without a verdict and without a word; one reason that is many because of
    a number in it."""
    failed = result("a", None, "unmeasured")
    rows = [
        *(replace(failed, reason=f"no reply left for prompt {n}") for n in range(3)),
        replace(result("b", None), stopped="total budget", status="failed"),
        replace(result("c", None), failures=1),
        *(result("d", None), result("e", True), result("f", False)),
    ]
    found = summary(CELL, rows)
    assert found["unmeasured_why"][0] == {"why": "no reply left for prompt …", "results": 3}
    assert sum(one["results"] for one in found["unmeasured_why"]) == found["unmeasured"] == 6
    assert [bool(why(row)) for row in rows] == [row.hidden is None for row in rows]
    assert "budget of the whole run" in why(rows[3])


def test_the_curve_of_tokens() -> None:
    """Catches: wrong or unmeasured problems on the curve, a program that counts before it was
    written, a curve that falls or ends below what was solved."""
    steps = curve("x", ROWS, PATHS)
    found = [(step["tokens"], step["solved"], step["written"]) for step in steps]
    assert found == [(100, 1, 1), (120, 1, 2), (200, 2, 2)]
    assert {(step["cell"], step["measured"]) for step in steps} == {("x", 5)}
    assert [step["written"] for step in curve("x", ROWS, {})] == [1, 2]
    assert curve("x", ROWS[2:], PATHS) == []


@given(VERDICTS, VERDICTS)
def test_a_pair_counts_what_both_measured(a: dict[str, bool], b: dict[str, bool]) -> None:
    """Catches: a problem that only one cell measured, a count that is lost, sides that swap."""
    [row] = all_pairs({"a": a, "b": b})
    [turned] = all_pairs({"b": b, "a": a})
    counts = [row[name] for name in ("both", "only_a", "only_b", "neither")]
    assert sum(counts) == row["problems"] == len(a.keys() & b.keys())
    assert (row["only_a"], row["only_b"]) == (turned["only_b"], turned["only_a"])
    assert (row["p"], row["p_holm"]) == (turned["p"], turned["p_holm"])
    if row["problems"]:
        assert row["difference"] == -turned["difference"]
        assert row["interval"][0] <= row["difference"] <= row["interval"][1]
        assert row["p"] == row["p_holm"]
    else:
        assert (row["difference"], row["interval"], row["p"]) == (None, None, None)


def test_equal_cells_and_several_pairs() -> None:
    """Catches: a p below 1 for cells that never differ; Holm over pairs that have no p, or over
    none; a pair of a cell with itself."""
    good, bad = dict.fromkeys("abcdefgh", True), dict.fromkeys("abcdefgh", False)
    rows = all_pairs({"good": good, "same": good, "bad": bad, "empty": {}})
    found = {(row["a"], row["b"]): (row["p"], row["p_holm"]) for row in rows}
    assert len(found) == 6
    assert found["good", "same"] == (1.0, 1.0)
    assert found["good", "bad"] == found["same", "bad"] == (2 / 2**8, 6 / 2**8)
    assert found["bad", "empty"] == (None, None)
    [row] = paired({"good": good, "bad": bad}, [("bad", "good")])
    assert (row["a"], row["difference"], row["p_holm"]) == ("bad", -1.0, 2 / 2**8)


def test_cells_that_differ_in_the_seed_are_samples_of_one() -> None:
    """Catches: pass@k over problems that one seed did not measure, or over other strategies."""

    def cell(seed: int, strategy: str = "sample") -> Cell:
        return Cell(suite="s", model="m", strategy=strategy, selector="x", seed=seed)

    first = [result("a", True), result("b", False), result("c", True)]
    second = [result("a", False), result("b", False), result("c", None)]
    one, other = seeds([(cell(0), first), (cell(1), second), (cell(0, "self_debug"), first)])
    assert (one["seeds"], one["problems"]) == (2, 2)
    assert one["pass@k"] == {"1": 0.25, "2": 0.5}
    assert other["pass@k"] == {"1": pytest.approx(2 / 3)}


def test_what_graded_an_item_is_told_apart_and_not_told() -> None:
    """Catches: other hidden tests that look the same, a hash that visible tests or the wording
    change, and a hidden test that stands in the log."""

    def item(hidden: str, prompt: str = "p") -> Item:
        problem = Problem(id="1", prompt=prompt)
        return Item(problem=problem, hidden=(Call(id="h", expression=hidden, expected="1"),))

    [one], [other], [same] = (graded_by([i]) for i in (item("f()"), item("g()"), item("f()", "q")))
    assert one == same != other
    assert "f()" not in one
