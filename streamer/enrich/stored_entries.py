"""Entries that people add while the daemon runs: kept in the store, across restarts."""

import json
import logging
import sqlite3
from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Protocol

from streamer.enrich.entry import Entry, entry_of
from streamer.plates import EntryError

log = logging.getLogger(__name__)

TABLE = """
CREATE TABLE IF NOT EXISTS watchlist_entries (
    list TEXT NOT NULL,
    plate TEXT NOT NULL,
    fields TEXT NOT NULL,       -- JSON, as streamer.enrich.entry writes and reads it
    PRIMARY KEY (list, plate, fields)
);
"""


class Database(Protocol):
    """What of the store is needed; both raise UserError when it fails."""

    def declare(self, tables: str) -> None:
        """More tables, made when the store is opened."""
        ...

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing, on disk when it ends."""
        ...


class StoredEntries:
    """The table of all lists. A plate may have several entries, for several times. Any thread."""

    def __init__(self, store: Database) -> None:
        self._store = store
        store.declare(TABLE)

    def of(self, name: str) -> list[Entry]:
        """The entries of a list, in the order of their plates."""
        with self._store.transaction() as db:
            rows = db.execute(
                "SELECT fields FROM watchlist_entries WHERE list = ? ORDER BY plate", (name,)
            ).fetchall()
        entries = []
        for (fields,) in rows:
            try:
                entries.append(entry_of(json.loads(fields)))
            except (EntryError, ValueError) as error:
                log.error("watchlist %s: a stored entry is left out: %s", name, error)
        return entries

    def put(self, name: str, entries: Iterable[Entry], *, clear: bool = False) -> None:
        """Add entries in place of those with the same plates; `clear`: of all there were."""
        rows = [(name, one.plate, json.dumps(one.texts(), ensure_ascii=False)) for one in entries]
        with self._store.transaction() as db:
            if clear:
                db.execute("DELETE FROM watchlist_entries WHERE list = ?", (name,))
            db.executemany(
                "DELETE FROM watchlist_entries WHERE list = ? AND plate = ?",
                {(list_name, plate) for list_name, plate, _ in rows},
            )
            db.executemany("INSERT OR REPLACE INTO watchlist_entries VALUES (?, ?, ?)", rows)

    def remove(self, name: str, plate: str) -> bool:
        """Take a plate off a list, all its entries; False if there was none."""
        with self._store.transaction() as db:
            gone = db.execute(
                "DELETE FROM watchlist_entries WHERE list = ? AND plate = ?", (name, plate)
            )
        return gone.rowcount > 0
