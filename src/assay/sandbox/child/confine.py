"""What every run does in its own process before anything of the candidate's is read.

The order: session, mounts, descriptors, rlimits, user, capabilities, no_new_privs, and the
system-call filter last. A step that fails is an `OSError` that names it: the run never starts.
"""

import fcntl
import math
import os
import resource
import signal
from pathlib import Path
from typing import Any

from assay.sandbox.child import kernel, seccomp
from assay.sandbox.child.root import NOBODY

CONTROL, TRACE = 3, 4
FIRST_FREE = 5
_FILES = 256


class Confinement:
    """The steps for one tier, prepared in the zygote so that a run pays only for the calls."""

    def __init__(self, tier: str) -> None:
        self.namespaces = tier == "namespaces"
        self._filter = seccomp.program(kernel.MACHINE) if self.namespaces else b""
        self._base = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()

    def enter(self, limits: dict[str, Any], folder: str) -> None:
        """Runs in the new child, once `place` has laid its descriptors."""
        os.setsid()
        if self.namespaces:
            self._mount(int(limits["disk_mb"]))
        os.chdir(folder)
        self._limit(limits)
        if self.namespaces:
            self._drop()
        else:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)

    def _mount(self, disk_mb: int) -> None:
        kernel.unshare(kernel.CLONE_NEWNS)
        flags = kernel.MS_NOSUID | kernel.MS_NODEV
        kernel.mount("proc", "/proc", "proc", flags | kernel.MS_NOEXEC)
        options = f"size={disk_mb}m,nr_inodes=4096,mode=700,uid={NOBODY},gid={NOBODY}"
        kernel.mount("tmp", "/tmp", "tmpfs", flags, options)

    def _limit(self, limits: dict[str, Any]) -> None:
        memory = (int(limits["memory_mb"]) << 20) + self._base
        disk = int(limits["disk_mb"]) << 20
        cpu = math.ceil(float(limits["cpu_total"])) + 2
        for kind, value in (
            (resource.RLIMIT_AS, memory),
            (resource.RLIMIT_FSIZE, disk),
            (resource.RLIMIT_NPROC, int(limits["processes"])),
            (resource.RLIMIT_NOFILE, _FILES),
            (resource.RLIMIT_CORE, 0),
            (resource.RLIMIT_MEMLOCK, 0),
            (resource.RLIMIT_MSGQUEUE, 0),
            (resource.RLIMIT_CPU, cpu),
        ):
            _, hard = resource.getrlimit(kind)
            lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
            resource.setrlimit(kind, (lower, lower))

    def _drop(self) -> None:
        score = Path("/proc/self/oom_score_adj")
        score.write_text("1000")
        if os.getuid() == 0:
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.install_filter(self._filter)


def place(fds: list[int]) -> None:
    """Moves the descriptors to 0, 1, 2, `CONTROL`, `TRACE`, and closes every other one."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD, 16) for fd in fds]
    for target, fd in enumerate(high):
        os.dup2(fd, target, inheritable=target < CONTROL)
    os.closerange(len(fds), 1 << 20)
