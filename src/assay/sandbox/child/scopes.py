"""The names that a test sees: the candidate's, through the channel or (`Direct`) as they are."""

import builtins
import sys
import types
from typing import Any, Protocol

from assay.sandbox.child import proxies, static


class Scope(Protocol):
    """Where a test finds the candidate."""

    def names(self, test: dict[str, Any]) -> dict[str, Any]:
        """The candidate's names that the test mentions, and none that hides a built-in."""
        ...

    def shadowed(self, text: str) -> dict[str, Any]:
        """The candidate's functions in `text` that have the name of a built-in."""
        ...

    def install(self, module: str | None) -> None:
        """Makes the candidate importable under the usual names and that one."""
        ...

    def owns(self, value: Any) -> bool:
        """Whether a value in the test's names came from the candidate."""
        ...


class Split:
    """Everything is a call to the candidate's process."""

    def __init__(
        self, peer: proxies.JudgePeer, kinds: dict[str, str], text: static.CandidateText
    ) -> None:
        self._peer, self._kinds, self._text = peer, kinds, text
        self._made: dict[str, Any] = {}
        self._hiding = {
            name for name in kinds.keys() & static.BUILTINS if kinds[name] == "function"
        }
        for name, base in text.errors.items():
            parent = peer.errors.get(base) or getattr(builtins, base)
            peer.errors[name] = type(name, (parent,), {"__module__": "candidate"})

    def value(self, name: str) -> Any:
        if name not in self._made:
            kind = self._kinds[name]
            if name in self._peer.errors:
                self._made[name] = self._peer.errors[name]
            elif kind in ("function", "async"):
                self._made[name] = proxies.function(self._peer, name, kind)
            elif kind == "class":
                self._made[name] = proxies.function(self._peer, name, "function")
            else:
                return self._peer.get(name)
        return self._made[name]

    def names(self, test: dict[str, Any]) -> dict[str, Any]:
        scope: dict[str, Any] = {}
        known = self._kinds.keys() - static.BUILTINS
        mentioned = known.intersection(test["names"])
        for statement in self._text.imports(mentioned):
            run_import(statement, scope)
        scope.pop("__builtins__", None)
        for name in mentioned:
            kind = self._kinds[name]
            if kind != "module":
                if name in scope and (kind == "value" or isinstance(scope[name], type)):
                    continue
                scope[name] = self.value(name)
        return scope

    def shadowed(self, text: str) -> dict[str, Any]:
        names = static.names_in(text) if self._hiding else frozenset[str]()
        own = names & self._kinds.keys() - static.BUILTINS
        return {} if own else {name: self.value(name) for name in names & self._hiding}

    def install(self, module: str | None) -> None:
        made = _Module(self)
        for name in {*static.ALIASES, module}:
            if name and static.may_install(name):
                sys.modules[name] = made

    def public(self) -> list[str]:
        return [name for name, kind in self._kinds.items() if kind != "module"]

    def owns(self, value: Any) -> bool:
        return getattr(value, "__module__", None) == "candidate" or isinstance(
            value, proxies.RemoteObject
        )


class _Module(types.ModuleType):
    """The candidate's module, as a test imports it."""

    def __init__(self, scope: Split) -> None:
        super().__init__("candidate")
        self.__dict__["_scope"] = scope
        self.__all__ = [
            name
            for name in scope.public()
            if name not in static.BUILTINS and not name.startswith("_")
        ]

    def __getattr__(self, name: str) -> Any:
        scope: Split = self.__dict__["_scope"]
        if name not in scope.public():
            raise AttributeError(f"the candidate defines no {name!r}")
        return scope.value(name)


class Direct:
    """The candidate's module itself: its verdicts are marked `in-process`."""

    def __init__(self, module: types.ModuleType) -> None:
        self._module = module

    def names(self, test: dict[str, Any]) -> dict[str, Any]:
        found = vars(self._module).items()
        return {
            name: value
            for name, value in found
            if name not in static.BUILTINS and not name.startswith("__")
        }

    def shadowed(self, text: str) -> dict[str, Any]:
        names = static.names_in(text)
        own = {name for name in names - static.BUILTINS if hasattr(self._module, name)}
        hidden = {name for name in names & static.BUILTINS if hasattr(self._module, name)}
        return {} if own else {name: getattr(self._module, name) for name in hidden}

    def install(self, module: str | None) -> None:
        for name in {*static.ALIASES, module}:
            if name and static.may_install(name):
                sys.modules[name] = self._module

    def owns(self, value: Any) -> bool:
        return False


def run_import(statement: str, scope: dict[str, Any]) -> None:
    """Repeats an import of the candidate's here; one that fails is left out."""
    try:
        exec(statement, scope)
    except (ImportError, OSError, ValueError):
        return


def fresh_module(name: str) -> types.ModuleType:
    """An empty module for a test's source, registered so that its classes find it."""
    module = types.ModuleType(name)
    sys.modules[name] = module
    return module
