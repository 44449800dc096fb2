"""llama.cpp: silence, cancellation, limits, and the choice of an engine."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
from model_doubles import REAL, ask, need_real_model

from assay.errors import ModelError
from assay.model import engine as engines
from assay.model.embedded import Embedded
from assay.model.engine import InProcess, start
from assay.model.llama_server import LlamaServer
from assay.model.pull import find

FAKE_SERVER = """\
#!{python}
import http.server, json, os, sys
port = int(sys.argv[sys.argv.index("--port") + 1])
with open({pid!r}, "w") as file:
    file.write(str(os.getpid()))
print("noise"); print("noise", file=sys.stderr)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"ok")
    def do_POST(self):
        good = self.headers["Authorization"] == "Bearer " + os.environ["LLAMA_API_KEY"]
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200 if good else 401); self.end_headers()
        message = {{"role": "assistant", "content": "from the fake"}}
        usage = {{"prompt_tokens": 10**9, "completion_tokens": 1, "total_tokens": 10**9}}
        choices = [{{"message": message, "finish_reason": "stop"}}]
        self.wfile.write(json.dumps({{"choices": choices, "usage": usage}}).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()
"""


@pytest.fixture
def fake_server(tmp_path: Path) -> Path:
    """A `llama-server` that writes its process id beside itself."""
    program = tmp_path / "llama-server"
    pid = str(tmp_path / "pid")
    program.write_text(FAKE_SERVER.format(python=sys.executable, pid=pid))
    program.chmod(0o755)
    return program


def is_gone(pid_file: Path) -> bool:
    pid = int(pid_file.read_text())
    for _ in range(50):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z":
            return True
        time.sleep(0.05)
    return False


def launch(program: Path) -> LlamaServer:
    return LlamaServer(str(program), Path("model.gguf"), 1, 64, slots=2, batch=8)


def test_llama_server_is_gone_when_closed(
    fake_server: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Catches: a server left behind, its noise on the terminal, a key that opens nothing."""
    server = launch(fake_server)
    assert engines.measure(server) > 1000
    server.close()
    server.close()
    assert is_gone(fake_server.with_name("pid"))
    assert capfd.readouterr() == ("", "")


def test_llama_server_is_gone_when_its_parent_dies(fake_server: Path) -> None:
    """Catches: a server that outlives `kill -9`."""
    code = """
        import sys, time
        from pathlib import Path
        from assay.model.llama_server import LlamaServer
        server = LlamaServer(sys.argv[1], Path("m"), 1, 64, slots=2, batch=8)
        print("up", flush=True)
        time.sleep(60)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(fake_server)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == "up\n"
        parent.send_signal(signal.SIGKILL)
    assert is_gone(fake_server.with_name("pid"))


def test_a_broken_llama_server_is_an_error_at_once(tmp_path: Path) -> None:
    """Catches: a minute of waiting for a program that has ended."""
    program = tmp_path / "llama-server"
    program.write_text("#!/bin/sh\nexit 3\n")
    program.chmod(0o755)
    started = time.monotonic()
    with pytest.raises(ModelError, match="status 3"):
        launch(program)
    assert time.monotonic() - started < 5


def test_a_file_that_is_no_model(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """Catches: a crash, llama.cpp's own lines, an error that does not say what to do."""
    pytest.importorskip("xllamacpp", reason="xllamacpp is not installed")
    path = tmp_path / "bad.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelError, match="assay models pull"):
        InProcess(path, 1, 64)
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
async def test_the_faster_engine_is_used(
    fake_server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Catches: a faster llama-server that is not used; a broken one that spoils everything."""
    need_real_model()
    monkeypatch.setenv("PATH", f"{fake_server.parent}:{os.environ['PATH']}")
    model = Embedded(REAL)
    [completion] = await model.complete([ask()])
    await model.close()
    assert completion.text == "from the fake"
    assert is_gone(fake_server.with_name("pid"))
    fake_server.write_text("#!/bin/sh\nexit 1\n")
    engine = await asyncio.to_thread(start, find(REAL), 512, threading.Event())
    assert isinstance(engine, InProcess)
    engine.close()


@pytest.mark.slow
async def test_embedded_from_start_to_end(capfd: pytest.CaptureFixture[str]) -> None:
    """Catches: llama.cpp's lines on the terminal, a hang on a prompt that is too long, requests
    that go on after they were given up, a close that does not end."""
    need_real_model()
    model = Embedded(REAL)
    prompt = ask("Write fib(n) in Python.", max_tokens=24)
    [first] = await model.complete([prompt])
    [second] = await model.complete([prompt])
    assert first.text == second.text
    assert first.usage.completion_tokens == 24
    assert first.finish_reason == "length"
    with pytest.raises(ModelError, match=r"\d+ tokens.*16384 tokens"):
        await model.complete([ask("hi " * 17_000)])
    long = [ask(f"{number} tell a story " * 40, max_tokens=2000) for number in range(16)]
    asking = asyncio.create_task(model.complete(long))
    await asyncio.sleep(0.5)
    asking.cancel()
    await asyncio.wait([asking])
    started = time.monotonic()
    await model.complete([ask("hi", max_tokens=1)])
    assert time.monotonic() - started < 6  # a second to notice, and what was in hand
    asking = asyncio.create_task(model.complete(long))
    await asyncio.sleep(0.5)
    asking.cancel()
    started = time.monotonic()
    await asyncio.wait([asking])
    await model.close()
    assert time.monotonic() - started < 2.5
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_process_that_does_not_close_still_ends() -> None:
    """Catches: a hang or a crash of llama.cpp's threads at the interpreter's end."""
    need_real_model()
    code = f"""
        import threading
        from assay.model.engine import start
        from assay.model.pull import find
        kept = start(find({REAL!r}), 512, threading.Event())
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
