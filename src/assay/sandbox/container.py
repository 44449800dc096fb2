"""The container tier, which is not built: only what `assay doctor` can say about it."""

import shutil
import subprocess

from assay.errors import NoSandbox
from assay.sandbox import Probe, Sandbox

_QUESTIONS = {
    "docker": ["version", "--format", "{{.Server.Version}}"],
    "podman": ["info", "--format", "{{.Version.Version}}"],
    "runsc": ["--version"],
}
_NOT_BUILT = "Assay cannot run programs in containers yet"
_PATIENCE = 5.0


def open_tier(slots: int | None, note: str = "") -> Sandbox:
    """Raises `NoSandbox`."""
    raise NoSandbox(f"{_NOT_BUILT}; {_found()}")


def try_out() -> Probe:
    return Probe(tier="container", works=False, message=f"{_NOT_BUILT}; {_found()}")


def _found() -> str:
    """What is there of it."""
    return "; ".join(_ask(tool, question) for tool, question in _QUESTIONS.items())


def _ask(tool: str, question: list[str]) -> str:
    if shutil.which(tool) is None:
        return f"{tool}: not installed"
    try:
        done = subprocess.run(
            [tool, *question],
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"{tool}: does not answer ({type(error).__name__})"
    if done.returncode == 0:
        return f"{tool}: works"
    if tool == "docker":
        return "docker: installed, no daemon"
    return f"{tool}: installed, fails ({' '.join(done.stderr.split())[:80]})"
