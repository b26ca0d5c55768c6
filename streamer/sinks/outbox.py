"""Events that were accepted, and which sink still has to get them."""

import logging
import sqlite3
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from streamer.codec import decode, encode
from streamer.data import SCHEMA, Event, PlateEvent
from streamer.sinks.store import Store

log = logging.getLogger(__name__)

PURGE_BATCH = 500


@dataclass(frozen=True, slots=True)
class Parcel:
    """One event on its way to one sink.

    `captured_at` is the time of the deciding frame in seconds since 1970; `attempts` how
    often the sink has refused it so far.
    """

    event_id: str
    json: str
    captured_at: float
    attempts: int


class Outbox:
    """Accepts events for `sinks`, and keeps each until each of them has it.

    What `accept` returned from is on disk. A sink that is new gets what is accepted from then
    on. Every method may be called from any thread, and raises UserError when the store fails.
    `path` as in `Store`; ":memory:" forgets everything at the end. `sinks` maps names to the
    kinds of events (their schemas) they want; names alone want plate events. `now` gives
    seconds since 1970.
    """

    def __init__(
        self,
        path: str | Path,
        sinks: Mapping[str, Collection[str]] | Iterable[str],
        now: Callable[[], float] = time.time,
    ) -> None:
        self.store = Store(path)
        self._now = now
        self._sinks = dict(sinks) if isinstance(sinks, Mapping) else {s: {SCHEMA} for s in sinks}
        self._amended: set[str] = set()
        self._listeners: list[Callable[[], None]] = []

    def add(self, sink: str, kinds: Collection[str], *, amended: bool = False) -> None:
        """One more sink, before anything is accepted. With `amended` it gets an event that is
        amended once more."""
        self._sinks[sink] = kinds
        if amended:
            self._amended.add(sink)

    def open(self) -> None:
        """Open or create the file."""
        self.store.open()

    def close(self) -> None:
        """Let go of the file."""
        self.store.close()

    def listen(self, on_accepted: Callable[[], None]) -> None:
        """Have `on_accepted` called after each acceptance; it must return at once."""
        self._listeners.append(on_accepted)

    def accept(self, event: Event, captured_at: float) -> bool:
        """Take the event over, for every sink at once; False if it was known already.

        `captured_at` is the time of the deciding frame in seconds since 1970.
        """
        with self.store.transaction() as db:
            new = self.accept_within(db, event, captured_at)
        self.tell()
        return new

    def accept_within(self, db: sqlite3.Connection, event: Event, captured_at: float) -> bool:
        """`accept` as part of a transaction of the store; `tell` must follow when that ends."""
        now = self._now()
        row = (
            event.id,
            event.camera,
            event.plate,
            event.at.timestamp(),
            captured_at,
            now,
            encode(event),
            event.schema,
        )
        added = db.execute("INSERT OR IGNORE INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row)
        if added.rowcount == 1:
            db.executemany(
                "INSERT INTO deliveries (sink, event_id, since) VALUES (?, ?, ?)",
                [(s, event.id, now) for s, kinds in self._sinks.items() if event.schema in kinds],
            )
        return added.rowcount == 1

    def tell(self) -> None:
        """Something was accepted: wake whoever listens."""
        for listener in self._listeners:
            listener()

    def amend(self, event_id: str, change: Callable[[PlateEvent], PlateEvent]) -> bool:
        """Rewrite a stored plate event (its owner became known later); False if there is none.

        Whoever has yet to get the event gets it as it is then. Of those who have it, only the
        sinks that were added as `amended` are told again.
        """
        with self.store.transaction() as db:
            row = db.execute("SELECT json FROM events WHERE id = ?", (event_id,)).fetchone()
            if row is None:
                return False
            changed = encode(change(decode(row[0])))
            db.execute("UPDATE events SET json = ? WHERE id = ?", (changed, event_id))
            db.executemany(
                "INSERT OR IGNORE INTO deliveries (sink, event_id, since) VALUES (?, ?, ?)",
                [(s, event_id, self._now()) for s in self._amended if SCHEMA in self._sinks[s]],
            )
        if self._amended:
            self.tell()
        return True

    def stored(self, after: str, limit: int, kind: str = SCHEMA) -> list[tuple[str, str]]:
        """(id, json) of events of that kind, in the order of their ids, from behind `after` on."""
        with self.store.transaction() as db:
            return db.execute(
                "SELECT id, json FROM events WHERE id > ? AND kind = ? ORDER BY id LIMIT ?",
                (after, kind, limit),
            ).fetchall()

    def oldest(self, sink: str, besides: Collection[str] = ()) -> Parcel | None:
        """The event that has waited longest for `sink`, leaving out the ids in `besides`."""
        with self.store.transaction() as db:
            rows = db.execute(
                "SELECT event_id, json, captured_at, attempts FROM deliveries"
                " JOIN events ON events.id = event_id"
                " WHERE sink = ? AND dead = 0 ORDER BY deliveries.id LIMIT ?",
                (sink, len(besides) + 1),
            ).fetchall()
        return next((Parcel(*row) for row in rows if row[0] not in besides), None)

    def delivered(self, sink: str, event_id: str, json: str | None = None) -> None:
        """`sink` has the event, in these words: if it was amended meanwhile and the sink wants to
        know, it goes on waiting."""
        said = json if sink in self._amended else None
        with self.store.transaction() as db:
            db.execute(
                "DELETE FROM deliveries WHERE sink = ?1 AND event_id = ?2 AND"
                " (?3 IS NULL OR ?3 = (SELECT json FROM events WHERE id = ?2))",
                (sink, event_id, said),
            )

    def failed(self, sink: str, event_id: str, error: str) -> None:
        """`sink` cannot be reached; the event stays as it is."""
        # Writing only what changed spares the disk a write per attempt of a long outage.
        with self.store.transaction() as db:
            db.execute(
                "UPDATE deliveries SET last_error = ?1"
                " WHERE sink = ?2 AND event_id = ?3 AND last_error IS NOT ?1",
                (error, sink, event_id),
            )

    def refused(self, sink: str, event_id: str, error: str) -> None:
        """`sink` was reached and did not take the event: one more attempt on its count."""
        with self.store.transaction() as db:
            db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, last_error = ?"
                " WHERE sink = ? AND event_id = ?",
                (error, sink, event_id),
            )

    def bury(self, sink: str, event_id: str, error: str) -> None:
        """`sink` will never take the event: kept as a dead letter, not tried again."""
        with self.store.transaction() as db:
            db.execute(
                "UPDATE deliveries SET attempts = attempts + 1, last_error = ?, dead = 1,"
                " since = ? WHERE sink = ? AND event_id = ?",
                (error, self._now(), sink, event_id),
            )

    def still_waits(self, event_id: str) -> bool:
        """Whether a configured sink has yet to get the event."""
        marks = ", ".join("?" * len(self._sinks))
        query = f"SELECT 1 FROM deliveries WHERE event_id = ? AND dead = 0 AND sink IN ({marks})"  # noqa: S608
        with self.store.transaction() as db:
            return db.execute(query, (event_id, *self._sinks)).fetchone() is not None

    def give_up(self, sink: str, after_s: float, error: str) -> int:
        """Make dead letters of what has waited longer than `after_s` for `sink`; gives how many."""
        now = self._now()
        with self.store.transaction() as db:
            given_up = db.execute(
                "UPDATE deliveries SET last_error = ?, dead = 1, since = ?"
                " WHERE sink = ? AND dead = 0 AND since < ?",
                (error, now, sink, now - after_s),
            )
        return given_up.rowcount

    def revive(self, sink: str) -> int:
        """Have the dead letters of `sink` wait for it as if they were new; gives how many."""
        with self.store.transaction() as db:
            revived = db.execute(
                "UPDATE deliveries SET attempts = 0, dead = 0, since = ?"
                " WHERE sink = ? AND dead = 1",
                (self._now(), sink),
            )
        return revived.rowcount

    def depth(self, sink: str) -> int:
        """How many events wait for `sink`."""
        return self._count("sink = ? AND dead = 0", sink)

    def dead_letters(self, sink: str) -> int:
        """How many events `sink` refused for good."""
        return self._count("sink = ? AND dead = 1", sink)

    def _count(self, where: str, sink: str) -> int:
        with self.store.transaction() as db:
            query = f"SELECT COUNT(*) FROM deliveries WHERE {where}"  # noqa: S608 (our own text)
            return int(db.execute(query, (sink,)).fetchone()[0])

    def oldest_age_s(self, sink: str) -> float:
        """For how many seconds the oldest event has waited for `sink`; 0 if none waits."""
        with self.store.transaction() as db:
            row = db.execute(
                "SELECT accepted_at FROM deliveries JOIN events ON events.id = event_id"
                " WHERE sink = ? AND dead = 0 ORDER BY deliveries.id LIMIT 1",
                (sink,),
            ).fetchone()
        return max(0.0, self._now() - row[0]) if row else 0.0

    def purge(self, before: float) -> int:
        """Forget events accepted before `before` (seconds since 1970); gives how many.

        What a configured sink still has to get is kept, however old. Dead letters and
        what waits for sinks that are no longer configured is forgotten too.
        """
        total = 0
        while batch := self._purge_some(before):
            total += batch
        return total

    def _purge_some(self, before: float) -> int:
        # In small bites: a vehicle at the gate must not wait for the cleaning.
        marks = ", ".join("?" * len(self._sinks))
        old = (
            "SELECT id FROM events WHERE accepted_at < ? AND NOT EXISTS (SELECT 1 FROM deliveries"  # noqa: S608
            f" WHERE event_id = events.id AND dead = 0 AND sink IN ({marks})) LIMIT {PURGE_BATCH}"
        )
        with self.store.transaction() as db:
            ids = db.execute(old, (before, *self._sinks)).fetchall()
            db.executemany("DELETE FROM deliveries WHERE event_id = ?", ids)
            db.executemany("DELETE FROM events WHERE id = ?", ids)
        return len(ids)

    def ids_read_before(self, at: float) -> set[str]:
        """The ids of the events, not purged, that were read before `at` (seconds since 1970)."""
        with self.store.transaction() as db:
            rows = db.execute("SELECT id FROM events WHERE read_at < ?", (at,)).fetchall()
        return {row[0] for row in rows}
