"""The stage that looks: it chooses which plates of a frame are worth reading, and reads them."""

from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from models.base import Box, Detection, Image, Reader
from streamer.data import Frame, Look, Looked, Tracked
from streamer.pipeline import StageBase
from streamer.settled import OUT_OF_SIGHT_S, Settled
from streamer.stages.views import (
    MARGIN,
    Thumbnail,
    cut_out,
    height_px,
    is_cut,
    is_same_picture,
    quality,
    thumbnail,
)
from trackers.base import Track

__all__ = ["Read", "cut_out"]

CLEARLY_BETTER = 1.15
"""A view this many times as good as the best so far is looked at without waiting."""
LEGIBLE = 4
"""Characters from which on a reading looks like a plate's, right or wrong."""
LOOKS_A_FRAME = 8
"""Hundreds of false detections must not stop the gate; the others are still there next frame."""


@dataclass(slots=True)
class _Watched:
    looks: int = 0
    best: float = 0.0
    last_s: float = 0.0
    last_box: Box | None = None
    last_picture: Thumbnail | None = None
    seen_s: float | None = None
    anew: bool = False
    legible: int = 0
    just_legible: bool = False

    @property
    def first_looks(self) -> int:
        """How many of the looks that are taken at once have been taken."""
        return self.legible if self.just_legible else self.looks


@dataclass(frozen=True, slots=True)
class _View:
    track: Track
    detection: Detection
    crop: Image
    quality: float


class Read(StageBase):
    """Tracked → Looked, one per frame. Tracks in `settled` are not looked at any more, unless
    they were out of sight: then the first looks are taken anew, for it may be another vehicle.

    `margin`: what the crop shows around the plate, as a share of its width and height.
    `min_height_px`: lower plates are not read. The first `eager_looks` are taken at once
    (somebody is waiting) unless the picture is still the same, and so are those after the plate
    has become legible, which may be long after it was first seen; then one per `look_interval_s`
    (of the scene's time), `max_looks` in all. Views clearly better than the best so far are
    read beyond that; quality ends at 1, so they are few. Plates that the edge of the picture
    cuts are not read.
    """

    name = "read"

    def __init__(
        self,
        reader: Reader,
        settled: Settled,
        *,
        margin: Annotated[float, Field(ge=0, le=0.5)] = MARGIN,
        min_height_px: Annotated[float, Field(ge=1)] = 10.0,
        eager_looks: Annotated[int, Field(ge=1)] = 3,
        look_interval_s: Annotated[float, Field(ge=0)] = 0.2,
        max_looks: Annotated[int, Field(ge=1)] = 20,
    ) -> None:
        self._reader = reader
        self._settled = settled
        self._margin = margin
        self._min_height_px = min_height_px
        self._eager_looks = eager_looks
        self._look_interval_s = look_interval_s
        self._max_looks = max_looks
        self._watched: dict[int, _Watched] = {}

    def step(self, tracked: Tracked) -> tuple[Looked]:
        """The looks at one frame: one call of the reader for all of them."""
        living = {track.id for track in tracked.tracks}
        self._watched = {one: self._watched.get(one, _Watched()) for one in living}
        looks = () if tracked.frame is None else self._look(tracked.frame, tracked)
        return (Looked(tracked.frame, tracked.tracks, tracked.ended, looks),)

    def _look(self, frame: Frame, tracked: Tracked) -> tuple[Look, ...]:
        views = [self._view(frame, *legible) for legible in self._legible(frame, tracked)]
        chosen = [view for view in views if self._worth_it(view, frame)]
        chosen = sorted(chosen, key=lambda view: -view.quality)[:LOOKS_A_FRAME]
        if not chosen:
            return ()
        readings = self._reader.read([view.crop for view in chosen])
        looks = tuple(
            Look(view.track.id, frame, view.detection.box, view.crop, view.quality, reading)
            for view, reading in zip(chosen, readings, strict=True)
        )
        for look in looks:
            self._note(look)
        return looks

    def _legible(self, frame: Frame, tracked: Tracked) -> list[tuple[Track, Detection]]:
        """Tracks that are seen now, undecided, whole and large enough."""
        seen = [
            (track, tracked.detections[track.detection])
            for track in tracked.tracks
            if track.detection is not None and self._open(track.id, frame.time_s)
        ]
        return [
            (track, detection)
            for track, detection in seen
            if height_px(detection) >= self._min_height_px and not is_cut(detection.box, frame.size)
        ]

    def _open(self, track_id: int, now_s: float) -> bool:
        watched = self._watched[track_id]
        if watched.seen_s is not None and now_s - watched.seen_s >= OUT_OF_SIGHT_S:
            watched = self._watched[track_id] = _Watched(anew=True)
        watched.seen_s = now_s
        unsure = watched.anew and watched.looks < self._eager_looks
        return unsure or track_id not in self._settled

    def _view(self, frame: Frame, track: Track, detection: Detection) -> _View:
        crop = cut_out(frame.image, detection, self._margin)
        good = quality(crop, height_px(detection), detection.score)
        return _View(track, detection, crop, good)

    def _worth_it(self, view: _View, frame: Frame) -> bool:
        watched = self._watched[view.track.id]
        waited = abs(frame.time_s - watched.last_s) >= self._look_interval_s
        if waited and watched.looks < self._max_looks:
            return True
        first = watched.first_looks < self._eager_looks
        better = view.quality >= CLEARLY_BETTER * watched.best
        return (first or better) and not _is_repeated(watched, frame)

    def _note(self, look: Look) -> None:
        watched = self._watched[look.track_id]
        watched.looks += 1
        watched.just_legible = len(look.reading.text) >= LEGIBLE
        watched.legible += watched.just_legible
        watched.best = max(watched.best, look.quality)
        watched.last_s = look.frame.time_s
        watched.last_box = look.box
        watched.last_picture = thumbnail(look.frame.image, look.box)


def _is_repeated(watched: _Watched, frame: Frame) -> bool:
    """Whether the place of the last look is as it was: a camera that stutters, or a standing
    vehicle. Nothing new is to be seen, and a misreading would only confirm itself."""
    if watched.last_box is None or watched.last_picture is None:
        return False
    return is_same_picture(watched.last_picture, thumbnail(frame.image, watched.last_box))
