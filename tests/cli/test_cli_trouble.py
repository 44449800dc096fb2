"""Trouble on the way: the log, the disk, the endpoint, the model's file. Nothing is lost."""

import json
import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from cli_tools import ADD, SOLVED, Done, Shell, right

MODEL_FILE = "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf"


def shell_with(folder: Path, *replies: str | dict[str, object]) -> tuple[Shell, str]:
    shell = Shell(folder)
    shell.file("add.py", ADD)
    return shell, shell.model(*(replies or (right(),)))


def closed_port() -> int:
    with closing(socket.socket()) as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_an_endpoint_that_refuses_is_our_failure_and_no_verdict(tmp_path: Path) -> None:
    """Would catch a refused connection that is scored as a wrong answer, or a traceback."""
    shell, _ = shell_with(tmp_path)
    done = shell.run(
        *("solve", "add.py", "--model", "openai/x", "--json"),
        OPENAI_BASE_URL=f"http://127.0.0.1:{closed_port()}/v1",
    ).answered(1)
    [row] = done.rows
    assert (row["status"], row["code"], row["hidden"]) == ("unmeasured", None, None)
    assert "cannot connect to http://127.0.0.1" in row["reason"]
    assert "OPENAI_BASE_URL" in row["reason"]


def test_a_refusal_is_said_once_and_not_as_a_lack_of_tests(tmp_path: Path) -> None:
    """Would catch `no tests` beside a problem that has two which never ran."""
    shell, model = shell_with(tmp_path, {"error": "error", "text": "no such luck"})
    done = shell.run("solve", "add.py", "--model", model).answered(1)
    assert done.err.count("no such luck") == 1
    assert "no tests" not in done.err
    assert done.out == ""


def test_a_wrong_file_in_the_place_of_a_model_is_named(tmp_path: Path) -> None:
    """Would catch a damaged model that is loaded, or silently fetched again over it."""
    shell, _ = shell_with(tmp_path)
    file = shell.file(MODEL_FILE, b"GGUF" + bytes(1000))
    done = shell.run(
        *("solve", "add.py", "--model", "embedded/qwen2.5-coder-0.5b"),
        ASSAY_MODELS=str(shell.folder),
    )
    done.refused(1, MODEL_FILE, "damaged", "assay models pull qwen2.5-coder-0.5b")
    assert file.stat().st_size == 1004


@pytest.mark.parametrize(
    ("damage", "verb"),
    [
        ("text", ["solve", "add.py"]),
        ("text", ["log"]),
        ("text", ["bench", "tasks.jsonl"]),
        ("half", ["solve", "add.py"]),
        ("half", ["log"]),
        ("folder", ["solve", "add.py"]),
        ("folder", ["show", "x"]),
    ],
)
def test_a_log_that_cannot_be_read_is_left_as_it_is(
    tmp_path: Path, verb: list[str], damage: str
) -> None:
    """Would catch a corrupt log that is emptied, or replaced, or met with a traceback."""
    shell, model = shell_with(tmp_path)
    row = {"id": "a", "prompt": "add", "hidden": ["assert add(1, 2) == 3"]}
    shell.file("tasks.jsonl", json.dumps(row) + "\n")
    if damage == "half":
        shell.run("solve", "add.py", "--model", model).answered()
        whole = shell.log.read_bytes()
        shell.log.write_bytes(whole[:4096] + b"\x55" * (len(whole) - 4096))
    elif damage == "text":
        shell.log.parent.mkdir()
        shell.log.write_text("Dear diary, " * 500)
    else:
        shell.log.mkdir(parents=True)
    before = None if damage == "folder" else shell.log.read_bytes()
    flags = ["--model", model] if verb[0] in ("solve", "bench") else []
    shell.run(*verb, *flags).refused(1, str(shell.log), "--log")
    assert before is None or shell.log.read_bytes() == before


def test_a_log_of_a_newer_assay_is_not_touched(tmp_path: Path) -> None:
    """Would catch an old program that writes into a schema it does not know."""
    shell, model = shell_with(tmp_path)
    shell.run("solve", "add.py", "--model", model).answered()
    with closing(sqlite3.connect(shell.log)) as db, db:
        db.execute("INSERT INTO migration VALUES ('from_the_future')")
    shell.run("solve", "add.py", "--model", model).refused(1, "newer Assay", "--log")


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small disk needs the right to mount one")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    """Would catch a result that is printed though the log could not keep it, a damaged log, and
    a run that cannot be taken up again once there is room."""
    shell, _ = shell_with(tmp_path)
    rows = (f'{{"id": "p{n}", "prompt": "add {n} {"x" * 9000}", "tests": ["assert add(1, 2) == 3"]'
            f', "hidden": ["assert add(2, 2) == 4"]}}\n' for n in range(40))  # fmt: skip
    shell.file("many.jsonl", "".join(rows))
    model = shell.model(right())
    bench = ("bench", "many.jsonl", "--model", model, "--strategy", "sample", "--jobs", "1")
    with small_disk(tmp_path / "disk", "600k") as disk:
        shell.log = disk / "log.db"
        done = shell.run(*bench, ASSAY_LOG=str(shell.log))
        assert (done.code, done.out, "Traceback" in done.err) == (1, "", False), done
        [line] = [line for line in done.err.splitlines() if line.startswith("assay: ")]
        assert "full" in line
        assert "--resume" in line
        reported = [line.split()[2] for line in done.err.splitlines() if "verified" in line]
        kept = [item.rpartition("|")[2] for item, _ in shell.events("result")]
        assert reported
        assert set(reported) <= set(kept)
        subprocess.run(["mount", "-o", "remount,size=20m", str(disk)], check=True)
        again = shell.run(*bench, "--resume", "--json", ASSAY_LOG=str(shell.log)).answered()
        assert again.rows[0]["cells"][0]["solved"] == 40
        items = [item for item, _ in shell.events("result")]
        assert len(items) == len(set(items)) == 40


def test_processes_make_and_write_one_log_at_once(tmp_path: Path) -> None:
    """Would catch `database is locked`, a run that is mixed into another, or one that is lost."""
    shell, _ = shell_with(tmp_path)
    model = shell.model(right(delay=0.3))

    def solve(_: int) -> Done:
        return shell.run("solve", "add.py", "--model", model)

    with ThreadPoolExecutor(3) as pool:
        for done in pool.map(solve, range(3)):
            assert done.answered().out == SOLVED
            assert "assay: " not in done.err
    runs = shell.run("log", "--json").answered().rows
    assert [run["finished"] for run in runs] == [True] * 3
    assert len(shell.events("result")) == len(shell.events("completion")) == 3


def test_reading_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    """Would catch `assay log` that hangs, or fails, while a run is writing."""
    shell, model = shell_with(tmp_path)
    shell.run("solve", "add.py", "--model", model).answered()
    held = sqlite3.connect(shell.log, isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    try:
        assert "add.py" in shell.run("log").answered().out
    finally:
        held.close()


def test_a_recording_without_the_prompt_is_not_a_wrong_answer(tmp_path: Path) -> None:
    """Would catch a made-up completion, or a verdict without one."""
    shell, _ = shell_with(tmp_path)
    shell.file("rec.jsonl", '{"text": "x", "key": "1"}\n')
    done = shell.run("solve", "add.py", "--model", "recorded/rec.jsonl", "--json").answered(1)
    assert done.rows[0]["status"] == "unmeasured"
    assert "rec.jsonl has no completion" in done.rows[0]["reason"]
