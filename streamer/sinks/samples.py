"""Events as they may come, to try templates on before the first vehicle does."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from streamer.data import (
    Candidate,
    Character,
    Event,
    ListMatch,
    ParkingEvent,
    PlateEvent,
    Watched,
)

_AT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
_PLATE = "AB123CD"
_ID, _OTHER_ID = "019b7c8b-3f0e-7000-8000-000000000001", "019b7c8b-3f0e-7000-8000-000000000002"

_BARE = PlateEvent(
    id=_ID,
    camera="gate",
    plate=_PLATE,
    confidence=0.98,
    characters=tuple(Character(char, 0.99) for char in _PLATE),
    candidates=(),
    looks=7,
    agreement=0.86,
    track_id=42,
    first_seen=_AT - timedelta(seconds=2),
    last_seen=_AT,
    read_at=_AT,
    direction=None,
    box=(612, 402, 790, 446),
    frame_size=(1920, 1080),
)
# No owner: what is known of one is up to the user, so no name in it can be held wrong.
_RICH = replace(
    _BARE,
    candidates=(Candidate("AB123CO", 0.01),),
    direction="approaching",
    way="entry",
    watchlist=Watched("deny", (ListMatch("banned", "deny", _PLATE, "exact", 0.0, "a note"),)),
)
_ENTERED = ParkingEvent(
    id=_OTHER_ID,
    camera="gate",
    state="entered",
    session=_OTHER_ID,
    plate=_PLATE,
    at=_AT,
    entered_at=None,
    left_at=None,
    duration_s=None,
    entry_event=None,
    exit_event=None,
    occupancy=1,
)
_LEFT = replace(
    _ENTERED,
    state="left",
    entered_at=_AT - timedelta(hours=1),
    left_at=_AT,
    duration_s=3600.0,
    entry_event=_ID,
    exit_event=_ID,
    occupancy=0,
    capacity=20,
)

SAMPLES: dict[str, Event] = {
    "a plate of which no more is known": _BARE,
    "a plate on a watchlist": _RICH,
    "a vehicle that entered": _ENTERED,
    "a vehicle that left": _LEFT,
}
"""What each is → an event."""
