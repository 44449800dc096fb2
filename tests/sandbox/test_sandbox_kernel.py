"""The filter, the machine's refusals in words, and the tier as an ordinary user."""

import os
import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from assay.errors import NoSandbox, SandboxError
from assay.sandbox import TIERS, Job, Run, namespaces, open_sandbox, probe
from assay.sandbox.child import seccomp
from assay.sandbox.scripted import ISOLATION, Scripted

ALLOW, KILL = 0x7FFF0000, 0x80000000


def decide(machine: str, number: int, *arguments: int, arch: int | None = None) -> int:
    """Runs the filter as the kernel would."""
    data = struct.pack(
        "iIQ6Q",
        number,
        arch if arch is not None else seccomp._ARCHES[machine],
        0,
        *(list(arguments) + [0] * 6)[:6],
    )
    code = seccomp.instructions(machine)
    value = place = 0
    while True:
        kind, yes, no, constant = code[place]
        place += 1
        if kind == 0x20:
            [value] = struct.unpack_from("I", data, constant)
        elif kind == 0x06:
            return constant
        else:
            hit = {0x15: value == constant, 0x45: bool(value & constant), 0x35: value >= constant}
            place += yes if hit[kind] else no


@pytest.mark.parametrize("machine", ["x86_64", "aarch64"])
def test_every_denied_call_is_denied(machine: str) -> None:
    """Defect: a wrong jump lets a call of the list through, or refuses an ordinary one."""
    column = ["x86_64", "aarch64"].index(machine)
    for numbers in seccomp.DENIED.values():
        number = numbers[column]
        if number is not None:
            assert decide(machine, number) & 0xFFFF0000 == 0x00050000
    for number in {"x86_64": (0, 1, 9, 12, 59, 231), "aarch64": (63, 64, 222, 93)}[machine]:
        assert decide(machine, number) == ALLOW
    assert decide(machine, 0, arch=0x40000003) == KILL
    clone, socket, ioctl = (n[column] for n in (seccomp._CLONE, seccomp._SOCKET, seccomp._IOCTL))
    assert decide(machine, clone, 0x11) == ALLOW
    assert decide(machine, clone, 0x10000011) != ALLOW
    assert decide(machine, socket, 1) == ALLOW
    assert decide(machine, socket, 2) != ALLOW
    assert decide(machine, ioctl, 0, 0x5401) == ALLOW
    assert decide(machine, ioctl, 0, 0x5412) != ALLOW
    assert decide(machine, ioctl, 0, 0x5412 | 1 << 32) != ALLOW
    assert decide(machine, 435) & 0xFFFF == 38


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
        ("odd", "--unsafe"),
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

    monkeypatch.setattr("assay.sandbox.pool.Worker", refuse)
    with pytest.raises(NoSandbox, match="user namespaces"):
        open_sandbox()


def test_probe_and_tiers() -> None:
    """Defect: the doctor cannot say what works here."""
    [found] = probe()
    assert found.works
    assert found.message.startswith("full")
    assert list(TIERS) == ["namespaces", "remote", "unsafe"]


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
