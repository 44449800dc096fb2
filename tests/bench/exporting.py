"""A run with all that goes wrong in it, as `assay bench` leaves it in the log."""

import asyncio
from dataclasses import asdict, replace
from pathlib import Path

from assay.bench import Cell
from assay.bench.compare import compare
from assay.bench.export import Export
from assay.bench.export.source import read, with_items
from assay.bench.stored import graded_by
from assay.bench.work import Recipe, Workshop
from assay.grade import Item
from assay.model.scripted import Reply, Scripted
from assay.problem import Call, Problem
from assay.sandbox import open_sandbox
from assay.search.budget import Budget, Ledger
from assay.search.driver import Parties
from assay.store import Log

SECRET = 987_654_321
SAMPLES = [
    Cell(suite="s", model="scripted/m", strategy="sample", selector="visible", seed=seed)
    for seed in (0, 1)
]
RIGHT, EVIL, EMPTY, LOST, LONG = "plain/0", "../../evil", "/abs\\..\0", "lost", "x" * 400
ODD = "\udc80 \0 \u2028 \x1b[31m"


def item_of(name: str) -> Item:
    problem = Problem(
        id=name,
        prompt=f"Add one to x. This is {name}.",
        entry_point="f",
        tests=(Call(id="visible", expression="f(1)", expected="2"),),
    )
    hidden = Call(id="hidden", expression=f"f({SECRET})", expected=str(SECRET + 1))
    return Item(problem=problem, hidden=(hidden,), split="train" if name == RIGHT else "test")


ITEMS = [item_of(name) for name in (RIGHT, EVIL, EMPTY, LOST, LONG)]


def says(name: str, code: str) -> Reply:
    return Reply(match=f"This is {name}.", text=f"```python\n{code}\n```")


def replies() -> list[Reply]:
    return [
        says(RIGHT, "def f(x):\n    return x + 1"),
        says(EVIL, "def f(x):\n    return 2"),
        Reply(match=f"This is {EMPTY}.", text=ODD + "no program" * 100_000),
        Reply(match=f"This is {LOST}.", error="error", text="gone"),
        says(LONG, "def f(x):\n    raise ValueError"),
        Reply(match="", text="no program again"),  # to the reminder
    ]


def make(path: Path) -> tuple[Log, str]:
    """The log and the id of a run of `SAMPLES` over `ITEMS`."""
    return asyncio.run(_make(path))


async def _make(path: Path) -> tuple[Log, str]:
    log = Log(path / "log.db")
    config = {
        "suite": "s",
        "problems": [item.problem.id for item in ITEMS],
        "graded_by": graded_by(ITEMS),
        "cells": [asdict(cell) for cell in SAMPLES],
        "budget": "tokens=20000",
        "temperature": 0.8,
        "max_tokens": 1024,
    }
    run = log.start("bench", config)
    sandbox = open_sandbox()
    try:
        model = Scripted(replies(), name="scripted/m")
        shop = Workshop(Parties(model, sandbox), log, run, None, Ledger(Budget()))
        grid = [(cell, Recipe(strategy="sample", selector="visible")) for cell in SAMPLES]
        await compare(shop, ITEMS, grid, jobs=2, done={}, listener=lambda result: None)
    finally:
        await sandbox.close()
    log.append(run, "", "end", {})
    return log, run


def export_of(made: tuple[Log, str], cell: str | None = None, hidden: bool = False) -> Export:
    log, run = made
    export = with_items(read(log, run, cell), ITEMS)
    return replace(export, hidden=hidden)
