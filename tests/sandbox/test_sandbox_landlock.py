"""The landlock tier: what only it has to hold, and which tier is taken where.

A machine that refuses user namespaces is made here by a system-call filter that answers as
Docker's default profile does.
"""

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from attacks import FILE, REACHES, attacks, out_of_reach, run

from assay.errors import NoSandbox, UsageError
from assay.problem import Call, Limits, Script
from assay.sandbox import ISOLATING, TIERS, Job, Sandbox, landlock, open_sandbox, probe
from assay.sandbox.child import landlock as rules
from assay.sandbox.transfer import dump_runs, load_runs
from assay.sandbox.workfolder import WorkFolder
from served import Servers

ROOT = Path(__file__).parents[2]
USER = 23_456
AS_USER = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"]


@pytest.fixture(scope="module")
def fenced() -> Iterator[Sandbox]:
    try:
        made = open_sandbox(tier="landlock", slots=2)
    except NoSandbox as error:
        pytest.skip(str(error))
    yield made
    asyncio.run(made.close())


# -- what it holds ------------------------------------------------------------------------------


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "victim"
    file.write_text("untouched")
    before = file.stat()
    yield file
    after = file.stat()
    assert file.read_text() == "untouched"
    assert (before.st_mode, before.st_mtime) == (after.st_mode, after.st_mtime)


@pytest.mark.parametrize("what", REACHES)
async def test_out_of_reach(fenced: Sandbox, what: str, victim: Path) -> None:
    """Defect: without namespaces a candidate reaches what the user's id may reach."""
    await out_of_reach(fenced, what, victim)


USUAL = {
    "threads": "import threading\nt = threading.Thread(target=print, args=('ok',))\n"
    "t.start()\nt.join()",
    "asyncio": "import asyncio\nasync def f(): print('ok')\nasyncio.run(f())",
    "temporary files": "import tempfile, shutil\nwith tempfile.TemporaryDirectory() as d:\n"
    "    open(d + '/a', 'w').write('ok')\n    print(open(d + '/a').read())",
    "renaming": "import os\nos.makedirs('a/b')\nopen('a/b/c', 'w').write('ok')\n"
    "os.rename('a/b/c', 'c')\nprint(open('c').read())",
    "signals to itself": "import os, signal\nsignal.signal(10, lambda *a: print('ok'))\n"
    "os.kill(os.getpid(), 10)",
    "late imports": "import colorsys, sqlite3, xml.dom.minidom, zoneinfo\nprint('ok')",
    "devices": "open('/dev/null', 'w').write('x')\nopen('/dev/urandom', 'rb').read(1)\nprint('ok')",
    "limits": "import resource\nresource.getrlimit(resource.RLIMIT_AS)\nprint('ok')",
}


@pytest.mark.parametrize("what", USUAL)
async def test_usual_programs_run(fenced: Sandbox, what: str) -> None:
    """Defect: the tier refuses what right programs do."""
    found = await run(fenced, USUAL[what])
    assert (found.outcome, found.stdout) == ("passed", "ok\n"), found


async def test_packages_cannot_be_read_by_path(fenced: Sandbox) -> None:
    """Defect: a benchmark's answers can be read, though not imported."""
    code = (
        "import glob, os\nfor p in ('/usr/lib/python3/dist-packages', os.path.join(os.__file__,"
        " '../site-packages')):\n"
        "    for f in glob.glob(p + '/**/*.py', recursive=True)[:50]:\n"
        "        try: open(f); print('READ', f)\n"
        "        except PermissionError: pass\nprint('done')\n"
    )
    found = await run(fenced, code)
    assert found.stdout == "done\n", found


async def test_disk_is_bounded(fenced: Sandbox) -> None:
    """Defect: many files, or files without a name, fill the disk of the machine."""
    named = "n = 0\nwhile True:\n    open(str(n), 'wb').write(b'x' * 2**20)\n    n += 1\n"
    nameless = (
        "import os, time\nkept = []\nwhile True:\n    f = open('a', 'wb', 0)\n"
        "    f.write(b'x' * 2**20)\n    os.unlink('a')\n    kept.append(f)\n    time.sleep(0.01)\n"
    )
    for code in (named, nameless, "open('a', 'wb', 0).write(b'x' * 2**25)"):
        found = await run(fenced, code)
        limited = (found.detail.limit or "").startswith("16 MB of disk")
        assert limited or found.outcome in ("raised", "passed"), found
        assert found.outcome != "timeout"
    [found] = await fenced.run([Job(code="import os\nprint(os.listdir('.'))")])
    assert found.stdout == "[]\n"


async def test_threads_are_bounded(fenced: Sandbox) -> None:
    """Defect: threads with small stacks are no process, and are not counted."""
    code = (
        "import threading, time\nthreading.stack_size(65536)\nn = 0\ntry:\n"
        "    while n < 3000:\n        threading.Thread(target=time.sleep, args=(9,)).start()\n"
        "        n += 1\nexcept RuntimeError:\n    import os; os._exit(0 if n < 600 else 1)\n"
    )
    found = await run(fenced, code)
    assert found.outcome in ("passed", "killed"), found
    assert found.outcome == "passed" or found.detail.limit == "48 threads"


async def test_a_judge_is_confined_and_kept(fenced: Sandbox) -> None:
    """Defect: a judge that may start processes, or whose folder goes while it lives."""
    source = (
        "import io, os\ndef check(f):\n"
        "    with io.FileIO('x', 'w') as file: file.write(b'x')\n"
        "    for step in (os.fork, lambda: os.scandir('/tmp'), lambda: os.kill(os.getppid(), 0)):\n"
        "        try: step()\n        except PermissionError: continue\n        assert False\n"
        "    assert f() == 1\n"
    )
    checked = Script(id="s", source=source, call="check(f)")
    called = Call(id="c", expression="f()", expected="1")
    for test in (called, checked, called, checked):
        [found] = await fenced.run([Job(code="def f(): return 1", tests=(test,))])
        assert (found.outcome, found.judging) == ("passed", "isolated"), found


async def test_groups_see_the_code_fresh_and_print_once(fenced: Sandbox) -> None:
    """Defect: code that is loaded anew for each group prints twice, or carries state over."""
    code = (
        "print('loaded')\nseen = []\nclass K: pass\n"
        "def f():\n    seen.append(1)\n    return len(seen)\ndef g():\n    raise SystemExit(3)\n"
    )
    tests = [Call(id=str(i), expression="f()", expected="1") for i in range(4)]
    tests.insert(2, Call(id="dies", expression="g()", expected="1"))
    [found] = await fenced.run([Job(code=code, tests=tuple(tests))])
    assert [v.outcome for v in found.verdicts] == ["passed", "passed", "raised", "passed", "passed"]
    assert found.stdout == "loaded\n"


@pytest.mark.parametrize(
    ("code", "outcome", "says"),
    [
        ("import os\nos._exit(3)", "raised", "exit status 3"),
        ("import ctypes\nctypes.string_at(0)", "killed", "SIGSEGV"),
        ("import os\nos.kill(os.getpid(), 9)", "killed", "SIGKILL"),
        ("while True: pass", "timeout", ""),
        ("import os\nos.fork()", "denied", "not permitted"),
    ],
)
async def test_ends_while_it_is_loaded(fenced: Sandbox, code: str, outcome: str, says: str) -> None:
    """Defect: how the process ended that loads the code is lost, or told wrong."""
    test = Call(id="t", expression="f()", expected="1")
    limits = Limits(cpu_seconds=1.0, wall_seconds=2.0)
    [found] = await fenced.run([Job(code=code, tests=(test,), limits=limits)])
    assert found.outcome == outcome, found
    assert says in (found.detail.message or "")


# -- which tier is taken ------------------------------------------------------------------------

PROFILE = """
import errno, os, struct, sys
from assay.sandbox.child import kernel
def give(number): return (6, 0, 0, 0x50000 | number)
unshare, mount, clone, clone3 = {"x86_64": (272, 165, 56, 435), "aarch64": (97, 40, 220, 435)}[
    os.uname().machine]
refused = [(unshare, errno.EPERM), (mount, errno.EPERM), (clone3, errno.ENOSYS)]
if sys.argv[1] == "neither":
    refused.append((444, errno.EOPNOTSUPP))
code = [(0x20, 0, 0, 0)]
for number, error in refused:
    code += [(0x15, 0, 1, number), give(error)]
code += [(0x15, 0, 3, clone), (0x20, 0, 0, 16), (0x45, 0, 1, 0x7E020080), give(errno.EPERM)]
code.append((6, 0, 0, 0x7FFF0000))
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
kernel.install_filter(b"".join(struct.pack("HBBI", *line) for line in code))
os.execv(sys.executable, [sys.executable, *sys.argv[2:]])
"""
MAIN = "import sys; sys.argv[0] = 'assay'; from assay.cli import main; main()"
FIRST = """
import asyncio
from assay.sandbox import Job, open_sandbox
sandbox = open_sandbox(slots=1)
[run] = asyncio.run(sandbox.run([Job(code="print(1)")]))
print(run.isolation.tier, run.outcome)
print(run.isolation.note)
asyncio.run(sandbox.close())
"""


def refusing(kind: str, *arguments: str, cwd: Path | None = None) -> tuple[int, str, str]:
    """Python under the profile: `namespaces` are refused, or `neither` is there; no containers."""
    done = subprocess.run(
        [sys.executable, "-c", PROFILE, kind, *arguments],
        env=os.environ
        | {"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), *sys.path]), "PATH": "/nowhere"},
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def test_landlock_is_taken_where_namespaces_are_refused(fenced: Sandbox) -> None:
    """Defect: a machine like a Docker container has no sandbox, or steps down without a word."""
    status, out, err = refusing("namespaces", "-c", FIRST)
    assert status == 0, err
    first, note = out.splitlines()
    assert first == "landlock passed"
    assert "user namespaces are not allowed" in note


def test_neither_is_refused_with_both_reasons() -> None:
    """Defect: code runs without isolation, or only one of the reasons is told."""
    status, out, err = refusing("neither", "-c", FIRST)
    assert (status, out) == (1, "")
    last = err.splitlines()[-1]
    for word in ("NoSandbox", "user namespaces", "no landlock", "--unsafe"):
        assert word in last


@pytest.mark.parametrize(("kind", "expected"), [("namespaces", 0), ("neither", 6)])
def test_doctor_has_a_row_a_tier(kind: str, expected: int, fenced: Sandbox) -> None:
    """Defect: the doctor looks at one tier only, or calls a machine with landlock unfit."""
    status, out, _ = refusing(kind, "-c", MAIN, "doctor", "--json")
    rows = [json.loads(line) for line in out.splitlines()]
    assert status == expected
    assert [row["check"] for row in rows[: len(ISOLATING)]] == list(ISOLATING)
    assert [row["ok"] for row in rows[:2]] == [False, kind == "namespaces"]


def test_doctor_says_that_it_runs_python_only(fenced: Sandbox) -> None:
    """Defect: a language is offered that its programs cannot be started in."""
    _, out, _ = refusing("namespaces", "-c", MAIN, "doctor", "--json")
    rows = {row["check"]: row for row in map(json.loads, out.splitlines())}
    assert rows["python"]["ok"]
    assert not rows["bash"]["ok"]
    assert "Python only" in rows["bash"]["detail"]


@pytest.mark.parametrize("tests", [(), (Call(id="t", expression="f()", expected="1"),)])
async def test_other_languages_are_refused(fenced: Sandbox, tests: tuple[Call, ...]) -> None:
    """Defect: a program that cannot be started counts as one that failed."""
    for language in ("bash", "javascript"):
        with pytest.raises(UsageError, match="the landlock tier runs Python only"):
            await fenced.run([Job(code="", language=language, tests=tests)])
    assert (await run(fenced, "print(1)")).passed


def test_the_step_is_told_once_on_stderr(tmp_path: Path, fenced: Sandbox) -> None:
    """Defect: a person does not learn that the second-best tier is used, or `--tier` gives way."""
    (tmp_path / "add.py").write_text(
        'def add(a, b):\n    """\n    >>> add(1, 2)\n    3\n    """\n    ...\n'
    )
    reply = {"match": "add", "text": "```python\ndef add(a, b):\n    return a + b\n```"}
    (tmp_path / "m.json").write_text(json.dumps([reply]))
    verb = (
        "-c",
        MAIN,
        "solve",
        "add.py",
        "--model",
        "scripted/m.json",
        "--log",
        "log.db",
        "--json",
    )
    status, out, err = refusing("namespaces", *verb, cwd=tmp_path)
    assert status == 0, err
    assert json.loads(out)["status"] == "verified"
    assert err.count("isolation: landlock (") == 1
    status, out, err = refusing("namespaces", *verb, "--tier", "namespaces", cwd=tmp_path)
    assert (status, out) == (6, "")
    status, _, err = refusing("namespaces", *verb, "--tier", "unsafe", cwd=tmp_path)
    assert status == 2
    assert "--unsafe" in err


def test_a_demand_is_never_left_out() -> None:
    """Defect: `--tier` is taken and another one is measured."""
    status, out, err = refusing("namespaces", "-c", MAIN, "bench", "sandbox", "--tier", "landlock")
    assert (status, out) == (2, "")
    assert "--tier" in err


@pytest.mark.parametrize("verb", ["run", "serve"])
def test_every_verb_tells_and_obeys(verb: str, tmp_path: Path, fenced: Sandbox) -> None:
    """Defect: one verb takes the second-best tier without a word, or does not know `--tier`."""
    (tmp_path / "p.py").write_text("print(1)")
    words = ["run", "p.py"] if verb == "run" else ["serve", "sandbox", "--port", "0"]
    status, out, err = refusing(
        "namespaces", "-c", MAIN, *words, "--tier", "container", cwd=tmp_path
    )
    assert (status, out) == (6, "")
    status, out, err = refusing("neither", "-c", MAIN, *words, cwd=tmp_path)
    assert (status, out) == (6, "")
    if verb == "run":
        status, out, err = refusing("namespaces", "-c", MAIN, *words, "--json", cwd=tmp_path)
        assert (status, err.count("isolation: landlock (")) == (0, 1)
        told = json.loads(out)["isolation"]
        assert told["tier"] == "landlock"
        assert "user namespaces" in told["note"]


async def test_a_far_sandbox_has_a_tier_too(tmp_path: Path, fenced: Sandbox) -> None:
    """Defect: a server ignores `--tier`, or the reason for its tier is lost on the way."""
    servers = Servers(tmp_path)
    try:
        served = servers("--slots", "1", "--tier", "landlock")
        assert served.tier == "landlock"
        far = open_sandbox(remote=served.url)
        try:
            [found] = await far.run([Job(code="import os\nos.fork()")])
            with pytest.raises(UsageError, match="Python only"):
                await far.run([Job(code="", language="bash")])
        finally:
            await far.close()
    finally:
        servers.close()
    assert (found.outcome, found.isolation.far) == ("denied", "landlock")
    marked = replace(found, isolation=replace(found.isolation, note="why"))
    assert load_runs(dump_runs([marked])) == [marked]
    with pytest.raises(UsageError, match="remote"):
        open_sandbox(remote=served.url, tier="landlock")


def test_tiers() -> None:
    """Defect: a tier that is named but not there, or `unsafe` in another way than by its flag."""
    assert list(TIERS) == ["namespaces", "landlock", "container", "unsafe"]
    assert [found.tier for found in probe()] == list(ISOLATING)
    for wrong in ("unsafe", "chroot"):
        with pytest.raises(UsageError, match="namespaces, landlock"):
            open_sandbox(tier=wrong)
    with pytest.raises(UsageError):
        open_sandbox(tier="landlock", unsafe=True)


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("landlock: not in this kernel, or not in its list", "no landlock"),
        ("landlock: version 1 cannot keep a user's own files, 3 is needed", "6.2"),
        ("[Errno 1] capset: Operation not permitted", "open its folders"),
        ("odd", "set-up failed"),
    ],
)
def test_refusals_say_what_to_do(message: str, says: str) -> None:
    """Defect: the kernel's words only."""
    assert says in landlock.explain(message)
    assert "\n" not in landlock.explain(message)


@pytest.mark.parametrize(
    ("abi", "files", "network", "scope"),
    [(1, 13, 0, 0), (2, 14, 0, 0), (3, 15, 0, 0), (4, 15, 2, 0), (5, 16, 2, 0), (7, 16, 2, 2)],
)
def test_each_version_uses_what_it_has(abi: int, files: int, network: int, scope: int) -> None:
    """Defect: rights that an older kernel does not know (it refuses all), or ones left unused."""
    assert [bits.bit_count() for bits in rules.handled(abi)] == [files, network, scope]
    if abi <= rules.version():
        os.close(rules.Rules(abi).fd)


# -- what it leaves -----------------------------------------------------------------------------


def test_a_killed_supervisor_leaves_a_folder_that_the_next_removes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: folders of killed processes pile up, or those of living ones are removed."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    living, dead = WorkFolder({}), WorkFolder({})
    (dead.path / "solver" / "left").write_text("x")
    assert dead._lock is not None
    os.close(dead._lock)
    for folder in (living, dead):
        os.utime(folder.path, (0, 0))
    third = WorkFolder({})
    assert sorted(tmp_path.iterdir()) == sorted([living.path, third.path])
    for folder in (living, third):
        folder.remove()
    assert not list(tmp_path.iterdir())


def test_deep_folders_are_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: a folder too deep for recursion, or a link out of it, stops or misleads removal."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("kept")
    work = WorkFolder({})
    here = os.open(work.path / "solver", os.O_RDONLY)
    for _ in range(3000):
        os.mkdir("d", 0o500, dir_fd=here)
        os.chmod("d", 0o700, dir_fd=here)
        os.symlink(outside, "link", dir_fd=here)
        inner = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = inner
    os.close(here)
    work.remove()
    assert not work.path.exists()
    assert (outside / "file").read_text() == "kept"


# -- as an ordinary user ------------------------------------------------------------------------


def user_python() -> str | None:
    """One that another user can run: not below a closed folder."""
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        shown = subprocess.run([path, "-V"], capture_output=True, text=True, check=False).stdout
        version = re.match(r"Python 3\.(\d+)", shown)
        if version and int(version[1]) >= 11 and not path.startswith("/root"):
            return path
    return None


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user then")
@pytest.mark.skipif(not attacks("program"), reason=f"no attacks at {FILE}")
@pytest.mark.parametrize("who", ["root", "user"])
@pytest.mark.parametrize("tier", ["namespaces", "landlock"])
def test_attacks_with_the_system_python(tier: str, who: str, fenced: Sandbox) -> None:
    """Defect: an ordinary user's id, or root's where the interpreter is open to all, leaks."""
    python = user_python()
    if python is None or shutil.which("setpriv") is None:
        pytest.skip("no setpriv, or no Python 3.11+ that another user can read")
    script = Path(__file__).parent / "attacks.py"
    command = [python, "-B", str(script), tier]
    done = subprocess.run(
        [*AS_USER, *command] if who == "user" else command,
        env={
            "PYTHONPATH": str(ROOT / "src"),
            "PATH": os.environ["PATH"],
            "ASSAY_ATTACKS": str(FILE),
        },
        cwd="/",
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    if "PermissionError" in done.stderr and "attacks" in done.stderr:
        pytest.skip("the checkout cannot be read by another user")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


async def test_speed_is_of_the_same_kind(fenced: Sandbox) -> None:
    """Defect: a set-up per run that costs as much as a new interpreter."""
    job = Job(code="def f(): return 1", tests=(Call(id="t", expression="f()", expected="1"),))
    await fenced.run([job] * 4)
    start = time.monotonic()
    runs = await fenced.run([job] * 40)
    assert all(found.passed for found in runs)
    assert sum(found.cpu_seconds for found in runs) / 40 < 0.05
    assert time.monotonic() - start < 20
