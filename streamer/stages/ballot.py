"""The looks at one track, and where and when it was seen."""

from collections import deque
from dataclasses import dataclass, replace

import numpy as np

from models.base import Box
from models.edits import distance
from models.readers.formats import Formats
from streamer.data import Direction, Frame, Look, Plate, Way
from streamer.formats import fold_twins
from streamer.settled import OUT_OF_SIGHT_S
from streamer.speed.speedometer import Speedometer
from streamer.stages.direction import direction
from streamer.stages.passages import Passage, Sight
from streamer.stages.views import is_cut
from streamer.voting import Opinion, agrees, plate_like, vote

KEPT = 30
"""More looks than this do not change a vote; the worst go."""
FEW, SOON_S = 5, 0.25
"""So many sights, within so many seconds, tell where a plate is better than one."""
SAME_PLACE = 0.5
"""Of the smaller of two boxes: plates do not lie on one another."""
STRANGE_FROM = 4
"""Shorter texts are scraps; any two of them differ."""
LEAST_DIGITS = 1
"""Text without a digit is lettering: the vehicle's maker, its firm, a shop sign. Plates with
letters alone are so rare (some wishes of some states) that the lettering would prevail."""
LEAST_PLATE_LIKE = 0.5
"""Nor is it a plate that is none to the reader's own eyes (a van's SERVICE 24), however legible.
Of 656 real plates, looked at eight times each and elected right, the least has 0.84
(`benchmarks/twins.py`)."""


def sight(frame: Frame, box: Box) -> Sight:
    """What a frame tells of a track whose plate is in `box`."""
    return Sight(frame.at, frame.time_s, box, not is_cut(box, frame.size))


@dataclass(slots=True, eq=False)
class _Held:
    look: Look
    framed: bool = True


class Ballot:
    """One track's looks and what they elect.

    A frame is megabytes, a crop kilobytes: all looks keep their crops, but their frames only
    where they may yet carry the vote.
    """

    def __init__(self, camera: str, first: Sight, formats: Formats) -> None:
        self.camera = camera
        self._formats = formats
        self.first = self.last = first
        self.way: Way | None = None
        """Which way of the camera's places it passed, once it has."""
        self.passage: Passage | None = None
        """The passage this track belongs to, once that is decided."""
        self.speedometer: Speedometer | None = None
        """What measures its speed, where the camera does."""
        self.plate: Plate | None = None
        """What the looks elect, once there are any."""
        self.looked_s = first.time_s
        self.doubted = False
        """Whether it was out of sight, so that it may be another vehicle now."""
        self.strangers: list[Look] = []
        """The last looks, as long as they read another plate altogether."""
        self.twins: set[int] = set()
        """Other tracks that were where this one was, at the same time."""
        self._firsts: list[Sight] = []
        self._lasts: deque[Sight] = deque(maxlen=FEW)
        """Of those in which the plate is whole: cut boxes grow by coming into the picture."""
        self._place(first)
        self._held: list[_Held] = []

    def seen(self, again: Sight) -> None:
        """The track was seen again."""
        self.doubted |= again.time_s - self.last.time_s >= OUT_OF_SIGHT_S
        self.last = again
        self._place(again)

    def _place(self, seen: Sight) -> None:
        if not seen.whole:
            return
        self._lasts.append(seen)
        if len(self._firsts) < FEW and (
            not self._firsts or seen.time_s <= self._firsts[0].time_s + SOON_S
        ):
            self._firsts.append(seen)

    def add(self, look: Look) -> Plate:
        """One more look; what they all elect now."""
        self.looked_s = look.frame.time_s
        self._held.append(_Held(look))
        return self._elect()

    def _elect(self) -> Plate:
        while len(self._held) > KEPT:
            self._held.remove(min(self._held, key=lambda held: held.look.quality))
        self.plate = vote(self._opinions, self._formats)
        self._release_frames(self.plate.text)
        return self.plate

    def is_strange(self, text: str) -> bool:
        """Whether this is another plate, not this one read badly."""
        known = self.plate.text if self.plate is not None else ""
        shorter, longer = sorted((known, text), key=len)
        if len(shorter) < STRANGE_FROM or shorter in longer:
            return False
        return 2 * distance(known, text) > len(longer)

    def take_strangers_in(self) -> None:
        """They were this plate read badly after all."""
        while self.strangers:
            self.add(self.strangers.pop(0))

    def inherit(self, erring: "Ballot") -> None:
        """The vehicle was there before; what was read of it was wrong."""
        self.first = erring.first
        self.way = self.way or erring.way
        self.speedometer = erring.speedometer
        self.twins = erring.twins
        self._firsts = erring._firsts or self._firsts

    def go_on_from(self, broken: "Ballot") -> None:
        """It is a sequel: another track of the same vehicle, with the same plate, broke off."""
        if broken.first.time_s < self.first.time_s:
            self.first = broken.first
            self._firsts = broken._firsts or self._firsts
        self.way = self.way or broken.way
        if self.speedometer is not None and broken.speedometer is not None:
            self.speedometer = self.speedometer.joined(broken.speedometer)
        self._held = sorted(broken._held + self._held, key=lambda held: held.look.frame.time_s)
        if self._held:
            self._elect()

    @property
    def sureness(self) -> float:
        """The confidence of the plate elected, 0 before the first look."""
        return self.plate.confidence if self.plate is not None else 0.0

    @property
    def agreement(self) -> int:
        """How many looks read so, as far as looking can tell (0 and O, 1 and I look alike)."""
        return len(self._agreeing)

    @property
    def worth(self) -> float:
        """What all looks that read something are worth together, a good one 1."""
        return sum(one.worth for one in self._opinions if one.reading.text)

    @property
    def backing(self) -> float:
        """What those are worth that read as was elected."""
        return sum(one.worth for one in self._agreeing if one.reading.text)

    @property
    def is_lettering(self) -> bool:
        """Whether what is elected is the text of something else than a plate."""
        text = self.plate.as_seen if self.plate is not None else ""
        return (
            sum(map(str.isdigit, text)) < LEAST_DIGITS
            or plate_like(self._agreeing) < LEAST_PLATE_LIKE
        )

    @property
    def _agreeing(self) -> list[Opinion]:
        """The looks that read as was elected."""
        text = self.plate.text if self.plate is not None else ""
        return [one for one in self._opinions if agrees(text, one.reading)]

    @property
    def _opinions(self) -> list[Opinion]:
        return [Opinion(held.look.reading, held.look.quality) for held in self._held]

    def carrier(self, text: str) -> Look:
        """The look that carries a vote for `text`: the best one that reads so, or nearly so."""
        return self._carrier(text).look

    def heading(self, frame_width: int) -> Direction | None:
        """Where the vehicle went."""
        if not self._firsts:
            return None
        end_s = self._lasts[-1].time_s
        lasts = [one.box for one in self._lasts if one.time_s >= end_s - SOON_S]
        firsts = [one.box for one in self._firsts]
        return direction(firsts, lasts, frame_width, end_s - self._firsts[0].time_s)

    def _carrier(self, text: str) -> _Held:
        return min(
            (held for held in self._held if held.framed),
            key=lambda held: (_unlike(text, held.look.reading.text), -held.look.quality),
        )

    def _release_frames(self, elected: str) -> None:
        kept = {id(self._carrier(elected)), id(self._carrier(self._challenger(elected)))}
        for held in self._held:
            if held.framed and id(held) not in kept:
                held.framed = False
                held.look = replace(held.look, frame=without_picture(held.look.frame))

    def _challenger(self, elected: str) -> str:
        """The other text that most speaks for: a further look may elect it."""
        weights: dict[str, float] = {}
        for held in self._held:
            text = held.look.reading.text
            if text not in ("", elected):
                weights[text] = weights.get(text, 0.0) + held.look.quality
        return max(weights, key=lambda text: weights[text], default=elected)


def _unlike(text: str, read: str) -> int:
    return distance(fold_twins(text), fold_twins(read))


def share_of_smaller(one: Box, other: Box) -> float:
    """How much of the smaller box (0..1) is in the other."""
    wide = min(one[2], other[2]) - max(one[0], other[0])
    high = min(one[3], other[3]) - max(one[1], other[1])
    least = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return max(wide, 0.0) * max(high, 0.0) / max(least, 1e-9)


def without_picture(frame: Frame) -> Frame:
    """The frame with a black picture of the same size that takes no memory."""
    return replace(frame, image=np.broadcast_to(np.zeros(1, np.uint8), frame.image.shape))
