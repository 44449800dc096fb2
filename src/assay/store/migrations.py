"""The log's schema, as an append-only list of named steps: old ones are never edited."""

import sqlite3
from collections.abc import Callable


def runs_and_events(db: sqlite3.Connection) -> None:
    db.execute("""CREATE TABLE run (
        id TEXT PRIMARY KEY, command TEXT NOT NULL, config TEXT NOT NULL, started REAL NOT NULL
    )""")
    db.execute("""CREATE TABLE event (
        seq INTEGER PRIMARY KEY, run TEXT NOT NULL REFERENCES run(id), item TEXT NOT NULL,
        kind TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL
    )""")
    db.execute("CREATE INDEX event_run ON event (run, item)")


def completions(db: sqlite3.Connection) -> None:
    """The cache: content-addressed, shared by all runs."""
    db.execute("""CREATE TABLE completion (
        model TEXT NOT NULL, key TEXT NOT NULL, body TEXT NOT NULL, at REAL NOT NULL,
        PRIMARY KEY (model, key)
    ) WITHOUT ROWID""")


def judged_runs(db: sqlite3.Connection) -> None:
    """What programs did on tests, by the content of both: shared by all comparisons."""
    db.execute("""CREATE TABLE judged (
        key TEXT PRIMARY KEY, body TEXT NOT NULL, at REAL NOT NULL
    ) WITHOUT ROWID""")


MIGRATIONS: tuple[Callable[[sqlite3.Connection], None], ...] = (
    runs_and_events,
    completions,
    judged_runs,
)


def migrate(db: sqlite3.Connection) -> None:
    """Brings a log up to date, each step once, whoever comes first.

    Raises `sqlite3.Error`, and `ValueError` for a log that a newer Assay wrote.
    """
    db.execute("BEGIN IMMEDIATE")
    try:
        db.execute("CREATE TABLE IF NOT EXISTS migration (name TEXT PRIMARY KEY)")
        done = {name for (name,) in db.execute("SELECT name FROM migration")}
        names = [step.__name__ for step in MIGRATIONS]
        if newer := done - set(names):
            raise ValueError(f"it was written by a newer Assay ({', '.join(sorted(newer))})")
        for step in MIGRATIONS:
            if step.__name__ not in done:
                step(db)
                db.execute("INSERT INTO migration VALUES (?)", (step.__name__,))
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")
