"""One SQLite file, opened so that what was committed survives a power cut."""

import fcntl
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from streamer.errors import UserError

VERSION = 3
INSPECTED_BYTES = 64 << 20

SCHEMA = """
CREATE TABLE IF NOT EXISTS events (
    id TEXT PRIMARY KEY,
    camera TEXT NOT NULL,
    plate TEXT NOT NULL,
    read_at REAL NOT NULL,      -- seconds since 1970, as are the two below
    captured_at REAL NOT NULL,  -- of the frame that decided
    accepted_at REAL NOT NULL,
    json TEXT NOT NULL,         -- the whole event, as streamer.codec writes it
    kind TEXT NOT NULL DEFAULT 'plate-event/1'  -- its schema
);
CREATE INDEX IF NOT EXISTS events_by_time ON events (read_at);
CREATE INDEX IF NOT EXISTS events_by_acceptance ON events (accepted_at);
CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY,     -- grows with every acceptance: the order of delivery
    sink TEXT NOT NULL,
    event_id TEXT NOT NULL REFERENCES events (id),
    attempts INTEGER NOT NULL DEFAULT 0,
    last_error TEXT,
    dead INTEGER NOT NULL DEFAULT 0,
    since REAL NOT NULL DEFAULT 0,  -- it waits, or is dead; seconds since 1970
    UNIQUE (sink, event_id)
);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (sink, id) WHERE dead = 0;
CREATE INDEX IF NOT EXISTS deliveries_of_event ON deliveries (event_id);
CREATE TABLE IF NOT EXISTS notes (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
);
"""
MIGRATIONS = {
    1: "ALTER TABLE events ADD COLUMN kind TEXT NOT NULL DEFAULT 'plate-event/1';",
    2: "ALTER TABLE deliveries ADD COLUMN since REAL NOT NULL DEFAULT 0;"
    " UPDATE deliveries SET since = (SELECT accepted_at FROM events WHERE id = event_id);",
}
"""From version to the next."""


class StoreInUse(UserError):
    """Another process has the store open."""


class Store:
    """The database of one daemon: one connection, shared by its threads under a lock.

    `path` is a file, whose folder is made if need be, or ":memory:".
    """

    def __init__(self, path: str | Path) -> None:
        self.path = str(path)
        self._tables = SCHEMA
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._claim: IO[bytes] | None = None

    def declare(self, tables: str) -> None:
        """More tables (`CREATE TABLE IF NOT EXISTS …;`), made when the store is opened."""
        self._tables += tables

    def open(self) -> None:
        """Open or create the file. Raises UserError naming it and what is wrong with it."""
        try:
            self._claim_file()
            self._connection = self._connect()
        except (OSError, sqlite3.Error) as error:
            self.close()
            raise UserError(f"store '{self.path}': {error}; {_advice(error)}") from error
        except UserError:
            self.close()
            raise

    def _claim_file(self) -> None:
        # Two daemons on one store would deliver every event twice.
        if self.path == ":memory:":
            return
        Path(self.path).parent.mkdir(parents=True, exist_ok=True)
        self._claim = Path(f"{self.path}.lock").open("wb")  # noqa: SIM115  (held until close)
        try:
            fcntl.flock(self._claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StoreInUse(
                f"store '{self.path}': another plate-streamer uses it; give each its own"
            ) from None

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version not in range(VERSION + 1):
                raise UserError(
                    f"store '{self.path}': version {version} of the tables; this program knows"
                    f" {VERSION}: use the program that wrote it, or another file"
                )
            self._inspect(connection)
            steps = "".join(MIGRATIONS[old] for old in range(version or VERSION, VERSION))
            connection.executescript(
                f"BEGIN IMMEDIATE; {steps}{self._tables} PRAGMA user_version = {VERSION}; COMMIT;"
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def _inspect(self, connection: sqlite3.Connection) -> None:
        # Reading a big file through takes long on a memory card: the gate opens first.
        size = 0 if self.path == ":memory:" else Path(self.path).stat().st_size
        if size <= INSPECTED_BYTES:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
            if verdict != "ok":
                raise sqlite3.DatabaseError(f"the file is corrupt ({verdict.splitlines()[-1]})")

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All or nothing, on disk when it ends. Raises UserError when the store fails."""
        with self._lock:
            connection = self._connection
            if connection is None:
                raise UserError(f"store '{self.path}' is not open")
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield connection
                connection.execute("COMMIT")
            except sqlite3.Error as error:
                raise UserError(f"store '{self.path}': {error}; {_advice(error)}") from error
            finally:
                if connection.in_transaction:
                    with suppress(sqlite3.Error):
                        connection.execute("ROLLBACK")

    def note(self, key: str, value: str) -> None:
        """Remember `value` under `key`, across restarts."""
        with self.transaction() as db:
            db.execute("INSERT OR REPLACE INTO notes VALUES (?, ?)", (key, value))

    def noted(self, key: str) -> str | None:
        """What was remembered under `key`, if anything."""
        with self.transaction() as db:
            row = db.execute("SELECT value FROM notes WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            if self._claim is not None:
                self._claim.close()
                self._claim = None


def _advice(error: Exception) -> str:
    damage = ("not a database", "malformed", "corrupt")
    if any(word in str(error) for word in damage):
        return "move the damaged file away, and a new one is made"
    return "it needs a folder it may write to, with space left"
