"""The container tier: what only it has to hold, with an engine where one works, and what is built
and read of engines without one."""

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from attacks import PRELUDE, run
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import NoSandbox, SandboxError, UsageError
from assay.problem import Call, Command, Limits, Script
from assay.sandbox import Isolation, Job, Run, Sandbox, contained, container, open_sandbox
from assay.sandbox.engine import ENGINES, IMAGE, USUAL, Room, command, explain, lets_go, room_of
from assay.sandbox.transfer import dump_runs

ROOT = Path(__file__).parents[2]
MAIN = "import sys; sys.argv[0] = 'assay'; from assay.cli import main; main()"

# -- the command ----------------------------------------------------------------------------------

GOLDEN = """\
podman run --rm --interactive --pull=never --name=NAME --label=assay --log-driver=none
--network=none --read-only --read-only-tmpfs=false --security-opt=mask=/sys/fs/cgroup
--user=0:0 --workdir=/
--cap-drop=ALL --cap-add=CHOWN --cap-add=KILL --cap-add=SETGID --cap-add=SETUID
--security-opt=no-new-privileges --pids-limit=160 --memory=1152m --memory-swap=1152m
--ulimit=nofile=1024:1024 --ulimit=nproc=1024:1024 --ulimit=core=0:0 --shm-size=16m
--tmpfs=/tmp:rw,exec,nosuid,nodev,size=16m,mode=1777
--tmpfs=/judge:rw,exec,nosuid,nodev,size=64m,mode=1777
--tmpfs=/assay:rw,noexec,nosuid,nodev,size=32m,mode=755
--tmpfs=/packages:rw,noexec,nosuid,nodev,size=32m,mode=755
--entrypoint=python3 IMAGE -I -S -c BOOT
"""


def test_the_command_that_starts_a_container() -> None:
    """Defect: a limit or a lock falls out of the command, and no engine is there to notice."""
    words = command(ENGINES["podman"], "IMAGE", "NAME", USUAL, "BOOT")
    assert words == GOLDEN.split()
    own = ("--read-only-tmpfs=false", "--security-opt=mask=/sys/fs/cgroup")
    docker = ["docker", *(word for word in words[1:] if word not in own)]
    assert command(ENGINES["docker"], "IMAGE", "NAME", USUAL, "BOOT") == docker


def test_no_engine_is_asked_to_give_more() -> None:
    """Defect: a mount of the machine's files, a socket of the engine, or a pull by itself."""
    for engine in ENGINES.values():
        words = command(engine, IMAGE, "n", USUAL, "b")
        for bad in ("-v", "--volume", "--mount", "--privileged", "--device", "--env", "--pid"):
            assert not any(word.split("=")[0] == bad for word in words)
        assert words.index(IMAGE) > words.index("--pull=never")
    assert "python:3" in IMAGE
    assert IMAGE.count(":") == 1  # a tag of its own, not `latest`


LIMITS = st.builds(
    Limits,
    memory_mb=st.integers(1, 4096),
    disk_mb=st.integers(1, 512),
    processes=st.integers(1, 512),
)


@given(limits=LIMITS, other=LIMITS, language=st.sampled_from(["python", "c"]))
def test_a_container_has_room_for_what_it_is_asked(
    limits: Limits, other: Limits, language: str
) -> None:
    """Defect: the container's own limits end a run before the run's do, and that is a verdict."""
    job = Job(code="x", limits=limits, language=language)
    room = USUAL.and_of(room_of(job)).and_of(room_of(Job(code="x", limits=other)))
    for wanted in (limits, other):
        assert room.memory_mb >= wanted.memory_mb
        assert room.disk_mb >= wanted.disk_mb
        assert room.processes >= wanted.processes
    words = dict(
        word.split("=", 1)
        for word in command(ENGINES["docker"], "i", "n", room, "b")
        if "=" in word
    )
    assert int(words["--memory"].rstrip("m")) >= room.memory_mb + 2 * room.disk_mb
    assert int(words["--pids-limit"]) > room.processes
    assert room == room.and_of(room)


def test_what_a_job_brings_along_has_room() -> None:
    """Defect: a program's files fill the work folder before it starts; pytest is not there."""
    named = Command(id="c", argv=("python", "main.py"), files=(("d", "x" * (3 << 20)),))
    assert room_of(Job(code="x", tests=(named,))).disk_mb > USUAL.disk_mb + 3
    assert room_of(Job(code="x", tests=(named,))).pytest
    assert room_of(Job(code="x", language="c")).disk_mb > 256  # what a build may use
    checked = Script(id="p", source="", call="test_x", framework="pytest")
    assert room_of(Job(code="x", tests=(checked,))) == Room(
        memory_mb=512, disk_mb=16, processes=48, pytest=True
    )


# -- what engines say -----------------------------------------------------------------------------

FAILURES = {
    "docker: Error response from daemon: No such image: x:1.\nSee 'docker run --help'.": (
        "docker",
        "the image x:1 is not here: `docker pull x:1`",
    ),
    "Error: x:1: image not known": ("podman", "`podman pull x:1`"),
    "docker: Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?": (
        "docker",
        "its daemon does not run",
    ),
    "docker: permission denied while trying to connect to the Docker daemon socket at unix": (
        "docker",
        "may not use it",
    ),
    "Cannot connect to Podman. Please verify your connection to the Linux system": (
        "podman",
        "podman machine start",
    ),
    'docker: exec: "python3": executable file not found in $PATH: unknown.': (
        "docker",
        "has no python3",
    ),
    "Error: crun: executable file `python3` not found in $PATH: No such file or directory": (
        "podman",
        "has no python3",
    ),
    "Assay needs Python 3.11 or later in the image, which has 3.9.2": ("docker", "too old"),
    "Error: crun: cgroups in hybrid mode not supported, drop all controllers from cgroupv2": (
        "podman",
        "cannot limit memory",
    ),
    "a limit is not kept WARNING: Your kernel does not support memory limit capabilities or the"
    " cgroup is not mounted. Limitation discarded.": ("docker", "cannot limit memory"),
    "potentially insufficient UIDs or GIDs available in user namespace": (
        "podman",
        "/etc/subuid",
    ),
    "odd": ("docker", "it starts no container (odd)"),
    "": ("docker", "without a word"),
}


@pytest.mark.parametrize("message", FAILURES)
def test_failures_say_what_to_do(message: str) -> None:
    """Defect: a person sees the engine's words only, or is told to do the wrong thing."""
    engine, says = FAILURES[message]
    text = explain(engine, "x:1", message)
    assert text.startswith(f"{engine}: ")
    assert says in text
    assert "\n" not in text


def test_a_limit_that_is_let_go_is_noticed() -> None:
    """Defect: an engine that cannot limit memory warns, and runs programs without the limit."""
    assert lets_go(
        "WARNING: Your kernel does not support pids limit capabilities. Limitation discarded"
    )
    assert lets_go("Resource limits are not supported and ignored on cgroups V1 rootless systems")
    assert not lets_go("WARNING: No swap limit support. Memory limited without swap.")


# -- a double of an engine ------------------------------------------------------------------------

DOUBLE = """#!{python}
import json, os, struct, sys, time
log, answer, stays, warns = {log!r}, {answer!r}, {stays!r}, {warns!r}
with open(log, "a") as file:
    print(*sys.argv[1:3], file=file)
if sys.argv[1] != "run":
    sys.exit()
print(warns, file=sys.stderr, flush=True)
data, out = sys.stdin.buffer, sys.stdout.buffer
def take():
    head = data.read(4)
    return data.read(int.from_bytes(head, "big")) if head else None
def give(body):
    out.write(struct.pack("!I", len(body)) + body)
    out.flush()
take(), take()
give(b'{{"python": "3.11.2"}}')
while take() is not None:
    out.write(bytes.fromhex(answer))
    out.flush()
    if not answer:
        sys.exit()
while stays:
    time.sleep(1)
"""


def double(
    folder: Path,
    patch: pytest.MonkeyPatch,
    answer: bytes = b"",
    *,
    stays: bool = False,
    warns: str = "",
) -> Path:
    """`docker` is a program that keeps to the protocol and answers every job with `answer`."""
    log = folder / "log"
    text = DOUBLE.format(
        python=sys.executable, log=str(log), answer=answer.hex(), stays=stays, warns=warns
    )
    (folder / "docker").write_text(text)
    (folder / "docker").chmod(stat.S_IRWXU)
    patch.setenv("PATH", str(folder))
    return log


def framed(body: bytes) -> bytes:
    return len(body).to_bytes(4, "big") + body


ISOLATION = Isolation(tier="container", filesystem=True, network=True, processes=True, memory=True)
PASSED = Run(verdicts=(), isolation=ISOLATION, outcome="passed")
RUBBISH = {
    "nothing": b"",
    "half a frame": framed(dump_runs([PASSED]))[:-3],
    "no frame": b"\xff\xff\xff\xffxx",
    "no JSON": framed(b"passed"),
    "a broken error": framed(b"{"),
    "two runs": framed(dump_runs([PASSED, PASSED])),
    "no run": framed(b"[]"),
    "another shape": framed(b'[{"outcome": "passed"}]'),
    "its failure": framed(b'{"error": "no memory"}'),
}


@pytest.mark.parametrize("what", RUBBISH)
def test_what_is_no_run_is_a_failure(
    what: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: a container that breaks gives a verdict, or an exception that nobody expects."""
    double(tmp_path, monkeypatch, RUBBISH[what])
    monkeypatch.setattr(container, "_MARGIN", -29.5)  # half a frame is waited for half a second
    worker = container.Contained(ENGINES["docker"], "image", 0)
    with pytest.raises(SandboxError):
        worker.run(Job(code="1"), ISOLATION)
    worker.close()


def test_wrong_use_stays_wrong_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: a job that cannot be run there is taken for a failure, and tried twice."""
    double(tmp_path, monkeypatch, framed(b'{"error": "no toolchain for c here", "usage": true}'))
    worker = container.Contained(ENGINES["docker"], "image", 0)
    with pytest.raises(UsageError, match="no toolchain"):
        worker.run(Job(code="1"), ISOLATION)
    with pytest.raises(UsageError, match="memory_mb"):
        worker.run(Job(code="1", limits=Limits(memory_mb=0)), ISOLATION)
    worker.close()


def test_an_unconfined_first_run_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Defect: the tier is offered on the word of an engine, which isolates nothing."""
    told = Run(verdicts=(), isolation=ISOLATION, outcome="passed", stdout="network\n")
    double(tmp_path, monkeypatch, framed(dump_runs([told])))
    with pytest.raises(NoSandbox, match=r"not confined.*network"):
        open_sandbox(tier="container")
    double(tmp_path, monkeypatch, warns="WARNING: no memory limit. Limitation discarded.")
    with pytest.raises(NoSandbox, match="cannot limit memory"):
        open_sandbox(tier="container")


def test_what_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: an engine that hangs keeps us waiting for good, or its container stays."""
    monkeypatch.setattr(contained, "_END_SECONDS", 3.0)
    log = double(tmp_path, monkeypatch, stays=True)
    worker = container.Contained(ENGINES["docker"], "image", 0)
    worker.close()
    worker.close()
    assert [line.split()[0] for line in log.read_text().splitlines()] == ["run", "inspect", "rm"]


def test_no_engine_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Defect: a demand for the tier gives way to another one, or says nothing of what to get."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoSandbox, match="neither docker nor podman is installed"):
        open_sandbox(tier="container")


def test_the_doctor_says_how_to_get_the_image(tmp_path: Path) -> None:
    """Defect: the doctor pulls by itself, or does not name the command."""
    engine = tmp_path / "docker"
    engine.write_text(
        f'#!/bin/sh\necho "$1" >> {tmp_path}/log\n'
        "echo 'docker: Error response from daemon: No such image: x.' >&2\nexit 125\n"
    )
    engine.chmod(stat.S_IRWXU)
    done = subprocess.run(
        [sys.executable, "-c", MAIN, "doctor", "--json"],
        env=os.environ | {"PATH": f"{tmp_path}:/usr/bin:/bin", "ASSAY_IMAGE": "python:3.13-slim"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    rows = {row["check"]: row for row in map(json.loads, done.stdout.splitlines())}
    assert not rows["container"]["ok"]
    assert "`docker pull python:3.13-slim`" in rows["container"]["detail"]
    assert (tmp_path / "log").read_text() == "run\n"


ELSEWHERE = """
import asyncio, os, resource, select, signal, socket, subprocess, sys, sysconfig
import pydantic
pydantic.BaseModel, sysconfig.get_config_vars()
for module, names in ((os, "pidfd_open memfd_create sched_getaffinity sched_setaffinity setresuid"
        " setresgid getresuid eventfd setns unshare"), (signal, "pidfd_send_signal"),
        (resource, "RLIMIT_MSGQUEUE prlimit"), (select, "epoll")):
    for name in names.split():
        vars(module).pop(name, None)
sys.platform = "darwin"
from assay.sandbox import open_sandbox, probe
print([row.works for row in probe()])
open_sandbox(tier="container", slots=1)
print("opened")
"""


def test_it_needs_no_linux_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: on macOS, for which it is there, a module on the way to it does not load."""
    held = Run(verdicts=(), isolation=ISOLATION, outcome="passed", stdout="held\n")
    double(tmp_path, monkeypatch, framed(dump_runs([held])))
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.splitlines() == ["[False, False, True]", "opened"], done.stderr


# -- with an engine -------------------------------------------------------------------------------

REFUSED = {
    "the first process: kill": "os.kill(1, 0)",
    "the first process: memory": "open('/proc/1/mem')",
    "the first process: environment": "open('/proc/1/environ')",
    "the first process: files": "os.listdir('/proc/1/fd')",
    "the first process: limits": "resource.prlimit(1, resource.RLIMIT_CORE)",
    "the first process: core": "os.sched_setaffinity(1, [0])",
    "the fork server: kill": "os.kill(os.getppid(), 9)",
    "to be root": "os.setuid(0)",
    "to be the judge": "os.setuid(os.getuid() + 250)",
    "our code": "open('/assay/x', 'w')",
    "the judge's folder": "os.listdir('/judge')",
    "the image": "open('/usr/x', 'w')",
    "the settings": "open('/etc/x', 'w')",
    "the kernel": "open('/proc/sys/kernel/core_pattern', 'w')",
    "another root": "os.chroot('/tmp')",
    "a network": "socket.socket(socket.AF_INET)",
    "a packet": "socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "a device": "os.mknod('/tmp/sda', 0o60600, os.makedev(8, 0))",
}


@pytest.mark.parametrize("what", REFUSED)
async def test_out_of_reach(contained: Sandbox, what: str) -> None:
    """Defect: what is shared by all that a container holds is within a candidate's reach."""
    found = await run(contained, f"{PRELUDE}\n{REFUSED[what]}\nprint('REACHED')\n")
    assert (found.outcome, "REACHED" in found.stdout) == ("denied", False), found


async def test_nothing_stays_for_the_next_run(contained: Sandbox) -> None:
    """Defect: files, shared memory, queues or processes of a run are there in the next."""
    code = (
        "import os, sys, time\n"
        "for place in ('/tmp', '/dev/shm', '/dev/mqueue', '/judge', '/packages', '/run'):\n"
        "    try:\n"
        "        if found := os.listdir(place): print(place, found)\n"
        "        os.makedirs(place + '/a/b', 0o000)\n"
        "    except OSError: pass\n"
        "    try: open(place + '/c', 'w').write('x')\n"
        "    except OSError: pass\n"
        "mine = os.getuid()\n"
        "for name in os.listdir('/proc'):\n"
        "    if name.isdigit() and int(name) != os.getpid():\n"
        "        try:\n"
        "            if os.stat('/proc/' + name).st_uid == mine: print('LIVES', name)\n"
        "        except OSError: pass\n"
        "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n        time.sleep(60)\n"
    )
    first, second, third = [await run(contained, code) for _ in range(3)]
    assert "LIVES" not in first.stdout + second.stdout + third.stdout
    known = [line for line in first.stdout.splitlines() if line.startswith(("/packages", "/run"))]
    for found in (first, second, third):
        assert found.stdout.splitlines() == known, found


async def test_a_war_of_signals_is_won(contained: Sandbox) -> None:
    """Defect: processes that signal all that they may, for ever, end whoever is to end them."""
    code = (
        "import os, signal\n"
        "for i in range(5): os.fork()\n"
        "while True:\n"
        "    try:\n        os.kill(-1, 9)\n        os.fork()\n    except OSError: pass\n"
    )
    limits = Limits(cpu_seconds=1, wall_seconds=2)
    for _ in range(3):
        [found] = await contained.run([Job(code=code, limits=limits)])
        assert found.outcome in ("timeout", "killed", "passed"), found
    assert (await run(contained, "print('next')")).stdout == "next\n"


async def test_a_judge_and_a_candidate_share_no_folder(contained: Sandbox) -> None:
    """Defect: what a candidate leaves is read by the test that judges it."""
    source = (
        "import os, tempfile\ndef check(f):\n    f()\n"
        "    assert not os.path.exists('/tmp/planted')\n"
        "    with tempfile.NamedTemporaryFile() as file: assert file.name.startswith('/judge')\n"
        "    for step in (lambda: os.listdir('/tmp'), lambda: os.kill(1, 0)):\n"
        "        try: step()\n        except PermissionError: continue\n        assert False\n"
    )
    test = Script(id="s", source=source, call="check(f)")
    code = (
        "import os\ndef f():\n    open('/tmp/planted', 'w').write('x')\n"
        "    try: os.chmod('/tmp', 0o711)\n    except PermissionError: pass\n"
    )
    [found] = await contained.run([Job(code=code, tests=(test,))])
    assert (found.outcome, found.judging) == ("passed", "isolated"), found


async def test_more_room_than_usual(contained: Sandbox) -> None:
    """Defect: a job with wider limits is ended by those of the container."""
    wide = Limits(memory_mb=1400, disk_mb=200)
    code = (
        "x = bytearray(1 << 30)\nfor i in range(6):\n"
        "    open(f'/tmp/{i}', 'wb').write(bytes(25 << 20))\nprint('ok')\n"
    )
    [found] = await contained.run([Job(code=code, limits=wide)])
    assert (found.outcome, found.stdout) == ("passed", "ok\n"), found
    [found] = await contained.run([Job(code="x = bytearray(1 << 30)")])
    assert found.outcome == "memory", found


async def test_other_languages_of_the_image(contained: Sandbox) -> None:
    """Defect: the tier can start programs, and refuses what needs that."""
    shell = Job(
        code='read x; echo "$x" > /tmp/y; cat /tmp/y; sleep 60 &', language="bash", stdin="in"
    )
    [found] = await contained.run([shell])
    assert (found.outcome, found.stdout) == ("passed", "in\n"), found
    with pytest.raises(UsageError, match="no toolchain"):
        await contained.run([Job(code="fn main() {}", language="rust")])


async def test_the_run_says_where(contained: Sandbox) -> None:
    """Defect: a run does not say which image judged it, or says a name alone, so that verdicts are
    shared with those of another image of this name."""
    [found] = await contained.run([Job(code="import sys; print(sys.version.split()[0])")])
    assert found.isolation.tier == "container"
    far = found.isolation.far or ""
    engine, image, _ = far.split(", ")
    assert engine in ENGINES
    name, number = image.split(" ")
    words = [engine, "image", "inspect", "--format", "{{.Id}}", name]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert done.stdout.strip().removeprefix("sha256:").startswith(number)
    assert len(number) == 12
    assert far.endswith(f"Python {found.stdout.strip()}")


UP = """
import asyncio
from assay.problem import Limits
from assay.sandbox import Job, open_sandbox
job = Job(code="import time; time.sleep(60)", limits=Limits(wall_seconds=90))
sandbox = open_sandbox(tier="container", slots=2)
async def main():
    await sandbox.run([Job(code="1")] * 8)
    asyncio.get_running_loop().call_later(1, lambda: print("up", flush=True))
    await sandbox.run([job] * 2)
asyncio.run(main())
"""


def containers(sandbox: Sandbox, pid: int) -> list[str]:
    """Names of those that were started by a process of ours."""
    engine = (sandbox.isolation.far or "").split(",")[0]
    done = subprocess.run(
        [engine, "ps", "--all", "--format", "{{.Names}}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [name for name in done.stdout.split() if name.startswith(f"assay-{pid}-")]


def gone(sandbox: Sandbox, pid: int) -> bool:
    end = time.monotonic() + 30
    while containers(sandbox, pid):
        if time.monotonic() > end:
            return False
        time.sleep(0.2)
    return True


@pytest.mark.parametrize("both", [False, True], ids=["ours", "ours and the engine's client"])
def test_kill_9_leaves_no_container(contained: Sandbox, both: bool) -> None:
    """Defect: a killed Assay leaves containers that run on."""
    with subprocess.Popen([sys.executable, "-c", UP], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert len(containers(contained, process.pid)) == 2
        clients = [
            int(name)
            for name in (path.name for path in Path("/proc").iterdir())
            if name.isdigit() and _parent(int(name)) == process.pid
        ]
        assert clients
        for pid in [process.pid, *(clients if both else [])]:
            os.kill(pid, signal.SIGKILL)
        process.wait()
    assert gone(contained, process.pid)


def _parent(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return 0
    return int(text.rpartition(")")[2].split()[1])


def kill_another(sandbox: Sandbox, known: set[str]) -> str:
    """Ends the container that is there, or comes, beside the known ones."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for name in set(containers(sandbox, os.getpid())) - known:
            engine = (sandbox.isolation.far or "").split(",")[0]
            time.sleep(1)
            subprocess.run([engine, "kill", name], capture_output=True, check=True, timeout=60)
            return name
        time.sleep(0.2)
    raise AssertionError("no container came")


async def test_a_container_that_is_killed_gives_no_verdict(contained: Sandbox) -> None:
    """Defect: an engine that ends a container in the midst of a run makes a verdict of it."""
    known = set(containers(contained, os.getpid()))
    sandbox = open_sandbox(tier="container", slots=1)
    sleep = Job(code="import time\ntime.sleep(50)", limits=Limits(wall_seconds=60))
    try:
        running = asyncio.create_task(sandbox.run([sleep]))
        for _ in range(2):  # the second loss is an error
            known.add(await asyncio.to_thread(kill_another, contained, known))
        with pytest.raises(SandboxError):
            await running
        test = Call(id="t", expression="f()", expected="1")
        [found] = await sandbox.run([Job(code="def f(): return 1", tests=(test,))])
        assert found.passed
    finally:
        await sandbox.close()
