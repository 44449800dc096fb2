"""`solve --step`, a person as a source, and `solve --replay`, as a person has them."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from cli_tools import ADD, Shell, Terminal, fenced

from assay.cli.replay import Logged
from assay.cli.step import said, with_last, with_words
from assay.feedback.steps import Ask
from assay.model import Message, Prompt
from assay.search.driver import Trail
from assay.search.records import by_hand_record
from assay.store import Event

WRONG = fenced("def add(a, b):\n    return a - b")
RIGHT = fenced("def add(a, b):\n    return a + b")
PROMPT = "\x1b[1m> "
"""As it is asked, in bold: a program's doctest may look like one."""


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    made.file("add.py", ADD)
    return made


def by_hand(
    shell: Shell, keys: Sequence[str], *arguments: str, **variables: str
) -> tuple[int, str]:
    """Types a line whenever one is asked for."""
    screen = Terminal(shell, "solve", "add.py", *arguments, **variables)
    shown = b""
    for line in keys:
        screen.read_until(PROMPT)
        shown, screen.shown = shown + screen.shown, b""
        screen.press(line.encode() + b"\n")
    screen.shown = shown
    return screen.end()


def asked(shell: Shell) -> list[str]:
    """What the last message of each prompt was."""
    return [body["prompt"]["messages"][-1]["content"] for _, body in shell.events("completion")]


def test_each_request_is_shown_before_it_is_made(shell: Shell) -> None:
    """Defects: a request that is served unseen; lines that do not fit a terminal of 80."""
    model = shell.model(WRONG, RIGHT)
    screen = Terminal(shell, "solve", "add.py", "--model", model, "--step")
    screen.read_until("Request 1: ask the model")
    screen.read_until("s: stop)")
    assert shell.events("completion") == []
    assert b"Complete this Python function." in screen.shown
    screen.read_until(PROMPT)
    shown, screen.shown = screen.shown, b""
    screen.press(b"\n")
    screen.read_until("Request 2: run 1 on the tests")
    screen.read_until("return a - b")
    assert shell.events("attempt") == []
    for _ in range(3):
        screen.read_until(PROMPT)
        shown, screen.shown = shown + screen.shown, b""
        screen.press(b"\n")
    screen.shown = shown
    code, text = screen.end()
    assert code == 0
    assert "Your code gave: -1" in text
    assert "(as before, lines: " in text
    assert "verified" in text
    assert max(len(line) for line in text.splitlines() if "[" not in line) <= 110


def test_what_was_typed_before_a_question_does_not_answer_it(shell: Shell) -> None:
    """Defect: lines typed while the model works go on with a request that nobody has seen; or a
    person's word for one program is taken for another."""
    model = shell.model({"text": WRONG, "delay": 1.5}, RIGHT)
    screen = Terminal(shell, "solve", "add.py", "--model", model, "--step")
    screen.read_until(PROMPT)
    screen.press(b"\n")  # the model is asked, and takes its time
    screen.press(b"\n" * 5)
    screen.read_until("Request 2: run 1 on the tests")
    screen.read_until("edit program N")
    screen.press(b"s\n")
    assert screen.end()[0] == 3
    assert shell.events("attempt") == []


def test_a_comment_reaches_the_prompt(shell: Shell) -> None:
    model = shell.model(WRONG, RIGHT)
    keys = ["", "c", "12: the sign", "", "c", "think", "", ""]
    code, text = by_hand(shell, keys, "--model", model, "--step")
    assert code == 0, text
    first, second = asked(shell)
    assert "A person" not in first
    assert "A person says of line 12: the sign" in second
    assert second.endswith("A person says: think")


def test_a_comment_goes_with_its_program(shell: Shell) -> None:
    """Defects: words about a program that the prompt has not got; a key that means nothing, without
    a word of those that do; `p N` before there is a program, or not named when there is."""
    keys = ["", "x", "c", "", "c", "9: the sign", "", "", ""]
    code, text = by_hand(shell, keys, "--model", shell.model(WRONG, RIGHT), "--step")
    assert code == 0, text
    assert "no 'x' here (Enter: go on" in text
    assert text.count("nothing was said") == 1
    first, last = asked(shell)
    assert "return a - b" not in first
    assert last.count("return a - b\n```") == 1
    assert "A program that was tried:" in last
    assert "A person says of line 9, `return a - b`: the sign" in last
    assert "p N: go on from program N" in text.partition("What came of")[2]
    assert "p N" not in text.partition("Request 2")[0]


def test_of_several_programs_one_is_named(shell: Shell) -> None:
    """Defect: words about one program that are said of another."""
    other = fenced("def add(a, b):\n    return b - a")
    model = shell.model(WRONG, other, RIGHT)
    keys = ["", "c", "c 1", "9: the sign", "s"]
    flags = ("--model", model, "--step", "--strategy", "sample(n=2)")
    code, text = by_hand(shell, keys, *flags)
    assert code == 3, text
    assert "which program? c 1 to c 2" in text
    assert "the next prompt has it" in text


def test_a_prompt_and_a_program_are_edited(shell: Shell, tmp_path: Path) -> None:
    """Defects: an edit that is shown and not sent; an edited program that is not tried."""
    editor = tmp_path / "editor.sh"
    editor.write_text('#!/bin/sh\nsed -i "s/a - b/a + b/; s/Complete/Please complete/" "$1"\n')
    editor.chmod(0o755)
    model = shell.model(WRONG)
    keys = ["e", "", "e", ""]
    code, text = by_hand(shell, keys, "--model", model, "--step", EDITOR=str(editor))
    assert code == 0, text
    assert asked(shell)[0].startswith("Please complete this Python function.")
    [(_, attempt)] = shell.events("attempt")
    assert attempt["candidate"]["made_by"] == "person"
    assert "a + b" in attempt["candidate"]["code"]
    assert attempt["run"]["outcome"] == "passed"


def test_a_program_is_chosen(shell: Shell) -> None:
    model = shell.model(WRONG, RIGHT)
    code, text = by_hand(shell, ["", "", "p 9", "p 1", "", ""], "--model", model, "--step")
    assert code == 0, text
    assert "no 'p 9' here" in text
    assert "A person chose this program to go on from:" in asked(shell)[1]


@pytest.mark.parametrize("keys", [["s"], ["", "", "s"], ["", "\x04"]])
def test_it_can_be_stopped(shell: Shell, keys: list[str]) -> None:
    """Defects: a stop that loses what was tried, or that is called a failure of ours."""
    model = shell.model(WRONG, RIGHT)
    code, text = by_hand(shell, keys, "--model", model, "--step")
    assert code == 3, text
    [(_, result)] = shell.events("result")
    assert (result["status"], result["stopped"]) == ("failed", "stopped by hand")


def test_ctrl_c_ends_it_at_once(shell: Shell) -> None:
    """Defects: a question that cannot be left; processes that stay behind."""
    screen = Terminal(shell, "solve", "add.py", "--model", shell.model(RIGHT), "--step")
    screen.read_until("s: stop)")
    screen.press(b"\x03")
    code, text = screen.end()
    assert (code, shell.processes()) == (130, []), text
    assert "Traceback" not in text


def test_text_of_a_model_cannot_steer_the_terminal(shell: Shell) -> None:
    evil = fenced("def add(a, b):\n    '''\x1b[2J\x1b]0;owned\x07'''\n    return a + b")
    code, text = by_hand(shell, ["", ""], "--model", shell.model(evil), "--step")
    assert code == 0
    assert "\x1b]0" not in text
    assert "\x07" not in text


def test_an_editor_that_is_not_there_changes_nothing(shell: Shell) -> None:
    model = shell.model(RIGHT)
    code, text = by_hand(shell, ["e", "", ""], "--model", model, "--step", EDITOR="no-such-editor")
    assert code == 0
    assert "nothing was changed: no-such-editor" in text


def test_without_a_terminal_nothing_is_asked(shell: Shell) -> None:
    model = shell.model(RIGHT)
    done = shell.run("solve", "add.py", "--model", model, "--step")
    done.refused(2, "--step needs a terminal")
    done = shell.run("solve", "add.py", "--model", model, "--feedback", "person,tests")
    assert done.answered().code == 0
    assert shell.run("solve", "--model", model).code == 2


def test_a_person_is_a_source_of_feedback(shell: Shell) -> None:
    """Defect: a source that asks nobody although somebody is there."""
    model = shell.model(WRONG, RIGHT)
    keys = ["2: look at the sign"]
    code, text = by_hand(shell, keys, "--model", model, "--feedback", "person,tests")
    assert code == 0, text
    assert "A person says of line 2" in asked(shell)[1]


def test_the_end_of_input_says_nothing(shell: Shell) -> None:
    """Defect: a comment or an answer `s` that nobody typed, which the model reads."""
    model = shell.model(WRONG, RIGHT)
    code, text = by_hand(shell, ["", "", "c", "\x04", "", ""], "--model", model, "--step")
    assert code == 0, text
    code, text = by_hand(shell, ["\x04"], "--model", model, "--feedback", "person,tests")
    assert code == 0, text
    assert [body["reply"] for _, body in shell.events("consult")] == [None]
    assert not any("A person says" in prompt for prompt in asked(shell))


def test_text_is_shown_as_it_is(shell: Shell) -> None:
    """Defect: `:key:` in a program is shown as a picture, and `[b]` as bold."""
    model = shell.model(fenced("def add(a, b):\n    return a + [b][0:key:2][0]"))
    screen = Terminal(shell, "solve", "add.py", "--model", model, "--step")
    screen.read_until(PROMPT)
    screen.press(b"\n")
    screen.read_until("Request 2")
    screen.read_until("e [N]: edit")
    assert b"[b][0:key:2][0]" in screen.shown
    screen.press(b"s\n")
    assert screen.end()[0] == 3


def test_line_ends_alone_are_no_edit(shell: Shell) -> None:
    """Defect: a text with CRLF, left as it was, is sent as a changed one."""
    shell.file("add.py", ADD.replace("\n", "\r\n"))
    model = shell.model(RIGHT.replace("\n", "\r\n"))
    keys = ["e", "", "e", ""]
    code, text = by_hand(shell, keys, "--model", model, "--step", EDITOR="true")
    assert code == 0, text
    assert "\r\n" in asked(shell)[0]
    assert shell.events("by hand") == []


def test_a_changed_request_stays_optional() -> None:
    """Defect: an edit after which a budget without room ends the search."""
    prompt = Prompt(messages=(Message("user", "a"),))
    request = Ask((prompt,), optional=True)
    body = json.loads(json.dumps(by_hand_record(1, with_words(request, ["b"]))))
    logged = Logged("m", [Event(1, "r", "i", "by hand", body, 0.0)])
    replayed = asyncio.run(logged.look(request, Trail()))
    for changed in (with_words(request, ["b"]), with_last(request, "a\n\nb"), replayed):
        assert changed == replace(request, prompts=(said(prompt, "a\n\nb"),))


def run_of(shell: Shell) -> str:
    with closing(sqlite3.connect(shell.log)) as db:
        return str(db.execute("SELECT id FROM run ORDER BY started DESC").fetchone()[0])


def test_a_replay_gives_the_same_from_the_log_alone(shell: Shell) -> None:
    """Defects: a replay that asks the model again, forgets a flag, or calls itself the same
    without looking."""
    model = shell.model(WRONG, RIGHT)
    first = shell.run("solve", "add.py", "--model", model, "--seed", "7", "--json").answered()
    run = run_of(shell)
    (shell.folder / "model.json").unlink()
    (shell.folder / "add.py").unlink()
    done = shell.run("solve", "--replay", run).answered()
    assert done.out == first.rows[0]["code"]
    assert f"replay of {run}/" in done.err
    assert done.err.rstrip().endswith("the same")
    [row] = shell.run("solve", "--replay", run, "--json").answered().rows
    assert (row["status"], row["differences"]) == ("verified", [])
    shell.run("solve", "--replay", run, "add.py").refused(2, "--replay")
    shell.run("solve", "--replay", "zzzz").refused(2, "zzzz")


def test_a_replay_says_what_differs(shell: Shell) -> None:
    """Defect: a difference that goes unseen."""
    shell.run("solve", "add.py", "--model", shell.model(WRONG, RIGHT)).answered()
    run = run_of(shell)
    with closing(sqlite3.connect(shell.log)) as db:
        [(seq, text)] = db.execute(
            "SELECT seq, body FROM event WHERE kind = 'completion' ORDER BY seq LIMIT 1"
        ).fetchall()
        body = json.loads(text)
        body["completion"]["text"] = RIGHT
        db.execute("UPDATE event SET body = ? WHERE seq = ?", (json.dumps(body), seq))
        db.commit()
    done = shell.run("solve", "--replay", run)
    assert done.code == 1
    assert "1 completions, not the 2 of then" in done.err
    assert "attempt 1: " in done.err


def test_what_was_done_by_hand_is_replayed(shell: Shell) -> None:
    """Defect: comments and stops that are lost, so that the prompts are others."""
    model = shell.model(WRONG, RIGHT)
    by_hand(shell, ["", "", "c", "the sign", "", "s"], "--model", model, "--step")
    run = run_of(shell)
    done = shell.run("solve", "--replay", run, "--json")
    assert done.rows[0]["differences"] == []
    assert done.rows[0]["stopped"] == "stopped by hand"
