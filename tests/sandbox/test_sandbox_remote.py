"""A sandbox elsewhere: another Assay, and a server that knows SandboxFusion's API only."""

import asyncio
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from assay.errors import NoSandbox, SandboxError, UsageError
from assay.problem import Call, Io, Limits
from assay.sandbox import Job, Sandbox, open_blocking, open_sandbox, probe
from assay.sandbox.http import Client
from served import Served, Servers

HELLO = Job(code="print('hello')\n")
SLEEP = Job(code="import time\ntime.sleep(60)\n", limits=Limits(wall_seconds=60))


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    made = Servers(tmp_path_factory.mktemp("home"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def server(servers: Servers) -> Served:
    return servers("--slots", "1", "--queue", "1")


class Fusion(BaseHTTPRequestHandler):
    """SandboxFusion's one route, in front of a real sandbox; nothing else is answered."""

    url: ClassVar[str]
    breaks: ClassVar[list[int | bytes]] = []
    """What the next requests get instead: a status, or a body."""

    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        instead = self.breaks.pop(0) if self.breaks else None
        if self.path != "/run_code" or isinstance(instead, int):
            self.send_error(instead if isinstance(instead, int) else 404)
            return
        host, _, port = self.url.removeprefix("http://").partition(":")
        behind = HTTPConnection(host, int(port))
        behind.request("POST", self.path, body, {"Content-Type": "application/json"})
        answer = behind.getresponse()
        data = answer.read() if instead is None else instead
        behind.close()
        self.send_response(answer.status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def fusion(servers: Servers) -> Iterator[Sandbox]:
    Fusion.url = servers("--slots", "2").url
    front = ThreadingHTTPServer(("127.0.0.1", 0), Fusion)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    made = open_sandbox(remote=f"http://127.0.0.1:{front.server_port}/run_code")
    yield made
    asyncio.run(made.close())
    front.shutdown()
    front.server_close()


async def test_the_far_tier_stays_visible(server: Served) -> None:
    """Defect: a remote run passes for a local one, or hides that nothing isolates there."""
    sandbox = open_sandbox(remote=server.url)
    try:
        [run] = await sandbox.run([HELLO])
    finally:
        await sandbox.close()
        await sandbox.close()
    assert run.isolation == sandbox.isolation
    assert (run.isolation.tier, run.isolation.far) == ("remote", "namespaces")
    assert run.isolation.network
    with pytest.raises(SandboxError):
        await sandbox.run([HELLO])


async def test_a_full_server_is_waited_for(server: Served) -> None:
    """Defect: 429 taken for a failure of the program, or for the end."""
    several = [open_sandbox(remote=server.url) for _ in range(3)]
    try:
        runs = await asyncio.gather(*(one.run([HELLO] * 6) for one in several))
    finally:
        for one in several:
            await one.close()
    assert all(run.stdout == "hello\n" for part in runs for run in part)


async def test_cancel_ends_the_far_run(server: Served) -> None:
    """Defect: a run that was called off here goes on there."""
    sandbox = open_sandbox(remote=server.url)
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(sandbox.run([SLEEP]), 0.7)
        start = time.monotonic()
        [run] = await sandbox.run([HELLO])
        assert run.stdout == "hello\n"
        assert time.monotonic() - start < 3
    finally:
        await sandbox.close()


def test_one_sandbox_serves_several_event_loops(server: Served) -> None:
    """Defect: connections that belong to a loop which is gone."""
    sandbox = open_sandbox(remote=server.url)
    for _ in range(3):
        [run] = asyncio.run(sandbox.run([HELLO]))
        assert run.passed
    asyncio.run(sandbox.close())


async def test_a_server_that_dies_is_an_error(
    servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: a lost server gives a verdict, or is tried for ever."""
    monkeypatch.setattr("assay.sandbox.http.FIRST_WAIT", 0.01)
    server = servers("--slots", "1")
    sandbox = open_sandbox(remote=server.url)
    try:
        running = asyncio.create_task(sandbox.run([SLEEP]))
        await asyncio.sleep(0.5)
        server.process.kill()
        with pytest.raises(SandboxError, match=r"127\.0\.0\.1"):
            await running
    finally:
        await sandbox.close()


def test_no_secret_in_any_message(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: a password out of a URL, or a token, in an error that somebody pastes."""
    monkeypatch.delenv("ASSAY_TOKEN", raising=False)
    server = servers("--slots", "1", "--token", "far-token")
    place = server.url.removeprefix("http://")
    for url, token in (
        (f"http://user:hush@{place}", None),
        (server.url, "hush-hush"),
        ("http://user:hush@127.0.0.1:1", None),
        ("http://user:hush@host:port", None),
        ("ftp://user:hush@host", None),
        ("user:hush@host", None),
        ("http://user:hush@[::1", None),
        ("http://user:hush@host/?x=hush", None),
    ):
        with pytest.raises((NoSandbox, UsageError)) as caught:
            open_sandbox(remote=url, token=token)
        assert "hush" not in str(caught.value)
        assert "hush" not in repr(probe(url))
    for url, token in ((server.url, "far-token"), (f"http://any:far-token@{place}", None)):
        sandbox = open_sandbox(remote=url, token=token)
        assert asyncio.run(sandbox.run([HELLO]))[0].passed
        asyncio.run(sandbox.close())
    assert probe(f"http://any:far-token@{place}")[0].works


def test_what_is_no_sandbox_is_refused(tmp_path: Path) -> None:
    """Defect: any web server is taken for a sandbox; remote and unsafe mix silently."""

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET

        def log_message(self, format: str, *args: object) -> None:
            pass

    front = ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    before = threading.active_count()
    with pytest.raises(NoSandbox):
        open_sandbox(remote=f"http://127.0.0.1:{front.server_port}")
    assert threading.active_count() <= before
    front.shutdown()
    front.server_close()
    with pytest.raises(UsageError):
        open_sandbox(remote="http://127.0.0.1:1", unsafe=True)


async def test_what_the_server_refuses_is_wrong_use(server: Served) -> None:
    """Defect: a limit above the server's cap is tried again and again."""
    sandbox = open_sandbox(remote=server.url)
    try:
        for job in (Job(code="", language="cobol"), Job(code="", limits=Limits(memory_mb=99_999))):
            with pytest.raises(UsageError, match=r"cobol|memory_mb"):
                await sandbox.run([job])
    finally:
        await sandbox.close()


async def test_fusion_runs_programs(fusion: Sandbox) -> None:
    """Defect: the outcomes of a SandboxFusion server are confused."""
    assert (fusion.isolation.far, fusion.isolation.network) == ("sandboxfusion", False)
    quick = Limits(cpu_seconds=0.5, wall_seconds=0.5, memory_mb=128, output_bytes=1000)
    codes = {
        "print(input())": "passed",
        "raise KeyError('k')": "raised",
        "import sys; sys.exit(3)": "raised",
        "x = bytearray(1 << 30)": "memory",
        "while True: pass": "timeout",
        "import os; os.kill(os.getpid(), 11)": "killed",
        "def f(:": "build_failed",
        "print('x' * 2000)": "output",
        "# \ud800": "build_failed",
    }
    jobs = [Job(code=code, stdin="hi\n", limits=quick) for code in codes]
    runs = await fusion.run(jobs)
    assert [run.outcome for run in runs] == list(codes.values())
    assert runs[0].stdout == "hi\n"
    assert (runs[1].detail.exception, runs[1].detail.message) == ("KeyError", "'k'")
    assert runs[2].detail.message == "ended with status 3"
    assert runs[5].detail.signal == "SIGSEGV"
    assert len(runs[7].stdout) == 1000


async def test_fusion_judges_output_here(fusion: Sandbox) -> None:
    """Defect: the expected output is sent away, or a comparison is not the one asked for."""
    tests = (
        Io(id="a", stdin="1", expected="1"),
        Io(id="b", stdin="1", expected="1", comparison="exact"),
        Io(id="c", stdin="2", expected="1"),
    )
    [run] = await fusion.run([Job(code="print(input())", tests=tests)])
    assert [verdict.outcome for verdict in run.verdicts] == ["passed", "wrong", "wrong"]
    assert (run.outcome, run.judging) == ("wrong", "isolated")
    with pytest.raises(UsageError, match="SandboxFusion"):
        await fusion.run([Job(code="", tests=(Call(id="a", expression="1", expected="1"),))])


@pytest.mark.parametrize(
    "instead",
    [
        503,
        429,
        b'{"status": "SandboxError", "message": "no room", "run_result": null}',
        b'{"status": "Failed", "message": "", "run_result": null}',
        b'{"status": "Success", "message": "", "run_result": {"status": "Error"}}',
        b"no json",
    ],
)
async def test_fusion_failures_are_tried_again(
    fusion: Sandbox, instead: int | bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: the far sandbox's own failure scored as a wrong program."""
    monkeypatch.setattr("assay.sandbox.http.FIRST_WAIT", 0.01)
    Fusion.breaks[:] = [instead] * 2
    [run] = await fusion.run([HELLO])
    assert run.passed
    Fusion.breaks[:] = [instead] * 6
    with pytest.raises(SandboxError):
        await fusion.run([HELLO])


def test_the_url_is_shown_without_user_and_path() -> None:
    """Defect: what is shown holds more than the place."""
    assert Client("https://u:p@host.lan:8443/base/run_code", "t").url == "https://host.lan:8443"
    assert Client("http://[::1]:80", None).url == "http://[::1]:80"


async def test_blocking_within_a_running_loop(servers: Servers) -> None:
    """Defect: in a notebook, whose loop runs, `open_blocking` raises and leaves its workers; or it
    cannot reach a server with a token."""
    far = servers("--slots", "1", "--token", "a-token-of-ours")
    with open_blocking(remote=far.url, token="a-token-of-ours") as box:
        assert [run.stdout for _ in range(2) for run in box.run([HELLO])] == ["hello\n"] * 2
    with open_blocking(slots=1) as box:
        assert box.run([HELLO])[0].stdout == "hello\n"


def test_blocking_without_one(servers: Servers) -> None:
    """Defect: the flags of `open_sandbox` that `open_blocking` lacks."""
    far = servers("--slots", "1", "--token", "a-token-of-ours")
    with pytest.raises((NoSandbox, SandboxError)), open_blocking(remote=far.url, token="other"):
        pass
    with open_blocking(remote=far.url, token="a-token-of-ours") as box:
        assert box.run([HELLO])[0].stdout == "hello\n"


def test_a_server_takes_a_config_file(servers: Servers, tmp_path: Path) -> None:
    """Defect: `assay serve sandbox --config` is unknown, or reads another verb's table."""
    config = tmp_path / "assay.toml"
    config.write_text('[serve]\ntoken = "out-of-a-file"\nslots = 1\n[run]\ntime = 1\n')
    far = servers("--config", str(config))
    with open_blocking(remote=far.url, token="out-of-a-file") as box:
        assert box.run([HELLO])[0].stdout == "hello\n"
    with pytest.raises((NoSandbox, SandboxError)):
        open_sandbox(remote=far.url)
