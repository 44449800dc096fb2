"""A run killed at random moments, and one whose problems change: the same file, or a word."""

import json
import random
import shutil
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cli_tools import Shell, fenced, until

ITEMS = 6
FLAGS = ("--strategy", "sample,self_debug", "--jobs", "2", "--json")


def tasks(shell: Shell, visible: str = "assert add(1, 2) == 3", hidden: str = "10") -> str:
    rows = [
        {
            "id": f"t/{n}",
            "prompt": f"Write add(a, b) number {n}.",
            "tests": [visible if n == 2 else "assert add(1, 2) == 3"],
            "hidden": [f"assert add(5, 5) == {hidden if n == 4 else 10}"],
        }
        for n in range(ITEMS)
    ]
    shell.file("tasks.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    return "tasks.jsonl"


def script(shell: Shell, delay: float) -> str:
    """Each program is its own. Odd ones are wrong at first; number 5 stays wrong; 3 is right on
    its visible test alone."""
    replies: list[Any] = []
    for n in range(ITEMS):
        good = fenced(f"def add(a, b):\n    c{n} = a + b\n    return c{n}")
        bad = fenced(f"def add(a, b):\n    return a * b + {n} * 0 - 5")
        only_visible = fenced(f"def add(a, b):\n    return 3 + 0 * {n}")
        first = bad if n in (1, 5) else only_visible if n == 3 else good
        replies.append({"match": f"number {n}.", "text": first, "delay": delay})
    replies.append({"match": "", "text": fenced("def add(a, b):\n    return 7"), "delay": delay})
    return shell.model(*replies)


def steady_part(path: Path) -> bytes:
    """All of the file before what is volatile, byte for byte."""
    head, mark, _ = path.read_bytes().partition(b'"volatile": ')
    assert mark
    return head


@pytest.mark.parametrize("kills", [4, pytest.param(20, marks=pytest.mark.slow)])
def test_a_run_killed_at_random_moments_gives_the_same_file(tmp_path: Path, kills: int) -> None:
    """Catches: a result lost, done twice, by position, of half an item, or a file half written.
    Apart (under `volatile`): times, the run's id, and what the log had already."""
    shell = Shell(tmp_path)
    bench = ("bench", tasks(shell), "--model", script(shell, 0.05), *FLAGS)
    undisturbed = shell.log.with_name("whole.db")
    start = time.monotonic()
    shell.run(*bench, "--out", "whole.json", ASSAY_LOG=str(undisturbed)).answered()
    took = time.monotonic() - start
    chance = random.Random(6)
    killed = 0
    resume: tuple[str, ...] = ()
    while killed < kills:
        process = shell.start(*bench, *resume, "--out", "killed.json")
        time.sleep(took * chance.uniform(0.2, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=20)
        killed += 1
        resume = ("--resume",) if begun(shell) else ()
        if shell.events("end") and killed < kills:
            # A whole one begins anew, so that each kill hits a run under way.
            assert steady_part(results(shell)) == steady_part(shell.folder / "whole.json")
            shutil.rmtree(shell.log.parent)
            resume = ()
    shell.run(*bench, *resume, "--out", "killed.json").answered()
    whole = steady_part(shell.folder / "whole.json")
    assert steady_part(shell.folder / "killed.json") == whole
    assert steady_part(results(shell)) == whole
    told = json.loads((shell.folder / "whole.json").read_text())
    assert [row["hidden"] for row in told["results"][:ITEMS]] == [True, False, True, False, *[True],
                                                                  False]  # fmt: skip
    assert told["whole"] is True
    assert not [path for path in shell.folder.iterdir() if path.name.startswith(".killed.json")]


def begun(shell: Shell) -> int:
    """Runs that the log has: what is killed before there is one has not begun."""
    try:
        with closing(sqlite3.connect(f"file:{shell.log}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM run").fetchone()[0])
    except sqlite3.OperationalError:
        return 0


def results(shell: Shell) -> Path:
    """As `bench results` writes it."""
    [run] = [row["id"] for row in shell.run("log", "--json").rows]
    shell.run("bench", "results", run, "--out", "again.json").answered()
    return shell.folder / "again.json"


def test_problems_that_changed_are_done_anew_and_said(tmp_path: Path) -> None:
    """Catches: an answer to another task, or a verdict of other tests, that is kept; others that
    are done over; a later comparison that takes the tests for the old ones."""
    shell = Shell(tmp_path)
    bench = ("bench", tasks(shell), "--model", script(shell, 0.0), *FLAGS)
    first = shell.run(*bench).answered().rows[0]["log"]
    tasks(shell, visible="assert add(2, 2) == 4", hidden="11")
    again = shell.run(*bench, "--resume", "--out", "again.json").answered()
    assert "t/2 and 1 more changed since" in again.err
    assert again.rows[0]["log"] == first
    done = [item.rpartition("|")[2] for item, _ in shell.events("result")]
    assert {name: done.count(name) for name in done} == {
        f"t/{n}": 4 if n in (2, 4) else 2 for n in range(ITEMS)
    }
    new = shell.log.with_name("new.db")
    shell.run(*bench, "--out", "new.json", ASSAY_LOG=str(new)).answered()
    assert steady_part(shell.folder / "again.json") == steady_part(shell.folder / "new.json")
    quiet = shell.run(*bench, "--resume").answered()
    assert "changed" not in quiet.err
    tasks(shell)
    back = shell.run(*bench, "--resume").answered()
    assert "t/2 and 1 more changed since" in back.err


def test_a_run_that_was_killed_while_it_recorded_is_recorded_whole(tmp_path: Path) -> None:
    """Catches: a torn last row that spoils the recording, or one that is left out in it."""
    shell = Shell(tmp_path)
    bench = ("bench", tasks(shell), "--model", script(shell, 0.3), *FLAGS, "--record", "r.jsonl")
    process = shell.start(*bench)
    until(lambda: len(shell.events("completion")) >= 3)
    process.kill()
    process.communicate(timeout=20)
    path = shell.folder / "r.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    script(shell, 0.0)
    shell.run(*bench, "--resume", "--out", "a.json").answered()
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert len({row["key"] for row in rows}) == len(rows)


@pytest.mark.parametrize("place", ["tasks.jsonl/out.json", "."])
def test_a_result_file_that_cannot_be_written_is_said(tmp_path: Path, place: str) -> None:
    """Catches: a run that works for hours and then has nowhere to put its results."""
    shell = Shell(tmp_path)
    bench = ("bench", tasks(shell), "--model", script(shell, 0.0), *FLAGS)
    shell.run(*bench, "--out", place).refused(2, f"--out {place}")
