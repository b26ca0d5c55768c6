"""What a trace says of an event: never whose it was, unless somebody asked for plates."""

import re
from datetime import datetime

from streamer.data import Event, ParkingEvent, PlateEvent, Rejection
from streamer.tracing.spans import Value


def attributes_of(event: Event | Rejection, plates: bool) -> dict[str, Value]:
    """The attributes of a root span; with the text of the plate if `plates`."""
    said = _of_parking(event) if isinstance(event, ParkingEvent) else _of_reading(event)
    if not isinstance(event, Rejection):
        said["anpr.event.id"] = event.id
    if plates:
        said["anpr.plate"] = event.plate
    return {"anpr.camera": event.camera, **said}


def _of_reading(event: PlateEvent | Rejection) -> dict[str, Value]:
    said: dict[str, Value] = {
        "anpr.looks": event.looks,
        "anpr.confidence": event.confidence,
        "anpr.agreement": event.agreement,
    }
    if event.direction is not None:
        said["anpr.direction"] = event.direction
    if isinstance(event, PlateEvent) and event.way is not None:
        said["anpr.way"] = event.way
    return said


def _of_parking(event: ParkingEvent) -> dict[str, Value]:
    return {"anpr.parking.state": event.state, "anpr.parking.occupancy": event.occupancy}


def began(event: Event) -> datetime:
    """When it began, as far as the event itself tells."""
    return event.first_seen if isinstance(event, PlateEvent) else event.at


def belongs_to(event: Event) -> tuple[str, ...]:
    """The ids of the events whose traces tell what came before."""
    if isinstance(event, PlateEvent):
        return ()
    return tuple(one for one in (event.entry_event, event.exit_event) if one is not None)


def without_plate(error: str, event: Event) -> str:
    """An error without the plate, or anything else that the vehicle's plate may be."""
    others = [one.plate for one in event.candidates] if isinstance(event, PlateEvent) else []
    plates = sorted({event.plate, *others} - {""}, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, plates)), "***", error, flags=re.IGNORECASE)
