"""What every run does in its own process before anything of the candidate's is read.

The order: descriptors, session, work directory, rlimits, user, capabilities, no_new_privs, and
the system-call filter last. A step that fails is an `OSError` that names it: the run never
starts. `spawn.c` does the same for the namespaces tier where it was compiled.
"""

import fcntl
import os
import resource
import signal
from pathlib import Path

from assay.sandbox.child import kernel, seccomp
from assay.sandbox.child.orders import UNLIMITED, Request
from assay.sandbox.child.root import NOBODY

CONTROL, TRACE, EXTRA = 3, 4, 5
"""Descriptors of a run: its control socket, where a time limit writes the stack, and more."""
HIGH = 20
"""Above the descriptors of the fork server itself; low enough for `ulimit -n 64`."""
_KINDS = (
    resource.RLIMIT_AS,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_CORE,
    resource.RLIMIT_MEMLOCK,
    resource.RLIMIT_MSGQUEUE,
    resource.RLIMIT_CPU,
)


def enter(
    request: Request, fds: list[int], control: int, tier: str, folder: str, dumpable: bool
) -> int:
    """Runs in the new child. Gives the descriptor to report a failure on until it is closed."""
    control = place(fds, control)
    try:
        os.setsid()
        os.chdir(folder)
        for kind, value in zip(_KINDS, request.limits, strict=True):
            _, hard = resource.getrlimit(kind)
            lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
            lower = resource.RLIM_INFINITY if lower == UNLIMITED else lower
            resource.setrlimit(kind, (lower, lower))
        if tier == "namespaces":
            _drop(dumpable)
        else:
            kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    except OSError as error:
        raise Unconfined(control, error) from error
    return control


class Unconfined(Exception):
    """A step failed; the run must not start."""

    def __init__(self, control: int, error: OSError) -> None:
        super().__init__(str(error))
        self.control, self.errno = control, error.errno or 1


def _drop(dumpable: bool) -> None:
    """A candidate may look at itself in /proc, a judge may not."""
    Path("/proc/self/oom_score_adj").write_text("1000")
    if os.getuid() == 0:
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    kernel.prctl(kernel.PR_SET_DUMPABLE, int(dumpable))
    kernel.drop_capabilities()
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.install_filter(seccomp.program(kernel.MACHINE, "run"))


def place(fds: list[int], control: int) -> int:
    """Moves the descriptors to 0, 1, 2, `CONTROL`, `TRACE`; closes all others but `control`'s."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH) for fd in fds]
    control = fcntl.fcntl(control, fcntl.F_DUPFD_CLOEXEC, HIGH + len(fds))
    for target, fd in enumerate(high):
        os.dup2(fd, target, inheritable=target < CONTROL)
    os.closerange(len(fds), control)
    os.closerange(control + 1, 1 << 16)
    return control
