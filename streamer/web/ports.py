"""What the portal needs from the rest of the house."""

from collections.abc import Sequence
from typing import Any, Protocol

from models.base import Image
from streamer.controls import Watchlists
from streamer.data import ListKind, PlateEvent


class ListBook(Watchlists, Protocol):
    """The watchlists, as `streamer.enrich.watchlists` has them."""

    def kind(self, name: str) -> ListKind:
        """What a list is for. Raises UserError if there is no such list."""
        ...

    def entries(self, name: str) -> Sequence[Any]:
        """All entries of a list, as `Listed`. Raises UserError if there is no such list."""
        ...

    def put(self, name: str, entry: Any) -> None:
        """Put an `Entry` on a list. Raises UserError."""
        ...

    def import_csv(self, name: str, content: bytes, *, clear: bool = False) -> int:
        """Put all entries of a table on a list, all or none. Raises UserError."""
        ...

    def __call__(self, event: PlateEvent) -> PlateEvent:
        """The event with what the lists say of its plate."""
        ...


class CarPark(Protocol):
    """The car park, as `streamer.enrich.parking` has it; sessions are its `Session`."""

    capacity: int | None

    def occupancy(self) -> int:
        """How many vehicles are inside."""
        ...

    def inside(self) -> Sequence[Any]:
        """Whom the cameras saw entering and not leaving."""
        ...

    def session(self, session_id: str) -> Any:
        """One session. Raises UserError if there is none of that id."""
        ...

    def events_of(self, session_id: str) -> Sequence[str]:
        """The ids of all plate events of a session."""
        ...

    def history(
        self, plate: str | None = None, before: Any | None = None, limit: int = 100
    ) -> Sequence[Any]:
        """Sessions begun before, the latest first."""
        ...

    def end(self, session_id: str) -> Any:
        """The vehicle is not inside. Raises UserError."""
        ...

    def correct(self, occupancy: int) -> None:
        """So many vehicles are inside. Raises UserError."""
        ...


class Pictures(Protocol):
    """Where pictures of events are."""

    def read(self, place: str) -> bytes | None:
        """The JPEG that an event's `snapshot` or `crop` names; None if it is there no more."""
        ...

    def keep_lesson(self, event: PlateEvent) -> bool:
        """Keep what a correction of the event can be learnt from; False if that is gone."""
        ...

    def lesson(self, event_id: str) -> tuple[Image, tuple[int, int, int, int]] | None:
        """A picture that was kept, (H, W, 3) uint8 BGR, and the box of the plate in it."""
        ...


class Waiting(Protocol):
    """The outbox, for those who look what waits in it."""

    def depth(self, sink: str) -> int:
        """How many events wait for `sink`."""
        ...

    def oldest_age_s(self, sink: str) -> float:
        """For how many seconds the oldest has waited."""
        ...

    def dead_letters(self, sink: str) -> int:
        """How many events `sink` refused for good."""
        ...
