"""The archive: what the portal and the REST API look things up in.

It is fed by the outbox like any sink, so that it can be slow or away and neither delays nor loses
an event, and is a database of its own: SQLite beside the store, or PostgreSQL by URL.
"""

from collections.abc import Collection, Iterator
from pathlib import Path

from streamer.archive.records import (
    Change,
    Correction,
    Note,
    Page,
    PlateSummary,
    Query,
    Record,
)
from streamer.data import SCHEMA, Event


class Archive:
    """Any thread may call any method; all raise UserError when the database fails.

    `folder` is where SQLite's file is without a `url`.
    """

    name = "archive"
    kinds: Collection[str] = frozenset({SCHEMA})

    def __init__(self, folder: Path, *, url: str | None = None) -> None:
        self._folder = folder
        self._url = url

    def open(self) -> None:
        """Open or create the database, with tables as this version has them."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of it."""
        raise NotImplementedError

    def take(self, event: Event) -> None:
        """Keep an event; one that is there already is replaced (its owner became known)."""
        raise NotImplementedError

    def get(self, event_id: str) -> Record | None:
        """One event."""
        raise NotImplementedError

    def search(self, query: Query, limit: int = 50, cursor: str | None = None) -> Page:
        """The latest events that fit. Raises UserError for a cursor that is none."""
        raise NotImplementedError

    def walk(self, query: Query) -> Iterator[Record]:
        """All that fit, the latest first, a batch at a time."""
        raise NotImplementedError

    def after(self, event_id: str, limit: int = 100) -> list[Record]:
        """Events that came after that one, the oldest first."""
        raise NotImplementedError

    def correct(self, event_id: str, plate: str | None, by: str) -> Record:
        """Say what the plate is (see `Correction`). Raises UserError if there is no such event."""
        raise NotImplementedError

    def retract(self, event_id: str) -> bool:
        """Take a correction back; False if there was none."""
        raise NotImplementedError

    def corrections(self) -> Iterator[Correction]:
        """All corrections, the oldest first; they outlive their events."""
        raise NotImplementedError

    def summary(self, plate: str) -> PlateSummary:
        """How often a plate has come."""
        raise NotImplementedError

    def near(self, plate: str, limit: int = 20) -> list[tuple[PlateSummary, float]]:
        """Other plates that readers may take for this one, with their distance, nearest first."""
        raise NotImplementedError

    def notes(self, plate: str) -> list[Note]:
        """What was written about a plate, the latest first."""
        raise NotImplementedError

    def add_note(self, plate: str, text: str, by: str) -> Note:
        """Write something about a plate."""
        raise NotImplementedError

    def remove_note(self, plate: str, note_id: int) -> bool:
        """Take it away again; False if there was none."""
        raise NotImplementedError

    def log(self, by: str, action: str, subject: str, detail: str = "") -> None:
        """Add a line to the audit log."""
        raise NotImplementedError

    def changes(self, limit: int = 100, before: int | None = None) -> list[Change]:
        """Lines of the audit log, the latest first, with ids below `before`."""
        raise NotImplementedError

    def purge(self, before: float) -> int:
        """Forget events read before (seconds since 1970); gives how many."""
        raise NotImplementedError
