"""What the API answers with, as pydantic models: the OpenAPI document is made of these.

Plate events and parking events are those of `streamer.codec`, the same as everywhere else.
"""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from streamer.archive import records
from streamer.codec import PlateEventBody, Utc
from streamer.data import How, ListKind
from streamer.web.ports import ListedEntry, Origin, ParkingSession

Seconds = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
EVENTS = "/api/v1/events"


class Answer(BaseModel):
    """Whatever is answered."""

    model_config = ConfigDict(from_attributes=True)


class Correction(Answer):
    """What somebody who looked at the picture says the plate is."""

    plate: str | None = Field(description="null: there is no plate, or none that can be read.")
    read: str = Field(description="What was read.")
    at: Utc
    by: str


class Record(Answer):
    """An event, and what was made of it since."""

    event: PlateEventBody = Field(description="The event as it was published (plate-event/1).")
    plate: str | None = Field(description="The plate as it is known now: corrected, or as read.")
    correction: Correction | None
    distance: float | None = Field(
        description="What the misreadings between the plate and the one that was looked for cost;"
        " null unless near ones were wanted."
    )
    snapshot: str | None = Field(description="Where the picture is (JPEG); null: none was kept.")
    crop: str | None = Field(description="Where the picture of the plate alone is.")

    @classmethod
    def of(cls, found: records.Record) -> "Record":
        """The same for people outside."""
        event, said = found.event, found.correction
        place = f"{EVENTS}/{event.id}"
        return cls(
            event=PlateEventBody.model_validate(event),
            plate=found.plate,
            correction=Correction.model_validate(said) if said else None,
            distance=found.distance,
            snapshot=f"{place}/snapshot" if event.snapshot else None,
            crop=f"{place}/crop" if event.crop else None,
        )


class Page(Answer):
    """Events, the latest first."""

    events: list[Record]
    next: str | None = Field(description="`cursor` of the next page; null: that was all.")


class Note(Answer):
    """What somebody has written about a plate."""

    id: int
    text: str
    at: Utc
    by: str


class Match(Answer):
    """An entry of a watchlist that a plate matches."""

    list: str
    kind: ListKind
    entry: str
    how: How
    distance: float
    note: str | None


class NearPlate(Answer):
    """Another plate that readers may take for this one."""

    plate: str
    events: Count
    last_seen: Utc | None
    distance: float


class Session(Answer):
    """One stay of one vehicle."""

    id: str
    plate: str = Field(description="As it was read on entering, where that is known.")
    entered_at: Utc | None = Field(description="null: nobody saw it come.")
    left_at: Utc | None = Field(description="null: it is inside, or nobody saw it leave.")
    stay_s: Seconds | None = Field(description="Seconds inside: so far, while it is.")
    entry_event: str | None
    exit_event: str | None
    entry_camera: str | None
    exit_camera: str | None
    exempt: bool = Field(description="It may stay as long as it likes.")
    overstay_at: Utc | None = Field(description="When it had been inside for too long.")
    ended: Literal["exit", "missed_exit", "lost", "by_hand"] | None = Field(
        description="How the session ended; null: it is inside."
    )
    ended_at: Utc | None

    @classmethod
    def of(cls, session: ParkingSession) -> "Session":
        """The same for people outside."""
        return cls(**_told(session))


class SessionWithEvents(Session):
    """One stay, and all that was seen of it."""

    events: list[str] = Field(description="Ids of its plate events, in the order they came.")

    @classmethod
    def with_events(cls, session: ParkingSession, events: list[str]) -> "SessionWithEvents":
        """The same for people outside."""
        return cls(**_told(session), events=events)


def _told(session: ParkingSession) -> dict[str, Any]:
    fields = {name: getattr(session, name) for name in Session.model_fields}
    if session.ended is None and session.entered_at is not None:
        fields["stay_s"] = max(0.0, round(datetime.now(UTC).timestamp() - session.entered_at, 3))
    for name in ("entered_at", "left_at", "overstay_at", "ended_at"):
        if fields[name] is not None:
            fields[name] = datetime.fromtimestamp(fields[name], UTC)
    return fields


class Sessions(Answer):
    """Stays, those begun last first."""

    sessions: list[Session]


class CarParkNow(Answer):
    """Who is inside. Where there is no car park, `on` is false and nobody is."""

    on: bool
    occupancy: Count | None = Field(
        description="How many are inside, also of those whose coming nobody saw."
    )
    capacity: Count | None = Field(description="How many there is room for; null: not configured.")
    inside: list[Session] = Field(
        description="Whom the cameras saw entering and not leaving, inside for longest first."
    )


class Plate(Answer):
    """All that is known of a plate."""

    plate: str
    events: Count
    first_seen: Utc | None
    last_seen: Utc | None
    owner: dict[str, Any] | None = Field(description="Of its latest event that has one.")
    notes: list[Note]
    lists: list[Match] = Field(description="What the watchlists say of it now.")
    near: list[NearPlate]
    sessions: list[Session]
    inside: bool


class Watchlist(Answer):
    """A watchlist."""

    name: str
    kind: ListKind
    entries: Count


class Watchlists(Answer):
    """All of them, in the order of the configuration."""

    watchlists: list[Watchlist]


class Entry(Answer):
    """An entry of a watchlist, as people write it; null where it says nothing."""

    plate: str = Field(examples=["AB123CD", "DHL*"])
    note: str | None
    valid_from: str | None = Field(description="A day or a time, at the gate.")
    valid_until: str | None
    weekdays: str | None = Field(examples=["mon,tue"])
    hours: str | None = Field(examples=["07:00-19:00"])
    origin: Origin = Field(description="Only what is `stored` can be changed here.")

    @classmethod
    def of(cls, listed: ListedEntry) -> "Entry":
        """The same for people outside."""
        texts = dict.fromkeys(cls.model_fields) | listed.entry.texts()
        return cls.model_validate(texts | {"origin": listed.origin})


class Entries(Answer):
    """Some entries, and how many there are."""

    entries: list[Entry]
    total: Count


class Imported(Answer):
    """How many entries a table had."""

    imported: Count


class Change(Answer):
    """One line of the audit log: who did what to what."""

    id: int
    at: Utc
    by: str
    action: str = Field(examples=["watchlist.put"])
    subject: str
    detail: str


class Changes(Answer):
    """Lines of the audit log, the latest first."""

    changes: list[Change]
