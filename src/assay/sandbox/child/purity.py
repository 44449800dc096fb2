"""Which tests can change nothing that outlives them: those share one judge.

Such a judge is isolated like every run, so this keeps verdicts apart, not the machine safe: a
test that patched a module, or kept a value, would decide about the candidates after it. So it is
a list of what is allowed: plain statements and functions, built-in values with their methods, and
the named functions of a few modules. Any other test has a judge of its own, which is only slower.
"""

import ast
import builtins
import cmath
import collections
import heapq
import itertools
import math
from typing import Any

from assay.sandbox.child.static import ALIASES, may_install, nodes_of, texts

_VALUES = (
    str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset, range, slice,
    collections.deque, collections.Counter, collections.OrderedDict,
)  # fmt: skip
# None that keeps something (`re` and `typing` have caches) or calls what an argument names:
# `copy.deepcopy`, given a memo of one's own, is any `getattr`.
_MODULES: dict[str, frozenset[str]] = {
    "bisect": frozenset(("bisect", "bisect_left", "bisect_right", "insort", "insort_left")),
    "cmath": frozenset(name for name in dir(cmath) if name[0] != "_"),
    "collections": frozenset(("Counter", "OrderedDict", "defaultdict", "deque", "namedtuple")),
    "functools": frozenset(("cmp_to_key", "partial", "reduce")),
    "heapq": frozenset(name for name in heapq.__all__),
    "itertools": frozenset(name for name in dir(itertools) if name[0] != "_"),
    "math": frozenset(name for name in dir(math) if name[0] != "_"),
    "random": frozenset((
        "choice", "choices", "randint", "random", "randrange", "sample", "seed", "shuffle",
        "uniform",
    )),
    "string": frozenset((
        "ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits",
        "octdigits", "printable", "punctuation", "whitespace",
    )),
}  # fmt: skip
_ATTRIBUTES = frozenset(
    {"args"}
    | {name for kind in _VALUES for name in dir(kind) if name[0] != "_"}
    | {name for names in _MODULES.values() for name in names}
) - {"encode", "decode", "format", "format_map"}
"""Not those that keep what they were asked for (codecs), or look into what they are given."""
_BUILTINS = frozenset((
    "abs", "all", "any", "ascii", "bin", "bool", "bytearray", "bytes", "callable", "chr",
    "complex", "dict", "divmod", "enumerate", "filter", "float", "format", "frozenset", "hash",
    "hex", "int", "isinstance", "issubclass", "iter", "len", "list", "map", "max", "min", "next",
    "oct", "ord", "pow", "print", "range", "repr", "reversed", "round", "set", "slice", "sorted",
    "str", "sum", "tuple", "zip", "NotImplemented", "Ellipsis",
)) | {
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
}  # fmt: skip
_PLAIN = (
    ast.mod, ast.FunctionDef, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For,
    ast.While, ast.If, ast.With, ast.withitem, ast.Raise, ast.Try, ast.ExceptHandler, ast.Assert,
    ast.Import, ast.ImportFrom, ast.alias, ast.Nonlocal, ast.Expr, ast.Pass, ast.Break,
    ast.Continue, ast.arguments, ast.arg, ast.keyword, ast.comprehension, ast.expr,
)  # fmt: skip
_NODES = frozenset(
    kind
    for kind in vars(ast).values()
    if isinstance(kind, type)
    and issubclass(kind, _PLAIN)
    and not issubclass(kind, ast.Await | ast.Yield | ast.YieldFrom)
)
_NAMING = frozenset((
    ast.Name, ast.Attribute, ast.FunctionDef, ast.ExceptHandler, ast.alias, ast.Import,
    ast.ImportFrom,
))  # fmt: skip
"""Those whose names decide."""


def pure(test: dict[str, Any]) -> bool:
    """Whether nothing but the verdict is left once the test has run."""
    if test["kind"] == "script" and test["framework"] != "plain":
        return False
    own = {name for name in (*ALIASES, test.get("module")) if name and may_install(name)}
    if "copy" in test["names"] and "Counter" in test["names"]:
        return False  # `Counter.copy(int)` is `type`, with which one makes classes
    return all(_all_pure(nodes_of(text.strip()), own) for text in texts(test))


def _all_pure(nodes: tuple[ast.AST, ...], own: set[Any]) -> bool:
    """Not of a text that is empty or cannot be parsed."""
    return len(nodes) > 1 and all(
        type(node) in _NODES and (type(node) not in _NAMING or _pure(node, own)) for node in nodes
    )


def _pure(node: ast.AST, own: set[Any]) -> bool:
    if isinstance(node, ast.Name):
        known = node.id in _BUILTINS or not hasattr(builtins, node.id)
        return known and (not node.id.startswith("__") or node.id == "__name__")
    if isinstance(node, ast.Attribute):
        return isinstance(node.ctx, ast.Load) and node.attr in _ATTRIBUTES
    if isinstance(node, ast.FunctionDef | ast.ExceptHandler):
        return not (node.name or "").startswith("__")
    if isinstance(node, ast.alias):
        return not (node.asname or "").startswith("__")
    if isinstance(node, ast.Import):
        return all(alias.name in _MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        if node.level == 0 and node.module in own:
            return all(not alias.name.startswith("_") for alias in node.names)
        known_names = _MODULES.get(str(node.module), frozenset())
        return node.level == 0 and all(alias.name in known_names for alias in node.names)
    return True
