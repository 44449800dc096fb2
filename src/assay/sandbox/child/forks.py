"""A fork that changes nothing: the standard library would seed `random` anew in the child."""

import os
import random

_fork, _waitpid = os.fork, os.waitpid
_get, _set = random.getstate, random.setstate


def fork() -> int:
    """As `os.fork`; the child goes on with the random numbers of its parent."""
    state = _get()
    pid = _fork()
    if pid == 0:
        _set(state)
    return pid


def wait_for(child: int) -> int:
    """The exit status of `child`; as first process of the namespace, reaps all others too."""
    while True:
        try:
            pid, status = _waitpid(-1, 0)
        except ChildProcessError:
            return -9
        if pid == child:
            return os.waitstatus_to_exitcode(status)
