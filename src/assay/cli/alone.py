"""One process at a time works on a run: a second one would do, and pay for, the same work."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from assay.errors import StoreError, UsageError
from assay.store import Log


@contextmanager
def alone(log: Log, run: str) -> Iterator[None]:
    """Holds the run. The kernel lets go of it when the process ends, however that happens.

    Raises `UsageError` where another process holds it.
    """
    path = log.path.with_name(f"{log.path.name}.{run}.lock")
    try:
        file = path.open("w")
    except OSError as error:
        raise StoreError(f"cannot hold run {run} with {path}: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"run {run} is under way in another process: wait for its end, or stop it"
            ) from None
        try:
            yield
        finally:
            path.unlink(missing_ok=True)
