"""What the archive is asked for, and what it answers with."""

from dataclasses import dataclass
from datetime import datetime

from streamer.data import ListKind, PlateEvent, Way
from streamer.errors import NotThere, WrongInput


class BadQuery(WrongInput):
    """What is asked for cannot be: `field` of the query, or `cursor`, or `limit`."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", [(field, message)])
        self.field = field


class NoSuchEvent(NotThere):
    """The archive has no event of that id."""


@dataclass(frozen=True, slots=True)
class Query:
    """Which events are wanted; what is None or empty does not matter.

    `plate` is a plate or a pattern in A-Z, 0-9, `*` and `?`; with `near` also those that readers
    take for it (a pattern has no such). It is held against what the vehicle's plate is now: the
    corrected one where there is a correction, else the one that was read. `since` is included,
    `until` is not; `list` and `verdict` are what the watchlists said when the plate was read.
    """

    plate: str | None = None
    near: bool = False
    cameras: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    list: str | None = None
    verdict: ListKind | None = None
    way: Way | None = None
    corrected: bool | None = None


@dataclass(frozen=True, slots=True)
class Correction:
    """What somebody who looked at the picture says the plate is.

    `plate` is None where there is no plate, or none that a person can read; equal to `read` where
    somebody has confirmed it.
    """

    event_id: str
    plate: str | None
    read: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class Record:
    """An event and what was made of it since. `distance` is what the misreadings between its plate
    and the one that was looked for cost, as for watchlists; None where no near ones were wanted."""

    event: PlateEvent
    correction: Correction | None = None
    distance: float | None = None

    @property
    def plate(self) -> str | None:
        """The plate as it is known now."""
        return self.event.plate if self.correction is None else self.correction.plate


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, the latest first, and the cursor that goes on after them; None at the end."""

    records: tuple[Record, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody has written about a plate."""

    id: int
    plate: str
    text: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class PlateSummary:
    """How often a plate has come, and when first and last; None if it never did."""

    plate: str
    events: int
    first_seen: datetime | None
    last_seen: datetime | None


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the audit log: who did what to what. `action` is like `watchlist.put`."""

    id: int
    at: datetime
    by: str
    action: str
    subject: str
    detail: str
