"""What the car park needs from the rest of the house, and whom it tells."""

import sqlite3
from contextlib import AbstractContextManager
from typing import Literal, Protocol

from streamer.data import Event
from streamer.enrich.parking_pairing import Outcome

Ignored = Literal["repeat", "no_way"]
"""Why an event of one of the cameras changed nothing: its passage had been told, or it did not
tell which way the vehicle went. A label of `anpr_parking_ignored_total`, so the set is closed."""


class Store(Protocol):
    """Where sessions are kept."""

    def declare(self, tables: str) -> None:
        """More tables, made when it is opened."""
        ...

    def transaction(self) -> AbstractContextManager[sqlite3.Connection]:
        """All or nothing, on disk when it ends. Raises UserError when the store fails."""
        ...


class Outbox(Protocol):
    """Where plate events come from, and parking events go."""

    @property
    def store(self) -> Store:
        """The store in which it keeps them."""
        ...

    def accept_within(self, db: sqlite3.Connection, event: Event, captured_at: float) -> bool:
        """Take an event over as part of a transaction."""
        ...

    def tell(self) -> None:
        """Something was taken over."""
        ...

    def depth(self, sink: str) -> int:
        """How many events wait for `sink`."""
        ...


class Observer(Protocol):
    """Told what happens in the car park; the metrics in the daemon. Called from any thread."""

    def entered(self) -> None:
        """A vehicle came."""
        ...

    def ended(self, outcome: Outcome, stay_s: float | None) -> None:
        """A session ended like this, after so many seconds, where that is known."""
        ...

    def overstayed(self) -> None:
        """Somebody has been inside for too long."""
        ...

    def ignored(self, reason: Ignored) -> None:
        """An event of one of the cameras changed nothing."""
        ...
