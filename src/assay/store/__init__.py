"""Everything that happened: one append-only SQLite file (WAL), the `Log`.

What a method has returned is safe from `kill -9`; several processes may use one log.
"""

from assay.store.log import Event, ItemJournal, Log, Outcomes, RunRow, default_path, last_try

__all__ = ["Event", "ItemJournal", "Log", "Outcomes", "RunRow", "default_path", "last_try"]
