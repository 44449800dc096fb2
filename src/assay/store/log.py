"""The log itself."""

import json
import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_data_dir

from assay.errors import StoreError, UsageError
from assay.model import Completion, Prompt, Usage
from assay.store.migrations import MIGRATIONS, migrate

BUSY_SECONDS = 30
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


@dataclass(frozen=True, slots=True)
class RunRow:
    id: str
    command: str
    config: dict[str, Any]
    started: float
    """Seconds since 1970."""
    events: int
    finished: bool


@dataclass(frozen=True, slots=True)
class Outcomes:
    """How the problems of a run came out, each cell of a comparison counted."""

    status: dict[str, int]
    """How many have each status of an answer."""
    graded: int
    """Results with a verdict of hidden tests."""
    solved: int
    """Those of `graded` that pass."""


@dataclass(frozen=True, slots=True)
class Event:
    seq: int
    run: str
    item: str
    """The problem's id, with the cell in a comparison; empty for the run itself."""
    kind: str
    body: dict[str, Any]
    at: float


def last_try(events: Sequence[Event]) -> Sequence[Event]:
    """Of the events of one item: a problem that was taken up again after a kill stands there
    more than once, and what counts begins with its last `problem`."""
    begins = [number for number, event in enumerate(events) if event.kind == "problem"]
    return events[begins[-1] :] if begins else events


def default_path() -> Path:
    return Path(user_data_dir("assay")) / "log.db"


class Log:
    """Opens, or makes, the log at `path`. Raises `StoreError` where that cannot be done."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with self._guarded():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        self._use_wal()
        # NORMAL: a commit survives the end of the process at any moment, which is what is
        # promised; only a power cut may take the last ones.
        self._db.execute("PRAGMA synchronous=NORMAL")
        if not self._up_to_date():
            migrate(self._db)

    def _use_wal(self) -> None:
        """SQLite's own timeout does not hold here: where two processes make one log at once, one
        is told at once that it is locked, and has to try again."""
        end = time.monotonic() + BUSY_SECONDS
        while True:
            try:
                self._db.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.02)
            else:
                return

    def _up_to_date(self) -> bool:
        """Read-only, so that a second process does not wait for the first one's writes."""
        try:
            [count] = self._db.execute("SELECT count(*) FROM migration").fetchone()
        except sqlite3.OperationalError:
            return False
        return bool(count == len(MIGRATIONS))

    def close(self) -> None:
        with self._guarded():
            self._db.close()

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Writing

    def start(self, command: str, config: Mapping[str, Any]) -> str:
        """Opens a run and gives its id."""
        run = "".join(secrets.choice(ALPHABET) for _ in range(8))
        with self._guarded():
            self._db.execute(
                "INSERT INTO run VALUES (?, ?, ?, ?)", (run, command, dump(config), time.time())
            )
        return run

    def append(self, run: str, item: str, kind: str, body: Mapping[str, Any]) -> None:
        with self._guarded():
            self._db.execute(
                "INSERT INTO event (run, item, kind, body, at) VALUES (?, ?, ?, ?, ?)",
                (run, item, kind, dump(body), time.time()),
            )

    # Reading

    def outcomes(self, runs: Iterable[str]) -> dict[str, Outcomes]:
        """Of each of these runs: the last result of every item."""
        found = {run: Outcomes({}, 0, 0) for run in runs}
        with self._guarded():
            rows = self._db.execute(
                """SELECT run, json_extract(body, '$.status'), json_extract(body, '$.hidden'),
                          count(*)
                   FROM event WHERE seq IN (SELECT max(seq) FROM event WHERE kind = 'result'
                                            GROUP BY run, item)
                   GROUP BY 1, 2, 3"""
            ).fetchall()
        for run, status, hidden, count in rows:
            if (old := found.get(run)) is not None:
                counts = {**old.status, str(status): old.status.get(str(status), 0) + count}
                graded = old.graded + (count if hidden is not None else 0)
                found[run] = Outcomes(counts, graded, old.solved + (count if hidden else 0))
        return found

    def runs(self, limit: int | None = None, *, begun: bool = False) -> list[RunRow]:
        """The newest first; `begun`: only those of which something is known."""
        with self._guarded():
            rows = self._db.execute(
                """SELECT run.id, command, config, started, count(event.seq),
                          coalesce(max(event.seq * (event.kind = 'end'))
                                   > max(event.seq * (event.kind = 'resume')), 0)
                   FROM run LEFT JOIN event ON event.run = run.id
                   GROUP BY run.id HAVING count(event.seq) >= ?
                   ORDER BY started DESC LIMIT ?""",
                (int(begun), -1 if limit is None else limit),
            ).fetchall()
            return [
                RunRow(id, command, json.loads(config), started, events, bool(finished))
                for id, command, config, started, events, finished in rows
            ]

    def find(self, prefix: str) -> RunRow:
        """The run whose id begins so. Raises `UsageError` where none or several do."""
        found = [run for run in self.runs() if run.id.startswith(prefix)]
        if len(found) == 1:
            return found[0]
        if not found:
            raise UsageError(f"the log has no run {prefix!r}; `assay log` lists them")
        raise UsageError(f"{prefix!r} begins the ids of {len(found)} runs; give more of it")

    def events(self, run: str, item: str | None = None, kind: str | None = None) -> list[Event]:
        # Only what is asked for stands in the condition: with "or" the index would not serve.
        wanted = {"run": run, "item": item, "kind": kind}
        asked = {name: value for name, value in wanted.items() if value is not None}
        where = " AND ".join(f"{name} = ?" for name in asked)
        with self._guarded():
            rows = self._db.execute(
                f"SELECT seq, run, item, kind, body, at FROM event WHERE {where} ORDER BY seq",
                list(asked.values()),
            ).fetchall()
            return [
                Event(seq, run, item, kind, json.loads(body), at)
                for seq, run, item, kind, body, at in rows
            ]

    def audits(self) -> list[dict[str, Any]]:
        """What audits of suites found, the oldest first."""
        with self._guarded():
            rows = self._db.execute(
                """SELECT body FROM event WHERE kind = 'audit'
                   AND run IN (SELECT id FROM run WHERE command = 'audit') ORDER BY seq"""
            ).fetchall()
            return [json.loads(body) for (body,) in rows]

    def moments(self, run: str) -> list[tuple[str, float]]:
        """Kind and time of each of its events, in order."""
        with self._guarded():
            return self._db.execute(
                "SELECT kind, at FROM event WHERE run = ? ORDER BY seq", (run,)
            ).fetchall()

    def verified_before(self, run: str) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        """Problem and result of what passed every visible test, in other runs and before `run`
        began, the oldest first: what a resume finds is what there was at first."""
        with self._guarded():
            rows = self._db.execute(
                """SELECT problem.body, result.body FROM run
                   JOIN event AS result ON result.run = run.id AND result.kind = 'result'
                   JOIN event AS problem ON problem.run = run.id AND problem.kind = 'problem'
                        AND problem.item = result.item
                   WHERE run.id != ?1
                     AND result.at < (SELECT started FROM run WHERE id = ?1)
                     AND instr(result.body, '"status": "verified"')
                   ORDER BY result.seq, problem.seq""",
                (run,),
            ).fetchall()
            pairs = [(json.loads(problem), json.loads(result)) for problem, result in rows]
            return [pair for pair in pairs if pair[1]["status"] == "verified"]

    # The shelf of the completion cache (`model.cached.Shelf`)

    def get(self, model: str, key: str) -> Completion | None:
        with self._guarded():
            row = self._db.execute(
                "SELECT body FROM completion WHERE model = ? AND key = ?", (model, key)
            ).fetchone()
            return None if row is None else completion_from(json.loads(row[0]))

    def put(self, model: str, prompt: Prompt, completion: Completion) -> None:
        with self._guarded():
            self._db.execute(
                "INSERT OR IGNORE INTO completion VALUES (?, ?, ?, ?)",
                (model, prompt.key, dump(asdict(completion)), time.time()),
            )

    # The shelf of runs (`sandbox.shared.RunShelf`)

    def judged(self, key: str) -> str | None:
        with self._guarded():
            row = self._db.execute("SELECT body FROM judged WHERE key = ?", (key,)).fetchone()
            return None if row is None else str(row[0])

    def keep_judged(self, key: str, body: str) -> None:
        with self._guarded():
            self._db.execute(
                "INSERT OR IGNORE INTO judged VALUES (?, ?, ?)", (key, body, time.time())
            )

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """The one place where SQLite's errors become ours."""
        try:
            yield
        except (sqlite3.Error, OSError, ValueError, KeyError, TypeError) as error:
            raise StoreError(f"log {self.path}: {error}. {remedy(error)}") from error


@dataclass(frozen=True, slots=True)
class ItemJournal:
    """The journal of one problem in one run (`search.driver.Journal`)."""

    log: Log
    run: str
    item: str

    def note(self, kind: str, body: Mapping[str, Any]) -> None:
        self.log.append(self.run, self.item, kind, body)


def remedy(error: Exception) -> str:
    """What a person can do about it."""
    text = str(error)
    if "full" in text or "No space" in text:
        return "Free some disk space; what was reported as done is kept, and --resume goes on"
    if "locked" in text:
        return "Another process holds it; try again, or give another file with --log"
    if "unable to open" in text or isinstance(error, OSError) or "readonly" in text:
        return "Give a file that you may write with --log FILE"
    if "newer Assay" in text:
        return "Update Assay, or give another file with --log"
    return "If it is damaged, move it away (mv) and a new one is made; --log FILE uses another"


def dump(value: object) -> str:
    """JSON that SQLite can hold: what a program printed may have lone surrogates."""
    text = json.dumps(value, ensure_ascii=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def completion_from(body: dict[str, Any]) -> Completion:
    logprobs = body["logprobs"]
    return Completion(
        **{
            **body,
            "usage": Usage(**body["usage"]),
            "logprobs": None if logprobs is None else tuple(logprobs),
        }
    )
