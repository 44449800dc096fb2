"""What programs did on tests, by content, so that nothing is run twice: one SQLite file."""

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from assay.errors import StoreError


class Runs:
    """Opens, or makes, the file. Several processes may use one. Raises `StoreError`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("CREATE TABLE IF NOT EXISTS seen (key TEXT PRIMARY KEY, body TEXT)")
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: cannot keep what was run: {error}") from None

    def get(self, key: str) -> str | None:
        """Raises `StoreError`."""
        try:
            row = self._db.execute("SELECT body FROM seen WHERE key = ?", (key,)).fetchone()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from None
        return row[0] if row else None

    def put(self, items: Sequence[tuple[str, str]]) -> None:
        """All or none. Raises `StoreError`."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO seen VALUES (?, ?)", items)
            self._db.execute("COMMIT")
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: {error}") from None

    def close(self) -> None:
        self._db.close()
