"""The car park: who is inside, since when, and who has stayed too long.

Takes every plate event once the store has it, and gives parking events of its own into the same
store, in one transaction with what it remembers: after a crash both are there, or neither.
"""

import logging
import math
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated, Any

from annotated_types import Ge, Gt

from streamer.config import CameraConfig
from streamer.data import (
    SCHEMA,
    Direction,
    Event,
    ParkingEvent,
    ParkingState,
    PlateEvent,
    Way,
    new_event_id,
)
from streamer.enrich.parking_pairing import Pairing, Rules, Told
from streamer.enrich.parking_ports import Observer, Outbox
from streamer.enrich.parking_sessions import TABLES, Session, Sessions, first_count, utc
from streamer.enrich.parking_ways import Fault, Ways, faults
from streamer.errors import NotPossible, NotThere, WrongInput

log = logging.getLogger(__name__)

DAY_S = 86_400.0
EVERY_S = 20.0


class Parking:
    """The sessions of the cameras in `entry` and `exit`; off while these are empty.

    `lined` are the cameras with lines of their own. `now` gives seconds since 1970. The options
    are explained in config/gate.yaml. Any thread may call any method; all that touch the store
    raise UserError when that fails.
    """

    name = "parking"
    kinds = frozenset({SCHEMA})

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        outbox: Outbox,
        lined: Collection[str],
        observer: Observer,
        now: Callable[[], float] = time.time,
        *,
        entry: tuple[str, ...] = (),
        exit: tuple[str, ...] = (),
        directions: dict[str, dict[Direction, Way]] = {},  # noqa: B006  (never changed)
        capacity: Annotated[int, Ge(1)] | None = None,
        initial_occupancy: Annotated[int, Ge(0)] = 0,
        max_stay_s: Annotated[float, Gt(0)] | None = None,
        exempt: tuple[str, ...] = (),
        repeat_s: Annotated[float, Ge(0)] = 60.0,
        lost_after_days: Annotated[float, Gt(0)] | None = 7.0,
    ) -> None:
        self.capacity = capacity
        self._ways = Ways(entry, exit, directions, lined)
        self._outbox = outbox
        self._observer = observer
        self._now = now
        self._listeners: list[Callable[[int, int | None, datetime], None]] = []
        self._rules = Rules(repeat_s, max_stay_s)
        self._exempt = frozenset(exempt)
        self._lost_after_s = None if lost_after_days is None else lost_after_days * DAY_S
        outbox.store.declare(TABLES + (first_count(initial_occupancy) if self.on else ""))

    def listen(self, on_count: Callable[[int, int | None, datetime], None]) -> None:
        """Have `on_count` called when somebody has counted: with how many are inside, how many
        there is room for, and when. What events say, it is not told. It must return at once."""
        self._listeners.append(on_count)

    @staticmethod
    def faults_among(
        options: Mapping[str, Any],
        cameras: Sequence[CameraConfig],
        listed: Mapping[str, Sequence[str]],
    ) -> Iterator[Fault]:
        """What is wrong with the options, given the cameras and the watchlists."""
        lined = [camera.name for camera in cameras if camera.places().has_ways]
        ways = Ways(options["entry"], options["exit"], options["directions"], lined)
        yield from faults(ways, cameras)
        known = listed.get("watchlists", ())
        for place, name in enumerate(options["exempt"]):
            if name not in known:
                there = f"there are: {', '.join(known)}" if known else "there is none at all"
                yield ("exempt", place), f"no watchlist '{name}'; {there}"

    @property
    def on(self) -> bool:
        """Whether there is a car park."""
        return bool(self._ways.entry)

    def take(self, event: Event) -> None:
        """A plate event: on return its effect is on disk. To take it again has no effect."""
        if not isinstance(event, PlateEvent):
            return
        way = self._ways.of(event)
        if way is None:
            if self._ways.concern(event.camera):
                log.info("parking: event %s does not tell which way it went", event.id)
                self._observer.ignored("no_way")
            return
        matches = event.watchlist.matches if event.watchlist else ()
        exempt = any(match.list in self._exempt for match in matches)
        with self._pairing(event.at.timestamp()) as (pairing, _):
            pairing.take(event, way, exempt=exempt)

    def make_round(self) -> None:
        """Look who has stayed too long, and for so long that nobody believes it."""
        if self._outbox.depth(self.name):
            return  # who is said to be inside may have left, in an event that is on its way
        now = self._now()
        with self._pairing(now) as (pairing, sessions):
            if self._rules.max_stay_s is not None:
                for late in sessions.overdue(now - self._rules.max_stay_s):
                    pairing.overstay(late, now)
            if self._lost_after_s is not None:
                for lost in sessions.inside(before=now - self._lost_after_s):
                    log.warning("parking: nobody saw session %s leave; it is lost", lost.id)
                    pairing.end(lost, "lost", now)

    def occupancy(self) -> int:
        """How many vehicles are inside."""
        with self._sessions() as sessions:
            return sessions.occupancy()

    def inside(self) -> list[Session]:
        """Whom the cameras saw entering and not leaving; who is inside for longest comes first."""
        with self._sessions() as sessions:
            return sessions.inside()

    def session(self, session_id: str) -> Session:
        """One session. Raises NotThere if there is none of that id."""
        with self._sessions() as sessions:
            return _known(sessions, session_id)

    def events_of(self, session_id: str) -> list[str]:
        """The ids of all plate events of a session, in the order they came."""
        with self._sessions() as sessions:
            return sessions.events_of(session_id)

    def history(
        self, plate: str | None = None, before: datetime | None = None, limit: int = 100
    ) -> list[Session]:
        """Sessions begun `before`, the latest first; those of which some event read `plate`."""
        with self._sessions() as sessions:
            until = before.timestamp() if before else None
            return sessions.history(plate, until, limit)

    def end(self, session_id: str) -> Session:
        """The vehicle is not inside, says somebody who looked. Raises NotThere, NotPossible."""
        now = self._now()
        with self._pairing(now) as (pairing, sessions):
            session = _known(sessions, session_id)
            if session.ended is not None:
                raise NotPossible(f"parking session '{session_id}' has ended already")
            return pairing.end(session, "by_hand", now)

    def correct(self, occupancy: int) -> None:
        """So many vehicles are inside, says somebody who counted them. Sessions stay as they are.

        Raises WrongInput for a number that cannot be.
        """
        if occupancy < 0:
            raise WrongInput(f"occupancy {occupancy} should be 0 or more")
        with self._sessions() as sessions:
            before = sessions.occupancy()
            sessions.unseen = occupancy - sessions.count_inside()
            at = utc(math.floor(self._now() * 1000) / 1000)  # as exact as ids of events are
        for listener in self._listeners:
            listener(occupancy, self.capacity, at)
        log.info("parking: occupancy corrected from %d to %d", before, occupancy)

    def purge(self, before: float) -> int:
        """Forget sessions that ended before (seconds since 1970); gives how many.

        Where there is no car park any more, those that never ended as well.
        """
        with self._sessions() as sessions:
            return sessions.purge(before, open_too=not self.on)

    @contextmanager
    def _sessions(self) -> Iterator[Sessions]:
        with self._outbox.store.transaction() as db:
            yield Sessions(db)

    @contextmanager
    def _pairing(self, captured_at: float) -> Iterator[tuple[Pairing, Sessions]]:
        """A transaction; what happened in it is told once it is on disk."""
        accepted = False
        with self._outbox.store.transaction() as db:
            sessions = Sessions(db)

            def publish(state: ParkingState, session: Session, at: float) -> None:
                nonlocal accepted
                event = self._event(state, session, at, sessions.occupancy())
                accepted |= self._outbox.accept_within(db, event, captured_at)

            pairing = Pairing(sessions, publish, self._rules)
            yield pairing, sessions
        if accepted:  # who waits for a sink that is away is not woken for nothing
            self._outbox.tell()
        self._tell(pairing.told)

    def _event(
        self, state: ParkingState, session: Session, at: float, occupancy: int
    ) -> ParkingEvent:
        cameras = (session.entry_camera, session.exit_camera)
        seen_by = [camera for camera in cameras if camera is not None]
        return ParkingEvent(
            id=new_event_id(),
            camera=seen_by[-1] if state == "left" else seen_by[0],
            state=state,
            session=session.id,
            plate=session.plate,
            at=utc(at),
            entered_at=None if session.entered_at is None else utc(session.entered_at),
            left_at=None if session.left_at is None else utc(session.left_at),
            duration_s=session.stay_s,
            entry_event=session.entry_event,
            exit_event=session.exit_event,
            occupancy=occupancy,
            capacity=self.capacity,
        )

    def _tell(self, told: Told) -> None:
        for _ in range(told.entered):
            self._observer.entered()
        for _ in range(told.overstayed):
            self._observer.overstayed()
        for _ in range(told.repeated):
            self._observer.ignored("repeat")
        for outcome, stay_s in told.ended:
            self._observer.ended(outcome, stay_s)


def _known(sessions: Sessions, session_id: str) -> Session:
    session = sessions.get(session_id)
    if session is None:
        raise NotThere(f"no parking session '{session_id}'")
    return session


class Rounds:
    """The thread that makes the rounds of a car park, every `every_s` seconds."""

    def __init__(self, parking: Parking, every_s: float = EVERY_S) -> None:
        self._parking = parking
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="parking", daemon=True)

    def start(self) -> None:
        """Make the first one now."""
        self._thread.start()

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self._parking.make_round()
            except Exception:  # a full disk must not end the rounds for ever
                log.exception("parking: a round failed; next try in %.0f s", self._every_s)
            self._stopping.wait(self._every_s)

    def stop(self, timeout_s: float) -> None:
        """End the thread."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)
