"""What a verdict shows of values that are too long: the place where they differ."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.feedback.shorten import pair
from assay.problem import Call, Io, Script
from assay.sandbox import Job, open_blocking
from assay.sandbox.child.report import TEXT, around, show_both

LONG = list(range(300))
TEXTS = st.text(st.sampled_from("ab\n"), max_size=12).map(lambda text: text * 400)
VALUES = st.recursive(
    st.integers(0, 9) | TEXTS | st.lists(st.integers(0, 1), min_size=250, max_size=400),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.integers(0, 300), inner),
    max_leaves=4,
)


@pytest.mark.parametrize(
    ("expected", "actual", "shown"),
    [
        (LONG, [*LONG[:-1], 7], ("at [299]: 299", "at [299]: 7")),
        (LONG, LONG[:-1], ("at [299:]: [299]", "at [299:]: []")),
        ({"a": [LONG]}, {"a": [[*LONG, 1]]}, ("at ['a'][0][300:]: []", "at ['a'][0][300:]: [1]")),
        (
            set(LONG),
            {*LONG[:-1], 1000},
            ("in one alone: {299}", "in one alone: {1000}"),
        ),
        (
            dict.fromkeys(LONG),
            dict.fromkeys(LONG[:-1]),
            ("in one alone: {299: None}", "in one alone: {}"),
        ),
        ([1, 2], [1, 3], ("[1, 2]", "[1, 3]")),
    ],
)
def test_the_place_where_long_values_differ(expected: Any, actual: Any, shown: Any) -> None:
    """Defect: both sides cut to the same text, so that a model reads `Expected: X, gave: X`."""
    assert show_both(expected, actual) == shown


@given(VALUES, VALUES)
def test_what_differs_looks_different(expected: Any, actual: Any) -> None:
    """Defect: a difference that the shortening loses, here or for the prompt."""
    shown = show_both(expected, actual)
    assert all(len(text) <= TEXT for text in shown)
    one, other = pair(*shown)
    assert (one != other) == (expected != actual)


@given(TEXTS, TEXTS, st.integers(0, 9000))
def test_texts_that_differ_are_cut_around_that(before: str, after: str, at: int) -> None:
    """Defect: only the beginning and the end of an output, which differs in its middle."""
    one, other = pair(*around(repr(before + "1" + after), repr(before + "2" + after)))
    assert one != other


def test_a_value_that_cannot_be_looked_into_is_shown() -> None:
    """Defect: an `==` of the candidate's that raises takes the verdict with it, or one that is
    never true shows two empty ends."""

    class Odd(list[int]):
        def __eq__(self, other: object) -> bool:
            raise RuntimeError

        __hash__ = None

    for one in (Odd(LONG), [Odd()] * 300):
        assert show_both(one, one)[0].startswith("[")


def test_every_judge_shows_it() -> None:
    """Defect: one of the kinds of tests left out; a line that a form feed moved."""
    wrong = (
        "def f(x):\n    return list(range(299))\n"
        "\x0c\ndef g():\n    y = '\u2028'\n    return y / 1\n"
    )
    tests = (
        Call(id="call", expression="f(1)", expected=repr(LONG)),
        Script(id="script", source="def c():\n    assert f(1) == list(range(300))", call="c()"),
        Call(id="line", expression="g()", expected="1"),
    )
    program = "for i in range(2000): print('x' if i == 900 else i)\n"
    io = Io(id="io", stdin="", expected="".join(f"{i}\n" for i in range(2000)))
    with open_blocking(slots=1) as box:
        [run] = box.run([Job(code=wrong, tests=tests)])
        [printed] = box.run([Job(code=program, tests=(io,))])
    call, script, line = (verdict.detail for verdict in run.verdicts)
    for detail in (call, script):
        assert (detail.expected, detail.actual) == ("at [299:]: [299]", "at [299:]: []")
    assert (line.line, line.source) == (6, "return y / 1")
    output = printed.verdicts[0].detail
    expected, actual = pair(output.expected or "", output.actual or "")
    assert "899\\n900\\n901" in expected
    assert "899\\nx\\n901" in actual
