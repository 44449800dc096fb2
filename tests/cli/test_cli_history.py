"""`assay log`, `assay show`, and what a terminal of 80 columns looks like."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from cli_tools import ADD, ASSAY, Shell, Terminal, chat_server, fenced, right

from assay.store import Log

WRONG = "def add(a, b):\n    return a - b"


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    """With one finished run: a wrong program, and its repair. For reading only."""
    shell = Shell(tmp_path_factory.mktemp("history"))
    shell.file("add.py", ADD)
    replies = (fenced(WRONG), fenced("def add(a, b):\n    return a + b"))
    shell.run(
        "solve", "add.py", "--strategy", "self_debug", "--model", shell.model(*replies)
    ).answered()
    return shell


def test_show_has_every_prompt_completion_candidate_run_and_decision(shell: Shell) -> None:
    """Would catch a step that is not kept, or kept and not shown."""
    [run] = shell.run("log", "--json").answered().rows
    assert run["id"] in shell.run("log").answered().out
    overview = shell.run("show", run["id"]).answered().out
    assert "verified" in overview
    assert "add.py  tests 2/2" in overview
    text = shell.run("show", f"{run['id']}/add.py").answered().out
    for kind in ("problem", "completion", "attempt", "feedback", "decision", "result"):
        assert f"── {kind} ─" in text
    for words in ("add:1: add(1, 2) → 3", "[user]", "return a - b", "gave -1", "repairs"):
        assert words in text
    assert text.count("── completion") == text.count("── attempt") == 2


def test_show_as_json_is_the_whole_log(shell: Shell) -> None:
    """Would catch an event that only the text has, or a body that is cut."""
    [run] = shell.run("log", "--json").answered().rows
    rows = shell.run("show", run["id"], "--json").answered().rows
    assert len(rows) == run["events"]
    kinds = [row["kind"] for row in rows]
    assert kinds.count("completion") == kinds.count("attempt") == 2
    one = shell.run("show", f"{run['id']}/add.py", "--json").answered().rows
    assert one == [row for row in rows if row["item"] == "add.py"]
    assert [row["body"]["run"]["outcome"] for row in one if row["kind"] == "attempt"] == [
        "wrong",
        "passed",
    ]


def test_a_beginning_of_the_id_is_enough_and_a_wrong_name_is_refused(shell: Shell) -> None:
    """Would catch the wrong run shown for a name that fits none."""
    [run] = shell.run("log", "--json").answered().rows
    assert run["id"] in shell.run("show", run["id"][:4]).answered().out
    shell.run("show", f"{run['id']}/sub.py").refused(2, "sub.py", f"assay show {run['id']}")
    shell.run("show", f"{run['id']}x").refused(2, "assay log")


def test_an_empty_log_says_what_to_do(tmp_path: Path) -> None:
    """Would catch a blank screen, or JSON that is no JSON."""
    shell = Shell(tmp_path)
    assert "assay solve" in shell.run("log").answered().out
    assert shell.run("log", "--json").answered().out == ""


@pytest.mark.parametrize("verb", ["log --limit 1000", "show RUN/add.py", "show RUN --json"])
def test_a_reader_that_goes_away_is_no_error(shell: Shell, verb: str) -> None:
    """Would catch `BrokenPipeError` after `assay show … | head -1`."""
    [run] = shell.run("log", "--json").answered().rows
    command = f"{ASSAY} {verb.replace('RUN', run['id'])} | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=shell.folder,
        env=shell.env | {"PYTHONUNBUFFERED": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def wide(text: str) -> list[str]:
    return [line for line in text.splitlines() if len(line) > 80]


def test_eighty_columns_hold_a_line_a_problem(tmp_path: Path) -> None:
    """Would catch the golden look going: a line that wraps, or a status that is cut off."""
    shell = Shell(tmp_path)
    names = ("add.py", "a_rather_long_name_for_a_file_of_python.py", "bad.py", "worse.py")
    for name in names:
        shell.file(name, ADD.replace("The sum.", f"The sum, {name}."))
    model = shell.model(
        {"match": "bad.py", "text": fenced(WRONG)},
        {"match": "worse.py", "error": "error", "text": "the model is away"},
        right(),
    )
    status, shown = Terminal(shell, "solve", *names, "--model", model, "--strategy", "sample").end()
    assert status == 1
    assert wide(shown) == []
    lines = shown.splitlines()
    starts = ("✓ verified", "✓ verified", "✗ failed", "! unmeasured")
    for line, start, name in zip(lines, starts, names, strict=False):
        assert line.startswith(start), line
        assert name[-20:] in line
    assert "2 of 4 verified" in shown


def test_eighty_columns_hold_the_table_of_a_bench(tmp_path: Path) -> None:
    """Would catch a table that wraps, or hidden verdicts and intervals that are not in it."""
    shell = Shell(tmp_path)
    task = {"id": "t/1", "prompt": "add", "tests": ["assert add(1, 2) == 3"]}
    shell.file("t.jsonl", json.dumps(task | {"hidden": ["assert add(2, 2) == 5"]}))
    model = shell.model({"match": "", "text": fenced("def add(a, b):\n    return a + b")})
    cells = ("--strategy", "sample,sample(n=5),self_debug(rounds=2)", "--selector", "visible")
    status, shown = Terminal(shell, "bench", "t.jsonl", "--model", model, *cells).end()
    assert status == 0
    assert wide(shown) == []
    assert shown.count("hidden WRONG") == shown.count("t/1 ") == 3
    assert shown.count("0/1") == 3


def test_a_problem_of_a_comparison_is_shown_cell_by_cell(tmp_path: Path) -> None:
    """Would catch prompts and verdicts of cells that ran at the same time under one another."""
    shell = Shell(tmp_path)
    task = {"id": "t/1", "prompt": "add", "tests": ["assert add(1, 2) == 3"]}
    shell.file("t.jsonl", json.dumps(task | {"hidden": ["assert add(2, 2) == 5"]}))
    model = shell.model({"match": "", "text": fenced(WRONG)})
    cells = ("--strategy", "sample(n=3),self_debug,try_again", "--jobs", "3")
    shell.run("bench", "t.jsonl", "--model", model, "--json", *cells)
    [run] = shell.run("log", "--json").answered().rows
    rows = shell.run("show", f"{run['id']}/t/1", "--json").answered().rows
    order = [row["item"] for row in rows]
    assert len(set(order)) == 3
    assert order == sorted(order, key=list(dict.fromkeys(order)).index)


def test_no_colour_where_none_is_wanted(tmp_path: Path) -> None:
    """Would catch `NO_COLOR` that is not honoured on a terminal."""
    shell = Shell(tmp_path)
    shell.file("add.py", ADD)
    flags = ("solve", "add.py", "--model", shell.model(right()))
    plain, coloured = Terminal(shell, *flags, NO_COLOR="1"), Terminal(shell, *flags)
    assert plain.end()[0] == coloured.end()[0] == 0
    assert b"\x1b[32m" in coloured.shown
    assert b"\x1b[3" not in plain.shown


def test_the_list_says_how_runs_came_out_and_leaves_out_what_never_began(tmp_path: Path) -> None:
    """Defects: a list that does not say what was solved; a run that failed before its first
    problem listed, and a replay of it that ends without a word."""
    shell = Shell(tmp_path)
    shell.file("add.py", ADD)
    shell.file("sub.py", ADD.replace("add", "sub"))
    row = {"id": "a", "prompt": "add", "entry_point": "add", "hidden": ["assert add(1, 2) == 3"]}
    wrong = {**row, "id": "b", "hidden": ["assert add(1, 2) == 4"]}
    shell.file("own.jsonl", json.dumps(row) + "\n" + json.dumps(wrong) + "\n")
    model = shell.model(right())
    chosen = ("--model", model, "--strategy", "sample(n=1)")
    shell.run("solve", "add.py", *chosen).answered()
    shell.run("solve", "add.py", "sub.py", *chosen)
    shell.run("bench", "own.jsonl", *chosen).answered()
    with Log(shell.log) as log:
        empty = log.start("solve", {"targets": ["nothing.py"], "model": model})
    listed = shell.run("log").answered().out
    assert empty not in listed
    lines = listed.splitlines()
    assert max(map(len, lines)) <= 80
    endings = (
        "own.jsonl sample(n=1)  1/2 solved (50.0%)",
        "add.py sub.py  1 of 2 verified",
        "verified",
    )
    for line, ending in zip(lines, endings, strict=True):
        assert line.endswith(ending), line
    newest = shell.run("log", "--json").rows[0]["outcomes"]
    assert (newest["graded"], newest["solved"]) == (2, 1)
    shell.run("solve", "--replay", empty).refused(2, empty, "nothing to replay")


def test_what_the_log_answered_is_not_called_spent(tmp_path: Path) -> None:
    """Defect: a run out of the cache, or a replay, reads as if the model had worked."""
    shell = Shell(tmp_path)
    shell.file("add.py", ADD)
    code = fenced("def add(a, b):\n    return a + b")
    with chat_server(lambda messages: code) as server:
        chosen = ("solve", "add.py", "--model", "openai/x", "--strategy", "sample(n=1)")
        where = {"OPENAI_BASE_URL": server.address, "OPENAI_API_KEY": "none"}
        first = shell.run(*chosen, **where).answered()
        second = shell.run(*chosen, **where).answered()
        asked = len(server.asked)
        [row] = shell.run(*chosen, "--json", **where).answered().rows
        assert len(server.asked) == asked == 1
    assert "cached" not in first.err
    assert "60 tok (cached)" in second.err
    assert "(cached) 1 of the calls: the log answered them" in second.err
    assert "60 tokens were not spent now" in second.err
    assert (row["cost"]["cached_calls"], row["cost"]["cached_tokens"]) == (1, 60)
    newest = shell.run("log", "--json").rows[-1]["id"]
    assert "(cached)" in shell.run("solve", "--replay", newest).answered().err


def test_a_long_solve_says_what_it_is_doing(tmp_path: Path) -> None:
    """Defects: a spinner that says nothing; a line wider than the terminal; one in a pipe."""
    shell = Shell(tmp_path)
    shell.file("add.py", ADD)
    slow = {"text": fenced("def add(a, b):\n    return a + b"), "delay": 1.0}
    model = shell.model(fenced("def add(a, b):\n    return a + abs(b) - 1"), slow)
    chosen = ("solve", "add.py", "--strategy", "self_debug", "--model", model)
    terminal = Terminal(shell, *chosen)
    terminal.read_until("model writes  1 program  best 0/2 tests")
    terminal.read_until(" of 20,000 tokens")
    status, _ = terminal.end()
    assert status == 0
    moving = [part for part in terminal.shown.decode().split("\r") if " tokens" in part]
    assert max(len(re.sub(r"\x1b\[[0-9;?]*\w", "", part).strip("\n")) for part in moving) <= 80
    assert "model writes" not in shell.run(*chosen).answered().err
