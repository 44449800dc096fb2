"""Suites by name and by path; a published file is fetched whole, right, or not at all."""

import gzip
import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from assay.bench import fetch
from assay.bench.fetch import Release, at_hand, fetched
from assay.bench.suites import SUITES, left_out, load_suite
from assay.errors import ProblemError, UnknownName, UsageError

DATA = b'{"a": 1}\n'


@contextmanager
def serving(body: bytes, status: int = 200) -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/x.jsonl.gz"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def release(url: str) -> Release:
    return Release(file="x.jsonl", url=url, sha256=sha256(DATA).hexdigest())


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_SUITES", str(tmp_path / "suites"))


def test_a_file_is_fetched_once(tmp_path: Path) -> None:
    """Catches: a file that is fetched for every run, or kept packed; leavings beside it."""
    with serving(gzip.compress(DATA)) as url:
        path = fetched(release(url))
    assert path.read_bytes() == DATA
    assert fetched(release("http://127.0.0.1:1/")) == path
    assert list((tmp_path / "suites").iterdir()) == [path]


@pytest.mark.parametrize("changed", [b"", DATA[:-1], DATA + b" ", b"0" * 3_000_000])
def test_a_kept_file_that_was_changed_is_not_used(changed: bytes, tmp_path: Path) -> None:
    """Catches: a file that was edited, or cut off by a full disk, graded with for ever after."""
    with serving(gzip.compress(DATA)) as url:
        path = fetched(release(url))
        assert at_hand(release(url))
        path.write_bytes(changed)
        assert not at_hand(release(url))
        with pytest.raises(UsageError, match=r"SHA-256 differs.*remove it"):
            fetched(release(url))
        path.unlink()
        assert fetched(release(url)).read_bytes() == DATA


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        (gzip.compress(DATA + b" "), 200, "SHA-256 differs"),
        (gzip.compress(DATA)[:-9], 200, "cannot be unpacked"),
        (DATA, 200, "cannot be unpacked"),
        (gzip.compress(b"0" * 3_000_000), 200, "over 1 MB"),
        (gzip.compress(DATA), 404, "--data FILE"),
        (b"0" * 3_000_000, 200, "over 2 MB"),
    ],
    ids=["another", "cut", "not packed", "bursts", "missing", "large"],
)
def test_anything_else_is_refused_and_not_kept(
    body: bytes, status: int, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: another file than the published one taken for it, a packed file that bursts, a page
    of an error kept as the suite."""
    monkeypatch.setattr(fetch, "MAX_UNPACKED", 1 << 20)
    monkeypatch.setattr(fetch, "MAX_PACKED", 2 << 20)
    with serving(body, status) as url, pytest.raises(UsageError, match=words):
        fetched(release(url))
    assert not (tmp_path / "suites").exists()


def test_without_a_network_it_says_what_to_do() -> None:
    """Catches: a traceback, and a wait without end, where nothing answers."""
    for url in ("http://127.0.0.1:1/x", "no url"):
        with pytest.raises(UsageError, match="give it with --data FILE"):
            fetched(release(url))


def test_a_suite_takes_its_published_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Catches: a suite that is listed as at hand and is not, or the other way round."""
    suite = SUITES["humaneval+"]
    assert suite.release is not None
    row = {
        "task_id": "HumanEval/0", "prompt": 'def f():\n    """One."""\n', "entry_point": "f",
        "canonical_solution": "    return 1\n", "base_input": [[]], "plus_input": [], "atol": 0,
    }  # fmt: skip
    data = json.dumps(row)
    known = sha256(data.encode()).hexdigest()
    nowhere = replace(suite.release, url="http://127.0.0.1:1/x", sha256=known)
    monkeypatch.setitem(SUITES, "humaneval+", replace(suite, release=nowhere))
    assert not SUITES["humaneval+"].here()
    with pytest.raises(UsageError, match="cannot be fetched"):
        load_suite("humaneval+")
    (tmp_path / "suites").mkdir()
    (tmp_path / "suites" / suite.release.file).write_text(data)
    assert SUITES["humaneval+"].here()
    assert [item.problem.id for item in load_suite("humaneval+")] == ["HumanEval/0"]


def test_a_path_is_read_as_what_it_is(tmp_path: Path) -> None:
    """Catches: LiveCodeBench's rows refused as rows of ours, a packed file or a folder unknown,
    a reference that gets lost, an empty file taken for another form."""
    own = {"id": "a", "prompt": "p", "hidden": ["assert f() == 1"], "canonical_solution": "x = 1"}
    contest = {
        "question_id": "q", "question_content": "c", "starter_code": "", "metadata": "{}",
        "public_test_cases": "[]", "private_test_cases": "[]",
    }  # fmt: skip
    for name, row in (("own.jsonl", own), ("contest.jsonl", contest)):
        (tmp_path / name).write_text(json.dumps(row) + "\n")
        (tmp_path / f"{name}.gz").write_bytes(gzip.compress(json.dumps(row).encode()))
    for ending in ("", ".gz"):
        [item] = load_suite(str(tmp_path / f"own.jsonl{ending}"))
        assert (item.problem.id, item.reference, len(item.hidden)) == ("a", "x = 1", 1)
        assert [i.problem.id for i in load_suite(str(tmp_path / f"contest.jsonl{ending}"))] == ["q"]
    (tmp_path / "empty.jsonl").write_text("")
    for name in ("empty.jsonl", "missing.jsonl", "missing.jsonl.gz", "."):
        with pytest.raises(ProblemError):
            load_suite(str(tmp_path / name))
    with pytest.raises(UnknownName):
        load_suite("nothing")
    assert left_out("humaneval") == left_out(str(tmp_path / "own.jsonl")) == {}
