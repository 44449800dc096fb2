"""What a replay needs of a run is in its log: flags, templates, answers, and where it ended."""

import json
import shutil
from pathlib import Path

import pytest
from cli_tools import ADD, Done, Shell, fenced

WRONG = fenced("def add(a, b):\n    return a - b")
WORSE = fenced("def add(a, b):\n    return a * b")
RIGHT = fenced("def add(a, b):\n    return a + b")
STUB = 'def f(x):\n    """Change the list.\n\n    >>> f([2])\n    [4]\n    """\n    ...\n'
LISTS = [fenced(f"def f(x):\n    return {body}") for body in (
    "[a * a for a in x]", "[a * 2 for a in x]", "[a + 2 for a in x]",
)]  # fmt: skip


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    made.file("add.py", ADD)
    made.file("f.py", STUB)
    return made


def solved(shell: Shell, *arguments: str) -> Done:
    done = shell.run("solve", *arguments, "--json")
    assert len(done.rows) == 1, done
    return done


def replayed(shell: Shell, first: Done) -> dict[str, object]:
    """The row of a replay that came out the same."""
    run = first.rows[0]["log"].partition("/")[0]
    done = shell.run("solve", "--replay", run, "--json")
    [row] = done.rows
    assert (row["differences"], done.code) == ([], 0), done.err
    kept = ("status", "stopped", "code", "questions", "confidence")
    assert {key: row[key] for key in kept} == {key: first.rows[0][key] for key in kept}
    return {**row}


def test_tests_of_each_kind(shell: Shell) -> None:
    """Defect: a `Command` that is read back as an `Io`, which ends in a traceback."""
    rows = [
        {"kind": "command", "argv": ["python", "t.py"],
         "files": {"t.py": "import main\nprint(main.add(1, 2))"}, "expected": "3"},
        {"kind": "io", "stdin": "", "expected": ""},
        {"kind": "call", "expression": "add(1, 2)", "expected": "3"},
        {"kind": "script", "source": "", "call": "assert add(1, 2) == 3"},
    ]  # fmt: skip
    shell.file("t.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    model = shell.model(RIGHT)
    first = shell.run("solve", "add.py", "--tests", "t.jsonl", "--model", model, "--json")
    if "user namespaces" in first.err + first.out:
        pytest.skip("no namespaces here")
    row = replayed(shell, first)
    assert row["visible"] == {"passed": 6, "total": 6}


def test_questions_that_the_file_does_not_answer(shell: Shell) -> None:
    """Defect: a reply that is given to another question than its own."""
    flags = ("--strategy", "sample(n=3)", "--selector", "posterior", "--answers", "a.jsonl")
    shell.file("a.jsonl", json.dumps({"task_id": "f.py", "input": "f([99, 98, 97])", "value": "1"}))
    solved(shell, "f.py", "--model", shell.model(*LISTS), *flags)
    asked = [body for _, body in shell.events("consult")]
    assert [body["reply"]["asked"] for body in asked] == [False] * len(asked)
    inputs = [body["question"]["input"] for body in asked]
    assert len(inputs) > 1
    given = json.loads(inputs[1].removeprefix("f(").removesuffix(")"))
    value = str([number * 2 for number in given])
    shell.file("a.jsonl", json.dumps({"task_id": "f.py", "input": inputs[1], "value": value}))
    first = solved(shell, "f.py", "--model", shell.model(*LISTS), *flags)
    assert first.rows[0]["questions"] == 1
    replayed(shell, first)


def test_flags_and_templates_are_those_of_then(shell: Shell) -> None:
    """Defects: a confidence, a window, a price or a wording that the replay takes from elsewhere;
    a folder of templates that has to be there still."""
    (shell.folder / "p").mkdir()
    shell.file("p/system.jinja", "Be brief.")
    flags = (
        "--min-confidence", "1", "--prompts", "p", "--max-tokens", "100", "--context", "300",
        "--strategy", "self_debug(rounds=3)", "--budget", "dollars=1", "--price", "1,1",
    )  # fmt: skip
    model = shell.model(WRONG, WORSE, WRONG + "\n" + "so " * 200, RIGHT)
    first = solved(shell, "add.py", "--model", model, *flags)
    assert first.rows[0]["status"] == "abstained"
    shutil.rmtree(shell.folder / "p")
    replayed(shell, first)
    prompts = [body["prompt"]["messages"] for _, body in shell.events("completion")]
    assert {messages[0]["content"] for messages in prompts} == {"Be brief."}


def test_the_library_is_that_of_then(shell: Shell) -> None:
    """Defect: a program that was verified after the run is shown to the model in its replay, or in
    the replay of that."""
    shell.file("g.py", ADD.replace("add", "total").replace("sum", "whole total of two numbers"))
    total = RIGHT.replace("add", "total")
    model = shell.model(RIGHT, *[RIGHT] * 3)
    first = solved(shell, "add.py", "--model", model, "--strategy", "acecoder")
    solved(shell, "g.py", "--model", shell.model(*[total] * 3), "--strategy", "sample(n=1)")
    again = replayed(shell, first)
    assert again["log"] != first.rows[0]["log"]
    row = {**first.rows[0], "log": again["log"]}
    replayed(shell, Done(0, json.dumps(row), ""))


@pytest.mark.parametrize(
    ("flags", "stopped"),
    [(("--budget", "seconds=2"), "budget"), (("--total-budget", "calls=1"), "total budget")],
)
def test_a_run_that_a_budget_ended(shell: Shell, flags: tuple[str, ...], stopped: str) -> None:
    """Defect: the seconds that ended the search are no failure of the model."""
    model = shell.model(WRONG, {"text": RIGHT, "delay": 60})
    first = solved(shell, "add.py", "--model", model, *flags)
    assert (first.rows[0]["status"], first.rows[0]["stopped"]) == ("failed", stopped)
    replayed(shell, first)


def test_a_run_that_a_budget_ended_while_a_program_ran(shell: Shell) -> None:
    """Defect: the program that was cut off is tried to its end, and is an attempt more."""
    model = shell.model(fenced("def add(a, b):\n    while True: pass"), RIGHT)
    first = solved(shell, "add.py", "--model", model, "--budget", "seconds=2")
    assert (first.rows[0]["stopped"], shell.events("attempt")) == ("budget", [])
    replayed(shell, first)


def test_a_reply_for_which_the_total_budget_left_less(shell: Shell) -> None:
    """Defect: its prompt is none of the log's, as the replay has no such budget."""
    flags = ("--max-tokens", "2000", "--total-budget", "tokens=1500")
    first = solved(shell, "add.py", "--model", shell.model(WRONG, RIGHT), *flags)
    prompts = [body["prompt"]["max_tokens"] for _, body in shell.events("completion")]
    assert prompts
    assert max(prompts) < 2000
    replayed(shell, first)
