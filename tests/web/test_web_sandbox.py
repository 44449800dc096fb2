"""The served sandbox: a real process, real HTTP; each test names the defect it would catch."""

import asyncio
import dataclasses
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from http_tools import ask, health, hold, until

from assay.problem import Call, Io, Limits, Script
from assay.sandbox import Job, open_sandbox
from assay.sandbox.transfer import dump_jobs, load_runs
from assay.sandbox.tree import descendants
from assay.web.instruct import same_lines
from served import MAIN, Served, Servers

SLEEP = {"code": "import time\ntime.sleep(60)\n", "language": "python", "run_timeout": 60}
FORGE = "class Any:\n    def __eq__(s, o): return True\n    def __bool__(s): return True\n"
FORGE += "def add(a, b): return Any()\n"


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    servers = Servers(tmp_path_factory.mktemp("home"))
    yield servers
    servers.close()


@pytest.fixture(scope="module")
def url(serve: Servers) -> str:
    return serve("--slots", "2", "--max-body", "1").url


def running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


# -- SandboxFusion --------------------------------------------------------------------------


def test_run_code_has_every_field(url: str) -> None:
    """Defect: a client that reads a field by its name finds none, or another type."""
    body = {
        "code": "import sys\nprint(input()[::-1])\nprint('e', file=sys.stderr)\n",
        "language": "python",
        "compile_timeout": 5,
        "run_timeout": 2.5,
        "memory_limit_MB": 256,
        "stdin": "abc\n",
        "files": {"unused": None},
        "fetch_files": [],
        "args": [],
    }
    reply = ask(url, "/run_code", body)
    assert reply.status == 200
    assert reply.headers["Assay-Isolation"] == "namespaces"
    run = reply.data["run_result"]
    assert 0 < run.pop("execution_time") < 2.5
    assert run == {"status": "Finished", "return_code": 0, "stdout": "cba\n", "stderr": "e\n"}
    rest = {key: value for key, value in reply.data.items() if key != "run_result"}
    assert rest == {
        "status": "Success",
        "message": "",
        "compile_result": None,
        "executor_pod_name": "assay-namespaces",
        "files": {},
    }


ENDS: dict[str, tuple[str, str, int | None, str]] = {
    "status": ("import sys; sys.exit(3)", "Finished", 3, ""),
    "error": ("1 / 0", "Finished", 1, ""),
    "syntax": ("def f(:", "Finished", 1, "build_failed"),
    "signal": ("import os; os.kill(os.getpid(), 11)", "Finished", -11, "killed"),
    "quiet": ("import os; os._exit(7)", "Finished", 7, ""),
    "loop": ("while True: pass", "TimeLimitExceeded", None, "timeout"),
    "sleep": ("import time; time.sleep(60)", "TimeLimitExceeded", None, "timeout"),
    "memory": ("x = bytearray(1 << 30)", "Finished", 1, "memory"),
    "output": ("while True: print('x' * 9999)", "Finished", -9, "output"),
    "boast": ("import os; os.write(1, b'passed'); os._exit(1)", "Finished", 1, ""),
}


@pytest.mark.parametrize("name", ENDS)
def test_run_code_says_how_it_ended(url: str, name: str) -> None:
    """Defect: a failed program reported as a success, or its status lost."""
    code, status, number, word = ENDS[name]
    body = {"code": code, "language": "python", "run_timeout": 0.5, "memory_limit_MB": 128}
    found = ask(url, "/run_code", body).data
    assert found["status"] == "Failed"
    assert (found["run_result"]["status"], found["run_result"]["return_code"]) == (status, number)
    assert found["message"].startswith(word)
    assert len(found["run_result"]["stdout"]) <= 1 << 20


@pytest.mark.parametrize(
    ("change", "status", "word"),
    [
        ({"files": {"a.txt": "eA=="}}, 422, "files"),
        ({"fetch_files": ["a.txt"]}, 422, "fetch_files"),
        ({"args": ["-x"]}, 422, "args"),
        ({"memory_limit_MB": 0}, 422, "memory_limit_MB"),
        ({"memory_limit_MB": 1 << 40}, 422, "memory_limit_MB"),
        ({"run_timeout": -1}, 422, "run_timeout"),
        ({"run_timeout": "5"}, 422, "run_timeout"),
        ({"code": 1}, 422, "code"),
        ({"secret": 1}, 422, "secret"),
        ({"language": "cobol"}, 400, "cobol"),
        ({"language": "../python"}, 400, "python"),
    ],
)
def test_run_code_refuses_by_name(url: str, change: Any, status: int, word: str) -> None:
    """Defect: what a request asks for is passed over, and a program fails for want of it."""
    reply = ask(url, "/run_code", {"code": "print(1)", "language": "python"} | change)
    assert reply.status == status, reply
    assert word in reply.data["detail"]


def test_our_failure_is_no_verdict(serve: Servers) -> None:
    """Defect: a run that we lost is reported as a program that failed."""
    server = serve("--slots", "1")
    replies: list[Any] = []
    asking = threading.Thread(
        target=lambda: replies.append(ask(server.url, "/run_code", SLEEP).data)
    )
    asking.start()
    until(lambda: health(server.url)["running"] == 1)
    while asking.is_alive():
        for pid in set(descendants(server.process.pid)) - {server.process.pid}:
            try:
                os.kill(pid, signal.SIGKILL)
            except OSError:
                continue
        asking.join(0.3)
    assert replies[0]["status"] == "SandboxError"
    assert replies[0]["run_result"] is None
    again = ask(server.url, "/run_code", {"code": "print(1)", "language": "python"}).data
    assert again["status"] == "Success"


# -- open-instruct --------------------------------------------------------------------------


def test_program_with_asserts(url: str) -> None:
    """Defect: one failing, hanging or broken test costs the results of the others."""
    program = "def add(a, b):\n    while a == 9: pass\n    return a + b\n"
    tests = ["assert add(1, 2) == 3", "assert add(1, 1) == 3", "assert add(9, 1) == 10"]
    tests += ["assert add(", "import math\nassert add(1, -1) == math.floor(0.5)"]
    body = {"program": program, "tests": tests, "max_execution_time": 0.5}
    found = ask(url, "/test_program", body).data
    assert found["results"] == [1, 0, 0, 0, 1]
    assert [seconds >= 0 for seconds in found["runtimes"]] == [True, False, False, False, True]
    assert found["runtimes"][1] == -1.0
    assert found["outcomes"] == ["passed", "wrong", "timeout", "skipped", "passed"]
    as_text = body | {"tests": json.dumps(tests)}
    assert ask(url, "/test_program", as_text).data["results"] == [1, 0, 0, 0, 1]
    assert ask(url, "/test_program", body | {"tests": []}).data["results"] == []


def test_statements_that_assert_nothing_are_named(url: str) -> None:
    """Defect: `f(1) == 2` without `assert` is a reward for any program, and nobody is told; or a
    call of a checker, which asserts, is suspected."""
    program = "def f(x):\n    return x / x\n"
    tests = ["f(1) == 2", "assert f(1) == 1", "x = f(1)", "", "f(0) == 1", "f(1)", "assert f("]
    tests += ["def check(g):\n    assert g(1) == 1\ncheck(f)"]
    found = ask(url, "/test_program", {"program": program, "tests": tests}).data
    assert found["results"] == [1, 1, 1, 1, 0, 1, 0, 1]
    assert found["unasserted"] == [0, 2, 3, 4]


def test_many_crashes_hide_no_pass(url: str) -> None:
    """Defect: tests that the sandbox leaves out after many crashes are scored 0."""
    program = "import os\ndef f(x):\n    return x if x > 20 else os._exit(1)\n"
    tests = [f"assert f({number}) == {number}" for number in range(24)]
    found = ask(url, "/test_program", {"program": program, "tests": tests}).data
    assert found["results"] == [0] * 21 + [1] * 3


def test_program_with_input_and_output(url: str) -> None:
    """Defect: blanks or 2 for 2.0 fail a right program; a wrong one passes."""
    program = "n = int(input())\nif n == 3: raise SystemExit(1)\nprint(n + 1, ' ')\n"
    pairs = [("1\n", "2"), ("1", "2.0\n\n"), ("2", "4"), ("3", "")]
    tests = [{"input": given, "output": wanted} for given, wanted in pairs]
    found = ask(url, "/test_program_stdio", {"program": program, "tests": tests}).data
    assert found["results"] == [1, 1, 0, 0]
    assert found["outcomes"] == ["passed", "passed", "wrong", "raised"]


def test_forging_programs_pass_nothing(url: str) -> None:
    """Defect: a reward for an object that equals everything, or for a boast on stdout."""
    tests = ["assert add(1, 2) == 3", "assert add(0, 0) == 0"]
    boast = "import os\nos.write(1, b'[1, 1]\\n')\nos._exit(0)\n"
    for program in (FORGE, boast, "import sys\nsys.exit(0)"):
        found = ask(url, "/test_program", {"program": program, "tests": tests}).data
        assert found["results"] == [0, 0], program
    job = Job(code=FORGE, tests=(Call(id="t", expression="add(1, 2)", expected="3"),))
    [run] = load_runs(ask(url, "/run", dump_jobs([job])).body)
    assert not run.passed


def test_pickled_tests_are_not_opened(url: str) -> None:
    """Defect: a body that runs code in the server."""
    body = {"program": "x = 1", "tests": "eJxrYJmqxgABPRoxU4oB"}
    reply = ask(url, "/test_program", body)
    assert (reply.status, "tests" in reply.data["detail"]) == (422, True)
    for tests in ([1], {"a": 1}, [{"input": "1"}]):
        assert ask(url, "/test_program", {"program": "", "tests": tests}).status == 422


def test_lines_are_compared_as_livecodebench_does() -> None:
    """Defect: another rule than the trainers' own."""
    assert same_lines(" 1 2 \n3\n\n", "1 2\n3")
    assert same_lines("1.50", "1.5")
    assert not same_lines("1 2", "12")
    assert not same_lines("1\n2", "1")
    assert not same_lines("nan?", "nan!")


# -- Assay's own ----------------------------------------------------------------------------


async def test_run_is_exact(url: str) -> None:
    """Defect: a field that is lost on the way makes another verdict than here."""
    tests = (
        Call(id="a", expression="f(2)", expected="4.0", tolerance=1e-6, setup="import math"),
        Call(id="b", expression="f('x')", expected=None, raises="TypeError"),
        Io(id="c", stdin="1", expected="hi\n", comparison="exact"),
        Script(id="d", source="def check(f):\n    assert f(1) == 2\n", call="check(f)"),
        Script(id="e", source="assert f(3) == 7", call="pass", origin="person"),
    )
    code = "def f(x):\n    return x ** 2.0\nprint('hi')\n"
    jobs = [
        Job(code=code, tests=tests, limits=Limits(cpu_seconds=1.0, memory_mb=128)),
        Job(code="print(input())", stdin="é\n"),
        Job(code="x = '\ud800'"),
    ]
    here = open_sandbox(slots=1)
    try:
        wanted = await here.run(jobs)
    finally:
        await here.close()
    reply = await asyncio.to_thread(ask, url, "/run", dump_jobs(jobs))
    found = load_runs(reply.body)
    assert [measured(run) for run in found] == [measured(run) for run in wanted]
    assert [v.outcome for v in found[0].verdicts] == [
        "passed",
        "passed",
        "passed",
        "wrong",
        "wrong",
    ]


def measured(run: Any) -> Any:
    """All of a run but what differs from time to time."""
    row = dataclasses.asdict(run)
    for part in (row, *row["verdicts"]):
        for key in ("cpu_seconds", "wall_seconds", "peak_bytes"):
            part.pop(key, None)
    return row


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ([{"code": "", "cod": 1}], "0.cod"),
        ([{"code": "", "limits": {"memory": 1}}], "0.limits.memory"),
        ([{"code": "", "limits": {"memory_mb": 1 << 19}}], "0.limits.memory_mb"),
        ([{"code": "", "limits": {"cpu_seconds": 1e9}}], "0.limits.cpu_seconds"),
        ([{"code": "", "tests": [{"kind": "call", "id": "a", "expected": "1"}]}], "expression"),
        ([{"code": "", "tests": [{"kind": "eval", "id": "a"}]}], "0.tests.0"),
        ([{"code": "", "stdin": None}], "0.stdin"),
        ({"code": ""}, "list"),
        ([{"code": ""}] * 1000, "jobs"),
        ([], None),
    ],
)
def test_run_names_what_is_wrong(url: str, body: object, word: str | None) -> None:
    """Defect: a misspelt key is ignored, so that another limit or test is used than was meant."""
    reply = ask(url, "/run", body)
    if word is None:
        assert (reply.status, reply.data) == (200, [])
    else:
        assert reply.status == 422
        assert word in reply.data["detail"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{", 400),
        (b"", 400),
        (b"\xff\xfe\x00", 400),
        (b"[" * 100_000, 400),
        (b"[" + b"9" * 10_000 + b"]", 400),
        (b'"' + b"x" * (2 << 20) + b'"', 413),
    ],
)
@pytest.mark.parametrize("path", ["/run", "/run_code", "/test_program", "/test_program_stdio"])
def test_broken_bodies_are_refused(url: str, path: str, body: bytes, status: int) -> None:
    """Defect: an answer of 500, or a server that is gone."""
    reply = ask(url, path, body)
    assert reply.status == status
    assert isinstance(reply.data["detail"], str)
    assert health(url)["status"] == "healthy"


def test_health_and_page(url: str) -> None:
    """Defect: nobody can see what this is, how busy it is, and what it enforces."""
    found = health(url)
    keys = {"status", "service", "version", "tier", "isolation", "slots", "running", "queued"}
    assert keys <= set(found)
    assert (found["tier"], found["slots"], found["queued"]) == ("namespaces", 2, 0)
    assert b"/run_code" in ask(url, "/").body
    assert ask(url, "/nothing").status == 404
    assert ask(url, "/run").status == 405


# -- who may ask ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "evil.example:8080"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": ""}, 403),
        ({"Host": "[::1"}, 403),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://127.0.0.1:1"}, 403),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
        ({"Sec_Fetch_Site": "same-site"}, 403),
        ({"Content_Type": "text/plain"}, 415),
        ({"Content_Type": "application/x-www-form-urlencoded"}, 415),
        ({"Host": "localhost:9999"}, 200),
        ({"Host": "[::1]:80"}, 200),
        ({"Content_Type": "application/json; charset=utf-8"}, 200),
    ],
)
def test_no_web_page_gets_in(url: str, headers: dict[str, str], status: int) -> None:
    """Defect: a page that somebody visits runs programs here (across sites, DNS rebinding)."""
    body = {"code": "print(1)", "language": "python"}
    assert ask(url, "/run_code", body, **headers).status == status


def test_a_token_is_demanded(serve: Servers) -> None:
    """Defect: a path, a method or a header that gets past the token."""
    server = serve("--slots", "1", "--token", "right-token")
    body = {"code": "print(1)", "language": "python"}
    basic = "Basic Og=="  # an empty user and password
    wrong = ["", "Bearer", "Bearer ", "Bearer wrong", "Bearer right-token2", "Bearer right-toke"]
    wrong += [basic, "Basic !!", "right-token", "Token right-token", "Bearer \xe9"]
    for path in ("/", "/health", "/nothing"):
        assert ask(server.url, path).status == 401
    for value in wrong:
        reply = ask(server.url, "/run_code", body, Authorization=value)
        assert reply.status == 401, value
        assert "right" not in reply.body.decode()
    # user:right-token, as a client makes of http://user:right-token@host/
    for value in ("Bearer right-token", "bearer right-token", "Basic dXNlcjpyaWdodC10b2tlbg=="):
        assert ask(server.url, "/run_code", body, Authorization=value).status == 200


def test_beyond_loopback_there_is_a_token(serve: Servers) -> None:
    """Defect: a sandbox that the whole network may use."""
    server = serve("--slots", "1", "--host", "0.0.0.0")
    assert server.token is not None
    assert len(server.token) >= 24
    assert ask(server.url, "/health").status == 401
    allowed = ask(server.url, "/health", Authorization=f"Bearer {server.token}", Host="box.lan")
    assert allowed.status == 200


# -- limits ---------------------------------------------------------------------------------


def test_a_full_queue_says_so(serve: Servers) -> None:
    """Defect: requests pile up without end, or are lost."""
    server = serve("--slots", "1", "--queue", "1")
    held = [hold(server.url, "/run_code", SLEEP) for _ in range(2)]
    until(lambda: (health(server.url)["running"], health(server.url)["queued"]) == (1, 1))
    reply = ask(server.url, "/run_code", SLEEP)
    assert (reply.status, reply.headers["Retry-After"]) == (429, "1")
    for sock in held:
        sock.close()
    until(lambda: (health(server.url)["running"], health(server.url)["queued"]) == (0, 0))
    two = dump_jobs([Job(code="print(1)"), Job(code="print(2)")])
    assert [run.stdout for run in load_runs(ask(server.url, "/run", two).body)] == ["1\n", "2\n"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/run_code", SLEEP),
        ("/run", [{"code": SLEEP["code"], "limits": {"wall_seconds": 60.0}}] * 2),
        (
            "/test_program",
            {"program": SLEEP["code"], "tests": ["pass"], "max_execution_time": 60},
        ),
    ],
)
def test_a_client_that_hangs_up_ends_its_run(serve: Servers, path: str, body: object) -> None:
    """Defect: programs that nobody waits for keep the slots busy."""
    server = serve("--slots", "2")
    sock = hold(server.url, path, body)
    until(lambda: health(server.url)["running"] > 0)
    time.sleep(0.2)
    sock.close()
    until(lambda: health(server.url)["running"] == 0, seconds=3)
    start = time.monotonic()
    two = dump_jobs([Job(code="print(1)"), Job(code="print(2)")])
    assert ask(server.url, "/run", two).status == 200
    assert time.monotonic() - start < 3


def test_a_request_takes_no_longer_than_allowed(serve: Servers) -> None:
    """Defect: a request that holds a slot for ever; or one cut short that reads as a failure."""
    server = serve("--slots", "1", "--max-seconds", "1")
    start = time.monotonic()
    reply = ask(server.url, "/run_code", SLEEP)
    assert (reply.status, "run_result" in reply.data) == (504, False)
    assert time.monotonic() - start < 3
    until(lambda: health(server.url)["running"] == 0)


# -- start and end --------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_leaves_nothing(serve: Servers, number: signal.Signals) -> None:
    """Defect: processes that live on, a port that stays taken, a traceback."""
    server = serve("--slots", "2")
    held = [hold(server.url, "/run_code", SLEEP) for _ in range(3)]
    until(lambda: health(server.url)["running"] == 2)
    below = set(descendants(server.process.pid)) - {server.process.pid}
    assert len(below) >= 2
    server.process.send_signal(number)
    out, err = server.process.communicate(timeout=10)
    assert (server.process.returncode, out, err) == (0, "", "")
    until(lambda: not [pid for pid in below if running(pid)], seconds=3)
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", server.port))
    for sock in held:
        sock.close()


def command(*flags: str) -> subprocess.CompletedProcess[str]:
    arguments = [sys.executable, "-c", MAIN, "serve", "sandbox", *flags]
    return subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)


def test_a_bad_start_is_one_line(serve: Servers, url: str) -> None:
    """Defect: a traceback, or a server that is elsewhere than was asked."""
    port = url.rpartition(":")[2]
    for flags, word in ((("--port", port), port), (("--host", "192.0.2.1"), "192.0.2.1")):
        done = command(*flags)
        assert (done.returncode, done.stdout) == (2, "")
        assert word in done.stderr
        assert len(done.stderr.splitlines()) == 1
    done = command("--port", "0", "--token", "short")
    assert (done.returncode, "short" in done.stderr) == (2, False)


def test_unsafe_is_marked_everywhere(serve: Servers) -> None:
    """Defect: a server without isolation that passes for one."""
    server: Served = serve("--slots", "1", "--unsafe")
    assert server.tier == "unsafe"
    assert health(server.url)["tier"] == "unsafe"
    reply = ask(server.url, "/run_code", {"code": "", "language": "python"})
    assert reply.headers["Assay-Isolation"] == "unsafe"
    assert reply.data["executor_pod_name"] == "assay-unsafe"
    [run] = load_runs(ask(server.url, "/run", dump_jobs([Job(code="")])).body)
    assert run.isolation.tier == "unsafe"
    server.process.terminate()
    assert "UNSAFE" in server.process.communicate(timeout=10)[1]
