"""The container tier's way to confine a run: a user id for candidates, and one for judges.

The container keeps the machine, its files and its network away. In it the supervisor and the fork
servers are root, of whose capabilities it has four; runs have none. What a user id left is found
by that id: its processes are ended by one signal to all of them, its files are removed as that
user.
"""

import contextlib
import os
import signal
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from assay.sandbox.child import confine, emptying, kernel, seccomp

_KEEPERS = 500
"""How far below a run's user id that of its keeper lies."""

_MODE = 0o770
"""Of root's folders that the group of the runs uses: no run can open one to others."""


class Users(confine.Tier):
    """Prepared in the fork server, which is root. Raises `OSError` where it may not change ids."""

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config["folder"])
        self._uid = int(config["uid"])
        self._keeper = self._uid - _KEEPERS
        self._dumpable = config["role"] == "solver"
        self._places = [Path(place) for place in config["places"]]
        for place in self._places:
            os.chown(place, 0, self._uid)
            place.chmod(_MODE)
        os.environ.update(HOME=self.folder, TMPDIR=self.folder)
        os.umask(0o022)
        os.setgroups([self._uid])  # root has no right here to go where it may not
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        kernel.install_filter(seccomp.program(kernel.MACHINE))  # a server needs none of these
        self.tidy()

    def end(self, pid: int) -> None:
        """One signal reaches all that run under this user id, with none of them in between."""
        with self._as_runs(), contextlib.suppress(ProcessLookupError):
            os.kill(-1, signal.SIGKILL)

    def tidy(self) -> None:
        with self._as_runs():
            for place in self._places:
                emptying.empty(place)

    @contextlib.contextmanager
    def _as_runs(self) -> Iterator[None]:
        """With the rights of the runs, and out of their reach: a signal looks at the real id of
        who receives it, which is the keeper's, and the saved one, which is root's."""
        os.setresuid(self._keeper, self._uid, 0)
        try:
            yield
        finally:
            os.setresuid(0, 0, 0)

    def steps(self) -> Iterable[confine.Step]:
        return (
            ("oom score", lambda: Path("/proc/self/oom_score_adj").write_text("1000")),
            ("user", self._become_other),
            ("capabilities", self._drop),
        )

    def _become_other(self) -> None:
        os.setgroups([])
        os.setresgid(self._uid, self._uid, self._uid)
        os.setresuid(self._uid, self._uid, self._uid)

    def _drop(self) -> None:
        kernel.drop_capabilities()
        kernel.prctl(kernel.PR_SET_DUMPABLE, int(self._dumpable))
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # a change of user takes it away
