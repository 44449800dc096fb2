"""The command as a person has it: a process of its own, with a home and a log of its own."""

import fcntl
import json
import os
import pty
import re
import select
import sqlite3
import subprocess
import sys
import termios
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import assay

ASSAY = str(Path(sys.executable).with_name("assay"))
MARK = "ASSAY_TEST_MARK"
RECORDING = (
    Path(__file__).parents[3] / "shared/data/qwen25-coder-0.5b-humaneval-greedy/completions.jsonl"
)

ADD = '''def add(a, b):
    """The sum.

    >>> add(1, 2)
    3
    >>> add(2, 2)
    4
    """
    ...
'''
SOLVED = ADD.replace("    ...\n", "    return a + b\n")


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.splitlines()]

    def refused(self, code: int, *words: str) -> None:
        """One line for a person, the status that the design gives, and no result."""
        assert (self.code, self.out) == (code, ""), self
        [line] = self.err.splitlines()
        assert line.startswith("assay: "), line
        assert line.count("assay: ") == 1, line
        for word in words:
            assert word in line, (word, line)

    def answered(self, code: int = 0) -> "Done":
        assert self.code == code, self
        assert "Traceback" not in self.err, self.err
        assert "Warning" not in self.err, self.err
        return self


class Shell:
    """A folder to work in, and the environment of a machine that has only just met Assay."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.log = folder / "log" / "log.db"
        self.mark = uuid.uuid4().hex
        home = folder / "home"
        home.mkdir()
        self.folder.mkdir()
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ASSAY_LOG": str(self.log),
            "PYTHONWARNINGS": "default",
            "PYTHONPATH": str(Path(assay.__file__).parents[1]),
            "GIT_CONFIG_GLOBAL": os.devnull,
            MARK: self.mark,
        }

    def file(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def model(self, *replies: str | Mapping[str, Any], name: str = "model.json") -> str:
        """Writes a script; gives the name of its model."""
        self.file(name, json.dumps(list(replies)))
        return f"scripted/{name}"

    def start(self, *arguments: str, **variables: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [ASSAY, *arguments],
            cwd=self.folder,
            env=self.env | variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, stdin: str = "", **variables: str) -> Done:
        done = subprocess.run(
            [ASSAY, *arguments],
            cwd=self.folder,
            env=self.env | variables,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def raw(self, *arguments: str) -> bytes:
        """What a successful command prints, byte for byte."""
        command = [ASSAY, *arguments]
        return subprocess.run(
            command, cwd=self.folder, env=self.env, capture_output=True, timeout=60, check=True
        ).stdout

    def events(self, kind: str) -> list[tuple[str, dict[str, Any]]]:
        """Item and body of each event of that kind, straight from the file."""
        if not self.log.exists():
            return []
        try:
            with closing(sqlite3.connect(self.log, timeout=10)) as db:
                sql = "SELECT item, body FROM event WHERE kind = ? ORDER BY seq"
                return [(item, json.loads(body)) for item, body in db.execute(sql, (kind,))]
        except sqlite3.OperationalError:
            return []  # just being made

    def processes(self) -> list[str]:
        """What still runs of all that this shell started, by the mark in the environment."""
        found = []
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if self.mark.encode() in (folder / "environ").read_bytes():
                    found.append((folder / "cmdline").read_text().replace("\0", " "))
            except OSError:
                continue
        return found


class Terminal:
    """A command under a terminal of 80 columns: what it shows, and keys to press."""

    def __init__(self, shell: Shell, *arguments: str, **variables: str) -> None:
        self.screen, inside = pty.openpty()
        termios.tcsetwinsize(inside, (24, 80))
        self.shown = b""
        self.process = subprocess.Popen(
            [ASSAY, *arguments],
            cwd=shell.folder,
            env=shell.env | {"TERM": "xterm-256color"} | variables,
            stdin=inside,
            stdout=inside,
            stderr=inside,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(inside)

    def press(self, keys: bytes) -> None:
        os.write(self.screen, keys)

    def _read(self) -> bytes:
        """What is shown next; a command that hangs fails the test, not the whole suite."""
        if not select.select([self.screen], [], [], 60)[0]:
            self.process.kill()
            raise AssertionError(f"nothing happens after {self.shown!r}")
        return os.read(self.screen, 4096)

    def read_until(self, text: str) -> None:
        while text.encode() not in self.shown:
            more = self._read()
            assert more, self.shown
            self.shown += more

    def end(self) -> tuple[int, str]:
        """Status, and what was shown: without colours, and without lines that were overwritten."""
        with suppress(OSError):  # how the end of a terminal reads
            while more := self._read():
                self.shown += more
        os.close(self.screen)
        text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.shown.decode().replace("\r\n", "\n"))
        lines = (line.rpartition("\r")[2] for line in text.split("\n"))
        return self.process.wait(20), "\n".join(lines)


def fenced(code: str) -> str:
    return f"```python\n{code}\n```"


def right(match: str = "add", **more: Any) -> dict[str, Any]:
    return {"match": match, "text": fenced("def add(a, b):\n    return a + b"), **more}


def until(condition: Callable[[], bool], seconds: float = 20) -> None:
    """Waits for it. Fails loudly when the time is over."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def descendants(pid: int) -> dict[int, str]:
    """Processes below `pid`, with the moment each began, so that a reused number is no match."""
    parents: dict[int, int] = {}
    began: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(folder.name)], began[int(folder.name)] = int(fields[1]), fields[19]
    below = {pid}
    while more := {child for child, parent in parents.items() if parent in below} - below:
        below |= more
    return {child: began[child] for child in below if child in began and child != pid}


def alive(processes: Mapping[int, str]) -> list[int]:
    found = []
    for pid, began in processes.items():
        try:
            fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z" and fields[19] == began:
            found.append(pid)
    return found


class ChatServer:
    """Answers Chat Completions; keeps those waiting of which `hold` says so, until `open`."""

    def __init__(self, reply: Callable[[list[Any]], str]) -> None:
        self.reply = reply
        self.hold: Callable[[list[Any]], bool] = lambda messages: False
        self.open = threading.Event()
        self.asked: list[str] = []
        self.held: list[str] = []
        self.answered: list[str] = []
        self.address = ""

    def answer(self, body: dict[str, Any]) -> bytes:
        messages = body["messages"]
        key = json.dumps(messages)
        self.asked.append(key)
        if self.hold(messages):
            self.held.append(key)
            self.open.wait(30)
        self.answered.append(key)
        message = {"role": "assistant", "content": self.reply(messages)}
        usage = {"prompt_tokens": 50, "completion_tokens": 10}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return json.dumps({"choices": [choice], "usage": usage}).encode()


@contextmanager
def chat_server(reply: Callable[[list[Any]], str]) -> Iterator[ChatServer]:
    told = ChatServer(reply)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = told.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            with suppress(OSError):  # the one who asked may have been killed
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    told.address = f"http://127.0.0.1:{server.server_port}/v1"
    try:
        yield told
    finally:
        told.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
