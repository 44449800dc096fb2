"""Ctrl-C and SIGTERM: over within 2 s, nothing left behind, what was done is kept."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest
from cli_tools import ADD, SOLVED, Done, Shell, Terminal, alive, descendants, fenced, right, until

SECONDS = 2.0
LINE = "assay: interrupted; what was done is kept (assay log)"
ENDLESS = """def add(a, b):
    import os
    if os.fork() == 0:
        os.setsid()
    while True:
        pass"""
"""Has a child that left its session, and both ignore nothing but the kernel's limits."""


def shell_with(folder: Path, delay: float = 0) -> tuple[Shell, str]:
    shell = Shell(folder)
    shell.file("add.py", ADD)
    return shell, shell.model(right(delay=delay))


def end(shell: Shell, process: subprocess.Popen[str], how: int, group: bool = False) -> Done:
    """Interrupts, and asserts what must hold however the command was busy."""
    below = descendants(process.pid)
    start = time.monotonic()
    if group:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    out, err = process.communicate(timeout=20)
    took = time.monotonic() - start
    done = Done(process.returncode, out, err)
    assert took < SECONDS, took
    assert done.code == 130, done
    assert "Traceback" not in err, err
    assert err.count("assay: ") == 1, err
    assert err.splitlines()[-1] == LINE, err
    until(lambda: not alive(below) and not shell.processes(), 1)
    return done


@pytest.mark.parametrize("group", [True, False])
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_while_the_model_is_awaited(tmp_path: Path, how: int, group: bool) -> None:
    """Would catch a wait for the reply, a traceback, and the status of success."""
    shell, model = shell_with(tmp_path, delay=30)
    process = shell.start("solve", "add.py", "--model", model)
    until(lambda: len(shell.events("problem")) == 1)
    time.sleep(0.1)
    done = end(shell, process, how, group)
    assert done.out == ""
    assert (shell.folder / "add.py").read_text() == ADD


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_while_a_program_runs_that_never_ends(tmp_path: Path, how: int) -> None:
    """Would catch a candidate, or a daemon that it made, that outlives the command."""
    shell, _ = shell_with(tmp_path)
    model = shell.model({"match": "", "text": fenced(ENDLESS)})
    process = shell.start("solve", "add.py", "--model", model)
    until(lambda: len(shell.events("completion")) == 1)
    time.sleep(0.7)
    below = descendants(process.pid)
    assert len(below) >= 2, "the program does not run yet"
    if how == signal.SIGKILL:
        process.kill()
        process.communicate(timeout=10)
        until(lambda: not alive(below) and not shell.processes(), 5)
    else:
        end(shell, process, how)
    shell.run("solve", "add.py", "--model", shell.model(right())).answered()


def test_a_bench_can_be_interrupted_and_resumed(tmp_path: Path) -> None:
    """Would catch finished problems that are lost or asked again, and a log left half written."""
    shell, _ = shell_with(tmp_path)
    rows = "".join(
        f'{{"id": "t/{n}", "prompt": "add {n}", "tests": ["assert add(1, 2) == 3"], '
        f'"hidden": ["assert add(2, 2) == 4"]}}\n'
        for n in range(5)
    )
    shell.file("tasks.jsonl", rows)
    model = shell.model(right(delay=0.4))
    flags = ("--model", model, "--strategy", "sample", "--jobs", "2")
    process = shell.start("bench", "tasks.jsonl", *flags)
    until(lambda: len(shell.events("result")) >= 2)
    done = end(shell, process, signal.SIGINT, group=True)
    assert "--resume" in done.err
    kept = [item for item, _ in shell.events("result")]
    assert "not finished" in shell.run("log").answered().out
    again = shell.run("bench", "tasks.jsonl", *flags, "--resume", "--json").answered()
    assert again.rows[0]["cells"][0]["solved"] == 5
    assert len(shell.events("result")) == 5
    asked = [item for item, _ in shell.events("completion")]
    assert all(asked.count(item) == 1 for item in kept)


def test_several_candidates_at_once(tmp_path: Path) -> None:
    """Would catch an interruption that reaches one of several parallel problems only."""
    shell, _ = shell_with(tmp_path)
    model = shell.model({"match": "", "text": fenced(ENDLESS)})
    for name in ("b.py", "c.py", "d.py"):
        shell.file(name, ADD)
    files = ("add.py", "b.py", "c.py", "d.py")
    process = shell.start("solve", *files, "--jobs", "4", "--model", model)
    until(lambda: len(shell.events("completion")) == 4)
    time.sleep(1)
    end(shell, process, signal.SIGINT, group=True)


def test_the_keys_on_a_terminal(tmp_path: Path) -> None:
    """Would catch Ctrl-C that works for `kill` and not for a person."""
    shell, model = shell_with(tmp_path, delay=30)
    terminal = Terminal(shell, "solve", "add.py", "--model", model)
    until(lambda: len(shell.events("problem")) == 1)
    time.sleep(0.1)
    start = time.monotonic()
    terminal.press(b"\x03")
    status, shown = terminal.end()
    assert time.monotonic() - start < SECONDS
    assert (status, shown.splitlines()[-1].removeprefix("^C")) == (130, LINE)
    assert "Traceback" not in shown
    assert not shell.processes()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_at_a_question(tmp_path: Path, how: int) -> None:
    """Would catch a command that waits for an answer that nobody will give any more."""
    shell, _ = shell_with(tmp_path)
    shell.file("odd.py", ADD.replace("    4\n", "    5\n"))
    replies = [fenced(f"def add(a, b):\n    return {text}") for text in ("a + b", "b + a", "a+b+0")]
    model = shell.model(*replies, *replies)
    terminal = Terminal(shell, "solve", "odd.py", "--strategy", "self_debug", "--model", model)
    terminal.read_until("[y/N]")
    # `input` shows its question a moment before it listens; a signal in between waits for a key.
    time.sleep(0.5)
    start = time.monotonic()
    if how == signal.SIGINT:
        terminal.press(b"\x03")
    else:
        terminal.process.terminate()
    status, shown = terminal.end()
    assert time.monotonic() - start < SECONDS
    assert (status, shown.splitlines()[-1].removeprefix("^C")) == (130, LINE)
    assert "Traceback" not in shown
    assert not shell.processes()


@pytest.mark.parametrize("gap", [0.01, 0.05])
def test_an_impatient_person_presses_twice(tmp_path: Path, gap: float) -> None:
    """Would catch a second Ctrl-C that ends the tidying up and leaves the program running."""
    shell, _ = shell_with(tmp_path)
    model = shell.model({"match": "", "text": fenced(ENDLESS)})
    process = shell.start("solve", "add.py", "--model", model)
    until(lambda: len(shell.events("completion")) == 1)
    time.sleep(0.6)
    below = descendants(process.pid)
    for _ in range(3):
        os.killpg(process.pid, signal.SIGINT)
        time.sleep(gap)
    out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, ""), err
    assert "Traceback" not in err, err
    until(lambda: not alive(below) and not shell.processes(), 2)


def test_an_interrupted_write_leaves_the_file(tmp_path: Path) -> None:
    """Would catch a file that is emptied before its new text is known."""
    shell, model = shell_with(tmp_path, delay=30)
    process = shell.start("solve", "add.py", "--model", model, "--write", "--force")
    until(lambda: len(shell.events("problem")) == 1)
    end(shell, process, signal.SIGINT)
    assert (shell.folder / "add.py").read_text() == ADD
    shell.run("solve", "add.py", "--model", shell.model(right()), "--write", "--force").answered()
    assert (shell.folder / "add.py").read_text() == SOLVED
