"""Two tests that want two results of one call: found, and only where no program passes both."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bench.contradictions import agree, contradiction
from assay.grade import Item
from assay.problem import Call, Comparison, Io, Problem, Test
from assay.sandbox.programs import same_output

KINDS: tuple[Comparison, ...] = get_args(Comparison)


def item_of(visible: Test, hidden: Test) -> Item:
    return Item(problem=Problem(id="p", prompt="p", tests=(visible,)), hidden=(hidden,))


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.tuples(inner),
    max_leaves=5,
)


@given(LITERALS, LITERALS)
def test_calls_contradict_where_their_values_differ(one: object, two: object) -> None:
    """Catches: values compared as texts, and a pair that is told apart by its order."""
    tests = [
        Call(id=name, expression="f(1)", expected=repr(v)) for name, v in (("a", one), ("b", two))
    ]
    for pair in (tests, tests[::-1]):
        found = contradiction(item_of(*pair))
        assert bool(found) is (one != two)


@pytest.mark.parametrize(
    ("one", "two", "comparison", "same"),
    [
        ("1\n", "1", "exact", False), ("1\n", "1", "lines", True), ("a  b", "a b", "lines", False),
        ("a  b", "a\nb", "tokens", True), ("a\nb", "b\na", "tokens", False),
        ("a\nb", "b\na\n", "unordered", True), ("a\na\nb", "b\na", "unordered", False),
        ("1.50\n", "1.5", "numbers", True), ("1.50", "1.5", "lines", False),
        ("1 2", "1\n2", "numbers", False),
    ],
)  # fmt: skip
def test_outputs_agree_as_their_test_compares_them(
    one: str, two: str, comparison: Comparison, same: bool
) -> None:
    """Catches: two tests called contrary that one program passes, and the other way round."""
    tests = [Io(id=text, stdin="x", expected=text, comparison=comparison) for text in (one, two)]
    assert agree(*tests) is agree(*tests[::-1]) is same
    assert bool(contradiction(item_of(*tests))) is not same


TEXTS = st.text(alphabet="1 a.0\n", max_size=6)


@given(TEXTS, TEXTS, st.sampled_from(KINDS), st.sampled_from(KINDS))
def test_what_passes_two_tests_shows_that_they_agree(
    printed: str, expected: str, one: Comparison, two: Comparison
) -> None:
    """Catches: two ways to compare, and an output that is right for both called impossible."""
    tests = [
        Io(id="a", stdin="", expected=printed, comparison=one),
        Io(id="b", stdin="", expected=expected, comparison=two),
    ]
    if same_output(printed, expected, two):
        assert agree(*tests)
    elif one == two or one == "exact":
        assert not agree(*tests)


@pytest.mark.parametrize(
    ("one", "two", "tolerances", "same"),
    [
        ("1.0", "1.05", (None, None), False), ("1.0", "1.05", (0.1, None), True),
        ("1.0", "1.15", (0.1, None), False), ("1.0", "1.15", (0.1, 0.1), True),
        ("1.0", "1.25", (0.1, 0.1), False), ("[1.0, 'a']", "[1.05, 'a']", (0.1, 0.1), True),
        ("[1.0, 'a']", "[1.05, 'b']", (0.1, 0.1), False), ("1", "1.0", (None, None), True),
        ("float('inf')", "2", (None, None), True), ("[1]", "(1,)", (0.1, 0.1), False),
        ("10**999", "1", (0.1, None), True), ("1e999", "1", (0.1, None), False),
    ],
)  # fmt: skip
def test_values_agree_within_their_tolerances(
    one: str, two: str, tolerances: tuple[float | None, float | None], same: bool
) -> None:
    """Catches: a tolerance that hides a contradiction, or is not seen."""
    tests = [
        Call(id=text, expression="f(1)", expected=text, tolerance=width)
        for text, width in zip((one, two), tolerances, strict=True)
    ]
    assert agree(*tests) is agree(*tests[::-1]) is same
