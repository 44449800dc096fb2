"""The landlock tier's way to confine a run: the same steps, with no namespace to rely on.

What is shared with the rest of the machine (pids, files, the user id) is put out of reach by
landlock's rules and by a second system-call filter, which each run takes on before it reads code
of others: from then on it can start no process, reach no other and open no socket.
"""

import contextlib
import errno
import os
import resource
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from assay.sandbox.child import confine, emptying, kernel, landlock, root, seccomp

_MINE_NEEDS = 3
"""Landlock version without which a file of one's own can be emptied through `O_TRUNC`."""
_PROCESSES = confine.KINDS.index(resource.RLIMIT_NPROC)


class Fence(confine.Tier):
    """Prepared in the fork server: the rules are made once, a run only takes them on."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Raises `OSError` where the kernel's landlock is missing or too old."""
        self._uid: int | None = config["uid"] if os.geteuid() == 0 else None
        self._reads_all = bool(config["closed"])
        self._outer = Path(config["folder"])
        self._work = self._outer / "work"
        super().__init__(str(self._work))
        self._server = os.getpid()
        rules = landlock.Rules(_version(self._uid))
        _allow_system(rules, config)
        rules.allow(str(self._outer), landlock.WORK)
        self.keep = (rules.fd,)
        os.environ.update(HOME=self.folder, TMPDIR=self.folder)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.install_filter(seccomp.program(kernel.MACHINE))  # a server needs none of these

    def ready(self, disk_mb: int) -> None:
        """A fresh folder, private to the run. One run at a time: what is there goes first."""
        self.tidy()
        self._work.mkdir(0o700)
        if self._uid is not None:
            os.chown(self._work, self._uid, self._uid)

    def end(self, pid: int) -> None:
        """It is one process, which can start no other."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)

    def tidy(self) -> None:
        emptying.empty(self._outer)

    def limits(self, wanted: tuple[int, ...]) -> tuple[int, ...]:
        """Under one's own user id the limit on processes counts all that run already."""
        if self._uid is not None:
            return wanted
        more = list(wanted)
        more[_PROCESSES] += _tasks()
        return tuple(more)

    def steps(self) -> Iterable[confine.Step]:
        return (
            ("oom score", _first_to_go),
            ("user", self._become_other),
            ("capabilities", self._drop),
            ("landlock", lambda: landlock.restrict(confine.EXTRA)),
            ("system-call filter", self._seal),
        )

    def _become_other(self) -> None:
        if self._uid is not None:
            if self._reads_all:
                kernel.prctl(kernel.PR_SET_KEEPCAPS, 1)
            os.setgroups([])
            os.setresgid(self._uid, self._uid, self._uid)
            os.setresuid(self._uid, self._uid, self._uid)

    def _drop(self) -> None:
        keeps = self._uid is not None and self._reads_all
        kernel.drop_capabilities(kernel.CAP_DAC_READ_SEARCH if keeps else 0)

    def _seal(self) -> None:
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user takes it away
        if os.getppid() != self._server:
            raise ProcessLookupError(errno.ESRCH, "the fork server ended")
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # so that its open files can be counted
        own = self._uid is None
        kernel.install_filter(seccomp.alone(kernel.MACHINE, os.getpid(), own))


def _first_to_go() -> None:
    kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else /proc/self is root's
    Path("/proc/self/oom_score_adj").write_text("1000")


def _version(uid: int | None) -> int:
    abi = landlock.version()
    if abi == 0:
        raise OSError("landlock: not in this kernel, or not in its list of security modules")
    if uid is None and abi < _MINE_NEEDS:
        raise OSError(f"landlock: version {abi} cannot keep a user's own files, 3 is needed")
    return abi


def _tasks() -> int:
    """All that run on this machine: the limit on processes counts the user's own among them."""
    return int(Path("/proc/loadavg").read_text().split()[3].partition("/")[2])


def _allow_system(rules: landlock.Rules, config: dict[str, Any]) -> None:
    masks = {os.path.realpath(path) for path in config["masks"]}
    places = [f"/{name}" for name in root.SYSTEM] + list(config["binds"])
    for path in dict.fromkeys(os.path.realpath(place) for place in places):
        _allow_but(rules, path, masks)
    for name in root.ETC:
        rules.allow(f"/etc/{name}", landlock.READ)
    for name in root.DEVICES:
        rules.allow(f"/dev/{name}", landlock.DEVICE)
    for path in [*config["paths"], *config["packages"].values()]:
        rules.allow(path, landlock.READ)


def _allow_but(rules: landlock.Rules, path: str, masks: set[str]) -> None:
    """Lets all below `path` be read but the `masks`: of those only names can be seen."""
    if path in masks:
        return
    if not any(mask.startswith(f"{path}/") for mask in masks):
        rules.allow(path, landlock.READ)
        return
    rules.allow(path, landlock.READ_DIR)
    with os.scandir(path) as entries:
        inner = [entry.path for entry in entries if not entry.is_symlink()]
    for below in inner:
        _allow_but(rules, below, masks)
