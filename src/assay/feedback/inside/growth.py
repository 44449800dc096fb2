"""Work by size of input: `{"code", "setup", "expression", "entry", "most", "seconds"}` on stdin.

The arguments of a call are made larger by doubling, all together and then each alone, and the
lines that run are counted; where few lines run, the time of the bare program is taken too, for
work that is done in C (`x in list`). One JSON line a series, as soon as it is known.
"""

import ast
import copy
import json
import os
import sys
import time
from functools import partial
from typing import Any

from assay.feedback.inside import cases, hooks
from assay.feedback.inside.count import Counter, Enough
from assay.feedback.inside.resize import Make, shapes

FIRST, LAST = 4, 1 << 16
TIMED_FIRST, TIMED_LAST = 1 << 9, 1 << 15
LONG = 0.06
"""Seconds after which a size is large enough."""
STEEP = 2.8
"""Times the lines for twice the size: then lines say enough, and time is not taken."""


class Growth:
    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        case = {"kind": "call", "setup": order["setup"], "expression": order["expression"]}
        self._case = cases.Case(order["code"], case)
        self._case.prepare()
        call = find_call(order["expression"], order["entry"])
        self._function = self._value(call.func)
        self._given = [self._value(node) for node in call.args]
        self._until = time.process_time() + order["seconds"]

    def _value(self, node: ast.expr) -> Any:
        return eval(compile(ast.Expression(node), cases.TEST_FILE, "eval"), self._case.scope)

    def series(self) -> list[tuple[list[int], str, list[Make]]]:
        """Which arguments are made larger together, how, and their makers."""
        ways = [(index, shapes(value)) for index, value in enumerate(self._given)]
        alone = [([i], name, [make]) for i, made in ways for name, make in made.items()]
        names = {name for _, made in ways for name in made}
        together = []
        for name in sorted(names):
            able = [(i, made[name]) for i, made in ways if name in made]
            if len(able) > 1:
                together.append(([i for i, _ in able], name, [make for _, make in able]))
        return together + alone

    def arguments(self, places: list[int], makers: list[Make], size: int) -> list[Any]:
        made = copy.deepcopy(self._given)
        for place, make in zip(places, makers, strict=True):
            made[place] = make(size)
        return made

    def lines(self, places: list[int], makers: list[Make]) -> tuple[list[Any], bool, int]:
        """Sizes with their lines, whether one was too much, and the line that ran most."""
        found: list[list[int]] = []
        size, hot = FIRST, 0
        while size <= LAST and time.process_time() < self._until:
            kind, arguments = cases.attempt(partial(self.arguments, places, makers, size))
            counter = Counter(self._order["most"])
            if kind == "returned":
                hooks.start(counter)
                kind, value = cases.attempt(partial(self._call, arguments))
                hooks.stop()
            else:
                value = arguments
            if kind == "raised" and isinstance(value, Enough):
                return found, True, hottest(counter)
            if kind == "raised":
                break
            found.append([size, counter.total])
            hot = hottest(counter)
            size *= 2
        return found, False, hot

    def times(self, places: list[int], makers: list[Make]) -> list[list[float]]:
        """Sizes with seconds, each the better of two."""
        found: list[list[float]] = []
        size = TIMED_FIRST
        while size <= TIMED_LAST and time.process_time() < self._until:
            spent = []
            for _ in range(2):
                kind, arguments = cases.attempt(partial(self.arguments, places, makers, size))
                started = time.thread_time()
                if kind == "returned":
                    kind, _ = cases.attempt(partial(self._call, arguments))
                spent.append(time.thread_time() - started)
            if kind == "raised":
                break
            found.append([size, min(spent)])
            if min(spent) > LONG:
                break
            size *= 2
        return found

    def _call(self, arguments: list[Any]) -> None:
        value = self._function(*arguments)
        if hasattr(type(value), "__next__"):
            for _ in value:
                pass


def hottest(counter: Counter) -> int:
    """Of all calls together."""
    return max(counter.hits, key=lambda line: (counter.hits[line], -line), default=0)


def find_call(expression: str, entry: str | None) -> ast.Call:
    """The call of the function asked for, else the outermost. Raises `LookupError`."""
    found = [
        node for node in ast.walk(ast.parse(expression, mode="eval")) if type(node) is ast.Call
    ]
    named = [node for node in found if type(node.func) is ast.Name and node.func.id == entry]
    if not (named or found):
        raise LookupError(expression)
    call = (named or found)[0]
    if call.keywords or any(type(node) is ast.Starred for node in call.args):
        raise LookupError("arguments by name")
    return call


def main() -> None:
    order = json.loads(sys.stdin.buffer.read())
    out = cases.silence()
    hooks.guard()
    growth = Growth(order)
    for places, name, makers in growth.series():
        lines, over, hot = growth.lines(places, makers)
        flat = len(lines) > 2 and lines[-1][1] < STEEP * lines[-2][1]
        times = growth.times(places, makers) if flat else []
        record = {
            "places": places,
            "shape": name,
            "lines": lines,
            "over": over,
            "hot": hot,
            "times": times,
        }
        os.write(out, json.dumps({"series": record}).encode() + b"\n")
    cases.os_exit(0)
