"""What builds left, kept by content, in the memory of this process: no candidate reaches it."""

import hashlib
import threading
from collections import OrderedDict

Files = dict[str, bytes]
MAX_BYTES = 256 << 20


class Cache:
    """The most recently used results, up to a number of bytes. Safe between threads."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self._limit = limit
        self._size = 0
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Files] = OrderedDict()

    def get(self, key: str) -> Files | None:
        with self._lock:
            found = self._kept.get(key)
            if found is not None:
                self._kept.move_to_end(key)
            return found

    def put(self, key: str, files: Files) -> None:
        with self._lock:
            self._drop(key)
            self._kept[key] = files
            self._size += size_of(files)
            while self._size > self._limit:
                self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        if key in self._kept:
            self._size -= size_of(self._kept.pop(key))


def size_of(files: Files) -> int:
    """Bytes held, with something for an entry that has no content."""
    return 1000 + sum(map(len, files.values()))


def key_of(*parts: str | bytes) -> str:
    """Of all that a result depends on: tier, language, version, command and source."""
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()


CACHE = Cache()
