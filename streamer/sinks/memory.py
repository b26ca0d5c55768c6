"""A list: for tests, for the demonstration, and for programs that use us as a library."""

from collections import deque

from streamer.data import PlateEvent, Rejection
from streamer.sinks.base import SinkBase

KEPT = 1000


class MemorySink(SinkBase):
    """Keeps the events it was sent in `events`, oldest first, each once, and the last `KEPT`
    reads that were withheld in `rejections`."""

    name = "memory"

    def __init__(self) -> None:
        self.events: list[PlateEvent] = []
        self.rejections: deque[Rejection] = deque(maxlen=KEPT)
        self._ids: set[str] = set()

    def rejected(self, rejection: Rejection) -> None:
        """Keep it."""
        self.rejections.append(rejection)

    def send(self, event: PlateEvent) -> None:
        """Keep the event."""
        if event.id not in self._ids:
            self._ids.add(event.id)
            self.events.append(event)
