"""The log: what was reported as kept is kept, and what cannot be is one clear line."""

import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import StoreError, UsageError
from assay.model import Completion, Message, Prompt, Usage
from assay.store import Log
from assay.store.migrations import MIGRATIONS, migrate

WRITER = """
import sys
from pathlib import Path
from assay.store import Log
log = Log(Path(sys.argv[1]))
run = log.start("test", {})
number = 0
while number < int(sys.argv[2]):
    log.append(run, "p", "attempt", {"number": number, "text": "x" * (number % 5000)})
    print(run, number, flush=True)
    number += 1
"""
FILL = """
import shutil, sys
from pathlib import Path
from assay.errors import StoreError
from assay.store import Log
disk = Path(sys.argv[1])
log = Log(disk / "log.db")
run = log.start("test", {})
ballast = disk / "ballast"
ballast.write_bytes(b"x" * 500_000)
kept = 0
try:
    while kept < 10_000:
        log.append(run, "p", "attempt", {"number": kept, "text": "x" * 3000})
        kept += 1
    raise SystemExit("the disk was never full")
except StoreError as error:
    assert "Free some disk space" in str(error), error
    assert "\\n" not in str(error), error
ballast.unlink()
log.append(run, "p", "attempt", {"number": kept})
log.close()
seen = [event.body["number"] for event in Log(disk / "log.db").events(run)]
assert seen == list(range(kept + 1)), (seen, kept)
assert kept > 10, kept
"""


AS_NOBODY = """
import os, sys
from pathlib import Path
from assay.store import Log
if os.geteuid() == 0:
    os.setuid(65534)
Log(Path(sys.argv[1]))
"""


def writer(path: Path, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def numbers(log: Log, run: str) -> list[int]:
    return [event.body["number"] for event in log.events(run)]


@pytest.mark.parametrize("delay", [0.0, 0.003, 0.02, 0.07, 0.15])
def test_kill_9_loses_nothing_that_was_reported(tmp_path: Path, delay: float) -> None:
    """Catches: an append that returns before it is safe; a log that a kill damages."""
    path = tmp_path / "log.db"
    with writer(path, 10**9) as child:
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(delay)
        child.send_signal(signal.SIGKILL)
        reported = [first, *child.stdout.readlines()]
    whole = [line for line in reported if line.endswith("\n")]
    run = whole[-1].split()[0]
    with Log(path) as log:
        seen = numbers(log, run)
        assert seen == list(range(len(seen)))
        assert len(seen) >= len(whole)
        log.append(run, "p", "attempt", {"number": len(seen)})
        assert [row.events for row in log.runs()] == [len(seen) + 1]
    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    check.close()


def test_several_processes_write_one_log(tmp_path: Path) -> None:
    """Catches: a lost row, a mixed one, or `database is locked`; at the first opening too."""
    path = tmp_path / "new" / "log.db"
    children = [writer(path, 200) for _ in range(4)]
    for child in children:
        child.communicate(timeout=50)
    assert [child.returncode for child in children] == [0] * 4
    with Log(path) as log:
        rows = log.runs()
        assert [numbers(log, row.id) for row in rows] == [list(range(200))] * 4


@pytest.mark.parametrize("content", [b"not a database, but long enough " * 200, b"short"])
def test_a_corrupt_file_is_one_line(tmp_path: Path, content: bytes) -> None:
    """Catches: a traceback, and a damaged log that is overwritten."""
    path = tmp_path / "log.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="log\\.db") as caught:
        Log(path)
    assert "\n" not in str(caught.value)
    assert "--log" in str(caught.value)
    assert path.read_bytes() == content


def test_a_log_whose_middle_is_lost(tmp_path: Path) -> None:
    """Catches: pages of zeros that are read as nothing having happened, or as a crash."""
    path = tmp_path / "log.db"
    with Log(path) as log:
        run = log.start("test", {})
        for number in range(300):
            log.append(run, "p", "attempt", {"number": number, "text": "x" * 500})
    data = path.read_bytes()
    path.write_bytes(data[:8192] + b"\0" * (len(data) - 8192))
    with pytest.raises(StoreError, match="log\\.db"), Log(path) as log:
        assert len(log.events(run)) == 300


def test_a_path_that_cannot_be_a_log(tmp_path: Path) -> None:
    """Catches: an OSError or sqlite3.Error that escapes."""
    (tmp_path / "file").write_text("")
    for path in (tmp_path, tmp_path / "file" / "log.db", Path("/proc/none/log.db")):
        with pytest.raises(StoreError, match="--log FILE") as caught:
            Log(path)
        assert "\n" not in str(caught.value)


def test_a_read_only_log() -> None:
    """Catches: a traceback where the log belongs to somebody else. Root is no reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.db"
        Log(path).close()
        path.chmod(0o444)
        Path(folder).chmod(0o555)
        done = subprocess.run(
            [sys.executable, "-c", AS_NOBODY, str(path)], capture_output=True, text=True
        )
        Path(folder).chmod(0o755)
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("assay.errors.StoreError: log "), done.stderr
    assert "--log FILE" in last


def test_a_full_disk_keeps_what_was_reported(tmp_path: Path) -> None:
    """Catches: a full disk that damages the log, is silent, or cannot be recovered from."""
    shell = 'mount -t tmpfs -o size=900k tmpfs "$1" && exec "$2" -c "$3" "$1"'
    unshare = ["unshare", "-r", "-m", "sh", "-c", shell, "sh", str(tmp_path), sys.executable]
    may = subprocess.run([*unshare, ""], capture_output=True, text=True)
    if may.returncode != 0:
        pytest.skip(f"no small disk can be mounted here: {may.stderr.strip()}")
    done = subprocess.run([*unshare, FILL], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        st.text(st.characters(), max_size=5),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=20),
            lambda inner: st.lists(inner, max_size=3),
        ),
        max_size=4,
    )
)
def test_any_body_comes_back(body: dict[str, object]) -> None:
    """Catches: a lone surrogate, a NUL or a large number that is lost on the way."""
    with Log(Path(":memory:")) as log:
        run = log.start("test", {"x": "\udc80"})
        log.append(run, "p", "attempt", body)
        [event] = log.events(run, item="p", kind="attempt")
        pairs = any(
            "\ud800" <= a <= "\udbff" and "\udc00" <= b <= "\udfff"
            for text in [str(body)]
            for a, b in pairwise(text)
        )
        assert pairs or event.body == body
        assert log.runs()[0].config == {"x": "\udc80"}


def test_the_shelf_keeps_a_completion(tmp_path: Path) -> None:
    """Catches: a field that the cache loses, and one model's answer given for another's."""
    prompt = Prompt(messages=(Message("user", "\ud800 é"),))
    usage = Usage(prompt_tokens=3, cached_tokens=1, completion_tokens=2)
    said = Completion(
        text="a\udcffb\0",
        usage=usage,
        finish_reason="stop",
        model="m",
        seconds=0.5,
        logprobs=(-1.0,),
    )
    with Log(tmp_path / "log.db") as log:
        log.put("a/m", prompt, said)
        log.put("a/m", prompt, replace(said, text="later"))
    with Log(tmp_path / "log.db") as log:
        assert log.get("a/m", prompt.key) == said
        assert log.get("b/m", prompt.key) is None
        assert log.get("a/m", "none") is None


def test_migrations_are_made_once(tmp_path: Path) -> None:
    """Catches: a step that runs twice, and an old log that is not brought up to date."""
    path = tmp_path / "log.db"
    old = sqlite3.connect(path, isolation_level=None)
    old.execute("CREATE TABLE migration (name TEXT PRIMARY KEY)")
    MIGRATIONS[0](old)
    old.execute("INSERT INTO migration VALUES (?)", (MIGRATIONS[0].__name__,))
    old.execute("INSERT INTO run VALUES ('old', 'solve', '{}', 1.0)")
    old.close()
    for _ in range(2):
        with Log(path) as log:
            assert [row.id for row in log.runs()] == ["old"]
            assert log.get("m", "k") is None
    again = sqlite3.connect(path, isolation_level=None)
    migrate(again)
    migrate(again)
    assert again.execute("SELECT count(*) FROM migration").fetchone() == (len(MIGRATIONS),)
    again.close()


def test_a_log_of_a_newer_assay_is_left_alone(tmp_path: Path) -> None:
    """Catches: an old Assay that writes into a form that it does not know."""
    path = tmp_path / "log.db"
    Log(path).close()
    newer = sqlite3.connect(path, isolation_level=None)
    newer.execute("INSERT INTO migration VALUES ('from_the_future')")
    newer.close()
    with pytest.raises(StoreError, match=r"newer Assay \(from_the_future\).* Update Assay"):
        Log(path)


def test_find(tmp_path: Path) -> None:
    """Catches: a prefix that picks any one of several, and a wildcard."""
    with Log(tmp_path / "log.db") as log:
        with pytest.raises(UsageError, match="no run"):
            log.find("x")
        runs = [log.start("test", {}) for _ in range(2)]
        assert log.find(runs[0]).id == runs[0]
        with pytest.raises(UsageError, match="2 runs"):
            log.find("")
        for wild in ("%", "_", "*"):
            with pytest.raises(UsageError, match="no run"):
                log.find(wild)


def test_a_closed_log_is_an_error(tmp_path: Path) -> None:
    """Catches: events that go nowhere."""
    log = Log(tmp_path / "log.db")
    log.close()
    log.close()
    with pytest.raises(StoreError):
        log.append("r", "p", "k", {})
