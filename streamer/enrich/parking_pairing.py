"""Pairs the events of entry and exit cameras into sessions, by the times the events name."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from streamer.data import ParkingState, PlateEvent, Way, new_event_id
from streamer.enrich.parking_match import Likeness, PlateRead, likeness, nearest
from streamer.enrich.parking_sessions import Reads, Session, Sessions, Unseen

Outcome = Literal[
    "exact", "near", "exit_only", "ambiguous", "found", "missed_exit", "lost", "by_hand"
]
"""How a session ended; a label of `anpr_parking_sessions_total`, so the set is closed. `found`:
the missing half of a session came after all."""
SEEN_TWICE = (Likeness.EXACT, Likeness.ALIKE, Likeness.DOUBTFUL)
"""How two readings of one passage differ: for them candidates alone are not enough."""


@dataclass(frozen=True, slots=True)
class Rules:
    """`repeat_s`: a second event of a passage comes within so many seconds of the first.
    `max_stay_s`: whoever stays longer overstays; None: nobody does."""

    repeat_s: float
    max_stay_s: float | None = None


@dataclass(slots=True)
class Told:
    """What happened, to be counted once it is on disk."""

    entered: int = 0
    overstayed: int = 0
    repeated: int = 0
    ended: list[tuple[Outcome, float | None]] = field(default_factory=list)
    """With the seconds of the stay, where they are known."""


Publish = Callable[[ParkingState, Session, float], None]
"""Told the state, the session as it is then, and when (seconds since 1970) that came about."""


class Pairing:
    """What becomes of the sessions, within one transaction of the store."""

    def __init__(self, sessions: Sessions, publish: Publish, rules: Rules) -> None:
        self.told = Told()
        self._sessions = sessions
        self._publish = publish
        self._rules = rules

    def take(self, event: PlateEvent, way: Way, *, exempt: bool = False) -> None:
        """A vehicle entered or left. An event that was taken before has no effect."""
        if self._sessions.knows(event.id):
            return
        session = self._entered(event, exempt) if way == "entry" else self._left(event)
        self._sessions.note_read(event.id, session, way, PlateRead.of(event))

    def _entered(self, event: PlateEvent, exempt: bool) -> Session:
        read, at = PlateRead.of(event), event.at.timestamp()
        repeated, _ = self._seen_twice(read, self._sessions.reads_of_inside(self._around(at)))
        if repeated is not None:
            self.told.repeated += 1
            return repeated
        new = Session(
            new_event_id(),
            event.plate,
            entered_at=at,
            entry_event=event.id,
            entry_camera=event.camera,
            exempt=exempt,
        )
        exit_ = self._exit_before_entry(read, at)
        if exit_ is not None:
            return self._complete(exit_, new, at)
        for old in self._sessions.inside(event.plate):
            self.end(old, "missed_exit", at)
        self._begin(new, at)
        return new

    def _begin(self, session: Session, at: float) -> None:
        self._sessions.save(session)
        self._publish("entered", session, at)
        self.told.entered += 1

    def _exit_before_entry(self, read: PlateRead, at: float) -> Session | None:
        # The entry's camera may have decided only when the vehicle was out again.
        left = self._sessions.reads_of_left((at, at + self._rules.repeat_s))
        found, _ = nearest(read, [(one, reads) for one, reads in left if one.entry_event is None])
        return found

    def _complete(self, exit_: Session, entry: Session, at: float) -> Session:
        """An exit whose entry comes only now."""
        if exit_.of_unseen:
            self._sessions.unseen += 1
        whole = replace(
            entry,
            id=exit_.id,
            left_at=exit_.left_at,
            exit_event=exit_.exit_event,
            exit_camera=exit_.exit_camera,
            ended=exit_.ended,
            ended_at=exit_.ended_at,
        )
        self._begin(whole, at)
        self.told.ended.append(("found", whole.stay_s))
        return whole

    def _left(self, event: PlateEvent) -> Session:
        read, at = PlateRead.of(event), event.at.timestamp()
        stay = self._sessions.latest_stay(event.plate, at)
        if stay is not None and stay.ended is None:
            return self._leave(stay, event, "exact")
        repeated, twice = self._seen_twice(read, self._sessions.reads_of_left(self._around(at)))
        if stay is not None and stay.exit_event is None and twice != Likeness.EXACT:
            return self._leave(stay, event, "found")
        found, alike = nearest(read, self._sessions.reads_of_inside((0.0, at)))
        if repeated is not None and not _is_likelier(found, alike, repeated, twice):
            self.told.repeated += 1
            return repeated
        if found is not None:
            return self._leave(found, event, "near")
        return self._only_left(event, "exit_only" if alike is None else "ambiguous")

    def _leave(self, session: Session, event: PlateEvent, outcome: Outcome) -> Session:
        at = event.at.timestamp()
        ended = replace(
            self.overstay(session, at),
            left_at=at,
            exit_event=event.id,
            exit_camera=event.camera,
            ended="exit",
            ended_at=at,
        )
        self._close(ended, outcome, at)
        return ended

    def _only_left(self, event: PlateEvent, outcome: Outcome) -> Session:
        """Nobody saw it come: if there are such vehicles inside, it was one of them."""
        of_unseen = self._sessions.unseen > 0
        if of_unseen:
            self._sessions.unseen -= 1
        at = event.at.timestamp()
        session = Session(
            new_event_id(),
            event.plate,
            left_at=at,
            exit_event=event.id,
            exit_camera=event.camera,
            ended="exit",
            ended_at=at,
            of_unseen=of_unseen,
        )
        self._close(session, outcome, at)
        return session

    def overstay(self, session: Session, now: float) -> Session:
        """Tell, once, of a session that has lasted for too long; gives it as it is then."""
        limit_s = self._rules.max_stay_s
        if limit_s is None or session.entered_at is None or session.ended is not None:
            return session
        due = session.entered_at + limit_s
        if session.exempt or session.overstay_at is not None or now <= due:
            return session
        late = replace(session, overstay_at=due)
        self._sessions.save(late)
        self._publish("overstay", late, due)
        self.told.overstayed += 1
        return late

    def end(self, session: Session, why: Unseen, now: float) -> Session:
        """Nobody saw it leave, and it is not inside any more."""
        if self._sessions.unseen < 0:  # it was one of those that were known to have left
            self._sessions.unseen += 1
        ended = replace(session, ended=why, ended_at=now)
        self._close(ended, why, now)
        return ended

    def _close(self, session: Session, outcome: Outcome, at: float) -> None:
        self._sessions.save(session)
        self._publish("left", session, at)
        self.told.ended.append((outcome, session.stay_s))

    def _seen_twice(
        self, read: PlateRead, known: Reads
    ) -> tuple[Session, Likeness] | tuple[None, None]:
        """Whose passage has just been told, by the likest reading, and how alike that is."""
        ranked = [
            (alike, one)
            for one, reads in known
            for other in reads
            if (alike := likeness(read, other)) is not None and alike in SEEN_TWICE
        ]
        if not ranked:
            return None, None
        alike, session = min(ranked, key=lambda pair: pair[0])
        return session, alike

    def _around(self, at: float) -> tuple[float, float]:
        return at - self._rules.repeat_s, at + self._rules.repeat_s


def _is_likelier(
    inside: Session | None, alike: Likeness | None, left: Session, twice: Likeness | None
) -> bool:
    """Whether somebody inside has left, rather than one who left a moment ago was seen again."""
    if inside is not None and (inside.entered_at or 0.0) >= (left.left_at or 0.0):
        return True  # it came back in between
    return alike is not None and twice is not None and alike < twice
