"""`assay solve` when all is well, and when no candidate is good enough."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cli_tools import ADD, SOLVED, Shell, fenced, right

WRONG = {"match": "add", "text": fenced("def add(a, b):\n    return a - b")}
KEYS = {"problem", "status", "code", "confidence", "visible", "hidden", "cost", "questions", "log"}
COSTS = {"prompt_tokens", "completion_tokens", "calls", "runs", "seconds", "dollars"}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    shell = Shell(tmp_path)
    shell.file("add.py", ADD)
    shell.model(right(), name="right.json")
    shell.model(WRONG, name="wrong.json")
    return shell


def solve(shell: Shell, *arguments: str, model: str = "right.json", **more: str) -> Any:
    return shell.run("solve", *arguments, "--model", f"scripted/{model}", **more)


def git(shell: Shell, *arguments: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@b.c")
    subprocess.run(["git", *who, *arguments], cwd=shell.folder, check=True, capture_output=True)


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_stdout_is_the_file_with_only_the_stub_changed(shell: Shell, newline: str) -> None:
    """Would catch a lost comment, changed line ends, or evidence mixed into the code."""
    before = "#!/usr/bin/python\n# caf\u00e9  \nX = {'a':1}\n\n\n"
    text = (before + ADD + "\n\nassert  X\t# end").replace("\n", newline)
    shell.file("odd.py", text.encode())
    out = shell.raw("solve", "odd.py", "--model", "scripted/right.json").decode()
    wanted = text.replace("    ...", "    return a + b")
    assert out.removesuffix("\n") == wanted.removesuffix("\n")
    assert (shell.folder / "odd.py").read_bytes() == text.encode()


def test_json_has_the_keys_of_the_design_and_nothing_else_is_printed(shell: Shell) -> None:
    """Would catch a renamed key, which breaks other people's scripts, and noise on stderr."""
    done = solve(shell, "add.py", "--json").answered()
    [row] = done.rows
    assert row.keys() >= KEYS
    assert row["cost"].keys() >= COSTS
    assert (row["problem"], row["status"], row["code"]) == ("add.py", "verified", SOLVED)
    assert (row["visible"], row["hidden"]) == ({"passed": 2, "total": 2}, None)
    assert row["cost"]["calls"] == row["cost"]["runs"] == 1
    assert done.err == ""


@pytest.mark.parametrize("ending", ["\n", "", "\r\n"])
def test_a_diff_applies(shell: Shell, ending: str) -> None:
    """Would catch a diff that git does not take: other line ends, no line end, or code beside."""
    before = (ADD.rstrip() + "\n").replace("\n", ending or "\n").encode()
    file = shell.file("odd.py", before if ending else before.rstrip())
    diff = shell.raw("solve", "odd.py", "--diff", "--model", "scripted/right.json")
    assert file.read_bytes() == (before if ending else before.rstrip())
    subprocess.run(["git", "apply", "-"], input=diff, cwd=shell.folder, check=True)
    assert file.read_bytes().replace(b"\r\n", b"\n").decode().rstrip() == SOLVED.rstrip()
    assert file.read_bytes().count(b"\r\n") == before.count(b"\r\n")


def test_write_changes_a_committed_file_and_no_other(shell: Shell) -> None:
    """Would catch work that is overwritten: not committed, ignored, or without any repository."""
    file = shell.folder / "add.py"
    solve(shell, "add.py", "--write").refused(2, "no git repository", "--force")
    git(shell, "init")
    solve(shell, "add.py", "--write").refused(2, "not committed", "--force")
    shell.file(".gitignore", "add.py\n")
    solve(shell, "add.py", "--write").refused(2, "not committed", "--force")
    git(shell, "add", "--force", "add.py")
    solve(shell, "add.py", "--write").refused(2, "not committed", "--force")
    git(shell, "commit", "-m", "stub")
    failed = solve(shell, "add.py", "--write", model="wrong.json").answered(3)
    assert "left as it is" in failed.err
    assert file.read_text() == ADD
    done = solve(shell, "add.py", "--write").answered()
    assert (done.out, file.read_text()) == ("", SOLVED)
    file.write_text(ADD + "# mine\n")
    solve(shell, "add.py", "--write").refused(2, "not committed", "--force")
    assert file.read_text() == ADD + "# mine\n"
    solve(shell, "add.py", "--write", "--force").answered()
    assert file.read_text() == SOLVED + "# mine\n"


def test_several_targets_give_one_row_each_in_order(shell: Shell) -> None:
    """Would catch rows in the order in which they happened to end, or one that is dropped."""
    shell.file("mul.py", ADD.replace("add", "mul"))
    shell.model(
        right(delay=0.5), {"match": "mul", "text": fenced("def mul(a, b): return 0")},
        name="both.json",
    )  # fmt: skip
    done = solve(shell, "add.py", "mul.py", "--jobs", "2", "--json", model="both.json").answered(3)
    assert [(r["problem"], r["status"]) for r in done.rows] == [
        ("add.py", "verified"),
        ("mul.py", "failed"),
    ]
    text = solve(shell, "add.py", "mul.py", "--jobs", "2", model="both.json").answered(3)
    assert "1 of 2 verified" in text.err


def test_a_problem_of_a_suite_is_graded_by_its_hidden_tests(shell: Shell) -> None:
    """Would catch `suite:ID` that is not found by id or position, or is not graded."""
    shell.model({"match": "", "text": fenced("def strlen(s):\n    return len(s)")}, name="len.json")
    both = ("humaneval:HumanEval/23", "humaneval:23")
    done = solve(shell, *both, "--json", model="len.json").answered()
    assert [(r["problem"], r["hidden"]) for r in done.rows] == [("HumanEval/23", True)] * 2


def test_words_with_tests(shell: Shell) -> None:
    """Would catch `--tests` that is read but not run: the same words, another program."""
    shell.file("t.py", "assert add(2, 3) == 5\n")
    words = "Write a function add(a, b) that adds two numbers."
    done = solve(shell, words, "--tests", "t.py").answered()
    assert done.out == "def add(a, b):\n    return a + b\n"
    failed = solve(shell, words, "--tests", "t.py", "--json", model="wrong.json").answered(3)
    assert failed.rows[0]["visible"] == {"passed": 0, "total": 1}


def test_standard_input_may_be_words_or_a_file(shell: Shell) -> None:
    """Would catch a piped file that is taken for a task in words."""
    assert solve(shell, "-", stdin=ADD).answered().out == SOLVED
    shell.file("t.py", "assert add(2, 3) == 5\n")
    words = solve(shell, "-", "--tests", "t.py", stdin="Write add(a, b).").answered()
    assert words.out == "def add(a, b):\n    return a + b\n"


def test_jsonl_in_and_evalplus_samples_out(shell: Shell) -> None:
    """Would catch samples that EvalPlus does not read, or a problem that is left out."""
    tasks = [
        {"id": "t/1", "prompt": "Write add(a, b).", "tests": ["assert add(1, 2) == 3"],
         "hidden": ["assert add(5, 5) == 10"]},
        {"id": "t/2", "prompt": "Write add(a, b) of 1.", "tests": ["assert add(1, 2) == 4"]},
    ]  # fmt: skip
    shell.file("tasks.jsonl", "".join(json.dumps(task) + "\n" for task in tasks))
    done = solve(shell, "tasks.jsonl", "--out", "samples.jsonl").answered(3)
    assert done.out == ""
    file = shell.folder / "samples.jsonl"
    rows = [json.loads(line) for line in file.read_text().splitlines()]
    program = "def add(a, b):\n    return a + b\n"
    assert rows == [{"task_id": f"t/{n}", "solution": program} for n in (1, 2)]
    assert "hidden tests: 1 of 1 right" in done.err


def test_without_tests_the_majority_speaks_or_nobody(shell: Shell) -> None:
    """Would catch an answer that is called verified though nothing was verified."""
    tests = [fenced("\n".join(f"assert neg({n}) == {-n}" for n in range(1, 9)))] * 2
    shell.model(*[fenced("def neg(a):\n    return -a")] * 5, *tests, name="alike.json")
    task = "Write a function neg(a) that negates an integer."
    likely = solve(shell, task, "--json", model="alike.json").answered(0).rows[0]
    unlike = [fenced(f"def neg(a):\n    return [{n}, a]") for n in range(5)]
    shell.model(*unlike, name="unlike.json")
    abstained = solve(shell, task, "--json", model="unlike.json").answered(4).rows[0]
    assert abstained["status"] == "abstained"
    assert abstained["visible"] == {"passed": 0, "total": 0}
    assert likely["status"] == "likely"
    assert 0.5 <= likely["confidence"] < 1
    sure = solve(shell, task, "--json", "--min-confidence", "0.99", model="alike.json").answered(4)
    assert "below 0.99: all 5 programs do the same, which passes 8 of 8" in sure.rows[0]["reason"]


def test_no_candidate_passes_is_3_and_says_why(shell: Shell) -> None:
    """Would catch a failure that looks like success to a script, or that has no evidence."""
    done = solve(shell, "add.py", model="wrong.json").answered(3)
    assert "failed: no candidate passes every visible test" in done.err
    assert "add(1, 2)" in done.err
    assert "assay show" in done.err


def test_a_budget_that_is_spent_first_is_5(shell: Shell) -> None:
    """Would catch an overrun, or a spent budget that reads as `no candidate passes`."""
    limits = ("--budget", "calls=1", "--json")
    [row] = solve(shell, "add.py", *limits, model="wrong.json").answered(5).rows
    assert (row["status"], row["stopped"], row["cost"]["calls"]) == ("failed", "budget", 1)
    [none] = solve(shell, "add.py", "--budget", "tokens=10", "--json").answered(5).rows
    assert (none["code"], none["cost"]["calls"]) == (None, 0)


def test_a_wrong_example_is_named_with_the_way_on(shell: Shell) -> None:
    """Would catch tokens spent on an example that nobody can satisfy, without a word about it."""
    shell.file("odd.py", ADD.replace("    4\n", "    5\n"))
    programs = ("return a + b", "s = a\n    s += b\n    return s", "return sum((a, b))")
    replies = [fenced(f"def add(a, b):\n    {program}") for program in programs]
    shell.model(*replies, *replies, name="many.json")
    repairs = ("--strategy", "self_debug")
    done = solve(shell, "odd.py", *repairs, model="many.json").answered(3)
    [line] = [line for line in done.err.splitlines() if "may be wrong" in line]
    for word in ("add:2", "add(2, 2)", "5", "4", "--without add:2"):
        assert word in line
    again = solve(shell, "odd.py", *repairs, "--without", "add:2", model="many.json").answered()
    assert "return a + b" in again.out
    assert "verified" in again.err


def test_the_script_of_the_page_on_models_runs(shell: Shell) -> None:
    """Defect: a format that is documented wrongly, or a recording that does not replay."""
    page = (Path(__file__).parents[2] / "docs" / "model.md").read_text()
    [script] = re.findall(r"```json\n(.*?\n)```", page, re.DOTALL)
    shell.file("replies.json", script)
    task = ("solve", "Write add(a, b).", "--strategy", "sample(n=2)", "--json", "--model")
    [first] = shell.run(*task, "scripted/replies.json", "--record", "one.jsonl").rows
    assert "return a + b" in first["code"]
    [again] = shell.run(*task, "recorded/one.jsonl").rows
    assert (again["code"], again["status"]) == (first["code"], first["status"])


def test_a_failed_answer_says_why_the_search_ended(shell: Shell) -> None:
    """Defect: "no candidate passes" where the budget was what ended it, or its figure missing."""
    budget = ("--budget", "tokens=20000,calls=1", "--json")
    [row] = solve(shell, "add.py", *budget, model="wrong.json").answered(5).rows
    assert row["reason"] == "no candidate passes every visible test; the budget of 1 call is spent"
    [none] = solve(shell, "add.py", "--budget", "tokens=10", "--json").answered(5).rows
    assert "the budget of 10 tokens has no room for a first call" in none["reason"]
