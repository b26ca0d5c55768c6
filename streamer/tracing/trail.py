"""What the stages of one camera did to its last frames: times and numbers, no pictures."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

from streamer.data import Decided, Frame, Looked, PlateEvent, Rejection
from streamer.tracing.complaints import guarded

RECENT = 512
"""Frames: twenty seconds, and more than are ever under way between the stages."""
LOOKED = 256
"""Frames with looks are remembered longer, for a vehicle may wait for minutes."""
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a stage, or a part of it; seconds of `time.monotonic()`."""

    name: str
    started_s: float
    ended_s: float


@dataclass(slots=True)
class FrameTrail:
    """What was done to one frame. `looks`: the quality of the view by the track looked at."""

    index: int
    at: datetime
    captured_s: float
    steps: list[Step] = field(default_factory=list)
    looks: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """The step that decided an event; `frame` is the index of its frame, if it had one."""

    step: Step
    frame: int | None


@dataclass(frozen=True, slots=True)
class Journey:
    """A published event's way to the store.

    `first_s` is when the vehicle was first seen, `looked` the frames in which its plate was
    read, in order, `carrier` the index of the one that carried the vote.
    """

    event: PlateEvent
    first_s: float
    looked: tuple[FrameTrail, ...]
    carrier: int
    decision: Decision | None
    publishing: Step


@dataclass(frozen=True, slots=True)
class Withheld:
    """A read that was withheld after these looks; `first_s` as of a `Journey`."""

    rejection: Rejection
    first_s: float
    looked: tuple[FrameTrail, ...]


class Journal(Protocol):
    """Who is told how it went; must not raise."""

    def published(self, journey: Journey) -> None:
        """The event has passed the last stage."""
        ...

    def withheld(self, withheld: Withheld) -> None:
        """A read goes no further."""
        ...

    def failed(self, error: Exception) -> None:
        """Something could not be told."""
        ...


class Trail:
    """Remembers the steps of the stages frame by frame, and tells `journal` of each event's,
    and with `withheld` of those of reads that were withheld.

    `step` is called by the threads of all stages. It copies what it keeps: a frame is megabytes.
    """

    def __init__(self, journal: Journal, withheld: bool = False) -> None:
        self._journal = journal
        self._withheld = withheld
        self._lock = threading.Lock()
        self._recent: OrderedDict[int, FrameTrail] = OrderedDict()
        self._looked: OrderedDict[int, FrameTrail] = OrderedDict()
        self._decisions: OrderedDict[str, Decision] = OrderedDict()

    def failed(self, error: Exception) -> None:
        """Something here went wrong."""
        self._journal.failed(error)

    @guarded
    def step(
        self, stage: str, item: Any, results: Sequence[Any], started_s: float, ended_s: float
    ) -> None:
        """A stage has made `results` of `item` (None: of the end of all items)."""
        step = Step(stage, started_s, ended_s)
        if isinstance(item, Decided):
            self._journal.published(self._journey(item, step))
            return
        frame = item if isinstance(item, Frame) else getattr(item, "frame", None)
        with self._lock:
            trail = None if frame is None else self._of(frame)
            if trail is not None:
                trail.steps.append(step)
            for result in results:
                if isinstance(result, Decided):
                    decision = Decision(step, None if trail is None else trail.index)
                    _keep(self._decisions, result.event.id, decision, LOOKED)
                elif isinstance(result, Looked) and result.looks and trail is not None:
                    trail.looks = {look.track_id: look.quality for look in result.looks}
                    _keep(self._looked, trail.index, trail, LOOKED)

    @guarded
    def rejected(self, rejection: Rejection) -> None:
        """A read was withheld, by a step of the vote that has not ended yet."""
        if not self._withheld:
            return
        with self._lock:
            looked = self._looks_at(rejection.track_id, rejection.first_seen)
            if not looked:  # so long ago that they are forgotten
                return
            first_s = self._first_s(rejection.first_seen, looked[0].at, looked[0].captured_s)
        first_s = min(first_s, looked[0].captured_s)
        self._journal.withheld(Withheld(rejection, first_s, looked))

    def _of(self, frame: Frame) -> FrameTrail:
        known = self._recent.get(frame.index)
        if known is None:
            known = FrameTrail(frame.index, frame.at, frame.clock_s)
            _keep(self._recent, frame.index, known, RECENT)
        return known

    def _journey(self, decided: Decided, publishing: Step) -> Journey:
        event, look = decided.event, decided.look
        with self._lock:
            decision = self._decisions.pop(event.id, None)
            looked = self._looks_at(event.track_id, event.first_seen)
            first_s = self._first_s(event.first_seen, look.frame.at, look.frame.clock_s)
        last = None if decision is None else decision.frame
        if last is not None:  # reading runs ahead of the vote
            looked = tuple(one for one in looked if one.index <= last)
        first_s = min(first_s, *(one.captured_s for one in looked), look.frame.clock_s)
        return Journey(event, first_s, looked, look.frame.index, decision, publishing)

    def _looks_at(self, track_id: int, since: datetime) -> tuple[FrameTrail, ...]:
        # A track may have been another vehicle's before.
        found = [one for one in self._looked.values() if track_id in one.looks and one.at >= since]
        return tuple(sorted(found, key=lambda one: one.index))

    def _first_s(self, first_seen: datetime, at: datetime, captured_s: float) -> float:
        for one in self._recent.values():
            if timedelta() <= one.at - first_seen < MILLISECOND:
                return one.captured_s
        # Long ago: as long before a later look as the scene's clock says.
        return captured_s - (at - first_seen).total_seconds()


def _keep(kept: OrderedDict[Any, Any], key: Any, value: Any, most: int) -> None:
    kept[key] = value
    while len(kept) > most:
        kept.popitem(last=False)
