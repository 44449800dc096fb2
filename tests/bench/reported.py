"""A run whose every text is hostile, made by the real path with the real sandbox."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

from assay.bench import Cell
from assay.bench.compare import compare
from assay.bench.stored import graded_by
from assay.bench.work import Recipe, Workshop
from assay.grade import Item
from assay.model.prompter import Prompter
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import open_sandbox
from assay.search.budget import Budget, Ledger, Price
from assay.search.driver import Parties
from assay.store import Log

XSS = (
    "</script><script>window.hacked=1</script><img src=x onerror='window.hacked=1'>"
    "<svg onload=window.hacked=1></textarea></title></style><!-- {{ 7*7 }} \u2028\u2029 &lt;b&gt;"
    "<a href='javascript:window.hacked=1'>"
)
MODEL = f"scripted/{XSS}"
SUITE = f"tasks {XSS}"


def program(body: str) -> str:
    text = f'def add(a, b):\n    """{XSS}"""\n    print({XSS!r})\n    return {body}\n'
    return f"{XSS}\n\n```python\n{text}```\n{XSS}"


RIGHT, WRONG, CHEAT = program("a + b"), program("0"), program(f"3 if a == 1 else {XSS!r}")
SCRIPT = (
    Reply(text=RIGHT, match="case right"),
    Reply(text=CHEAT, match="case cheat"),
    Reply(text=f"I will not. {XSS}", match="case mute"),
    Reply(error="error", text=f"failed {XSS}", match="case fault"),
    Reply(text=WRONG, match="case mended"),
    Reply(text=RIGHT, match="Your code gave"),
    Reply(text=f"Never. {XSS}", match=""),
)
CASES = ("right", "mended", "cheat", "mute", "fault")
STRATEGIES = ("sample", "self_debug")


def item(case: str) -> Item:
    problem = Problem(
        id=f"{case}/{XSS}",
        prompt=f"Write add(a, b), case {case}. {XSS}",
        entry_point="add",
        tests=(Call(id=f"seen {XSS}", expression="add(1, 2)", expected="3"),),
    )
    return Item(problem=problem, hidden=(Call(id=XSS, expression="add(5, 5)", expected="10"),))


async def hostile_run(path: Path, finished: bool = False, seeds: tuple[int, ...] = (0,)) -> str:
    """The id of a run of five problems and two cells a seed in the log at `path`; it wants a sixth
    problem, which is not worked on, unless it is `finished`."""
    items = [item(case) for case in CASES]
    wanted = [*items, *([] if finished else [item("late")])]
    cells = [
        (
            Cell(suite=SUITE, model=MODEL, strategy=strategy, selector="agreement", seed=seed),
            Recipe(strategy=strategy, selector="agreement", prompter=Prompter(seed=seed)),
        )
        for strategy in STRATEGIES
        for seed in seeds
    ]
    config: dict[str, Any] = {
        "suite": SUITE,
        "problems": [one.problem.id for one in wanted],
        "graded_by": graded_by(wanted),
        "cells": [asdict(cell) for cell, _ in cells],
        "budget": "tokens=20000",
        "prompts": XSS,
    }
    with Log(path) as log:
        run = log.start("bench", config)
        sandbox = open_sandbox(slots=1)
        parties = Parties(model=Scripted(SCRIPT, name=MODEL), sandbox=sandbox)
        shop = Workshop(parties, log, run, Price(0.0, 0.0), Ledger(Budget()))
        try:
            await compare(shop, items, cells, jobs=1, done={}, listener=lambda _: None)
        finally:
            await sandbox.close()
        if finished:
            log.append(run, "", "end", {})
    return run
