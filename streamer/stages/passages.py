"""One event per passage: has this plate been reported a moment ago, or stood here all the time?

A track breaks when a plate is hidden for longer than the tracker waits, and a second track on
the same plate may read it a little differently. Two vehicles behind one another may, on the
other hand, have plates that differ in one character. What tells these apart is how clearly the
differing characters were read, and whether they are ones that readers mix up.
"""

import math
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime

from models.base import Box
from models.edits import distance
from streamer.data import Character, Plate
from streamer.formats import fold_twins
from streamer.likeness import CLEAR, differences

REMEMBERED = 1000
SLIPS = 2
SHARE_OF_SLIPS = 3
"""Two slips are forgiven in a plate of two times three characters, one in any."""


BROKEN_S, BROKEN_EDITS = 5.0, 2
"""A track that begins where another ended so shortly before is that one, after somebody walked
by, even if one of them misread so many characters."""
PARKED_S = 12 * 3600.0
"""A plate that is where it was this long ago, to the pixel, has stood there: whoever leaves and
comes back is first seen elsewhere."""
STANDS = 4
NEARBY, AS_LARGE = 0.35, 1.25
"""Of a plate's width; between the widths of two boxes."""


@dataclass(frozen=True, slots=True)
class Sight:
    """A track in one frame. `whole`: its plate is not cut by the edge of the picture."""

    at: datetime
    time_s: float
    box: Box
    whole: bool


@dataclass(slots=True, eq=False)
class Passage:
    """A plate that was reported: by which camera, and where and when it was last seen."""

    plate: Plate
    camera: str
    last: Sight
    earlier: deque[Sight] = field(default_factory=lambda: deque(maxlen=STANDS))
    """Where it was last seen before, elsewhere: a single sight may be of a plate half hidden."""
    event_id: str = ""
    remembered: bool = False
    """It was begun before the daemon's start: its scene's seconds mean nothing any more."""

    def ago_s(self, known: Sight, now: Sight) -> float:
        """Seconds between one of its sights and a later one by the same camera."""
        if self.remembered:
            return abs((now.at - known.at).total_seconds())
        return now.time_s - known.time_s


class Passages:
    """The plates that the cameras of one gate reported lately; any thread may ask.

    Within a camera times are the scene's seconds; between cameras, whose clocks begin anywhere,
    UTC.
    """

    def __init__(self, dedup_seconds: float) -> None:
        self._dedup_seconds = dedup_seconds
        self._recent: deque[Passage] = deque(maxlen=REMEMBERED)
        self.lock = threading.RLock()
        """Held by who looks for a passage and begins one if there is none."""

    def find(self, plate: Plate, camera: str, since: Sight) -> Passage | None:
        """The passage to which a track belongs that reads so and was first seen like that."""
        # Not since it could be read: a vehicle may stand in the glare for minutes.
        with self.lock:
            same = [one for one in self._recent if self.belongs(one, plate, camera, since)]
        return max(same, key=lambda one: one.last.at, default=None)

    def belongs(self, known: Passage, plate: Plate, camera: str, since: Sight) -> bool:
        """Whether a track that reads so and was first seen like that is of a known passage."""
        if self._dedup_seconds <= 0:  # nobody wants tracks to be merged
            return (
                known.camera == camera
                and not known.remembered
                and since.time_s <= known.last.time_s
                and is_same(known.plate, plate)
            )
        if known.camera != camera:
            away_s = (since.at - known.last.at).total_seconds()
            # What the other camera sees next is no earlier passage of the same vehicle either.
            return abs(away_s) <= self._dedup_seconds and is_same(known.plate, plate)
        away_s = known.ago_s(known.last, since)
        if away_s <= self._dedup_seconds and is_same(known.plate, plate):
            return True
        there = [one for one in (known.last, *known.earlier) if _is_there(one.box, since.box)]
        if not there:
            return False
        away_s = min(known.ago_s(one, since) for one in there)
        if 0 <= away_s <= BROKEN_S:
            return distance(known.plate.text, plate.text) <= BROKEN_EDITS
        return away_s <= PARKED_S and is_same(known.plate, plate)

    def begin(self, plate: Plate, camera: str, seen: Sight) -> Passage:
        """A new passage: its event is published now."""
        passage = Passage(plate, camera, seen)
        with self.lock:
            self._recent.append(passage)
        return passage

    def seen(self, passage: Passage, camera: str, again: Sight) -> None:
        """A track of this passage is still there."""
        with self.lock:
            if passage.remembered:
                passage.remembered, passage.camera, passage.last = False, camera, again
                passage.earlier.clear()
            elif camera == passage.camera:
                if not _is_there(passage.last.box, again.box):
                    passage.earlier.append(passage.last)
                passage.last = again
            elif again.at > passage.last.at:
                passage.earlier.clear()
                passage.camera, passage.last = camera, again
            if passage not in self._recent:
                self._recent.append(passage)

    def recent(self, since: datetime) -> list[Passage]:
        """Those last seen after `since`, oldest first: what a daemon that ends hands on."""
        with self.lock:
            recent = [replace(one) for one in self._recent if one.last.at >= since]
        return sorted(recent, key=lambda one: one.last.at)

    def remember(self, passages: Iterable[Passage]) -> None:
        """Take over what an earlier run handed on."""
        with self.lock:
            self._recent.extend(replace(one, remembered=True) for one in passages)

    def __len__(self) -> int:
        return len(self._recent)


def _is_there(known: Box, found: Box) -> bool:
    """Whether two boxes are of a plate that has not moved."""
    width, other = known[2] - known[0], found[2] - found[0]
    aside = (known[0] + known[2] - found[0] - found[2]) / 2
    below = (known[1] + known[3] - found[1] - found[3]) / 2
    as_large = max(width, other) <= AS_LARGE * min(width, other)
    return as_large and math.hypot(aside, below) <= NEARBY * width


def is_same(known: Plate, found: Plate) -> bool:
    """Whether two readings from one camera, close in time, are of one plate.

    They are if equal; if one is a part of the other, at least half of it (a plate half out of
    the picture, a country's letter read along); if they differ by slips alone: a character
    lost or doubled, a letter for the digit that looks like it; or if they differ in just one
    character whose shape the less sure of them did not read clearly.
    """
    shorter, longer = sorted((known.text, found.text), key=len)
    if not shorter:
        return False
    if shorter in longer and 2 * len(shorter) >= len(longer):
        return True
    apart = differences(known.characters, found.characters)
    if sum(difference.gap for difference in apart) != len(longer) - len(shorter):
        return False  # one character lost and another gained: AB123CD is not AB231CD
    if all(difference.slip for difference in apart):
        return len(apart) <= min(SLIPS, max(1, len(longer) // SHARE_OF_SLIPS))
    if len(apart) != 1:
        return False
    (one,) = differences(_shapes(known), _shapes(found))
    return one.confidence < CLEAR


def _shapes(plate: Plate) -> tuple[Character, ...]:
    """The characters, each as sure as that it looks like this: whether a ring is a 0 or an O may
    be open, and yet it is no 4."""
    rivals = [one for one in plate.candidates if len(one.plate) == len(plate.text)]
    return tuple(
        Character(
            one.char,
            min(1.0, one.confidence + sum(r.confidence for r in rivals if _twins(r.plate[n], one))),
        )
        for n, one in enumerate(plate.characters)
    )


def _twins(char: str, one: Character) -> bool:
    return char != one.char and fold_twins(char) == fold_twins(one.char)
