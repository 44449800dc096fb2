"""What the text of a candidate and of a test says, before either runs.

Only this decides whether a test may be judged in the candidate's process: never what the
candidate does at run time.
"""

import ast
import builtins
import re
import sys
from collections.abc import Iterator, Set
from functools import cached_property, lru_cache
from typing import Any

ALIASES = ("candidate", "solution", "submission")
"""Names under which a test may import the candidate, beside the one that it says."""

BUILTINS = frozenset(dir(builtins)) - {
    "copyright", "credits", "exit", "help", "license", "quit",
}  # fmt: skip
"""Without those that `site` adds: they hide no name of a candidate's."""
_SAFE_BUILTINS = frozenset((
    "abs", "all", "any", "bin", "bool", "bytes", "chr", "complex", "dict", "divmod",
    "enumerate", "filter", "float", "frozenset", "hex", "int", "isinstance", "len", "list",
    "map", "max", "min", "oct", "ord", "pow", "range", "repr", "reversed", "round", "set",
    "slice", "sorted", "str", "sum", "tuple", "type", "zip", "True", "False", "None",
))  # fmt: skip
_UNSAFE_BUILTINS = BUILTINS - _SAFE_BUILTINS
_SAFE_NODES = frozenset((
    ast.Expr, ast.Call, ast.Name, ast.Constant, ast.List, ast.Tuple, ast.Set, ast.Dict,
    ast.UnaryOp, ast.BinOp, ast.Compare, ast.BoolOp, ast.Subscript, ast.Slice, ast.keyword,
    ast.Starred,
))  # fmt: skip
_PATCHING = frozenset((
    "monkeypatch", "patch", "mocker", "reload", "getsource", "getsourcelines",
    "__doc__", "__annotations__", "getdoc", "signature", "getfullargspec", "get_type_hints",
    "cache_info", "cache_clear",
    "environ", "putenv", "unsetenv", "chdir", "redirect_stderr", "capfd", "caplog",
    "recwarn", "warns", "deprecated_call", "catch_warnings", "assertWarns", "assertWarnsRegex",
    "assertLogs", "assertNoLogs", "tmp_path", "tmp_path_factory", "tmpdir", "tempfile",
    "NamedTemporaryFile", "TemporaryDirectory", "mkdtemp", "mkstemp", "isfile", "listdir", "exists",
    "read_text", "write_text", "read_bytes", "write_bytes",
    "Thread", "ThreadPoolExecutor", "run_in_executor", "to_thread", "gather", "create_task",
    "wait_for", "TaskGroup", "as_completed", "ensure_future", "sleep",
))  # fmt: skip
"""Names of what a test changes or looks at in the candidate's process: its functions' own
attributes, the environment, warnings, logs, standard error, files; or what must run beside it."""
_CLASS_MAKERS = frozenset((
    "namedtuple", "NamedTuple", "make_dataclass", "TypedDict", "NewType", "type", "new_class",
    "Enum", "IntEnum", "StrEnum", "Flag", "IntFlag",
))  # fmt: skip
_DEFINED = re.compile(r"^(?:async )?def (\w+)", re.MULTILINE)
_MAKES_CLASS = re.compile(rf"\b(class|{'|'.join(_CLASS_MAKERS)})\b")
_ERRORS = frozenset(
    name
    for name, value in vars(builtins).items()
    if isinstance(value, type) and issubclass(value, BaseException)
)


def may_install(name: str) -> bool:
    """Whether a candidate may be imported under that name."""
    return name.isidentifier() and name not in sys.stdlib_module_names


class CandidateText:
    """The candidate, read as text, as far as somebody asks. Of a text that cannot be parsed
    nothing is known."""

    def __init__(self, code: str) -> None:
        self._code = code

    @cached_property
    def _body(self) -> list[ast.stmt]:
        return parsed(self._code).body

    @cached_property
    def _named(self) -> tuple[set[str], dict[str, str]]:
        classes: set[str] = set()
        errors: dict[str, str] = {}
        for node in _statements(self._body) if _MAKES_CLASS.search(self._code) else []:
            if isinstance(node, ast.Assign):
                classes |= _made_classes(node)
            elif isinstance(node, ast.ClassDef):
                base = _error_base(node, errors)
                if base is None:
                    classes.add(node.name)
                else:
                    errors[node.name] = base
        return classes, errors

    @property
    def classes(self) -> set[str]:
        return self._named[0]

    @property
    def errors(self) -> dict[str, str]:
        """Exception classes that it defines, each with the name of its base."""
        return self._named[1]

    def imports(self, names: Set[str]) -> list[str]:
        """Statements that give a test the `names` that it uses, where an import does."""
        if "import" not in self._code or names <= set(_DEFINED.findall(self._code)):
            return []
        return [
            ast.unparse(node)
            for node in self._body
            if isinstance(node, ast.Import | ast.ImportFrom) and _harmless(node)
        ]

    @cached_property
    def stateless(self) -> bool:
        """Nothing at module level can change between two calls."""
        return all(_stateless(node) for node in self._body) and not any(
            isinstance(node, ast.Global) or _writes_attribute(node)
            for statement in self._body
            for node in ast.walk(statement)
        )


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Those of a module's own level, also below `if` and `try`."""
    for node in body:
        yield node
        for part in ("body", "orelse", "finalbody", "handlers"):
            if isinstance(node, ast.If | ast.Try | ast.ExceptHandler):
                yield from _statements(getattr(node, part, []))


def _made_classes(node: ast.Assign) -> set[str]:
    """The name in `P = namedtuple("P", "x y")` and its like."""
    made = node.value
    function = made.func if isinstance(made, ast.Call) else None
    name = getattr(function, "id", getattr(function, "attr", None))
    names = {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names if name in _CLASS_MAKERS else set()


def parsed(code: str) -> ast.Module:
    try:
        return ast.parse(code.removeprefix("\ufeff"))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


_NODES = frozenset(
    kind for kind in vars(ast).values() if isinstance(kind, type) and issubclass(kind, ast.AST)
) - {
    kind
    for base in (ast.expr_context, ast.boolop, ast.operator, ast.unaryop, ast.cmpop)
    for kind in base.__subclasses__()
}
"""Those that say something of themselves: no operators, no contexts."""


@lru_cache(64)
def nodes_of(text: str) -> tuple[ast.AST, ...]:
    """Every node of a text, its module first, without operators and contexts; kept, as several
    questions are asked of a test. A third of what `ast.walk` takes."""
    found: list[ast.AST] = [parsed(text)]
    for node in found:
        for value in vars(node).values():
            if type(value) is list:
                found += [item for item in value if type(item) in _NODES]
            elif type(value) in _NODES:
                found.append(value)
    return tuple(found)


def _error_base(node: ast.ClassDef, known: dict[str, str]) -> str | None:
    """Its base, for a class that is a plain exception (a name and perhaps a docstring)."""
    simple = all(isinstance(item, ast.Pass | ast.Expr) for item in node.body)
    if not simple or len(node.bases) != 1 or not isinstance(node.bases[0], ast.Name):
        return None
    base = node.bases[0].id
    return base if base in _ERRORS or base in known else None


def _harmless(node: ast.Import | ast.ImportFrom) -> bool:
    """An import from the standard library that gives no name another meaning."""
    if isinstance(node, ast.ImportFrom):
        modules = [node.module or ""] if node.level == 0 else [""]
    else:
        modules = [alias.name for alias in node.names]
    if any(module.split(".")[0] not in sys.stdlib_module_names for module in modules):
        return False
    given = [alias.asname or alias.name for alias in node.names]
    renamed = any(alias.asname and alias.asname != alias.name for alias in node.names)
    return not renamed and not BUILTINS.intersection(given)


def _stateless(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        defaults = [*node.args.defaults, *(item for item in node.args.kw_defaults if item)]
        return not node.decorator_list and all(_constant(item) for item in defaults)
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign):
        return _constant(node.value)
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass)


def _constant(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple):
        return all(_constant(item) for item in node.elts)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant)


def _writes_attribute(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load)


def texts(test: dict[str, Any]) -> Iterator[str]:
    for key in ("setup", "expression", "expected", "source", "call"):
        text = test.get(key)
        if text:
            yield text


def mentioned(test: dict[str, Any]) -> Set[str]:
    """Every name and attribute that the test's text uses."""
    return frozenset[str]().union(*map(names_in, texts(test)))


@lru_cache(512)
def names_in(text: str) -> frozenset[str]:
    names: set[str] = set()
    for node in nodes_of(text.strip()):
        if type(node) not in _NAMING:
            continue
        if isinstance(node, ast.Name):
            names.add(node.id)
        elif isinstance(node, ast.Attribute):
            names.add(node.attr)
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif isinstance(node, ast.alias):
            names.add(node.name.split(".")[-1])
    return frozenset(names)


_NAMING = frozenset((ast.Name, ast.Attribute, ast.arg, ast.alias))


def patches(test: dict[str, Any]) -> bool:
    """Whether the test replaces or looks at parts of the candidate's process, which it must
    share then: its module's names, say, or files."""
    names = mentioned(test)
    captured = {"readouterr", "err"} <= names
    return captured or bool(names & _PATCHING) or any(_patches(text) for text in texts(test))


def _patches(text: str) -> bool:
    nodes = nodes_of(text.strip())
    modules: set[str] = set()
    coroutines: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            modules.update(alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.AsyncFunctionDef):
            coroutines.add(node.name)
    return any(type(node) in _REACHING and _reaches(node, modules, coroutines) for node in nodes)


_REACHING = frozenset((ast.Call, ast.Attribute, ast.AsyncFor, ast.AsyncWith, ast.comprehension))


def _reaches(node: ast.AST, modules: set[str], coroutines: set[str]) -> bool:
    """A file is opened, a coroutine function of the test's is handed over, `async for` and `with`,
    or an attribute of a module is set; what is printed comes through the channel, so `sys.stdout`
    may be."""
    if isinstance(node, ast.Call):
        given = {item.id for item in node.args if isinstance(item, ast.Name)}
        name = getattr(node.func, "id", getattr(node.func, "attr", None))
        return name == "open" or bool(given & coroutines)
    if isinstance(node, ast.AsyncFor | ast.AsyncWith) or bool(getattr(node, "is_async", False)):
        return True
    if not isinstance(node, ast.Attribute) or isinstance(node.ctx, ast.Load):
        return False
    return isinstance(node.value, ast.Name) and node.value.id in modules and node.attr != "stdout"


def uses_class(test: dict[str, Any], candidate: CandidateText) -> bool:
    """Whether the test works with the candidate's own classes, so that it must share its process.

    A class counts only under a class's name, where the test itself gives that name no meaning:
    a candidate that calls a class `add` or `check` does not get to be judged in its own process.
    """
    classes = {name for name in candidate.classes if name.lstrip("_")[:1].isupper()}
    if not classes:
        return False
    modules = frozenset({*ALIASES, test.get("module")})
    uses = [_uses_and_bindings(text, modules) for text in texts(test)]
    used = frozenset[str]().union(*(one for one, _ in uses))
    bound = frozenset[str]().union(*(two for _, two in uses))
    return bool((used - bound) & classes - BUILTINS)


def _uses_and_bindings(
    text: str, modules: frozenset[str | None]
) -> tuple[frozenset[str], frozenset[str]]:
    used: set[str] = set()
    bound: set[str] = set()
    imported = [node for node in nodes_of(text.strip()) if isinstance(node, ast.Import)]
    modules |= {a.asname for node in imported for a in node.names if a.name in modules}
    for node in nodes_of(text.strip()):
        if isinstance(node, ast.Name):
            (used if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if node.value.id in modules:
                used.add(node.attr)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.ImportFrom) and node.module in modules:
            used.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            bound.update(alias.asname or alias.name for alias in node.names)
    return frozenset(used), frozenset(bound)


def laborious(test: dict[str, Any]) -> bool:
    """Whether the test's own text may take long, whatever the candidate does."""
    return test["kind"] != "call" or any(map(_computes, texts(test)))


@lru_cache(512)
def _computes(text: str) -> bool:
    return any(
        isinstance(node, ast.BinOp | ast.comprehension)
        or (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in BUILTINS
        )
        for node in nodes_of(text.strip())
    )


def groupable(test: dict[str, Any]) -> bool:
    """Whether evaluating the test can change nothing that another test sees."""
    if test["kind"] != "call" or test["setup"]:
        return False
    return all(_is_simple(nodes_of(text.strip())) for text in texts(test))


def _is_simple(nodes: tuple[ast.AST, ...]) -> bool:
    """One expression of values, operators and calls."""
    module, *rest = nodes
    if not isinstance(module, ast.Module) or len(module.body) != 1:
        return False
    return all(
        type(node) in _SAFE_NODES
        and not (isinstance(node, ast.Name) and node.id in _UNSAFE_BUILTINS)
        for node in rest
    )
