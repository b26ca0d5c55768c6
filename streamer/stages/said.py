"""What a decided track is told as: an event, or a rejection."""

from datetime import UTC, datetime
from typing import Any

from streamer.data import (
    Candidate,
    Character,
    Look,
    Outcome,
    Plate,
    PlateEvent,
    Rejection,
    new_event_id,
)
from streamer.stages.ballot import Ballot


def event_of(
    track_id: int, ballot: Ballot, plate: Plate, look: Look, read_at: datetime
) -> PlateEvent:
    """The event about `plate`, which `look` carries."""
    return PlateEvent(
        id=new_event_id(),
        characters=tuple(Character(c.char, _tidy(c.confidence)) for c in plate.characters),
        candidates=tuple(Candidate(c.plate, _tidy(c.confidence)) for c in plate.candidates),
        read_at=_to_milliseconds(read_at),
        way=ballot.way,
        speed=ballot.speedometer.speed() if ballot.speedometer is not None else None,
        **_common(track_id, ballot, plate, look),
    )


def rejection_of(
    track_id: int, ballot: Ballot, plate: Plate, outcome: Outcome, at: datetime
) -> Rejection:
    """That `plate` was withheld, and why."""
    return Rejection(
        reason=outcome,
        rejected_at=_to_milliseconds(at),
        event=ballot.passage.event_id if ballot.passage is not None else None,
        **_common(track_id, ballot, plate, ballot.carrier(plate.text)),
    )


def _common(track_id: int, ballot: Ballot, plate: Plate, look: Look) -> dict[str, Any]:
    """What an event and a rejection both say."""
    return {
        "camera": ballot.camera,
        "plate": plate.text,
        "confidence": _tidy(plate.confidence),
        "looks": plate.looks,
        "agreement": _tidy(plate.agreement),
        "track_id": track_id,
        "first_seen": _to_milliseconds(ballot.first.at),
        "last_seen": _to_milliseconds(ballot.last.at),
        "direction": ballot.heading(look.frame.size[0]),
        "box": tuple(round(edge) for edge in look.box),
        "frame_size": look.frame.size,
        "reasons": plate.reasons,
    }


def _tidy(share: float) -> float:
    return round(share, 4)


def _to_milliseconds(at: datetime) -> datetime:
    """As precise as it is written: what is read back equals what was published."""
    return at.astimezone(UTC).replace(microsecond=at.microsecond // 1000 * 1000)
