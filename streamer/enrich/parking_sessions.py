"""The sessions of a car park, in the store."""

import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal

from streamer.data import Way
from streamer.enrich.parking_match import PlateRead

Unseen = Literal["missed_exit", "lost", "by_hand"]
"""Why a vehicle that nobody saw leave is not inside: it came anew; it would have been inside for
too long to believe; somebody said so."""
Ended = Literal["exit"] | Unseen

TABLES = """
CREATE TABLE IF NOT EXISTS parking_sessions (
    id TEXT PRIMARY KEY,
    plate TEXT NOT NULL,          -- as it was read on entering, where that is known
    entered_at REAL,              -- seconds since 1970, as are all times here
    left_at REAL,
    entry_event TEXT UNIQUE,
    exit_event TEXT UNIQUE,
    entry_camera TEXT,
    exit_camera TEXT,
    exempt INTEGER NOT NULL,      -- may stay as long as it likes
    overstay_at REAL,             -- null: not told
    ended TEXT,                   -- null: inside
    ended_at REAL,
    of_unseen INTEGER NOT NULL    -- was one of those whose coming nobody saw, and was counted
);
CREATE INDEX IF NOT EXISTS parking_inside ON parking_sessions (entered_at) WHERE ended IS NULL;
CREATE INDEX IF NOT EXISTS parking_by_plate ON parking_sessions (plate, entered_at);
CREATE INDEX IF NOT EXISTS parking_by_end ON parking_sessions (ended_at);
CREATE TABLE IF NOT EXISTS parking_reads (
    event_id TEXT PRIMARY KEY,    -- a plate event that has had its effect
    session_id TEXT NOT NULL REFERENCES parking_sessions (id),
    way TEXT NOT NULL,
    plate TEXT NOT NULL,
    read TEXT NOT NULL            -- JSON, see PlateRead
);
CREATE INDEX IF NOT EXISTS parking_reads_of_session ON parking_reads (session_id);
CREATE INDEX IF NOT EXISTS parking_reads_of_plate ON parking_reads (plate);
CREATE TABLE IF NOT EXISTS parking_unseen (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    count INTEGER NOT NULL        -- inside, beyond the open sessions; may be below 0
);
"""


@dataclass(frozen=True, slots=True)
class Session:
    """One stay of one vehicle. Times are seconds since 1970.

    `entered_at` is None of a vehicle whose coming nobody saw, `left_at` of one that is inside or
    left unseen; `ended` is None while it is inside. `overstay_at` is when it had been inside for
    too long, if that was told.
    """

    id: str
    plate: str
    entered_at: float | None = None
    left_at: float | None = None
    entry_event: str | None = None
    exit_event: str | None = None
    entry_camera: str | None = None
    exit_camera: str | None = None
    exempt: bool = False
    overstay_at: float | None = None
    ended: Ended | None = None
    ended_at: float | None = None
    of_unseen: bool = False

    @property
    def stay_s(self) -> float | None:
        """Seconds from entering to leaving, to the millisecond, where both are known."""
        if self.entered_at is None or self.left_at is None:
            return None
        return max(0.0, round(self.left_at - self.entered_at, 3))


Reads = list[tuple[Session, list[PlateRead]]]
"""Sessions, each with all that was read of its plate."""
COLUMNS = [field.name for field in fields(Session)]
_MARKS = ", ".join("?" * len(COLUMNS))
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS)
# S608 finds fault with SQL that is put together; all parts are texts of this file.
_SELECT = f"SELECT {', '.join(f's.{name}' for name in COLUMNS)} FROM parking_sessions AS s "  # noqa: S608
_SAVE = f"INSERT INTO parking_sessions VALUES ({_MARKS}) ON CONFLICT (id) DO UPDATE SET {_CHANGES}"  # noqa: S608
_STARTED = "COALESCE(s.entered_at, s.left_at)"


def utc(seconds: float) -> datetime:
    """Seconds since 1970 as a time."""
    return datetime.fromtimestamp(seconds, UTC)


def first_count(occupancy: int) -> str:
    """What makes a new car park begin with so many vehicles inside; after `TABLES`."""
    return f"INSERT OR IGNORE INTO parking_unseen VALUES (1, {int(occupancy)});"  # noqa: S608


class Sessions:
    """The sessions, within one transaction of the store."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db

    def save(self, session: Session) -> None:
        """Add it, or what has changed of it."""
        self._db.execute(_SAVE, astuple(session))

    def note_read(self, event_id: str, session: Session, way: Way, read: PlateRead) -> None:
        """A plate event was found to belong to a session."""
        row = (event_id, session.id, way, read.plate, read.to_json())
        self._db.execute("INSERT INTO parking_reads VALUES (?, ?, ?, ?, ?)", row)

    def knows(self, event_id: str) -> bool:
        """Whether this plate event has had its effect."""
        found = self._db.execute("SELECT 1 FROM parking_reads WHERE event_id = ?", (event_id,))
        return found.fetchone() is not None

    def events_of(self, session_id: str) -> list[str]:
        """The ids of the plate events of a session, repeats included, in the order they came."""
        rows = self._db.execute(
            "SELECT event_id FROM parking_reads WHERE session_id = ? ORDER BY rowid", (session_id,)
        )
        return [row[0] for row in rows]

    def get(self, session_id: str) -> Session | None:
        """The session of that id."""
        return self._first("WHERE s.id = ?", session_id)

    def inside(self, plate: str | None = None, before: float | None = None) -> list[Session]:
        """The open sessions, or those of one plate, or those begun up to `before`; oldest first."""
        return list(
            self._rows(
                "WHERE s.ended IS NULL AND (?1 IS NULL OR s.plate = ?1)"
                " AND (?2 IS NULL OR s.entered_at <= ?2) ORDER BY s.entered_at",
                plate,
                before,
            )
        )

    def latest_stay(self, plate: str, before: float) -> Session | None:
        """The last session of a plate that was begun up to `before`."""
        return self._first(
            "WHERE s.plate = ? AND s.entered_at <= ? ORDER BY s.entered_at DESC LIMIT 1",
            plate,
            before,
        )

    def reads_of_inside(self, begun: tuple[float, float]) -> Reads:
        """Who is inside and entered within these times, each with all that was read of it."""
        return self._with_reads("WHERE s.ended IS NULL AND s.entered_at BETWEEN ? AND ?", *begun)

    def reads_of_left(self, left: tuple[float, float]) -> Reads:
        """Who was seen leaving within these times, each with all that was read of it."""
        return self._with_reads("WHERE s.ended = 'exit' AND s.ended_at BETWEEN ? AND ?", *left)

    def count_inside(self) -> int:
        """How many sessions are open."""
        rows = self._db.execute("SELECT COUNT(*) FROM parking_sessions WHERE ended IS NULL")
        return int(rows.fetchone()[0])

    @property
    def unseen(self) -> int:
        """How many are inside beyond the open sessions. Below 0: so many of these have left."""
        row = self._db.execute("SELECT count FROM parking_unseen").fetchone()
        return int(row[0]) if row else 0

    @unseen.setter
    def unseen(self, count: int) -> None:
        self._db.execute("INSERT OR REPLACE INTO parking_unseen VALUES (1, ?)", (count,))

    def occupancy(self) -> int:
        """How many vehicles are inside."""
        return max(0, self.count_inside() + self.unseen)

    def overdue(self, before: float) -> list[Session]:
        """Who entered up to `before`, is inside, and of whom that was not told."""
        return list(
            self._rows(
                "WHERE s.ended IS NULL AND s.entered_at <= ? AND s.overstay_at IS NULL"
                " AND s.exempt = 0 ORDER BY s.entered_at",
                before,
            )
        )

    def history(self, plate: str | None, before: float | None, limit: int) -> list[Session]:
        """All sessions, or those of which some event read `plate`; those begun last come first."""
        where = (
            "WHERE (?1 IS NULL OR s.id IN (SELECT session_id FROM parking_reads"  # noqa: S608
            " WHERE plate = ?1))"
            f" AND (?2 IS NULL OR {_STARTED} < ?2) ORDER BY {_STARTED} DESC LIMIT ?3"
        )
        return list(self._rows(where, plate, before, limit))

    def purge(self, before: float, open_too: bool) -> int:
        """Forget sessions that ended (or, with `open_too`, began) before; gives how many."""
        when = f"COALESCE(s.ended_at, {_STARTED})" if open_too else "s.ended_at"
        old = f"SELECT s.id FROM parking_sessions AS s WHERE {when} < ?"  # noqa: S608
        ids = self._db.execute(old, (before,)).fetchall()
        self._db.executemany("DELETE FROM parking_reads WHERE session_id = ?", ids)
        self._db.executemany("DELETE FROM parking_sessions WHERE id = ?", ids)
        return len(ids)

    def _rows(self, where: str, *values: Any) -> Iterator[Session]:
        rows = self._db.execute(_SELECT + where, values)
        return (_session(row) for row in rows.fetchall())

    def _first(self, where: str, *values: Any) -> Session | None:
        return next(self._rows(where, *values), None)

    def _with_reads(self, where: str, *values: Any) -> Reads:
        sessions = {session.id: (session, _none_yet()) for session in self._rows(where, *values)}
        rows = self._db.execute(
            "SELECT r.session_id, r.read FROM parking_reads AS r JOIN parking_sessions AS s"  # noqa: S608
            f" ON s.id = r.session_id {where}",
            values,
        )
        for session_id, read in rows:
            sessions[session_id][1].append(PlateRead.from_json(read))
        return list(sessions.values())


def _none_yet() -> list[PlateRead]:
    return []


def _session(row: Iterable[Any]) -> Session:
    values = dict(zip(COLUMNS, row, strict=True))
    return Session(**values | {key: bool(values[key]) for key in ("exempt", "of_unseen")})
