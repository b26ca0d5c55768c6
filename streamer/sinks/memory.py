"""A list: for tests, for the demonstration, and for programs that use us as a library."""

from streamer.data import PlateEvent
from streamer.sinks.base import SinkBase


class MemorySink(SinkBase):
    """Keeps the events it was sent in `events`, oldest first, each once."""

    name = "memory"

    def __init__(self) -> None:
        self.events: list[PlateEvent] = []
        self._ids: set[str] = set()

    def send(self, event: PlateEvent) -> None:
        """Keep the event."""
        if event.id not in self._ids:
            self._ids.add(event.id)
            self.events.append(event)
