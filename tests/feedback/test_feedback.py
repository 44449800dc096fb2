"""The text for each outcome, word for word, and values that are shortened with care."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.feedback import Feedback
from assay.feedback.combine import fit
from assay.feedback.programs import answer, rows
from assay.feedback.shorten import block, clip, first_difference, inline, pair
from assay.feedback.tests import explain, no_code, unmeasured
from assay.problem import Call, Io, Problem, Script
from assay.sandbox import Detail, Diagnostic, Isolation, Outcome, Run, Verdict

GOLDEN = Path(__file__).parent / "golden"
ISOLATION = Isolation(tier="scripted", filesystem=True, network=True, processes=True, memory=True)
PROBLEM = Problem(
    id="p",
    prompt="p",
    tests=(
        Call(id="a", expression="f(1)", expected="[1, 2]"),
        Script(id="b", source="def check(f): ...", call="check(f)"),
        Io(id="c", stdin="1\n", expected="2\n"),
    ),
)
LINE = {"line": 3, "source": "    return g(x)"}
CASES: dict[str, Run] = {}


def run_of(outcome: Outcome, *details: Detail, diagnostics: tuple[Diagnostic, ...] = ()) -> Run:
    verdicts = tuple(
        Verdict(test=name, outcome=outcome, detail=detail)
        for name, detail in zip("abc", details, strict=False)
    )
    return Run(verdicts=verdicts, isolation=ISOLATION, outcome=outcome, diagnostics=diagnostics)


CASES["passed"] = run_of("passed", Detail(), Detail())
CASES["wrong"] = run_of(
    "wrong",
    Detail(call="f(1)", expected="[1, 2]", actual="(1, 2)", stdout="debug\n"),
    Detail(message="assert f(2) == 3"),
    Detail(expected="'2\\n'", actual="'3\\n'"),
)
CASES["raised"] = run_of(
    "raised",
    Detail(call="f(1)", expected="[1, 2]", exception="KeyError", message="'k'", **LINE),  # type: ignore[arg-type]
)
CASES["build_failed"] = run_of(
    "build_failed",
    Detail(),
    diagnostics=(Diagnostic(message="invalid syntax", line=2, column=5, source="x = = 1"),),
)
CASES["timeout"] = run_of("timeout", Detail(call="f(1)", limit="5 s of CPU", **LINE))  # type: ignore[arg-type]
CASES["memory"] = run_of("memory", Detail(call="f(1)", limit="512 MB", **LINE))  # type: ignore[arg-type]
CASES["output"] = run_of("output", Detail(call="f(1)", limit="65,536 bytes"))
CASES["killed"] = run_of("killed", Detail(call="f(1)", signal="SIGSEGV"))
CASES["denied"] = run_of("denied", Detail(call="f(1)", message="socket()", **LINE))  # type: ignore[arg-type]
CASES["skipped"] = run_of("skipped", Detail(message="the test is broken: no such name"))


@pytest.mark.parametrize("outcome", CASES)
def test_golden(outcome: str) -> None:
    """A changed word shows in the diff of a golden file, not in a model that repairs less."""
    wanted = (GOLDEN / f"{outcome}.txt").read_text()
    assert explain(PROBLEM, CASES[outcome]).message + "\n" == wanted


def test_every_outcome_has_a_golden_text() -> None:
    assert set(CASES) == set(Outcome.__args__)  # type: ignore[attr-defined]


def test_scores() -> None:
    """Defects: a failure of ours scored as wrong; a timeout above a pass."""
    half = Run(
        verdicts=(Verdict(test="a", outcome="passed"), Verdict(test="b", outcome="timeout")),
        isolation=ISOLATION,
        outcome="timeout",
    )
    assert explain(PROBLEM, half).score == 0.5
    assert explain(PROBLEM, half).passed is False
    assert explain(PROBLEM, CASES["passed"]).score == 1.0
    assert no_code(PROBLEM).score == 0.0
    ours: Feedback = unmeasured("the worker was lost")
    assert (ours.score, ours.passed) == (None, None)


def test_a_flood_of_failures_stays_short() -> None:
    detail = Detail(call="f(" + "1" * 5000, expected="x" * 9000, actual="y" * 9000)
    assert len(explain(PROBLEM, run_of("wrong", detail, detail, detail)).message) < 4000


@given(st.text(max_size=600), st.text(max_size=600), st.integers(60, 300))
def test_pair_stays_within_its_width(one: str, other: str, width: int) -> None:
    short = pair(one, other, width)
    assert all(len(text) <= width for text in short)
    assert clip(one, width) == one or len(clip(one, width)) <= width


@given(st.integers(0, 2000), st.integers(0, 500))
def test_the_difference_stays_in_sight(before: int, after: int) -> None:
    """Defect: two long values cut to the same beginning."""
    one, other = "[" + "a" * before + "X" + "b" * after, "[" + "a" * before + "Y" + "b" * after
    short = pair(one, other)
    assert "X" in short[0]
    assert "Y" in short[1]
    assert first_difference(one, other) == before + 1


def only(test: Script | Call, detail: Detail, outcome: Outcome = "wrong") -> str:
    problem = Problem(id="p", prompt="p", tests=(test,))
    verdict = Verdict(test=test.id, outcome=outcome, detail=detail)
    run = Run(verdicts=(verdict,), isolation=ISOLATION, outcome=outcome)
    return explain(problem, run).message


def test_a_test_of_several_statements_is_shown() -> None:
    """Defect: `example()` or a test's bare name, of which a model learns nothing."""
    doc = ">>> s = S()\n>>> s.pop()\n1"
    source = f"def example():\n    {doc!r}\n    s = S()\n    assert s.pop() == 1\n"
    script = Script(id="S:1", source=source, call="example()", origin="example")
    assert only(script, Detail(expected="1", actual="7")) == (
        "This test failed:\n    >>> s = S()\n    >>> s.pop()\n    1\nExpected: 1\nYour code gave: 7"
    )
    source = "import solution\n\nclass TestS:\n    def test_a(self):\n        assert f(1) == 2\n"
    script = Script(id="a", source=source, call="TestS::test_a", framework="pytest")
    assert only(script, Detail(call="f(1)", expected="2", actual="3")) == (
        "Test failed: `f(1)` in this test:\n    def test_a(self):\n        assert f(1) == 2\n"
        "Expected: 2\nYour code gave: 3"
    )
    long = source + "        x = 1\n" * 50
    script = Script(id="a", source=long, call="TestS::test_a", framework="pytest")
    assert "x = 1" not in only(script, Detail(expected="2", actual="3"))


def test_what_did_not_come_to_an_answer_is_named_all_the_same() -> None:
    """Defect: a time-out or a lack of memory without the call and without the limit."""
    call = Call(id="f:1", expression="f(1)", expected="2")
    assert only(call, Detail(limit="5 s of CPU"), "timeout").startswith("Test failed: `f(1)`\n")
    assert "more memory than 512 MB" in only(call, Detail(), "memory")


@given(st.text(max_size=400) | st.text("`\n \r\x00\x1b\u2028a\t", max_size=60))
def test_text_from_outside_stays_where_it_is_put(text: str) -> None:
    """Defect: a line break or a control character by which output leaves its block or its line."""
    lines = [*block(text).splitlines(), inline(text)]
    assert all(character.isprintable() for line in lines for character in line)
    assert all(line.startswith("    ") for line in lines[:-1])
    assert len(inline(text)) <= 200


def test_what_two_sources_say_is_said_once() -> None:
    """Defect: a syntax error that the tests and the build both report, twice in the prompt."""
    same = Feedback(source="tests", message="line 1: bad\n\nMore.")
    text, cut = fit([same, Feedback(source="build", message="line 1: bad")], 1000)
    assert (text, cut) == ("line 1: bad\n\nMore.", [])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["line", "message", "found", "x"]), inner, max_size=4)
    ),
)


@given(JSON)
def test_an_answer_is_not_believed(data: object) -> None:
    """Defect: the type or the size of what a candidate's process wrote."""
    printed = replace(CASES["passed"], stdout=f"words\n{json.dumps(data)}")
    for row in rows(answer(printed), "found", line=int, message=str):
        assert type(row["line"]) is int
        assert 0 <= row["line"] < 1 << 31
        assert type(row["message"]) is str


@pytest.mark.parametrize("text", ["", "[" * 100_000, "9" * 5_000, "{", "[1]", "\x00"])
def test_no_answer_is_an_empty_one(text: str) -> None:
    assert answer(replace(CASES["passed"], stdout=text)) == {}
    assert answer(None) == {}
