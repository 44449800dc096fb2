"""The filter, the machine's refusals in words, and the tier as an ordinary user."""

import json
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from assay.errors import NoSandbox, SandboxError
from assay.sandbox import Job, Run, namespaces, open_sandbox, probe
from assay.sandbox.child import seccomp
from assay.sandbox.scripted import ISOLATION, Scripted

ALLOW, KILL = 0x7FFF0000, 0x80000000
PID = 4_321


FILTERS: dict[str, Callable[[str], list[seccomp.Instruction]]] = {
    "every tier": seccomp.instructions,
    "alone": lambda machine: seccomp.alone_instructions(machine, PID, own=False),
    "alone, own id": lambda machine: seccomp.alone_instructions(machine, PID, own=True),
}
LISTS = {
    "every tier": seccomp.DENIED,
    "alone": seccomp.ALONE,
    "alone, own id": seccomp.ALONE | seccomp.OWNED,
}


def decide(
    machine: str, number: int, *arguments: int, arch: int | None = None, which: str = "every tier"
) -> int:
    """Runs the filter as the kernel would."""
    data = struct.pack(
        "iIQ6Q",
        number,
        arch if arch is not None else seccomp._ARCHES[machine],
        0,
        *(list(arguments) + [0] * 6)[:6],
    )
    code = FILTERS[which](machine)
    value = place = 0
    while True:
        kind, yes, no, constant = code[place]
        place += 1
        if kind == 0x20:
            [value] = struct.unpack_from("I", data, constant)
        elif kind == 0x54:
            value &= constant
        elif kind == 0x06:
            return constant
        else:
            hit = {0x15: value == constant, 0x45: bool(value & constant), 0x35: value >= constant}
            place += yes if hit[kind] else no


@pytest.mark.parametrize("which", FILTERS)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_denied_call_is_denied(machine: str, which: str) -> None:
    """Defect: a wrong jump lets a call of the list through, or refuses an ordinary one."""
    column = ["x86_64", "aarch64"].index(machine)
    for numbers in LISTS[which].values():
        number = numbers[column]
        if number is not None:
            assert decide(machine, number, which=which) & 0xFFFF0000 == 0x00050000
    for number in {"x86_64": (0, 1, 9, 12, 231), "aarch64": (63, 64, 222, 93)}[machine]:
        assert decide(machine, number, which=which) == ALLOW
    assert decide(machine, 0, arch=0x40000003, which=which) == KILL


# A call, its arguments, and whether the filter lets it through: for what depends on arguments.
ARGUMENTS: dict[str, list[tuple[tuple[int, int], tuple[int, ...], bool]]] = {
    "every tier": [
        (seccomp._CLONE, (0x11,), True),
        (seccomp._CLONE, (0x10000011,), False),
        (seccomp._SOCKET, (1,), True),
        (seccomp._SOCKET, (2,), False),
        (seccomp._IOCTL, (0, 0x5401), True),
        (seccomp._IOCTL, (0, 0x5412), False),
        (seccomp._IOCTL, (0, 0x5412 | 1 << 32), False),
    ],
    "alone": [
        (seccomp._CLONE, (0x11,), False),
        (seccomp._CLONE, (0x3D0F00,), True),  # as the C library starts a thread
        (seccomp._SOCKET, (1,), False),
        (seccomp._SOCKETPAIR, (1, 1), True),
        (seccomp._SOCKETPAIR, (1, 1 | 0x80800), True),
        (seccomp._SOCKETPAIR, (1, 2), False),
        (seccomp._SOCKETPAIR, (2, 1), False),
        (seccomp._KILL_CALL, (PID, 9), True),
        (seccomp._KILL_CALL, (PID + 1, 9), False),
        (seccomp._KILL_CALL, (0, 9), False),
        (seccomp._KILL_CALL, (-1 & (1 << 64) - 1, 9), False),
        (seccomp._TGKILL, (PID, 5, 9), True),
        (seccomp._TGKILL, (1, 1, 9), False),
        (seccomp._PRLIMIT, (0, 7), True),
        (seccomp._PRLIMIT, (PID, 7), True),
        (seccomp._PRLIMIT, (1, 7), False),
        (seccomp._PRCTL, (15, 0), True),
        (seccomp._PRCTL, (1, 0), False),
        (seccomp._PRCTL, (4, 1), True),
        (seccomp._PRCTL, (4, 0), False),
        (seccomp._FCNTL, (0, 1), True),
        (seccomp._FCNTL, (0, 8), False),
        (seccomp._FCNTL, (0, 15), False),
        (seccomp._IOCTL, (0, 0x5401), True),
        (seccomp._IOCTL, (0, 0x8901), False),
    ],
}
ARGUMENTS["alone, own id"] = ARGUMENTS["alone"]


@pytest.mark.parametrize("which", FILTERS)
@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_arguments_decide(machine: str, which: str) -> None:
    """Defect: the argument that makes a call dangerous is not looked at, or a wrong one is."""
    column = ["x86_64", "aarch64"].index(machine)
    for call, arguments, allowed in ARGUMENTS[which]:
        found = decide(machine, call[column], *arguments, which=which)
        assert (found == ALLOW) == allowed, (call, arguments)
    if which == "every tier":
        assert decide(machine, 435) & 0xFFFF == 38


REAL = """
import ctypes, json, os, sys
from assay.sandbox.child import kernel, seccomp
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
which, mark, pid = sys.argv[1], int(sys.argv[2]), os.getpid()
calls = json.loads(sys.stdin.read().replace('"PID"', str(pid)).replace('"OTHER"', str(pid + 1)))
code = (seccomp.instructions(kernel.MACHINE) if which == "every tier" else
        seccomp.alone_instructions(kernel.MACHINE, pid, which != "alone"))
code = [(k, y, n, 0x50000 | mark if k == 6 and c >> 16 == 5 else c) for k, y, n, c in code]
if os.getuid() == 0:
    os.setresuid(65534, 65534, 65534)
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
kernel.install_filter(seccomp.packed(code))
wrong = []
for number, arguments, allowed in calls:
    ctypes.set_errno(0)
    words = [ctypes.c_long(a) for a in (arguments + [0] * 6)[:6]]
    result = libc.syscall(ctypes.c_long(number), *words)
    refused = result == -1 and ctypes.get_errno() == mark
    if refused == allowed:
        wrong.append([number, arguments, result, ctypes.get_errno()])
os.write(1, json.dumps(wrong).encode())
os._exit(0)
"""


@pytest.mark.parametrize("which", FILTERS)
def test_the_kernel_refuses_every_call_of_the_list(which: str) -> None:
    """Defect: the filter is right on paper and another thing in the kernel.

    Each call is really made, under the filter with an error number that no kernel gives, so that
    it is the filter that refused. Bad arguments and an id without rights make it harmless else.
    """
    if os.uname().machine not in seccomp._ARCHES:
        pytest.skip("no filter for this machine")
    column = list(seccomp._ARCHES).index(os.uname().machine)
    bad = [-1] * 6
    calls: list[tuple[int, list[int | str], bool]] = []
    for numbers in LISTS[which].values():
        number = numbers[column]
        if number is not None:
            calls.append((number, list(bad), False))
    for call, arguments, allowed in ARGUMENTS[which]:
        named = {PID: "PID", PID + 1: "OTHER"}
        wrapped = [a - (1 << 64) if a >> 63 else a for a in arguments]
        harmless = not allowed or call in (seccomp._PRCTL, seccomp._IOCTL, seccomp._PRLIMIT)
        if harmless:
            calls.append((call[column], [named.get(a, a) for a in wrapped], allowed))
    calls.append((seccomp._TGKILL[column], ["PID", "PID", 0], True))
    calls.append((seccomp._KILL_CALL[column], ["PID", 0], True))
    done = subprocess.run(
        [sys.executable, "-c", REAL, which, "1234"],
        input=json.dumps(calls),
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert len(calls) > 25
    assert (done.returncode, done.stdout) == (0, "[]"), done


def test_x32_numbers_are_killed() -> None:
    """Defect: x32 numbers slip past a list of x86-64 numbers."""
    assert decide("x86_64", 0x40000000 + 101) == KILL


@pytest.mark.parametrize(
    ("message", "says"),
    [
        ("[Errno 28] unshare: No space left on device", "max_user_namespaces"),
        ("[Errno 1] unshare: Operation not permitted", "apparmor_restrict"),
        ("[Errno 13] uid_map: Permission denied", "apparmor_restrict"),
        ("[Errno 1] mount proc on /proc: Operation not permitted", "systempaths"),
        ("odd", "set-up failed"),
    ],
)
def test_refusals_say_what_to_do(message: str, says: str) -> None:
    """Defect: a machine that cannot isolate is told so in the kernel's words only."""
    assert says in namespaces.explain(message)
    assert "\n" not in namespaces.explain(message)


def test_no_sandbox_never_steps_down(monkeypatch: pytest.MonkeyPatch) -> None:
    """Defect: where isolation fails, code runs without it."""

    def refuse(tier: str, slot: int) -> None:
        raise SandboxError("[Errno 1] unshare: Operation not permitted")

    for module in ("local", "namespaces", "landlock"):
        monkeypatch.setattr(f"assay.sandbox.{module}.Local", refuse)
    monkeypatch.setenv("PATH", "")  # no container engine
    with pytest.raises(NoSandbox, match="user namespaces"):
        open_sandbox()


def test_probe_finds_the_tier() -> None:
    """Defect: the doctor cannot say what works here."""
    found = probe()[0]
    assert found.works
    assert found.message.startswith("full")


async def test_scripted() -> None:
    """Defect: the double does not raise what it is told to."""
    run = Run(verdicts=(), isolation=ISOLATION, outcome="passed")
    double = Scripted([run, SandboxError("down")])
    assert await double.run([Job(code="1")]) == [run]
    with pytest.raises(SandboxError, match="down"):
        await double.run([Job(code="2")])
    assert [job.code for job in double.jobs] == ["1", "2"]


USER = """
import asyncio, os, sys
from assay.sandbox import Job, open_sandbox
from assay.problem import Call, Limits
async def main():
    assert os.getuid() != 0
    sandbox = open_sandbox(slots=1)
    tests = (Call(id="a", expression="add(1, 2)", expected="3"),)
    big = (
        "import os, time\\nfor i in range(4):\\n    if os.fork() == 0:\\n"
        "        x = bytearray(150 << 20); time.sleep(2); os._exit(0)\\ntime.sleep(2)"
    )
    jobs = [
        Job(code="def add(a, b): return a + b", tests=tests),
        Job(code="open('/etc/passwd', 'a')"),
        Job(code="while True: pass", limits=Limits(cpu_seconds=0.5)),
        Job(code=big, limits=Limits(memory_mb=256)),
        Job(code="import socket; socket.socket()"),
    ]
    try:
        print(*[run.outcome for run in await sandbox.run(jobs)])
    finally:
        await sandbox.close()
asyncio.run(main())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="the other tests run as an ordinary user then")
def test_as_an_ordinary_user() -> None:
    """Defect: isolation, or the memory limit, works for root only."""
    setpriv, python = shutil.which("setpriv"), _readable_python()
    if setpriv is None or python is None:
        pytest.skip("no setpriv, or no Python 3.11+ that another user can read")
    source = Path(__file__).parents[2] / "src"
    result = subprocess.run(
        [setpriv, "--reuid=23456", "--regid=23456", "--clear-groups", python, "-B", "-c", USER],
        env={"PYTHONPATH": str(source), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if "PermissionError" in result.stderr or "No module named 'assay'" in result.stderr:
        pytest.skip("the checkout cannot be read by another user")
    assert result.stdout.split() == ["passed", "denied", "timeout", "memory", "denied"], result


def _readable_python() -> str | None:
    for path in (os.path.realpath(sys.executable), "/usr/bin/python3"):
        shown = subprocess.run([path, "-V"], capture_output=True, text=True, check=False).stdout
        version = re.match(r"Python 3\.(\d+)", shown)
        if version and int(version[1]) >= 11 and not path.startswith("/root"):
            return path
    return None
