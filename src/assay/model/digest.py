"""Is this file the model that it says it is?"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

from assay.errors import ModelError
from assay.model.catalogue import Entry


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def is_whole(path: Path, entry: Entry) -> bool:
    """True when size and SHA-256 are the catalogue's.

    Reading half a gigabyte takes a second or two, so a stamp beside the file remembers the size
    and the time of change for which the digest was right; a file that changed is read again.
    """
    try:
        state = path.stat()
    except OSError:
        return False
    if state.st_size != entry.size:
        return False
    mark = {"size": state.st_size, "mtime_ns": state.st_mtime_ns, "sha256": entry.sha256}
    stamp = _stamp(path)
    try:
        if json.loads(stamp.read_text()) == mark:
            return True
    except (OSError, ValueError):
        pass  # no stamp, or half of one: the file itself is asked
    try:
        if sha256(path) != entry.sha256:
            return False
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror}") from error
    with suppress(OSError):  # a folder that cannot be written costs time, nothing else
        stamp.write_text(json.dumps(mark))
    return True


def move_stamp(old: Path, new: Path) -> None:
    """After a file that `is_whole` was renamed: it need not be read again."""
    with suppress(OSError):
        _stamp(old).replace(_stamp(new))


def _stamp(path: Path) -> Path:
    return path.with_name(path.name + ".ok")
