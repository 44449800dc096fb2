"""The tier that isolates: Linux namespaces, seccomp, rlimits and a memory cgroup."""

import errno
import platform
import re
import sys

from assay.errors import NoSandbox, SandboxError
from assay.sandbox import Probe, Sandbox
from assay.sandbox.here import Local
from assay.sandbox.local import open_pool

_MACHINES = ("x86_64", "aarch64")
_NO_USER_NAMESPACES = (
    "user namespaces are not allowed here. On Ubuntu 24.04 or later: `sudo sysctl -w"
    " kernel.apparmor_restrict_unprivileged_userns=0`; in a container: start it with"
    " `--security-opt seccomp=unconfined --security-opt systempaths=unconfined`"
)


def open_tier(slots: int | None, note: str = "") -> Sandbox:
    """Raises `NoSandbox`, which says what is missing."""
    reason = unfit()
    if reason:
        raise NoSandbox(reason)
    try:
        return open_pool("namespaces", slots, note)
    except SandboxError as error:
        raise NoSandbox(explain(str(error))) from error


def try_out() -> Probe:
    """The whole set-up, once, in processes that end at once."""
    reason = unfit()
    if reason:
        return Probe(tier="namespaces", works=False, message=reason)
    try:
        worker = Local("namespaces", 0)
    except SandboxError as error:
        return Probe(tier="namespaces", works=False, message=explain(str(error)))
    memory = "cgroup" if worker.memory is not None else "per process and polled"
    worker.close()
    text = (
        "full: own root and tmpfs, no network, own pids, seccomp;"
        f" programs may start others; memory limit: {memory}"
    )
    return Probe(tier="namespaces", works=True, message=text)


def unfit() -> str | None:
    """Why no tier that isolates can work on such a machine."""
    if sys.platform != "linux":
        return (
            f"Assay itself isolates on Linux only, and this is {sys.platform}: get Docker or podman"
            " (tier container), a Linux machine (--remote), or WSL 2"
        )
    if platform.machine() not in _MACHINES:
        return f"no system-call filter for {platform.machine()}: say --unsafe to run without"
    return None


def explain(message: str) -> str:
    """One line that says what is missing and how to get it."""
    found = re.search(r"Errno (\d+)", message)
    number = int(found[1]) if found else 0
    if number == errno.ENOSPC and "unshare" in message:
        reason = "no user namespaces are left: raise `sysctl user.max_user_namespaces`"
    elif number in (errno.EPERM, errno.EACCES) and ("unshare" in message or "uid_map" in message):
        reason = _NO_USER_NAMESPACES
    elif "mount" in message:
        reason = (
            "mounts are refused inside a user namespace, as in a container with a masked /proc:"
            " start it with `--security-opt systempaths=unconfined`"
        )
    else:
        reason = "the set-up failed"
    return f"no isolation by namespaces: {reason} ({message})"
