"""What every sink takes and gives."""

from collections.abc import Callable, Collection
from datetime import datetime
from pathlib import Path
from typing import Annotated, Protocol

from pydantic import Field

from streamer.data import SCHEMA, Event, Rejection
from streamer.errors import SinkError
from streamer.parts import LABEL

Name = Annotated[str, Field(pattern=LABEL)]
"""What a user calls one of several sinks of a kind; it becomes part of a label."""

Report = Callable[[SinkError | None], None]
"""Told None when the other side can be reached, and the reason when it cannot."""


def unreported(_: SinkError | None) -> None:
    """For sinks nobody listens to."""


ReadPicture = Callable[[str], bytes | None]
"""Gives the JPEG that an event's `snapshot` or `crop` names; None if it is there no more. Raises
UserError if it is elsewhere and cannot be fetched."""


def read_file(place: str) -> bytes | None:
    """For sinks that stand alone: the place is a path."""
    try:
        return Path(place).read_bytes()
    except OSError:
        return None


class Sink(Protocol):
    """Somewhere events go. `name` is unique among the sinks of one daemon; `kinds` are the
    schemas of the events it wants, and is sent. What waited longer than `give_up_after_s` for
    a sink that is away becomes a dead letter; None waits for ever."""

    name: str
    kinds: Collection[str]
    give_up_after_s: float | None

    def start(self, report: Report = unreported) -> None:
        """Open what is needed. Raises UserError where waiting cannot help.

        Returns without waiting for a network: `report` is called, from any thread, whenever
        it becomes known that the other side is there or is not.
        """
        ...

    def send(self, event: Event) -> None:
        """Return when the other side has the event, for good. Raises SinkError otherwise.

        Called by one thread. After a crash an event may come once more, with the same id.
        """
        ...

    def camera_status(self, camera: str, up: bool) -> None:
        """Frames of `camera` arrive, or no longer do. Never waits, never raises."""
        ...

    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld. Never waits, never raises; what cannot be told now is not kept."""
        ...

    def counted(self, occupancy: int, capacity: int | None, at: datetime) -> None:
        """So many vehicles are inside, says somebody who counted. Never waits, never raises."""
        ...

    def tidy(self) -> None:
        """Throw away what is too old. Called at the start and about once an hour, by the thread
        of `send`."""
        ...

    def close(self, timeout_s: float) -> None:
        """Say good-bye and let go, within `timeout_s`; a `send` under way raises SinkError."""
        ...


class SinkBase:
    """For sinks of plate events with no connection to speak of."""

    kinds: Collection[str] = frozenset({SCHEMA})
    give_up_after_s: float | None = None

    def start(self, report: Report = unreported) -> None:
        """Ready at once."""
        report(None)

    def camera_status(self, camera: str, up: bool) -> None:
        """Nothing."""

    def rejected(self, rejection: Rejection) -> None:
        """Nothing."""

    def counted(self, occupancy: int, capacity: int | None, at: datetime) -> None:
        """Nothing."""

    def tidy(self) -> None:
        """Nothing."""

    def close(self, timeout_s: float) -> None:
        """Nothing."""
