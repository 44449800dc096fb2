"""`assay bench report RUN` and `--report`: the files that they make."""

import csv
import json
from pathlib import Path
from typing import Any

from cli_tools import Shell, fenced, right, until

WRONG = fenced("def add(a, b):\n    return 0")


def tasks(shell: Shell, count: int = 2) -> str:
    rows = [
        {
            "id": f"t/{n}",
            "prompt": f"Write add(a, b) number {n}.",
            "tests": ["assert add(1, 2) == 3"],
            "hidden": ["assert add(5, 5) == 10"],
        }
        for n in range(count)
    ]
    shell.file("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return "tasks.jsonl"


def bench(shell: Shell, *flags: str) -> dict[str, Any]:
    model = shell.model({"match": "number 0", "text": WRONG}, right("Your code gave"), right(""))
    line = ("bench", tasks(shell), "--model", model, "--strategy", "sample,self_debug")
    [row] = shell.run(*line, *flags, "--json").answered().rows
    return row


def test_a_run_ends_with_its_report(tmp_path: Path) -> None:
    """Catches: a `report` key that names no file, a page that differs from the one made later, a
    default name that is not the run's."""
    shell = Shell(tmp_path)
    row = bench(shell, "--report", "page.html")
    assert row["report"] == "page.html"
    page = (shell.folder / "page.html").read_bytes()
    assert page.startswith(b"<!doctype html>")
    done = shell.run("bench", "report", row["log"][:5]).answered()
    assert done.out == f"assay-{row['log']}.html\n"
    assert (shell.folder / f"assay-{row['log']}.html").read_bytes() == page
    assert bench(shell)["report"] is None
    names = {path.name for path in shell.folder.iterdir()}
    assert names == {"tasks.jsonl", "model.json", "page.html", f"assay-{row['log']}.html"}


def test_the_figures_are_those_of_the_run(tmp_path: Path) -> None:
    """Catches: figures of a report that differ from what the run printed; CSV that is not made, or
    a page that nobody asked for."""
    shell = Shell(tmp_path)
    row = bench(shell)
    line = ("bench", "report", row["log"], "--csv", "deep/folder", "--json")
    [told] = shell.run(*line).answered().rows
    assert told["report"] is None
    for key in ("cells", "paired", "curve", "pass@k"):
        assert row[key]
        for one, other in zip(row[key], told[key], strict=True):
            assert {name: other[name] for name in one} == one, "the report may add, not change"
    assert [result["kind"] for result in told["results"]] == ["wrong", "solved"] + ["solved"] * 2
    folder = shell.folder / "deep" / "folder"
    with (folder / "results.csv").open(newline="") as file:
        assert [one["kind"] for one in csv.DictReader(file)] == [r["kind"] for r in told["results"]]
    assert sorted(path.name for path in folder.iterdir()) == [
        "cells.csv",
        "pairs.csv",
        "results.csv",
    ]
    assert not list(shell.folder.glob("*.html"))


def test_one_cell_has_no_table_of_pairs(tmp_path: Path) -> None:
    """Catches: an empty pairs.csv, or one that is left out without a word; `people` that only the
    run itself told."""
    shell = Shell(tmp_path)
    run = bench(shell, "--strategy", "sample", "--limit", "1")["log"]
    done = shell.run("bench", "report", run, "--csv", "out").answered()
    assert done.out.split() == ["out/cells.csv", "out/results.csv"]
    assert "no pairs.csv: the run has one cell" in done.err
    [told] = shell.run("bench", "report", run, "--json").answered().rows
    assert told["people"] is None


def test_two_runs_have_a_report(tmp_path: Path) -> None:
    """Catches: a page of one of the runs only, of problems that one of them did not measure."""
    shell = Shell(tmp_path)
    a, b = bench(shell), bench(shell, "--limit", "1")
    line = ("bench", "compare", a["log"], b["log"], "--report", "two.html", "--json")
    [row] = shell.run(*line).answered().rows
    assert row["report"] == "two.html"
    page = (shell.folder / "two.html").read_text()
    assert f'"run":"{a["log"]}"' in page
    assert f'"run":"{b["log"]}"' in page
    assert '"problems":["t/0"]' in page


def test_an_unfinished_run_has_a_report_that_says_so(tmp_path: Path) -> None:
    """Catches: half a run that passes for a whole one, or that has no report at all."""
    shell = Shell(tmp_path)
    slow = shell.model(right("number 0"), right(delay=30))
    flags = ("--model", slow, "--strategy", "sample", "--jobs", "1")
    process = shell.start("bench", tasks(shell), *flags)
    try:
        until(lambda: len(shell.events("result")) == 1)
    finally:
        process.kill()
        process.communicate()
    run = shell.run("log", "--json").answered().rows[0]["id"]
    done = shell.run("bench", "report", run, "--json").answered()
    assert f"run {run} is NOT FINISHED" in done.err
    assert [result["kind"] for result in done.rows[0]["results"]] == ["solved", "unfinished"]
    shell.run("bench", "report", run).answered()
    assert '"finished":false' in (shell.folder / f"assay-{run}.html").read_text()


def test_what_cannot_be_done_is_one_line(tmp_path: Path) -> None:
    """Catches: hours of work before a folder is found missing, a traceback, half a file."""
    shell = Shell(tmp_path)
    model = shell.model(right(""))
    line = ("bench", tasks(shell), "--model", model, "--strategy", "sample", "--report")
    (shell.folder / "taken").write_text("")
    shell.run(*line, "taken/page.html").refused(2, "--report taken/page.html")
    shell.run(*line, "tasks.jsonl").refused(2, "--report tasks.jsonl", "needs this file itself")
    shell.run(*line, ".").refused(2, "--report .", "is a folder")
    assert shell.events("result") == []
    shell.run("bench", "report", "nothing").refused(2, "no run 'nothing'")
    run = bench(shell)["log"]
    shell.run("bench", "report", run, "--out", "taken/x.html").refused(2, "--out taken/x.html")
    shell.run("bench", "report", run, "--csv", "taken").refused(2, "--csv taken")
    [solved] = shell.run("solve", "Write add(a, b).", "--model", model, "--json").rows
    shell.run("bench", "report", solved["log"].partition("/")[0]).refused(2, "assay solve")
