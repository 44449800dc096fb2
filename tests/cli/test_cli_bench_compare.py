"""`assay bench compare A B`, and the figures that every `bench` prints."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Shell, Terminal, fenced, right, until

WRONG = fenced("def add(a, b):\n    return 0")
CHEAT = fenced("def add(a, b):\n    return 3")
COUNT = 8


def tasks(shell: Shell, count: int = COUNT, hidden: str = "10", name: str = "tasks.jsonl") -> str:
    rows = [
        {
            "id": f"t/{n}",
            "prompt": f"Write add(a, b) number {n}.",
            "tests": ["assert add(1, 2) == 3"],
            "hidden": [f"assert add(5, 5) == {hidden}"],
        }
        for n in range(count)
    ]
    shell.file(name, "".join(json.dumps(row) + "\n" for row in rows))
    return name


def model(shell: Shell, wrong: int, name: str = "model.json") -> str:
    """Wrong at first for so many problems and right after, but for t/7, where it cheats."""
    first = [{"match": f"number {n}", "text": WRONG} for n in range(wrong)]
    cheat = {"match": "number 7", "text": CHEAT}
    return shell.model(*first, cheat, right("Your code gave"), right(), name=name)


def bench(shell: Shell, *flags: str) -> dict[str, Any]:
    [row] = shell.run("bench", *flags, "--json").answered().rows
    return row


def test_two_strategies_are_compared(tmp_path: Path) -> None:
    """Catches: pairs that are left out, figures of the visible instead of the hidden tests, a
    line over 80 columns."""
    shell = Shell(tmp_path)
    flags = ("--model", model(shell, 6), "--strategy", "sample,self_debug")
    row = bench(shell, tasks(shell), *flags)
    sample, repair = row["cells"]
    assert (sample["solved"], repair["solved"]) == (1, 7)
    assert (sample["visible_passed"], sample["false_positives"]) == (2, 1)
    assert (sample["rounds"], repair["rounds"]) == (1.0, (6 * 2 + 2) / 8)
    assert repair["mrr"] == (1 + 6 / 2) / 8
    [pair] = row["paired"]
    assert (pair["a"], pair["b"]) == (sample["cell"], repair["cell"])
    assert [pair[k] for k in ("both", "only_a", "only_b", "neither")] == [1, 0, 6, 1]
    assert (pair["p"], pair["p_holm"], pair["difference"]) == (0.03125, 0.03125, -0.75)
    last = {step["cell"]: step["solved"] for step in row["curve"]}
    assert last == {sample["cell"]: 1, repair["cell"]: 7}
    status, shown = Terminal(shell, "bench", "tasks.jsonl", *flags).end()
    assert status == 0
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    text = " ".join(shown.split())
    assert "B > A 8 6 0 75.0 (37.5 to 100.0) 0.031 0.031" in text
    assert "A: 1 of 2 that pass the visible tests fails the hidden ones" in text


def test_of_many_cells_each_is_compared_with_the_best(tmp_path: Path) -> None:
    """Catches: a screen full of pairs, or JSON without all of them."""
    shell = Shell(tmp_path)
    strategies = "sample,sample(n=2),self_debug,self_debug(rounds=1)"
    flags = (tasks(shell), "--model", model(shell, 2), "--strategy", strategies)
    assert len(bench(shell, *flags)["paired"]) == 6
    text = " ".join(shell.run("bench", *flags).answered().out.split())
    assert text.count(" > ") == 2
    assert "Never differ: C and D." in text
    assert "all 6 pairs: --json" in text


def test_models_are_told_apart_within_eighty_columns(tmp_path: Path) -> None:
    """Catches: two cells under one name, the model named twice in the table, a wrapped table."""
    shell = Shell(tmp_path)
    models = f"{model(shell, 6)},{model(shell, 2, 'a-model-with-a-longer-name.json')}"
    flags = ("--model", models, "--strategy", "sample(n=2)", "--limit", "7")
    status, shown = Terminal(shell, "bench", tasks(shell), *flags).end()
    assert status == 0
    assert [line for line in shown.splitlines() if len(line) > 80] == []
    named = [line for line in shown.splitlines() if " with scripted/" in line]
    assert named[2:] == [  # first at the start, then above the table
        "A  sample(n=2) with scripted/model.json",
        "B  sample(n=2) with scripted/a-model-with-a-longer-name.json",
    ]
    assert "B > A 7 4 0 57.1 (" in " ".join(shown.split())


def test_two_stored_runs_are_compared(tmp_path: Path) -> None:
    """Catches: problems of one run only, names that do not tell the runs apart, a difference in
    budget that nobody is told of; a prefix that is not taken."""
    shell = Shell(tmp_path)
    a = bench(shell, tasks(shell), "--model", model(shell, 6), "--strategy", "sample")["log"]
    other = ("--model", model(shell, 3, "other.json"), "--strategy", "sample", "--limit", "7")
    b = bench(shell, "tasks.jsonl", *other, "--budget", "calls=3")["log"]
    [row] = shell.run("bench", "compare", a[:6], b, "--json").answered().rows
    assert row.keys() >= {"cells", "paired", "curve", "report"}
    assert [(cell["run"], cell["items"], cell["solved"]) for cell in row["cells"]] == [
        (a, 7, 1),
        (b, 7, 4),
    ]
    [pair] = row["paired"]
    assert (pair["problems"], pair["only_a"], pair["only_b"], pair["p"]) == (7, 0, 3, 0.25)
    assert [run["left_out"] for run in row["runs"]] == [1, 0]
    assert row["differs"]["budget"] == ["tokens=20000", "calls=3"]
    done = shell.run("bench", "compare", a, b).answered()
    assert f"B  {b} sample" in done.out
    assert "B > A 7 3 0 42.9 (" in " ".join(done.out.split())
    assert f"Left out: 1 of the 8 problems of {a}" in done.out
    assert "differ in budget" in done.err


@pytest.mark.slow
def test_runs_that_do_not_compare_are_refused(tmp_path: Path) -> None:
    """Catches: figures over other tests or suites, a traceback instead of a line."""
    shell = Shell(tmp_path)
    flags = ("--model", shell.model(right()), "--strategy", "sample", "--limit", "2")
    a = bench(shell, tasks(shell), *flags)["log"]
    b = bench(shell, tasks(shell, hidden="11"), *flags)["log"]
    c = bench(shell, tasks(shell, name="others.jsonl"), *flags)["log"]
    solved = shell.run("solve", tasks(shell), *flags[:2], "--json").answered().rows
    s = solved[0]["log"].partition("/")[0]
    compare = ("bench", "compare")
    shell.run(*compare, a, b).refused(2, "graded by other tests", "t/0", a, b)
    shell.run(*compare, a, c).refused(2, "different suites", "tasks.jsonl", "others.jsonl")
    shell.run(*compare, a, s).refused(2, "assay solve")
    shell.run(*compare, a, "nowhere").refused(2, "no run 'nowhere'")
    shell.run(*compare, a, a[:7]).refused(2, "the same run")
    shell.run(*compare, a).refused(2, "B")
    shell.run(*compare, a, b, c).refused(2, "unexpected")
    shell.run("bench", "tasks.jsonl", "more.jsonl").refused(2, "unexpected", "more.jsonl")
    with closing(sqlite3.connect(shell.log)) as db, db:
        db.execute("UPDATE run SET config = json_remove(config, '$.graded_by') WHERE id = ?", (c,))
    shell.run(*compare, a, c).refused(2, c, "does not say what graded it")
    with closing(sqlite3.connect(shell.log)) as db, db:
        sql = "UPDATE run SET config = json_set(config, '$.cells[0].older', 1) WHERE id = ?"
        db.execute(sql, (b,))
    shell.run(*compare, a, b).refused(2, b, "another version")


def test_nothing_in_common_is_an_error(tmp_path: Path) -> None:
    """Catches: rates of 0 of 0, where a model failed throughout."""
    shell = Shell(tmp_path)
    flags = ("--strategy", "sample", "--json")
    a = bench(shell, tasks(shell, 2), "--model", shell.model(right()), *flags[:2])["log"]
    broken = shell.model({"match": "", "error": "error"}, name="broken.json")
    done = shell.run("bench", "tasks.jsonl", "--model", broken, *flags).answered(1)
    b = done.rows[0]["log"]
    shell.run("bench", "compare", a, b).refused(2, "no problem that every cell of both measured")


@pytest.mark.parametrize("as_json", [True, False])
def test_an_unfinished_run_is_said_to_be_one(tmp_path: Path, as_json: bool) -> None:
    """Catches: half a run that passes for a whole one, in JSON too."""
    shell = Shell(tmp_path)
    quick = ("--model", shell.model(right()), "--strategy", "sample")
    whole = bench(shell, tasks(shell, 3), *quick)["log"]
    slow = shell.model(right("number 0"), right(delay=30), name="slow.json")
    flags = ("--model", slow, "--strategy", "sample", "--jobs", "1")
    process = shell.start("bench", "tasks.jsonl", *flags)
    try:
        until(lambda: len(shell.events("result")) == 4)
    finally:
        process.kill()
        process.communicate()
    half = shell.run("log", "--json").answered().rows[0]["id"]
    more = ("--json",) if as_json else ()
    done = shell.run("bench", "compare", whole, half, *more).answered()
    assert f"run {half} is NOT FINISHED" in done.err
    assert f"run {whole}" not in done.err
    if as_json:
        assert [run["finished"] for run in done.rows[0]["runs"]] == [True, False]
