"""What every run does in its own process before anything of the candidate's is read.

The order: descriptors, session, work directory, rlimits, user, capabilities, no_new_privs, and
the system-call filter last. A step that fails is told by its number in `native.STEPS`: the run
never starts. `spawn.c` does the same for the namespaces tier where it was compiled.
"""

import contextlib
import fcntl
import os
import resource
import signal
from collections.abc import Callable, Iterable
from pathlib import Path

from assay.sandbox import tree
from assay.sandbox.child import kernel, native, root, seccomp, wire
from assay.sandbox.child.orders import UNLIMITED, Request
from assay.sandbox.child.report import TRACE

CONTROL, EXTRA = 3, TRACE + 1
"""Descriptors of a run: its control socket, and those behind `TRACE`."""
HIGH = 20
"""Above the descriptors of the fork server itself; low enough for `ulimit -n 64`."""
KINDS = (
    resource.RLIMIT_AS,
    resource.RLIMIT_FSIZE,
    resource.RLIMIT_NPROC,
    resource.RLIMIT_NOFILE,
    resource.RLIMIT_CORE,
    resource.RLIMIT_MEMLOCK,
    resource.RLIMIT_MSGQUEUE,
    resource.RLIMIT_CPU,
)


Step = tuple[str, Callable[[], object]]
"""Its name in `native.STEPS`, and what it does."""


class Tier:
    """The steps of a tier, prepared in the fork server: here those of `unsafe`."""

    keep: tuple[int, ...] = ()
    """Descriptors that a run needs until it is confined."""

    def __init__(self, folder: str) -> None:
        self.folder = folder
        """Where a run works."""

    def ready(self, disk_mb: int) -> None:
        """Before each run, in the fork server. Raises `OSError`."""

    def end(self, pid: int) -> None:
        """Ends a run, `pid`, and all that it started."""
        tree.kill_below(os.getpid())

    def tidy(self) -> None:
        """After each run, when all that it started is gone."""

    def limits(self, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """As a run is given them, in the order of `Request.limits`."""
        return wanted

    def steps(self) -> Iterable[Step]:
        """The last ones, in the process of a run."""
        return (("no_new_privs", _follow),)


class Namespaces(Tier):
    """What the fork server's namespaces leave to do."""

    def __init__(self, dumpable: bool, shown: list[str]) -> None:
        """`dumpable`: a candidate may look at itself in /proc, a judge may not. `shown`: what
        each /tmp shows."""
        super().__init__("/tmp")
        self._shown = shown
        self._dumpable = dumpable
        self._filter = seccomp.program(kernel.MACHINE, "run")
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.install_filter(seccomp.program(kernel.MACHINE, "server"))

    def ready(self, disk_mb: int) -> None:
        root.fresh_tmp(disk_mb, self._shown)

    def end(self, pid: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)  # this is the first process of a namespace

    def steps(self) -> Iterable[Step]:
        return (
            ("oom score", lambda: Path("/proc/self/oom_score_adj").write_text("1000")),
            ("user", _become_nobody),
            ("capabilities", self._drop),
            ("system-call filter", lambda: kernel.install_filter(self._filter)),
        )

    def _drop(self) -> None:
        kernel.prctl(kernel.PR_SET_DUMPABLE, int(self._dumpable))
        kernel.drop_capabilities()


class Unconfined(Exception):
    """A step failed; the run must not start."""

    def __init__(self, control: int, error: OSError, step: str) -> None:
        super().__init__(f"{step}: {error}")
        self.control, self.errno = control, error.errno or 1
        self.step = native.STEPS.index(step)


def enter(request: Request, fds: list[int], control: int, tier: Tier) -> int:
    """Runs in the new child. Gives the descriptor to report a failure on until it is closed.

    What `tier` keeps comes to lie behind `fds`. Raises `Unconfined`.
    """
    name = "descriptors"
    try:
        control = place([*fds, *tier.keep], control)
        steps: list[Step] = [
            ("session", os.setsid),
            ("work directory", lambda: os.chdir(tier.folder)),
            ("rlimits", lambda: _limit(tier.limits(request.limits))),
            *tier.steps(),
        ]
        for name, step in steps:  # noqa: B007 - the name of the one that failed
            step()
        wire.close_all(list(range(len(fds), len(fds) + len(tier.keep))))
    except OSError as error:
        raise Unconfined(control, error, name) from error
    return control


def _limit(limits: tuple[int, ...]) -> None:
    for kind, value in zip(KINDS, limits, strict=True):
        _, hard = resource.getrlimit(kind)
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        lower = resource.RLIM_INFINITY if lower == UNLIMITED else lower
        resource.setrlimit(kind, (lower, lower))


def _follow() -> None:
    """Ends with the fork server, and takes in what its own children leave."""
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def _become_nobody() -> None:
    if os.getuid() == 0:
        os.setresgid(root.NOBODY, root.NOBODY, root.NOBODY)
        os.setresuid(root.NOBODY, root.NOBODY, root.NOBODY)


def place(fds: list[int], control: int) -> int:
    """Moves the descriptors to 0, 1, 2, `CONTROL`, `TRACE`; closes all others but `control`'s."""
    high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH) for fd in fds]
    control = fcntl.fcntl(control, fcntl.F_DUPFD_CLOEXEC, HIGH + len(fds))
    for target, fd in enumerate(high):
        os.dup2(fd, target, inheritable=target < CONTROL)
    os.closerange(len(fds), control)
    os.closerange(control + 1, 1 << 16)
    return control
