"""Events that a sink refused for good or that waited too long for it, as they lie in the store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from streamer.errors import UserError
from streamer.sinks.store import VERSION


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One event that one sink will not be sent again by itself. `since` is when it was given up,
    in seconds since 1970."""

    sink: str
    event_id: str
    camera: str
    plate: str
    error: str
    since: float


def dead_letters(path: str | Path) -> list[DeadLetter]:
    """Those in the store at `path`, by sink and in the order of their acceptance.

    Only reads, so a daemon may be running. Raises UserError for a file that is no store.
    """
    if not Path(path).exists():
        return []
    with _opened_to_read(path) as db:
        rows = db.execute(
            "SELECT sink, event_id, camera, plate, COALESCE(last_error, ''), since FROM deliveries"
            " JOIN events ON events.id = event_id WHERE dead = 1 ORDER BY sink, deliveries.id"
        ).fetchall()
    return [DeadLetter(*row) for row in rows]


@contextmanager
def _opened_to_read(path: str | Path) -> Iterator[sqlite3.Connection]:
    try:
        with closing(sqlite3.connect(f"file:{quote(str(path))}?mode=ro", uri=True)) as db:
            (version,) = db.execute("PRAGMA user_version").fetchone()
            if version != VERSION:
                raise UserError(
                    f"store '{path}': version {version} of the tables; this program reads"
                    f" {VERSION}: start the daemon once, which brings older ones up to date"
                )
            yield db
    except sqlite3.Error as error:
        raise UserError(f"store '{path}': cannot be read: {error}") from error
