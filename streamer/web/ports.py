"""What the portal needs from the rest of the house."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from models.base import Image
from streamer.controls import Watchlists
from streamer.data import ListKind, ListMatch, PlateEvent

Origin = Literal["config", "file", "stored"]
"""Whence an entry of a watchlist is: the configuration, the list's file, or put there since."""


class WrittenEntry(Protocol):
    """An entry of a watchlist, as `streamer.enrich.entry` has it."""

    @property
    def plate(self) -> str:
        """The plate or pattern: A-Z, 0-9, `*` and `?`."""
        ...

    def texts(self) -> dict[str, str]:
        """Its fields as people write them; those that say nothing are left out."""
        ...


class ListedEntry(Protocol):
    """An entry, and whence it is."""

    @property
    def entry(self) -> WrittenEntry:
        """The entry."""
        ...

    @property
    def origin(self) -> Origin:
        """Only what is `stored` can be changed here."""
        ...


class ListBook(Watchlists, Protocol):
    """The watchlists, as `streamer.enrich.watchlists` has them.

    All but `says` raise NotThere if there is no such list.
    """

    def kind(self, name: str) -> ListKind:
        """What a list is for."""
        ...

    def count(self, name: str) -> int:
        """How many entries it has."""
        ...

    def entries(self, name: str) -> Sequence[ListedEntry]:
        """All entries of a list."""
        ...

    def search(
        self, name: str, text: str = "", limit: int = 50, offset: int = 0
    ) -> tuple[Sequence[ListedEntry], int]:
        """Those with `text` in their plate or note, from `offset` on, and how many in all."""
        ...

    def put_texts(self, name: str, fields: Mapping[str, str | None]) -> ListedEntry:
        """Put an entry on a list, in place of one that was put there before.

        Raises WrongInput naming the fields, and NotPossible if the plate is in the configuration
        or in the list's file.
        """
        ...

    def import_csv(
        self, name: str, content: bytes, *, clear: bool = False, called: str = "table.csv"
    ) -> int:
        """Put all entries of a table on a list, all or none. Raises WrongInput naming the lines:
        `called:3`."""
        ...

    def says(self, plate: str, at: datetime) -> Sequence[ListMatch]:
        """What all lists say of a plate `at` that time, what prevails first."""
        ...


class ParkingSession(Protocol):
    """One stay of one vehicle. Times are seconds since 1970, as in
    `streamer.enrich.parking_sessions`."""

    @property
    def id(self) -> str:
        """The same from entering to leaving."""
        ...

    @property
    def plate(self) -> str:
        """As it was read on entering, where that is known."""
        ...

    @property
    def entered_at(self) -> float | None:
        """None: nobody saw it come."""
        ...

    @property
    def ended(self) -> str | None:
        """How it ended; None while it is inside."""
        ...


class CarPark(Protocol):
    """The car park, as `streamer.enrich.parking` has it."""

    capacity: int | None

    def occupancy(self) -> int:
        """How many vehicles are inside."""
        ...

    def inside(self) -> Sequence[ParkingSession]:
        """Whom the cameras saw entering and not leaving; who is inside for longest comes first."""
        ...

    def session(self, session_id: str) -> ParkingSession:
        """One session. Raises NotThere."""
        ...

    def events_of(self, session_id: str) -> Sequence[str]:
        """The ids of all plate events of a session."""
        ...

    def history(
        self, plate: str | None = None, before: datetime | None = None, limit: int = 100
    ) -> Sequence[ParkingSession]:
        """Sessions begun before, the latest first."""
        ...

    def end(self, session_id: str) -> ParkingSession:
        """The vehicle is not inside. Raises NotThere; NotPossible if it has ended already."""
        ...

    def correct(self, occupancy: int) -> None:
        """So many vehicles are inside. Raises WrongInput."""
        ...


class Pictures(Protocol):
    """Where pictures of events are."""

    def read(self, place: str) -> bytes | None:
        """The JPEG that an event's `snapshot` or `crop` names; None if it is there no more, or is
        none of ours. Raises UserError if it is elsewhere and cannot be fetched now."""
        ...

    def keep_lesson(self, event: PlateEvent) -> bool:
        """Keep what a correction of the event can be learnt from; False if that is gone. Raises
        UserError if it cannot be written, or not be fetched now."""
        ...

    def forget_lesson(self, event_id: str) -> bool:
        """Throw that away again (the correction was taken back); False if there was none."""
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
