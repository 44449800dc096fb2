"""Files that a command was told to write: tried before the work, replaced whole, never half."""

import json
import os
import threading
from pathlib import Path

import pytest
from cli_tools import Shell, right

from assay.cli.files import check_place, write_file
from assay.errors import UsageError


def test_a_file_is_replaced_whole_and_folders_are_made(tmp_path: Path) -> None:
    """Catches: a mode that is lost, a link that is replaced by a file, something left beside it."""
    out = tmp_path / "a" / "b" / "x.txt"
    check_place("--out", out, ())
    assert not (tmp_path / "a").exists(), "a check leaves no trace"
    assert write_file(out, "é\r\n") == str(out)
    assert out.read_bytes() == "é\r\n".encode()
    out.chmod(0o600)
    link = tmp_path / "link"
    link.symlink_to(out)
    check_place("--out", link, ())
    write_file(link, b"new")
    assert link.is_symlink()
    assert (out.read_bytes(), out.stat().st_mode & 0o777) == (b"new", 0o600)
    assert [path.name for path in out.parent.iterdir()] == ["x.txt"]


def test_what_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Catches: half a file in the place of a whole one; a part that nobody takes away."""
    out = tmp_path / "x"
    out.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match=r"cannot write .*No space left"):
        write_file(out, "new")
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("x", "old")]


def test_a_pipe_stays_a_pipe(tmp_path: Path) -> None:
    """Catches: /dev/stdout or a pipe that a file takes the place of."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    read: list[str] = []
    reader = threading.Thread(target=lambda: read.append(pipe.read_text()))
    reader.start()
    check_place("--out", pipe, ())
    write_file(pipe, "through")
    reader.join(20)
    assert read == ["through"]
    assert pipe.is_fifo()


@pytest.mark.parametrize("name", [".", "taken/x", "x" * 300, "/proc/nothing/x", "loop", "a\0b"])
def test_a_place_that_will_not_do_is_told(tmp_path: Path, name: str) -> None:
    """Catches: a traceback; a place that is found to be none after the work."""
    (tmp_path / "taken").write_text("")
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UsageError, match="--out"):
        check_place("--out", tmp_path / name, ())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_no_permission_is_told(tmp_path: Path) -> None:
    """Catches: a file or folder that may not be written, found after the work."""
    tmp_path.chmod(0o500)
    with pytest.raises(UsageError, match="Permission denied"):
        check_place("--out", tmp_path / "x", ())


def test_what_a_command_reads_it_does_not_write_over(tmp_path: Path) -> None:
    """Catches: a suite, or the log, that is gone for a report."""
    suite = tmp_path / "s.jsonl"
    suite.write_text("{}")
    link = tmp_path / "link"
    link.symlink_to(suite)
    with pytest.raises(UsageError, match="needs this file itself"):
        check_place("--out", link, [None, "humaneval", "x" * 9999, suite])
    check_place("--out", tmp_path / "other", [suite])
    new = tmp_path / "new"
    with pytest.raises(UsageError, match="needs this file itself"):
        check_place("--out", new, [new])  # written twice


def test_no_command_writes_over_its_log(tmp_path: Path) -> None:
    """Catches: every run lost to one slip of the pen."""
    shell = Shell(tmp_path)
    row = {"id": "t", "prompt": "add(a, b)", "hidden": ["assert add(5, 5) == 10"]}
    shell.file("t.jsonl", json.dumps(row))
    bench = ("bench", "t.jsonl", "--model", shell.model(right()), "--strategy", "sample", "--json")
    run, other = (shell.run(*bench, "--no-cache").answered().rows[0]["log"] for _ in range(2))
    log = str(shell.log)
    for command in (
        ("report", run, "--out", log),
        ("results", run, "--out", log),
        ("compare", run, other, "--report", log),
        ("export", run, "--format", "evalplus", "--out", log),
    ):
        shell.run("bench", *command).refused(2, "needs this file itself")
    shell.run(*bench, "--out", "x", "--report", "x").refused(2, "needs this file itself")
    assert len(shell.run("log", "--json").answered().rows) == 2


def test_figures_come_before_files(tmp_path: Path) -> None:
    """Catches: a table that is lost because a file cannot be written: it vanished meanwhile."""
    shell = Shell(tmp_path)
    row = {"id": "t", "prompt": "add(a, b)", "hidden": ["assert add(5, 5) == 10"]}
    shell.file("t.jsonl", json.dumps(row))
    bench = ("bench", "t.jsonl", "--model", shell.model(right()), "--strategy", "sample")
    done = shell.run(*bench, "--out", "/dev/full")
    assert done.code == 2
    assert "1/1" in done.out
    assert "cannot write /dev/full: No space left on device" in done.err
    there = shell.run(*bench, "--out", "deep/r.json", "--report", "deep/r.html").answered()
    assert "report: deep/r.html" in there.err
    assert json.loads((shell.folder / "deep/r.json").read_text())["whole"] is True
