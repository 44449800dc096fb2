"""Loads the candidate and does what a test does with it."""

import asyncio
import io
import os
import sys
import types
import unittest
from collections.abc import Callable
from itertools import islice
from typing import Any

from assay.feedback.inside.hooks import FILE

TEST_FILE = "<test>"
os_exit = os._exit
"""Of the interpreter, whatever the candidate puts in its place."""
ALIASES = ("candidate", "solution", "submission")
"""Names by which a test may import the candidate."""
MOST_ITEMS = 1000
"""Of a generator that a call gave."""


def silence() -> int:
    """Gives what the candidate prints to nobody; a descriptor to write to in place of 1."""
    out = os.dup(1)
    high = 200
    os.dup2(out, high, inheritable=False)
    os.close(out)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    return high


class Case:
    """One call, script, program or load: `prepare` is what comes before it is watched."""

    def __init__(self, code: str | types.CodeType, case: dict[str, Any]) -> None:
        self.case = case
        self.kind: str = case["kind"]
        self.name = "__main__" if self.kind == "io" else "candidate"
        self.module = types.ModuleType(self.name)
        if isinstance(code, str):
            code = compile(code, FILE, "exec", dont_inherit=True)
        self.compiled = code
        self.scope: dict[str, Any] = {}

    def prepare(self) -> None:
        for alias in (*ALIASES, self.name):
            sys.modules[alias] = self.module
        if self.kind == "io":
            text = io.BytesIO(self.case["stdin"].encode("utf-8", "surrogateescape"))
            sys.stdin = io.TextIOWrapper(text, "utf-8", "surrogateescape")
        if self.kind in ("io", "load"):
            return
        exec(self.compiled, self.module.__dict__)
        self.scope = dict(vars(self.module)) | {"__name__": "test"}
        if self.kind == "call":
            exec(compile(self.case["setup"], TEST_FILE, "exec"), self.scope)
            self.expression = compile(self.case["expression"], TEST_FILE, "eval")
        else:
            if self.case["module"]:
                sys.modules[self.case["module"]] = self.module
            exec(compile(self.case["source"], TEST_FILE, "exec"), self.scope)
            self.call = compile(self.script_call(), TEST_FILE, "exec")

    def run(self) -> Any:
        """Gives the value of a call; raises what it raises."""
        if self.kind in ("io", "load"):
            exec(self.compiled, self.module.__dict__)
            return None
        if self.kind == "script":
            exec(self.call, self.scope)
            return None
        value = eval(self.expression, self.scope)
        if type(value) is types.CoroutineType:
            return asyncio.run(value)
        if type(value) is types.GeneratorType:
            return list(islice(value, MOST_ITEMS))
        return value

    def script_call(self) -> str:
        """The statement that runs the test, also where a framework would."""
        call: str = self.case["call"]
        if self.case["framework"] == "plain":
            return call
        owner, _, method = call.replace("::", ".").partition("[")[0].partition(".")
        if not method:
            return f"{owner}()"
        made = self.scope.get(owner)
        if isinstance(made, type) and issubclass(made, unittest.TestCase):
            return f"__import__('unittest').TestSuite([{owner}({method!r})]).debug()"
        return f"{owner}().{method}()"


def attempt(work: Callable[[], Any]) -> tuple[str, Any]:
    """How it ended: `returned` and the value, `raised` and the exception."""
    try:
        return "returned", work()
    except BaseException as error:  # noqa: BLE001 - whatever the candidate raises is data
        return "raised", error
