"""Plain values as tagged JSON: what may cross between a candidate and its judge.

JSON's own `null`, booleans, numbers, strings and arrays stand for None, bool, int, float, str and
list. Everything else is an object with exactly one key, the tag. Decoding is strict: it builds
exact built-in types (and a few value types of the standard library) and nothing else. A value
that is not plain goes through the `other` hook, or raises `NotPlain`.
"""

from array import array
from binascii import a2b_base64, b2a_base64
from collections import Counter, OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from functools import lru_cache
from keyword import iskeyword
from math import isfinite
from typing import Any

from assay.sandbox.child import stdtypes, wire

MAX_DEPTH = 100
MAX_TO_JUDGE = 16 << 20
"""Bytes of one message from a candidate."""
MAX_TO_CANDIDATE = 64 << 20

_SMALL = 1 << 62
_LONG = 64
_FIELDS = 255
Other = Callable[[Any], Any]


class NotPlain(Exception):
    """The value has no plain form: of another type, nested too deep, or too big."""


class Malformed(Exception):
    """The text does not encode a value: only a hostile or broken sender writes it."""


def _refuse(value: Any) -> Any:
    raise NotPlain(f"object of type {type(value).__name__}")


def _refuse_node(node: Any) -> Any:
    raise Malformed("unknown tag")


def encode(value: Any, other: Other = _refuse, depth: int = 0) -> Any:
    """The JSON tree of `value`. Raises `NotPlain`."""
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return value
    if kind is int:
        return value if -_SMALL < value < _SMALL else {"I": hex(value)}
    if kind is float:
        finite = value - value == 0.0
        return value if finite else {"F": repr(value)}
    if depth > MAX_DEPTH:
        raise NotPlain(f"value nested more than {MAX_DEPTH} deep")
    if kind is list:
        whole = _encode_whole(value)
        if whole is not None:
            return whole
        return [encode(item, other, depth + 1) for item in value]
    if kind in _WRITERS:
        tag, write = _WRITERS[kind]
        return {tag: write(value, lambda item: encode(item, other, depth + 1))}
    return _encode_rare(value, other, depth)


def _encode_whole(value: list[Any]) -> Any:
    """The tree of a long list of numbers or texts, without a look at each; `None` for others.

    Floats go as their bytes in base 64: as digits, a million take half a second of both sides.
    """
    if len(value) < _LONG:
        return None
    items = list(value)
    kinds = set(map(type, items))
    if kinds == {float}:
        return {"FA": b2a_base64(array("d", items).tobytes(), newline=False).decode("ascii")}
    if kinds == {str}:
        return items
    return items if kinds <= {int, float} and _all_plain(items) else None


def _all_plain(numbers: list[Any]) -> bool:
    """Whether JSON has each of them as it is: none is big, infinite or no number."""
    try:
        return min(numbers) > -_SMALL and max(numbers) < _SMALL and all(map(isfinite, numbers))
    except OverflowError:
        return False


def _encode_rare(value: Any, other: Other, depth: int) -> Any:
    standard = stdtypes.dump(value)
    if standard is not None:
        return {"X": standard}
    if _is_named_tuple(value):
        fields = [*type(value)._fields]
        return {"NT": [type(value).__name__, fields, [encode(i, other, depth + 1) for i in value]]}
    base = _base_value(value)
    if base is not None:
        return encode(base[0], other, depth)
    return other(value)


def _is_named_tuple(value: Any) -> bool:
    """Of a plain make: a tuple in all but the names."""
    kind = type(value)
    fields = getattr(kind, "_fields", None)
    if not issubclass(kind, tuple) or type(fields) is not tuple or kind.__eq__ is not tuple.__eq__:
        return False
    return (
        kind.__iter__ is tuple.__iter__
        and len(fields) == tuple.__len__(value) <= _FIELDS
        and all(type(name) is str and _is_field(name) for name in (kind.__name__, *fields))
    )


def _is_field(name: str) -> bool:
    return name.isidentifier() and not iskeyword(name) and not name.startswith("_")


@lru_cache(256)
def _tuple_class(name: str, *fields: str) -> Any:
    if len(fields) > _FIELDS or not all(_is_field(field) for field in (name, *fields)):
        raise Malformed("bad named tuple")
    return namedtuple(name, fields)


def _read_named(body: Any, dec: Other) -> Any:
    """Without the names where one is a function's: that could pose as a method of a tuple."""
    name, fields, nodes = body
    items = _read_list(nodes, dec)
    made = tuple if any(map(callable, items)) else _tuple_class(name, *fields)._make
    return made(items)


def _pairs(value: Any, enc: Other) -> list[Any]:
    return [[enc(key), enc(item)] for key, item in dict.items(value)]


def _items(value: Any, enc: Other) -> list[Any]:
    return [enc(item) for item in value]


_FACTORIES = {made.__name__: made for made in (int, float, str, list, dict, set, tuple, bool)}


def _factory_name(value: Any) -> str | None:
    """What a `defaultdict` makes of a missing key, where that is a plain built-in type."""
    made = value.default_factory
    name = getattr(made, "__name__", None)
    return name if type(name) is str and _FACTORIES.get(name) is made else None


_WRITERS: dict[type, tuple[str, Callable[[Any, Other], Any]]] = {
    tuple: ("T", _items),
    set: ("S", _items),
    frozenset: ("Z", _items),
    dict: ("D", _pairs),
    bytes: ("B", lambda value, enc: value.hex()),
    bytearray: ("A", lambda value, enc: value.hex()),
    complex: ("C", lambda value, enc: [enc(value.real), enc(value.imag)]),
    range: ("R", lambda value, enc: [enc(value.start), enc(value.stop), enc(value.step)]),
    slice: ("L", lambda value, enc: [enc(value.start), enc(value.stop), enc(value.step)]),
    type(...): ("E", lambda value, enc: "..."),
    type(NotImplemented): ("N", lambda value, enc: ""),
    Counter: ("DC", _pairs),
    OrderedDict: ("DO", _pairs),
    defaultdict: ("DD", lambda value, enc: [_factory_name(value), _pairs(value, enc)]),
    type({}.keys()): ("VK", _items),
    type({}.values()): ("VV", _items),
    type({}.items()): ("VI", _items),
    deque: ("Q", lambda value, enc: [value.maxlen, _items(value, enc)]),
}

_BASES: tuple[tuple[Any, Callable[[Any], Any]], ...] = (
    (int, int.__int__),
    (float, float.__pos__),
    (str, str.__str__),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (list, lambda value: list(list.__iter__(value))),
    (dict, lambda value: dict(dict.items(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: frozenset(set(frozenset.__iter__(value)))),
)


def _base_value(value: Any) -> tuple[Any] | None:
    """A subclass that keeps its base's equality (a namedtuple, an IntEnum) as its base value.

    What is judged is this value, so a subclass that lies about itself gains nothing.
    """
    kind = type(value)
    for base, convert in _BASES:
        if issubclass(kind, base):
            return (convert(value),) if kind.__eq__ is base.__eq__ else None
    return None


def decode(node: Any, other: Other = _refuse_node, depth: int = 0) -> Any:
    """The value of a JSON tree. Raises `Malformed`."""
    kind = type(node)
    if node is None or kind is bool or kind is str or kind is int or kind is float:
        return node
    if depth > MAX_DEPTH + 1:
        raise Malformed("too deep")
    if kind is list:
        if len(node) >= _LONG and set(map(type, node)) <= {int, float, str}:
            return node[:]  # a call may change it, and is then compared with the tree
        return [decode(item, other, depth + 1) for item in node]
    if kind is not dict or len(node) != 1:
        raise Malformed("not a value")
    [(tag, body)] = node.items()
    read = _READERS.get(tag)
    if read is None:
        return other(node)
    try:
        return read(body, lambda item: decode(item, other, depth + 1))
    except (TypeError, ValueError, ArithmeticError, LookupError) as error:
        raise Malformed(f"bad {tag}") from error


def _read_list(body: Any, dec: Other) -> list[Any]:
    if type(body) is not list:
        raise Malformed("not a list")
    return [dec(item) for item in body]


def _read_pairs(body: Any, dec: Other) -> list[tuple[Any, Any]]:
    return [(dec(key), dec(item)) for key, item in body]


def _read_float(body: Any, dec: Other) -> float:
    if body not in ("nan", "inf", "-inf"):
        raise Malformed("bad float")
    return float(body)


def _read_floats(body: Any, dec: Other) -> list[float]:
    floats = array("d")
    floats.frombytes(a2b_base64(body, strict_mode=True))
    return floats.tolist()


def _read_range(body: Any, dec: Other) -> range:
    start, stop, step = _read_list(body, dec)
    return range(start, stop, step)


def _read_slice(body: Any, dec: Other) -> slice:
    start, stop, step = _read_list(body, dec)
    return slice(start, stop, step)


def _read_complex(body: Any, dec: Other) -> complex:
    real, imag = _read_list(body, dec)
    if type(real) is not float or type(imag) is not float:
        raise Malformed("bad complex")
    return complex(real, imag)


_READERS: dict[str, Callable[[Any, Other], Any]] = {
    "NT": _read_named,
    "T": lambda body, dec: tuple(_read_list(body, dec)),
    "S": lambda body, dec: set(_read_list(body, dec)),
    "Z": lambda body, dec: frozenset(_read_list(body, dec)),
    "D": lambda body, dec: dict(_read_pairs(body, dec)),
    "DC": lambda body, dec: Counter(dict(_read_pairs(body, dec))),
    "DO": lambda body, dec: OrderedDict(_read_pairs(body, dec)),
    "DD": lambda body, dec: defaultdict(_FACTORIES.get(body[0]), _read_pairs(body[1], dec)),
    "VK": lambda body, dec: dict.fromkeys(_read_list(body, dec)).keys(),
    "VV": lambda body, dec: dict(enumerate(_read_list(body, dec))).values(),
    "VI": lambda body, dec: dict(_read_list(body, dec)).items(),
    "Q": lambda body, dec: deque(_read_list(body[1], dec), body[0]),
    "B": lambda body, dec: bytes.fromhex(body),
    "A": lambda body, dec: bytearray.fromhex(body),
    "I": lambda body, dec: int(body, 16),
    "F": _read_float,
    "FA": _read_floats,
    "C": _read_complex,
    "R": _read_range,
    "L": _read_slice,
    "E": lambda body, dec: ...,
    "N": lambda body, dec: NotImplemented,
    "X": lambda body, dec: stdtypes.load(body),
}


def dumps(tree: Any, limit: int) -> bytes:
    """The bytes of a message. Raises `NotPlain` over `limit` bytes."""
    data = wire.dumps(tree)
    if len(data) > limit:
        raise NotPlain(f"value of {len(data)} bytes, more than {limit}")
    return data


def loads(data: bytes) -> Any:
    """The tree of a message. Raises `Malformed`."""
    try:
        return wire.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
