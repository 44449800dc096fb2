"""The evidence of each outcome, in every tier: what a person or a model needs to act on it."""

import textwrap
from dataclasses import asdict
from typing import Any

import pytest

from assay.problem import Call, Io, Limits, Script, Test
from assay.sandbox import Detail, Job, Run, Sandbox, Verdict, languages, open_blocking
from assay.sandbox.flaky import marked, steady

QUICK = Limits(cpu_seconds=1.0, wall_seconds=30.0, memory_mb=256)
WAITS = Limits(cpu_seconds=1.0, wall_seconds=2.0, memory_mb=256)
"""Only for what uses no CPU: on a busy machine the wall time passes first for anything else."""
MEMORY = "256 MB of memory"


async def program(sandbox: Sandbox, code: str, stdin: str = "", limits: Limits = QUICK) -> Run:
    [found] = await sandbox.run([Job(code=code, stdin=stdin, limits=limits)])
    return found


async def call(
    sandbox: Sandbox, body: str, expected: str | None = "1", limits: Limits = QUICK
) -> tuple[Verdict, Run]:
    """`f(0)` of a function with that body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    test = Call(id="t", expression="f(0)", expected=expected)
    [found] = await sandbox.run([Job(code=f"def f(x):\n{lines}", tests=(test,), limits=limits)])
    return found.verdicts[0], found


def known(detail: Detail) -> dict[str, Any]:
    """The fields that say something."""
    told = asdict(detail)
    return {name: value for name, value in told.items() if value not in (None, "")}


CALLED = {"call": "f(0)", "expected": "1"}
GOLDEN: dict[str, tuple[str, str, dict[str, Any]]] = {
    "passed": ("print('a')\nreturn 1", "passed", {"actual": "1", "stdout": "a\n"}),
    "wrong": ("print('a')\nreturn 2", "wrong", {"actual": "2", "stdout": "a\n"}),
    "raised": (
        "print('a')\nreturn 1 + 1 / x",
        "raised",
        {"exception": "ZeroDivisionError", "message": "division by zero", "stdout": "a\n"}
        | {"line": 3, "source": "return 1 + 1 / x", "column": 12},
    ),
    "cpu": (
        "print('a')\nwhile True: pass",
        "timeout",
        {"limit": "1 s of CPU", "line": 3, "source": "while True: pass", "stdout": "a\n"},
    ),
    "wall": (
        "import time\nprint('a')\ntime.sleep(9)",
        "timeout",
        {"limit": "2 s of wall time", "line": 4, "source": "time.sleep(9)", "stdout": "a\n"},
    ),
    "output": (
        "while True: print('abc' * 99)",
        "output",
        {"limit": "65536 bytes of output"},
    ),
    "segv": (
        "import os\nprint('a')\nos.kill(os.getpid(), 11)",
        "killed",
        {"signal": "SIGSEGV", "message": "died by SIGSEGV", "stdout": "a\n"},
    ),
    "abort": (
        "import os\nprint('a')\nos.abort()",
        "killed",
        {"signal": "SIGABRT", "message": "died by SIGABRT", "stdout": "a\n"},
    ),
    "exit": (
        "import os\nprint('a')\nos._exit(3)",
        "raised",
        {"exception": "SystemExit", "message": "ended early (exit status 3)", "exit_status": 3}
        | {"stdout": "a\n"},
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
async def test_of_a_call(sandbox: Sandbox, name: str) -> None:
    """Defect: an outcome without its limit, line, signal or values, or without what was printed
    before it."""
    body, outcome, wanted = GOLDEN[name]
    verdict, _ = await call(sandbox, body, limits=WAITS if name == "wall" else QUICK)
    got = known(verdict.detail)
    for key in ("call", "expected"):
        assert got.pop(key, CALLED[key]) == CALLED[key]
    if name == "output":
        assert "characters in all ...] " in got.pop("stdout")
    assert (verdict.outcome, got) == (outcome, wanted)


async def test_of_a_call_in_its_own_process(sandbox: Sandbox) -> None:
    """Defect: a test that needs the candidate's class loses what it printed at a time-out."""
    code = "class A:\n    def f(self):\n        print('a')\n        while True: pass\n"
    test = Script(id="t", source="", call="assert isinstance(A(), A) and A().f() == 1")
    [found] = await sandbox.run([Job(code=code, tests=(test,), limits=QUICK)])
    [verdict] = found.verdicts
    assert (verdict.outcome, verdict.judging) == ("timeout", "in-process")
    assert (verdict.detail.line, verdict.detail.stdout) == (4, "a\n")


async def test_a_test_shows_only_its_own_output(sandbox: Sandbox) -> None:
    """Defect: what the test before it printed is given as the evidence of this one."""
    code = "def f(x):\n    print('n', x)\n    while x == 2: pass\n    return x\n"
    tests = tuple(Call(id=str(i), expression=f"f({i})", expected=str(i)) for i in range(4))
    [found] = await sandbox.run([Job(code=code, tests=tests, limits=QUICK)])
    assert [v.detail.stdout for v in found.verdicts] == [f"n {i}\n" for i in range(4)]


async def test_build_failed(sandbox: Sandbox) -> None:
    """Defect: a syntax error without the place that a caret can point to."""
    one, io = Call(id="t", expression="f()", expected="1"), Io(id="t", stdin="", expected="")
    tests: tuple[Test, ...]
    for tests in ((), (one,), (io,)):
        [found] = await sandbox.run([Job(code="x = 1\nif x = 2:\n    pass\n", tests=tests)])
        [diagnostic] = found.diagnostics
        assert (found.outcome, diagnostic.line, diagnostic.column) == ("build_failed", 2, 4)
        assert diagnostic.source == "if x = 2:"
        assert diagnostic.message.startswith("SyntaxError: invalid syntax")


BIG = {
    "at once": "x = bytearray(400 << 20)",
    "in steps": "x = []\nwhile True: x.append(bytearray(1 << 20))",
    "caught": "x = []\ntry:\n    while True: x.append(bytearray(1 << 20))\nexcept MemoryError:\n"
    "    raise",
}


@pytest.mark.parametrize("name", BIG)
async def test_memory(sandbox: Sandbox, name: str) -> None:
    """Defect: `memory` without the limit that was met."""
    found = await program(sandbox, BIG[name])
    assert (found.outcome, found.detail.limit) == ("memory", MEMORY)
    verdict, found = await call(sandbox, BIG[name])
    assert (verdict.outcome, verdict.detail.limit) == ("memory", MEMORY)
    if name != "at once" and found.peak_bytes is not None:
        assert verdict.peak_bytes is not None
        assert 100 << 20 < found.peak_bytes < 300 << 20


async def test_memory_of_many_processes(sandbox: Sandbox) -> None:
    """Defect: processes that share out what no one of them may use, and the outcome depends on
    which of them the kernel ends."""
    code = (
        "import os, time\nfor i in range(5):\n    if os.fork() == 0:\n"
        "        x = bytearray(b'x') * (90 << 20); time.sleep(3); os._exit(0)\n"
        "print('forked', flush=True)\nfor i in range(5): os.wait()\n"
    )
    found = await program(sandbox, code, limits=QUICK)
    if sandbox.isolation.tier == "landlock":  # which has no second process
        assert found.outcome == "denied"
        return
    assert (found.outcome, found.detail.limit, found.stdout) == ("memory", MEMORY, "forked\n")
    assert (found.peak_bytes or 0) > 150 << 20


async def test_peak_is_the_candidates_own(sandbox: Sandbox) -> None:
    """Defect: the interpreter's own 16 MB counted for a program that uses nothing, or what it
    does use left out. (Some MB are the interpreter's pages that a fork has not touched yet.)
    """
    small, big = await program(sandbox, "x = 1"), await program(sandbox, "x = b'x' * (60 << 20)")
    assert (small.peak_bytes or 0) < 8 << 20
    assert 50 << 20 <= (big.peak_bytes or 0) < 70 << 20
    verdict, found = await call(sandbox, "return len(b'x' * x or b'x' * (60 << 20)) >> 26", "0")
    assert verdict.outcome == "passed"
    for peak in (verdict.peak_bytes, found.peak_bytes):
        assert 50 << 20 <= (peak or 0) < 70 << 20


PROGRAMS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "passed": ("print('a')", "passed", {"exit_status": 0}),
    "status": (
        "print('a')\nraise SystemExit(4)",
        "raised",
        {"exception": "SystemExit", "message": "ended with status 4", "exit_status": 4},
    ),
    "raised": (
        "print('a')\ndef g(): return 1 + [][1]\ng()",
        "raised",
        {"exception": "IndexError", "message": "list index out of range", "exit_status": 1}
        | {"line": 2, "source": "def g(): return 1 + [][1]", "column": 21},
    ),
    "cpu": (
        "print('a')\nwhile True: pass",
        "timeout",
        {"limit": "1 s of CPU", "line": 2, "source": "while True: pass"},
    ),
    "wall": (
        "print('a')\ninput() if 0 else __import__('time').sleep(9)",
        "timeout",
        {"limit": "2 s of wall time", "line": 2}
        | {"source": "input() if 0 else __import__('time').sleep(9)"},
    ),
    "replaced": (
        "import os\nprint('a', flush=True)\n"
        "os.execv('/bin/sh', ['sh', '-c', 'while :; do :; done'])",
        "timeout",
        {"limit": "1 s of CPU", "signal": "SIGPROF"},
    ),
    "segv": (
        "import os\nprint('a')\nos.kill(os.getpid(), 11)",
        "killed",
        {"signal": "SIGSEGV", "message": "died by SIGSEGV"},
    ),
    "alarm": (
        "import os, signal\nsignal.signal(14, signal.SIG_DFL)\nprint('a')\n"
        "os.kill(os.getpid(), 14)",
        "killed",
        {"signal": "SIGALRM", "message": "died by SIGALRM"},
    ),
}


@pytest.mark.parametrize("name", PROGRAMS)
async def test_of_a_program(sandbox: Sandbox, name: str) -> None:
    """Defect: as for a call; and a program that loses what it printed before its end."""
    code, outcome, wanted = PROGRAMS[name]
    limits = WAITS if name == "wall" else QUICK
    found = await program(sandbox, code, limits=limits)
    if name == "replaced" and sandbox.isolation.tier == "landlock":
        assert (found.outcome, found.stdout) == ("denied", "a\n")  # it starts no program
        return
    assert (found.outcome, known(found.detail), found.stdout) == (outcome, wanted, "a\n")
    [found] = await sandbox.run(
        [Job(code=code, tests=(Io(id="t", stdin="in", expected="b"),), limits=limits)]
    )
    [verdict] = found.verdicts
    wanted = wanted | {"call": "stdin: 'in'", "expected": "'b'", "stdout": "a\n"}
    if outcome == "passed":
        outcome, wanted = "wrong", wanted | {"actual": "'a\\n'"}
    assert (verdict.outcome, known(verdict.detail)) == (outcome, wanted)


async def test_long_output_shows_both_ends(sandbox: Sandbox) -> None:
    """Defect: the end of a long output is cut, which is where it went wrong, or its size is not
    said; bytes that are no text break the record."""
    verdict, _ = await call(sandbox, "print('first', 'x' * 9000, 'last')\nreturn 1")
    text = verdict.detail.stdout
    assert (text[:5], text[-5:]) == ("first", "last\n")
    assert "[... 9012 characters in all ...]" in text
    found = await program(sandbox, "import os\nos.write(1, b'\\xffa')\nos.write(2, b'\\x80b')")
    assert (found.stdout, found.stderr) == ("\\xffa", "\\x80b")
    verdict, _ = await call(sandbox, "print('a\\udc80\\x1b[2J')\nwhile True: pass")
    assert verdict.detail.stdout == "a\\udc80\x1b[2J\n"


DENIED = {
    "socket": ("import socket\nsocket.socket()", "EACCES", "socket.socket()"),
    "mount": (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.mount(b't', b'/tmp', b'tmpfs', 0, None): "
        "raise OSError(ctypes.get_errno(), 'mount')",
        "EPERM",
        "raise OSError",
    ),
    "write": ("open('/usr/x', 'w')", "EROFS on '/usr/x'", "open('/usr/x', 'w')"),
    "file": ("import os\nos.chmod('/usr', 0o777)", "on '/usr'", "os.chmod('/usr', 0o777)"),
}

DENIED_BY_LANDLOCK = {"socket": "EPERM", "write": "EACCES on '/usr/x'"}


@pytest.mark.parametrize("name", DENIED)
async def test_denied(isolated: Sandbox, name: str) -> None:
    """Defect: a refusal that does not say what was refused, and where the program asked."""
    code, denied, source = DENIED[name]
    if isolated.isolation.tier == "landlock":
        denied = DENIED_BY_LANDLOCK.get(name, denied)
    verdict, _ = await call(isolated, code)
    found = await program(isolated, code)
    for outcome, detail in ((verdict.outcome, verdict.detail), (found.outcome, found.detail)):
        assert outcome == "denied"
        assert denied in (detail.denied or "")
        assert source in (detail.source or "")
        assert detail.exception in ("PermissionError", "OSError")


async def test_an_error_of_its_own_is_not_denied(sandbox: Sandbox) -> None:
    """Defect: any PermissionError taken for the sandbox's."""
    verdict, _ = await call(sandbox, "raise PermissionError('not yours')")
    assert (verdict.outcome, verdict.detail.denied) == ("raised", None)


async def test_skipped(sandbox: Sandbox) -> None:
    """Defect: a broken test blamed on the candidate, without a word on what is wrong with it."""
    test = Call(id="t", expression="f(0)", expected="1 +")
    [found] = await sandbox.run([Job(code="def f(x): return 1", tests=(test,))])
    [verdict] = found.verdicts
    assert verdict.outcome == "skipped"
    assert "its expected value: SyntaxError" in (verdict.detail.message or "")


async def test_the_page_of_output_is_only_shown(sandbox: Sandbox) -> None:
    """Defect: a candidate that writes to the shared page breaks the reader or makes a pass."""
    body = (
        "import gc, mmap\nfor o in gc.get_objects():\n    p = getattr(o, '_page', None)\n"
        "    m = getattr(p, '_map', None)\n    if m is not None:\n"
        "        m[:] = b'\\xff' * len(m)\n        try: m.resize(1 << 30)\n"
        "        except Exception: pass\nwhile True: pass"
    )
    verdict, _ = await call(sandbox, body)
    assert verdict.outcome == "timeout"
    assert len(verdict.detail.stdout) < 2100
    assert (await call(sandbox, "return 1"))[0].outcome == "passed"


async def test_same_program_same_outcome(sandbox: Sandbox) -> None:
    """Defect: an outcome that changes from run to run without the program's doing."""
    code = "import random\nprint(random.random(), hash('a'))\n1 / 0"
    runs = await sandbox.run([Job(code=code)] * 4)
    assert len({(run.outcome, run.stdout, run.detail) for run in runs}) == 1
    found = await steady(sandbox, Job(code=code), runs=3)
    assert (found.outcome, found.flaky) == ("raised", False)


async def test_a_changing_outcome_is_marked(sandbox: Sandbox) -> None:
    """Defect: a verdict that a rerun does not repeat is taken for a fact; or one that it does
    repeat is marked."""
    code = "import os\ndef f(x):\n    return os.urandom(1)[0] < 128 if x else 5\n"
    tests = tuple(Call(id=str(x), expression=f"f({x})", expected="True") for x in (0, 1))
    found = await steady(sandbox, Job(code=code, tests=tests), runs=20)
    assert [verdict.flaky for verdict in found.verdicts] == [False, True]
    assert found.flaky


def test_marks() -> None:
    """Defect: the mark of one test on another; a run that passes is run again."""
    with open_blocking(slots=1) as box:
        right, wrong = box.run([Job(code="x = 1"), Job(code="1 / 0")])
        assert marked(right, [wrong]).flaky
        assert not marked(right, [right]).flaky
        assert not marked(right, []).flaky


ONE_FILE = """
with open('big', 'wb') as file:
    for _ in range(99):
        file.write(bytes(1 << 20))
"""
MANY_FILES = """
for n in range(99):
    with open(str(n), 'wb') as file:
        file.write(bytes(1 << 19))
"""
FILLS = """#include <stdio.h>
int main(void) {
    FILE *file = fopen("big", "w");
    for (int i = 0; i < 9 << 20; i++)
        if (putc(1, file) == EOF) { perror("big"); return 1; }
    return 0;
}
"""


@pytest.mark.parametrize("tests", [(), (Call(id="c", expression="f()", expected="1"),)])
@pytest.mark.parametrize("body", [ONE_FILE, MANY_FILES], ids=["one", "many"])
async def test_no_room_for_files_names_the_limit(
    namespaced: Sandbox, body: str, tests: tuple[Call, ...]
) -> None:
    """Defect: a program that meets the limit on files is told `[Errno 28]`, and no limit."""
    code = f"def f():\n{textwrap.indent(body, '    ')}" if tests else body
    [run] = await namespaced.run([Job(code=code, tests=tests, limits=Limits(disk_mb=4))])
    detail = run.verdicts[0].detail if tests else run.detail
    assert (run.outcome, detail.exception) == ("raised", "OSError")
    assert detail.limit == "4 MB of files"
    assert (detail.message or "").endswith(" (the limit is 4 MB of files)")


@pytest.mark.parametrize(
    ("language", "code"),
    [
        ("javascript", "require('fs').writeFileSync('big', Buffer.alloc(9 << 20))\n"),
        ("c", FILLS),
        ("bash", "head -c 9M /dev/zero > big\n"),
    ],
)  # fmt: skip
async def test_no_room_in_other_languages(namespaced: Sandbox, language: str, code: str) -> None:
    """Defect: only Python's words for it are known."""
    if languages.toolchain(language) is None:
        pytest.skip(f"no {language} here")
    [run] = await namespaced.run([Job(code=code, language=language, limits=Limits(disk_mb=4))])
    assert run.outcome in ("raised", "killed")
    assert run.detail.limit == "4 MB of files", run


async def test_words_about_room_are_no_limit(namespaced: Sandbox) -> None:
    """Defect: a program's own complaint about an upload is taken for a limit of ours."""
    [run] = await namespaced.run([Job(code="raise ValueError('File too large')\n")])
    assert (run.detail.limit, run.detail.message) == (None, "File too large")


FORKS = "import os, time\nwhile True:\n    if os.fork() == 0:\n        time.sleep(60)\n"
THREADS = """
import threading, time
while True:
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
"""
SOCKET = """
import socket
one, other = socket.socketpair()
one.setblocking(False)
one.recv(1)
"""


@pytest.mark.parametrize(
    ("code", "limit"), [(FORKS, "9 processes and threads"), (THREADS, "9 processes and threads"),
    (SOCKET, None)],
)  # fmt: skip
async def test_no_room_for_processes_names_the_limit(
    namespaced: Sandbox, code: str, limit: str | None
) -> None:
    """Defect: a fork bomb is told "Resource temporarily unavailable" and not which limit it met;
    or every error of that number is called one of processes."""
    limits = Limits(cpu_seconds=2.0, wall_seconds=10.0, processes=9)
    [run] = await namespaced.run([Job(code=code, tests=(), limits=limits)])
    assert (run.outcome, run.detail.limit) == ("raised", limit), run
    assert limit is None or f"(the limit is {limit})" in (run.detail.message or "")


@pytest.mark.slow
async def test_a_fork_bomb_of_a_shell_names_the_limit(namespaced: Sandbox) -> None:
    code = "for n in $(seq 100); do sleep 30 & done; exit 3\n"
    limits = Limits(cpu_seconds=2.0, wall_seconds=20.0, processes=4)
    [run] = await namespaced.run([Job(code=code, language="bash", tests=(), limits=limits)])
    assert run.outcome in ("raised", "timeout"), run
    if run.outcome == "raised":
        assert run.detail.limit == "4 processes and threads"
