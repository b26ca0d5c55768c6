"""The archive: what the portal and the REST API look things up in.

It is fed by the outbox like any sink, so that it can be slow or away and neither delays nor loses
an event, and is a database of its own: SQLite beside the store, or PostgreSQL by URL.
"""

from collections.abc import Collection, Iterable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from annotated_types import Ge, Le

from streamer.archive import events, written
from streamer.archive.cursor import read_cursor, write_cursor
from streamer.archive.database import DRIVER_MISSING, Database, address
from streamer.archive.records import (
    BadQuery,
    Change,
    Correction,
    Note,
    Page,
    PlateSummary,
    Query,
    Record,
)
from streamer.archive.resembling import resembling
from streamer.archive.search import check, find, is_pattern
from streamer.archive.times import this_moment
from streamer.data import SCHEMA, Event, PlateEvent
from streamer.errors import UserError

BATCH = 500
DAY_MS = 86_400_000


class Archive:
    """Any thread may call any method; all raise UserError when the database fails.

    `folder` is where SQLite's file is without a `url`. A database that is away is tried again
    whenever something is asked. Events older than `keep_days` are forgotten; None leaves it to
    whoever calls `purge`.
    """

    name = "archive"
    kinds: Collection[str] = frozenset({SCHEMA})

    def __init__(
        self,
        folder: Path,
        *,
        url: str | None = None,
        keep_days: Annotated[int, Ge(1), Le(36500)] | None = None,
    ) -> None:
        self._database = Database(folder / "archive.sqlite3", url)
        self._keep_days = keep_days

    @staticmethod
    def faults(options: dict[str, Any]) -> Iterator[tuple[str, str]]:
        """What is wrong with the URL: pairs of key and message."""
        if options["url"] is not None:
            try:
                address(options["url"])
            except UserError as error:
                yield "url", str(error).removeprefix("archive.url ")
                return
            if find_spec("psycopg") is None:
                yield "url", DRIVER_MISSING

    def open(self) -> None:
        """Open or create the database, with tables as this version has them."""
        self._database.open()

    def close(self) -> None:
        """Let go of it."""
        self._database.close()

    def take(self, event: Event) -> None:
        """Keep an event; one that is there already is replaced (its owner became known)."""
        if isinstance(event, PlateEvent):
            with self._database.writing() as db:
                events.put(db, [event])

    def fill(self, some: Iterable[PlateEvent]) -> int:
        """Keep those that are not there, all or none; gives how many."""
        oldest = self._oldest_kept()
        wanted = {event.id: event for event in some if events.time_of(event) >= oldest}
        with self._database.reading() as db:
            lacking = set(wanted) - events.known(db, wanted)
        if lacking:
            with self._database.writing() as db:
                events.hold(db)
                lacking -= events.known(db, lacking)
                events.put(db, [wanted[one] for one in sorted(lacking)])
        return len(lacking)

    def get(self, event_id: str) -> Record | None:
        """One event."""
        with self._database.reading() as db:
            return next(iter(events.records(db, [event_id])), None)

    def search(self, query: Query, limit: int = 50, cursor: str | None = None) -> Page:
        """The latest events that fit. Raises BadQuery for a cursor that is none."""
        check(query)
        if limit < 1:
            raise BadQuery("limit", f"{limit} should be 1 or more")
        before = None if cursor is None else read_cursor(cursor)
        with self._database.reading() as db:
            near = None
            if query.near and query.plate is not None and not is_pattern(query.plate):
                near = {query.plate: 0.0, **resembling(db, query.plate)}
            hits = find(db, query, near, limit + 1, before)
            found = hits[:limit]
            distances = {hit.key[1]: hit.distance for hit in found}
            records = tuple(events.records(db, list(distances), distances))
        return Page(records, write_cursor(found[-1].key) if len(hits) > limit else None)

    def walk(self, query: Query) -> Iterator[Record]:
        """All that fit, the latest first, a batch at a time."""
        page = self.search(query, BATCH)
        yield from page.records
        while page.next is not None:
            page = self.search(query, BATCH, page.next)
            yield from page.records

    def after(self, event_id: str, limit: int = 100) -> list[Record]:
        """Events that came after that one, the oldest first: in the order of their ids, which
        grow with time."""
        with self._database.reading() as db:
            return events.records(db, events.ids_after(db, event_id, limit))

    def correct(self, event_id: str, plate: str | None, by: str) -> Record:
        """Say what the plate is (see `Correction`). Raises NoSuchEvent."""
        with self._database.writing() as db:
            return events.correct(db, event_id, plate, by)

    def retract(self, event_id: str) -> bool:
        """Take a correction back; False if there was none."""
        with self._database.writing() as db:
            return events.retract(db, event_id)

    def corrections(self) -> Iterator[Correction]:
        """All corrections, the oldest first; they outlive their events."""
        last = None
        while True:
            with self._database.reading() as db:
                some = events.corrections_after(db, last, BATCH)
            yield from some
            if len(some) < BATCH:
                return
            last = some[-1]

    def summary(self, plate: str) -> PlateSummary:
        """How often a plate has come."""
        with self._database.reading() as db:
            return events.summary(db, plate)

    def near(self, plate: str, limit: int = 20) -> list[tuple[PlateSummary, float]]:
        """Other plates that readers may take for this one, with their distance, nearest first."""
        with self._database.reading() as db:
            found = resembling(db, plate).items()
            seen = ((events.summary(db, other), far) for other, far in found)
            return [(one, far) for one, far in seen if one.events][:limit]

    def notes(self, plate: str) -> list[Note]:
        """What was written about a plate, the latest first."""
        with self._database.reading() as db:
            return written.notes(db, plate)

    def add_note(self, plate: str, text: str, by: str) -> Note:
        """Write something about a plate."""
        with self._database.writing() as db:
            return written.add_note(db, plate, text, by)

    def remove_note(self, plate: str, note_id: int) -> bool:
        """Take it away again; False if there was none."""
        with self._database.writing() as db:
            return written.remove_note(db, plate, note_id)

    def log(self, by: str, action: str, subject: str, detail: str = "") -> None:
        """Add a line to the audit log."""
        with self._database.writing() as db:
            written.log(db, by, action, subject, detail)

    def changes(self, limit: int = 100, before: int | None = None) -> list[Change]:
        """Lines of the audit log, the latest first, with ids below `before`."""
        with self._database.reading() as db:
            return written.changes(db, limit, before)

    def purge(self, before: float) -> int:
        """Forget events read before (seconds since 1970), or with `keep_days` what is older than
        that; gives how many."""
        oldest = self._oldest_kept() if self._keep_days is not None else int(before * 1000)
        total = 0
        while True:
            # In small bites: events of the gate wait meanwhile.
            with self._database.writing() as db:
                gone = events.forget(db, oldest, BATCH)
            total += gone
            if gone < BATCH:
                return total

    def _oldest_kept(self) -> int:
        return 0 if self._keep_days is None else this_moment() - self._keep_days * DAY_MS
