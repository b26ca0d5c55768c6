"""A list: for tests, for the demonstration, and for programs that use us as a library."""

from collections import deque

from streamer.data import PARKING, SCHEMA, Event, ParkingEvent, PlateEvent, Rejection
from streamer.sinks.base import SinkBase

KEPT = 1000


class MemorySink(SinkBase):
    """Keeps the events it was sent in `events`, oldest first, each once; those of
    parking in `parking`, and the last `KEPT` reads that were withheld in `rejections`."""

    name = "memory"
    kinds = frozenset({SCHEMA, PARKING})

    def __init__(self) -> None:
        self.events: list[PlateEvent] = []
        self.parking: list[ParkingEvent] = []
        self.rejections: deque[Rejection] = deque(maxlen=KEPT)
        self._ids: set[str] = set()

    def rejected(self, rejection: Rejection) -> None:
        """Keep it."""
        self.rejections.append(rejection)

    def send(self, event: Event) -> None:
        """Keep the event."""
        if event.id in self._ids:
            return
        self._ids.add(event.id)
        if isinstance(event, PlateEvent):
            self.events.append(event)
        else:
            self.parking.append(event)
