"""The tier without isolation, for those who ask for it: rlimits, and the tree is ended."""

import sys

from assay.errors import NoSandbox, SandboxError
from assay.sandbox import Sandbox
from assay.sandbox.local import open_pool


def open_tier(slots: int | None, note: str = "") -> Sandbox:
    """Raises `NoSandbox` where even this cannot run."""
    if sys.platform != "linux":
        raise NoSandbox(f"Assay runs code on Linux only, and this is {sys.platform}")
    try:
        return open_pool("unsafe", slots, note)
    except SandboxError as error:
        raise NoSandbox(f"no process could be started: {error}") from error
