"""For gates where nobody asks whose vehicle it is."""

from collections.abc import Callable

from streamer.data import PlateEvent


class NoOwner:
    """Leaves every event as it is."""

    def __init__(self, *_: object) -> None: ...

    def __call__(self, event: PlateEvent) -> PlateEvent:
        """The event."""
        return event

    def start(self) -> Callable[[], None]:
        """Nothing to begin, nothing to end."""
        return lambda: None

    def reload(self) -> None:
        """Nothing to read."""
