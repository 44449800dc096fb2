"""Which statements, and which outcomes of conditions, a program's calls reach.

The candidate is rewritten: a mark before each statement, a function around each condition. A tight
loop takes three times as long; it works on every version of Python, and knows which way a condition
went.
"""

import ast
import itertools
import json
import os
import signal
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.feedback.inside import cases
from assay.feedback.inside.hooks import FILE

HIT, ASKED = "__assay_hit__", "__assay_asked__"
MOST = 20
Body = list[ast.stmt]


class Over(BaseException):
    """The time of one call is over."""


class Marker(ast.NodeTransformer):
    """Puts the marks in; `hit` and `ways` hold what was reached, by number."""

    def __init__(self) -> None:
        self.statements: list[ast.stmt] = []
        self.conditions: list[tuple[ast.expr, str]] = []
        self.hit = bytearray()
        self.ways: list[int] = []

    def asked(self, number: int, value: Any) -> bool:
        result = bool(value)
        self.ways[number] |= 1 if result else 2
        return result

    def generic_visit(self, node: ast.AST) -> ast.AST:
        super().generic_visit(node)
        for field in ("body", "orelse", "finalbody"):
            body = getattr(node, field, None)
            if isinstance(body, list):
                setattr(node, field, list(self.marked(body, field == "body" and documented(node))))
        if isinstance(node, ast.If | ast.While | ast.IfExp):
            kind = "if" if isinstance(node, ast.If) and not node.orelse else type(node).__name__
            node.test = self.watched(node.test, kind)
        if isinstance(node, ast.comprehension):
            node.ifs = [self.watched(test, "filter") for test in node.ifs]
        if isinstance(node, ast.match_case) and node.guard is not None:
            node.guard = self.watched(node.guard, "filter")
        return node

    def marked(self, body: Body, documented: bool) -> Iterator[ast.stmt]:
        for place, node in enumerate(body):
            future = isinstance(node, ast.ImportFrom) and node.module == "__future__"
            if not future and not (place == 0 and documented and is_text(node)):
                mark = ast.parse(f"{HIT}[{len(self.hit)}] = 1").body[0]
                self.statements.append(node)
                self.hit.append(0)
                for part in ast.walk(mark):
                    ast.copy_location(part, node)
                yield mark
            yield node

    def watched(self, test: ast.expr, kind: str) -> ast.expr:
        if isinstance(test, ast.Constant) or "__name__" in {
            node.id for node in ast.walk(test) if isinstance(node, ast.Name)
        }:
            return test
        number = ast.Constant(len(self.ways))
        self.conditions.append((test, kind))
        self.ways.append(0)
        call = ast.Call(ast.Name(ASKED, ast.Load()), [number, test], [])
        return ast.fix_missing_locations(ast.copy_location(call, test))


def documented(node: ast.AST) -> bool:
    kinds = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return isinstance(node, kinds)


def is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


# -- the calls --------------------------------------------------------------------------------


class Marked(cases.Case):
    """A case of the program with the marks in it."""

    def __init__(self, code: types.CodeType, case: dict[str, Any], marker: Marker) -> None:
        super().__init__(code, case)
        vars(self.module).update({HIT: marker.hit, ASKED: marker.asked})

    def run(self) -> Any:
        """As every case; a test of pytest has its fixtures and parameters."""
        if self.case.get("framework") != "pytest":
            return super().run()
        import pytest

        Path("test_candidate.py").write_text(self.case["source"], encoding="utf-8")
        sys.modules.pop("test_candidate", None)
        name = f"test_candidate.py::{self.case['call']}"
        return pytest.main(["-q", "-p", "no:cacheprovider", name])


def run_all(code: types.CodeType, marker: Marker, order: dict[str, Any]) -> int:
    """How many calls were cut short."""
    cut = 0
    for test in order["tests"]:
        arm(order["seconds"])
        try:
            case = Marked(code, test, marker)
            case.prepare()
            case.run()
        except Over:
            cut += 1
        except BaseException:  # noqa: BLE001 - its end is data, as everywhere
            pass
        finally:
            arm(0.0)
    return cut


def arm(seconds: float) -> None:
    """Ends a call after so much CPU, or three times as long by the clock; 0: does not."""
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    signal.setitimer(signal.ITIMER_REAL, 3 * seconds)


def over(number: int, frame: types.FrameType | None) -> None:
    raise Over


# -- what was missed --------------------------------------------------------------------------


def missed(body: Body, seen: dict[ast.stmt, bool], owner: str = "") -> Iterator[dict[str, Any]]:
    """The outermost stretches that no call reached; `owner` names a function never called."""
    known = [node for node in body if node in seen]
    for reached, stretch in itertools.groupby(known, key=lambda node: seen[node]):
        nodes = list(stretch)
        if not reached:
            whole = owner if nodes == known else ""
            yield {"line": nodes[0].lineno, "end": nodes[-1].end_lineno, "owner": whole}
            continue
        for node in nodes:
            if not (isinstance(node, ast.If) and "__name__" in ast.unparse(node.test)):
                yield from below(node, seen)


def below(node: ast.AST, seen: dict[ast.stmt, bool]) -> Iterator[dict[str, Any]]:
    function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    for field in ("body", "handlers", "orelse", "finalbody", "cases"):
        children = getattr(node, field, None) or []
        if field in ("handlers", "cases"):
            for child in children:
                yield from below(child, seen)
        elif isinstance(children, list):
            yield from missed(children, seen, getattr(node, "name", "") if function else "")


def one_way(marker: Marker, code: str) -> Iterator[dict[str, Any]]:
    """Conditions that went one way only, where no stretch of lines says so already."""
    for (test, kind), ways in zip(marker.conditions, marker.ways, strict=True):
        never_true = ways == 2 and kind in ("IfExp", "filter")
        if never_true or (ways == 1 and kind != "If"):
            text = ast.get_source_segment(code, test) or ""
            yield {"line": test.lineno, "text": text[:500], "always": ways == 1}


def main() -> None:
    order = json.load(sys.stdin)
    out = cases.silence()
    for number in (signal.SIGVTALRM, signal.SIGALRM):
        signal.signal(number, over)
    tree = ast.parse(order["code"], FILE)
    marker = Marker()
    marker.visit(tree)
    cut = run_all(compile(tree, FILE, "exec", dont_inherit=True), marker, order)
    seen = dict(zip(marker.statements, map(bool, marker.hit), strict=True))
    answer = {
        "reached": sum(marker.hit),
        "statements": len(marker.hit),
        "cut": cut,
        "missed": list(itertools.islice(missed(tree.body, seen), MOST)),
        "one_way": list(itertools.islice(one_way(marker, order["code"]), MOST)),
    }
    os.write(out, json.dumps(answer).encode() + b"\n")
    cases.os_exit(0)  # threads of the candidate may run for ever
