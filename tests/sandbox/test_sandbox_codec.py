"""The channel's alphabet: what crosses is what was sent, and nothing else is accepted."""

import contextlib
import json
import math
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import IntEnum
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.sandbox.child import codec
from assay.sandbox.child.proxies import merge

pytestmark = pytest.mark.filterwarnings("ignore:Generating overly large repr")

surrogates = st.text(st.characters(exclude_categories=()))
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(1, 2000).map(lambda bits: -(3**bits))
    | st.floats()
    | st.complex_numbers()
    | surrogates
    | st.binary()
    | st.binary().map(bytearray)
)
hashable = st.none() | st.booleans() | st.integers() | surrogates | st.binary()
hashables = st.recursive(hashable, lambda s: st.tuples(s, s) | st.frozensets(s, max_size=4))
values = st.recursive(
    scalars | hashables,
    lambda s: (
        st.lists(s, max_size=4)
        | st.tuples(s, s)
        | st.sets(hashables, max_size=4)
        | st.dictionaries(hashables, s, max_size=4)
    ),
    max_leaves=20,
)


long_lists = (
    st.lists(st.floats(), min_size=64, max_size=80)
    | st.lists(surrogates, min_size=64, max_size=80)
    | st.lists(st.integers(-(1 << 63), 1 << 63), min_size=64, max_size=80)
    | st.lists(st.integers() | st.floats() | st.just(10**400), min_size=64, max_size=80)
    | st.lists(st.integers() | st.floats() | st.booleans(), min_size=64, max_size=80)
)


def same(one: Any, two: Any) -> bool:
    """Equal and of the same types all the way down, NaN included."""
    if type(one) is not type(two):
        return False
    if isinstance(one, float):
        return (math.isnan(one) and math.isnan(two)) or (
            one == two and math.copysign(1, one) == math.copysign(1, two)
        )
    if isinstance(one, complex):
        return same(one.real, two.real) and same(one.imag, two.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(two) and all(map(same, one, two))
    if isinstance(one, dict):
        return list(map(type, one)) == list(map(type, two)) and all(
            same(value, two[key]) for key, value in one.items()
        )
    return bool(one == two)


def cross(value: Any) -> Any:
    return codec.decode(codec.loads(codec.dumps(codec.encode(value), codec.MAX_TO_JUDGE)))


@given(values | long_lists)
def test_round_trip(value: Any) -> None:
    """Defect: a value arrives changed, or as another type."""
    assert same(cross(value), value)


@pytest.mark.parametrize(
    "value",
    [
        Counter("aab"),
        OrderedDict([("b", 1), ("a", 2)]),
        deque([1, 2], 3),
        Decimal("1.10"),
        Fraction(-1, 3),
        date(2024, 2, 29),
        datetime(2024, 2, 29, 1, 2, 3, 4, tzinfo=UTC),
        timedelta(days=-1, microseconds=3),
        range(1, 9, 2),
        slice(None, 3),
        ...,
    ],
)
def test_values_of_the_standard_library(value: Any) -> None:
    """Defect: right programs that return a Counter or a Decimal are judged wrong."""
    assert same(cross(value), value)


def test_subclasses_cross_as_their_base() -> None:
    """Defect: a namedtuple or an IntEnum, equal to what is asked for, is judged wrong."""
    point = namedtuple("point", "x y")
    color = IntEnum("color", "RED")
    named = cross(point(1, 2))
    assert named == (1, 2)
    assert (named.x, named.y) == (1, 2)
    assert same(cross(color.RED), 1)
    assert cross(defaultdict(int, a=1)) == {"a": 1}


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__


@pytest.mark.parametrize("value", [Liar(3), object(), [object()], {"k": Liar(1)}])
def test_what_lies_about_itself_does_not_cross(value: Any) -> None:
    """Defect: an object with its own equality is taken for a plain value."""
    with pytest.raises(codec.NotPlain):
        codec.encode(value)


def test_depth_and_size_are_bounded() -> None:
    """Defect: a deep, cyclic or huge value exhausts whoever reads it."""
    deep: list[Any] = []
    deep.append(deep)
    with pytest.raises(codec.NotPlain):
        codec.encode(deep)
    with pytest.raises(codec.NotPlain):
        codec.dumps("x" * 100, 50)
    with pytest.raises(codec.Malformed):
        codec.loads(b"[" * 100_000)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda s: (
        st.lists(s, max_size=3)
        | st.dictionaries(st.sampled_from([*codec._READERS, "H", "O", "?"]), s, max_size=2)
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_or_refused(tree: Any) -> None:
    """Defect: a hostile message raises something that nobody expects."""
    with contextlib.suppress(codec.Malformed):
        codec.decode(codec.loads(json.dumps(tree).encode()))


@given(values, values)
def test_merge_makes_equal_in_place(old: Any, new: Any) -> None:
    """Defect: an argument changed in place is not what the candidate left."""
    if type(old) is type(new) and isinstance(old, list | dict | set | bytearray):
        kept = old
        merge(old, new)
        assert old is kept
        assert same(old, new) or isinstance(new, set)
