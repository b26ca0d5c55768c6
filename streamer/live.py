"""What a camera shows now: its newest frame, what is followed in it, and what was read there.

Kept up by the stages with a reference or two per frame; nothing is drawn until somebody looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from streamer.controls import CameraControl
from streamer.data import Decided, Frame, Look, Looked, PlateEvent, Rejection, Tracked
from streamer.overlay import Mark, Scene, Sureness
from streamer.places import NOWHERE, Places
from trackers.base import Track

SILENT_S = 3.0
"""Without a frame for so long a picture is one of the past."""
REMEMBERED = 16
"""Events whose verdict is still known when the same vehicle is seen again."""


@dataclass(slots=True)
class _Read:
    """The latest reading of a track, and how many looks in a row read the same."""

    text: str
    confidences: tuple[float, ...]
    confidence: float
    agreeing: int = 1


@dataclass(frozen=True, slots=True)
class Moment:
    """What there is to be shown at a moment. `key` is equal where the picture would be."""

    frame: Frame | None
    scene: Scene
    key: tuple[Any, ...] = field(compare=False)


class LiveView:
    """One camera, for those who watch it.

    The threads of the stages tell it what they made of each frame, any thread may ask for
    `now`. It holds one frame beside the one that `control` holds.
    """

    def __init__(self, control: CameraControl, places: Places = NOWHERE) -> None:
        self.control = control
        self._places = places
        self._tracked: Tracked | None = None
        self._reads: dict[int, _Read] = {}
        self._decided: dict[int, PlateEvent | Rejection] = {}
        self._events: dict[str, PlateEvent] = {}

    def step(
        self, _stage: str, item: Any, results: Sequence[Any], _started_s: float, _ended_s: float
    ) -> None:
        """A stage has made `results` of `item` (an `OnStep`)."""
        if isinstance(item, Looked):  # the vote
            self._vote(item, results)
        elif results and isinstance(results[0], Tracked):
            if results[0].frame is not None:
                self._tracked = results[0]
        elif results and isinstance(results[0], Looked):
            self._look(results[0])

    def _look(self, looked: Looked) -> None:
        for look in looked.looks:
            self._read(look)
        if len(self._reads) > len(looked.tracks):
            _forget(self._reads, looked.tracks)

    def _read(self, look: Look) -> None:
        reading, before = look.reading, self._reads.get(look.track_id)
        if not reading.text:
            return
        confidence = reading.confidence
        if confidence is None:
            confidence = min(reading.confidences)
        agreeing = before.agreeing + 1 if before and before.text == reading.text else 1
        read = _Read(reading.text, reading.confidences, confidence, agreeing)
        self._reads[look.track_id] = read

    def _vote(self, looked: Looked, results: Sequence[Any]) -> None:
        for one in results:
            if isinstance(one, Decided):
                self._decided[one.event.track_id] = one.event
        if len(self._decided) > len(looked.tracks):
            _forget(self._decided, looked.tracks)

    def accepted(self, event: PlateEvent) -> None:
        """The same event, with what the watchlists say of it."""
        self._events[event.id] = event
        if len(self._events) > REMEMBERED:
            del self._events[next(iter(self._events))]
        decided = self._decided.get(event.track_id)
        if isinstance(decided, PlateEvent) and decided.id == event.id:
            self._decided[event.track_id] = event

    def rejected(self, rejection: Rejection) -> None:
        """A track is of a vehicle that was told of already, or is not told of."""
        if rejection.reason == "duplicate":
            known = self._events.get(rejection.event or "")
            self._decided[rejection.track_id] = known or rejection

    def now(self) -> Moment:
        """What there is to be shown."""
        control, tracked = self.control, self._tracked
        newest = control.latest
        silent_s = control.last_frame_age_s
        silent = silent_s is not None and (silent_s >= SILENT_S or not control.up)
        words = "no picture yet" if newest is None else ""
        if silent and silent_s is not None:
            words = f"no picture for {_span(silent_s)}"
        elif control.paused:
            words = "paused"
        frame = newest
        tracks: tuple[Track, ...] = ()
        if tracked is not None and not control.paused and not _is_outrun(tracked, newest):
            frame, tracks = tracked.frame, tracked.tracks
        marks = self.marks(tracks)
        scene = Scene(marks, self._places, words, dark=silent)
        index = None if frame is None else frame.index
        return Moment(frame, scene, (index, marks, words, silent))

    def marks(self, tracks: Sequence[Track]) -> tuple[Mark, ...]:
        """These tracks with what is known of each by now."""
        return tuple(self._mark(track) for track in tracks)

    def _mark(self, track: Track) -> Mark:
        decided, read = self._decided.get(track.id), self._reads.get(track.id)
        seen = track.detection is not None
        if decided is not None and decided.plate:
            verdict = None
            if isinstance(decided, PlateEvent) and decided.watchlist is not None:
                verdict = decided.watchlist.verdict
            sure = Sureness(decided.plate, (), decided.confidence)
            return Mark(track.box, sure, decided=True, verdict=verdict, seen=seen)
        if read is None:
            return Mark(track.box, None, seen=seen)
        sure = Sureness(read.text, read.confidences, read.confidence, read.agreeing)
        return Mark(track.box, sure, seen=seen)


def _is_outrun(tracked: Tracked, newest: Frame | None) -> bool:
    """Whether frames come and are not looked at: after a pause, or while a stage is stuck."""
    if tracked.frame is None or newest is None:
        return True
    return newest.clock_s - tracked.frame.clock_s >= SILENT_S


def _forget(kept: dict[int, Any], tracks: Sequence[Track]) -> None:
    living = {track.id for track in tracks}
    for track_id in list(kept):  # in one go, while another thread may change one
        if track_id not in living:
            kept.pop(track_id, None)


def _span(seconds: float) -> str:
    """How long, as people say it."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.0f} h"
