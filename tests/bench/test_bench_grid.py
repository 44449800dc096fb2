"""Grids: each combination once, named so that it is found again; mistakes told by their key."""

from dataclasses import asdict
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.bench import Cell
from assay.bench.bounds import LIMITS, bounds
from assay.bench.conditions import CONDITIONS, sources_in
from assay.bench.grid import NAMES, Axes, cells_in, distinct
from assay.bench.stored import stored
from assay.errors import UnknownName, UsageError
from assay.feedback import SOURCES
from assay.search.budget import Budget, Price
from assay.store import Log

FLAGS = Axes(model=("m",), strategy=("sample", "assay"), selector=("agreement",))
WORDS = st.lists(st.sampled_from(["a", "b", "c(n=2)"]), min_size=1, max_size=3, unique=True)


@given(WORDS, WORDS, WORDS, st.lists(st.integers(-3, 9), min_size=1, max_size=3, unique=True))
def test_every_combination_has_a_cell_and_a_key(
    models: list[str], strategies: list[str], selectors: list[str], numbers: list[int]
) -> None:
    """Catches: a combination that is left out or done twice, two cells of one key: the second
    would be taken for done."""
    told = ["", "tests", "tests,trace"]
    axes = Axes(
        model=tuple(models),
        strategy=tuple(strategies),
        feedback=tuple(told),
        condition=("full", "unary"),
        selector=tuple(selectors),
        seed=tuple(numbers),
    )
    cells = distinct(axes.cells("s"))
    assert len({cell.key for cell in cells}) == len(cells)
    wanted = set(product(models, strategies, [*told, "build,tests", "unary"], selectors, numbers))
    found = {(c.model, c.strategy, c.feedback, c.selector, c.seed) for c in cells}
    assert found == wanted
    assert len(cells) == len(wanted)


def test_old_cells_keep_their_keys(tmp_path: Path) -> None:
    """Catches: a stored run of before that no longer finds its own results."""
    old: dict[str, Any] = {
        "suite": "s",
        "model": "m",
        "strategy": "sample",
        "selector": "agreement",
        "seed": 3,
    }
    assert Cell(**old).key == "m sample agreement seed=3"
    config = {"suite": "s", "problems": ["p"], "graded_by": ["x"], "cells": [old]}
    with Log(tmp_path / "log.db") as log:
        found = stored(log, log.start("bench", config))
        assert [cell.feedback for cell in found.cells] == [""]
        newer = {**config, "cells": [{**asdict(Cell(**old)), "colour": "red"}]}
        with pytest.raises(UsageError, match="another version"):
            stored(log, log.start("bench", newer))


def grid(path: Path, text: str) -> list[Cell]:
    file = path / "grid.toml"
    file.write_text(text)
    return cells_in(file, FLAGS, "s")


def test_a_file_changes_the_axes_that_it_has(tmp_path: Path) -> None:
    """Catches: flags that win over the file, a cell without the parts that it leaves open, one
    that is in the product and listed as well and done twice."""
    cells = grid(
        tmp_path,
        'strategy = ["ldb", "sample(n=2)"]\nseed = [1, 2]\ncondition = "full"\n'
        '[[cell]]\nstrategy = "assay"\nseed = 9\nfeedback = " tests , trace"\n'
        '[[cell]]\nstrategy = "ldb"\nseed = 1\n',
    )
    assert [(c.model, c.strategy, c.seed, c.condition, c.feedback) for c in cells] == [
        ("m", "ldb", 1, "full", "build,tests"),
        ("m", "ldb", 2, "full", "build,tests"),
        ("m", "sample(n=2)", 1, "full", "build,tests"),
        ("m", "sample(n=2)", 2, "full", "build,tests"),
        ("m", "assay", 9, "", "tests,trace"),
    ]
    alone = grid(tmp_path, '[[cell]]\nstrategy = "ldb"\n[[cell]]\nstrategy = "ldb"\nseed = 4\n')
    assert [(c.strategy, c.seed) for c in alone] == [("ldb", 0), ("ldb", 4)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("strategies = ['x']", "unknown key 'strategies'"),
        ("seed = ['1']", "seed wants whole numbers"),
        ("seed = [true]", "seed wants whole numbers"),
        ("seed = [1.0]", "seed wants whole numbers"),
        ("model = [1]", "model wants names"),
        ("model = ['']", "model wants names"),
        ("model = []", "model has no values"),
        ("model = {a = 1}", "model wants names"),
        ("seed = 1\nseed = 2\n\n", "line 2"),
        ("strategy = [\n'a'\n'b']", "line 3"),
        ("cell = 3", "cells are tables"),
        ("[[cell]]\ncolour = 'red'", "cell 1: unknown key 'colour'"),
        ("[[cell]]\nstrategy = ['a']", "cell 1: strategy wants one value"),
        ("[[cell]]\nseed = 1", "cell 1: it does not say which strategy"),
        ("condition = 'polite'", "unknown condition 'polite'"),
    ],
)
def test_a_mistake_is_told_by_key_or_line(tmp_path: Path, text: str, said: str) -> None:
    """Catches: a key that is ignored, a crash, a message that does not say where."""
    with pytest.raises((UsageError, UnknownName)) as caught:
        grid(tmp_path, text)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Catches: a traceback for a wrong name, a folder, or bytes that are no text."""
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\x00")
    for name in ("no.toml", ".", "bytes.toml"):
        with pytest.raises(UsageError, match="--grid"):
            cells_in(tmp_path / name, FLAGS, "s")


def test_conditions_are_those_of_the_paper_and_a_control() -> None:
    """Catches: a source that is not there, a condition that shows more than its name: the words of
    a model that saw tests which the loop may not see."""
    rows = {name: set(sources) for name, sources in CONDITIONS.items()}
    assert set().union(*rows.values()) <= set(SOURCES)
    assert len(rows) == 10
    assert rows.pop("unary") == {"unary"}
    for name, sources in rows.items():
        assert "build" in sources
        assert ("tests" in sources) == name.startswith("full")
        assert ("tests_partial" in sources) == name.startswith("partial")
        spoken = {source for source in sources if source.startswith("critic")}
        assert len(spoken) == ("novice" in name or "expert" in name)
        for source in spoken:
            assert ("novice" in source) == ("novice" in name)
            assert source.endswith("_partial") == ("tests_partial" in sources)
            assert source.endswith("_blind") == (name in ("novice", "expert"))
    with pytest.raises(UnknownName):
        sources_in("")


AMOUNTS = st.none() | st.integers(1, 10**6)
BUDGETS = st.builds(Budget, **dict.fromkeys(LIMITS, AMOUNTS))


@given(st.lists(BUDGETS, min_size=1, max_size=4), BUDGETS, st.integers(0, 50))
def test_bounds_are_no_less_than_the_budgets(
    budgets: list[Budget], total: Budget, problems: int
) -> None:
    """Catches: a bound that is below what may be spent, or that a budget of the run does not
    lower; a limit that one cell has and another has not, taken for a limit of both."""
    found = bounds(budgets, [None] * len(budgets), problems, total)
    for name in LIMITS:
        each = [getattr(budget, name) for budget in budgets]
        most, value = getattr(total, name), found[name]
        if most is not None:
            assert value is not None
            assert value <= most
        if None not in each:
            assert value is not None
            assert value <= problems * sum(each)
        if most is None and None in each and name != "completion_tokens":
            assert value is None
    assert set(found) == set(LIMITS) == set(Budget.__dataclass_fields__)


def test_dollars_are_bounded_by_tokens() -> None:
    """Catches: a free model with no bound, an unknown price that is none, the cheaper kind of
    token taken for all."""
    budget = Budget(tokens=1_000_000)
    assert bounds([budget], [Price(1.0, 3.0)], 2, Budget())["dollars"] == 6.0
    assert bounds([budget], [Price(0.0, 0.0)], 2, Budget())["dollars"] == 0.0
    assert bounds([budget], [None], 2, Budget())["dollars"] is None
    assert bounds([budget], [None], 2, Budget(dollars=1.5))["dollars"] == 1.5
    assert "model" in NAMES
