"""One process at a time works on a run: a second one would do, and pay for, the same work."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from assay.errors import StoreError, UsageError
from assay.store import Log


@contextmanager
def alone(log: Log, run: str) -> Iterator[None]:
    """Holds the run. The kernel lets go of it when the process ends, however that happens.

    Raises `UsageError` where another process holds it.
    """
    path = log.path.with_name(f"{log.path.name}.{run}.lock")
    try:
        file = held(path)
    except BlockingIOError:
        raise UsageError(
            f"run {run} is under way in another process: wait for its end, or stop it"
        ) from None
    except OSError as error:
        raise StoreError(f"cannot hold run {run} with {path}: {error.strerror}") from None
    with file:
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def held(path: Path) -> IO[str]:
    """The file, held. One that its last holder has taken away meanwhile holds nobody off.

    Raises `BlockingIOError` where another process holds it.
    """
    while True:
        file = path.open("w")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                return file
        except BaseException:
            file.close()
            raise
        file.close()
