"""A fork that changes nothing: the standard library would seed `random` anew in the child."""

import os
import random

_fork = os.fork
_get, _set = random.getstate, random.setstate


def fork() -> int:
    """As `os.fork`; the child goes on with the random numbers of its parent."""
    state = _get()
    pid = _fork()
    if pid == 0:
        _set(state)
    return pid
