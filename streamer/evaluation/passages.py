"""One event per vehicle? The daemon's stages on rendered traffic whose truth is known.

Beside what the pipeline publishes stand two others made of the very same looks: one without
voting, which publishes the best single look of each track, and one without tracking, which
publishes every plate that is read. Both keep to the vote's `dedup_seconds`, `min_confidence`
and `min_characters`; so what tracking and voting bring is seen.
"""

import math
import statistics
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from models.base import Reading
from models.edits import distance
from models.training.traffic import LEGIBLE_S, Passage, Traffic
from streamer.config import Config
from streamer.data import Decided, Frame, Look, Looked, Outcome, Rejection
from streamer.evaluation.recorded import frame_at
from streamer.one_camera import Models, stages_of
from streamer.pipeline import Stage, in_turn
from streamer.stages.ballot import without_picture

EARLY_S, LATE_S = 4.0, 6.0
"""An event this long before or after a plate is legible may still be about it."""

ALIKE, NEAR_S = 2, 60.0
"""Plates that differ in so many characters and pass within so many seconds may be taken for one."""

WAYS = ("vote", "best look", "every look")


@dataclass(frozen=True, slots=True)
class Published:
    """A plate that was published, and when, in seconds of the film; and when a look first read
    it so, None if none did."""

    plate: str
    at_s: float
    looked_s: float | None = None


@dataclass(frozen=True, slots=True)
class Bar:
    """What a plate must pass to be published, as the vote has it."""

    min_confidence: float
    min_characters: int
    dedup_seconds: float


COUNTS = ("passages", "exact", "wrong", "missed", "merged", "repeated", "invented")


@dataclass(slots=True)
class Tally:
    """What became of the passages of some films.

    `passages` are those that are legible for `LEGIBLE_S`; each is `exact` or `wrong` (published,
    but never as it is) or `missed`; of those missed, `merged` had a plate much like one that was
    published at about that time. `repeated` are further events about a passage, `invented` those
    about none. `waits_s` are seconds from when a plate became legible to its exact event,
    `after_look_s` those from the first look that read it right.
    """

    passages: int = 0
    exact: int = 0
    wrong: int = 0
    missed: int = 0
    merged: int = 0
    repeated: int = 0
    invented: int = 0
    waits_s: list[float] = field(default_factory=list)
    after_look_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another's as well."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.waits_s += other.waits_s
        self.after_look_s += other.after_look_s
        self.faults += other.faults

    @property
    def events(self) -> int:
        """All that was published."""
        return self.exact + self.wrong + self.repeated + self.invented

    @property
    def recall(self) -> float:
        """Of the legible passages, those with their exact plate."""
        return self.exact / self.passages if self.passages else 1.0

    @property
    def wrong_share(self) -> float:
        """Of all events, those with a plate that never passed."""
        return (self.wrong + self.invented) / self.events if self.events else 0.0

    @property
    def median_wait_s(self) -> float | None:
        """Half of the exact events come sooner than this; None if there are none."""
        return statistics.median(self.waits_s) if self.waits_s else None


class Unheard:
    """Nobody listens to what the stages tell."""

    def tracks(self, active: int) -> None:
        """Nothing."""

    def outcome(self, outcome: Outcome) -> None:
        """Nothing."""

    def rejected(self, rejection: Rejection) -> None:
        """Nothing."""


def run_film(film: Traffic, config: Config, models: Models) -> dict[str, Tally]:
    """Let one film pass through the stages; what each of `WAYS` makes of it."""
    frames = (frame_at(time_s, image) for time_s, image in film.frames())
    name = f"{film.condition.name}, film {film.seed}"
    return run_frames(frames, film.passages(), name, config, models)


def run_frames(
    frames: Iterable[Frame], truth: Sequence[Passage], name: str, config: Config, models: Models
) -> dict[str, Tally]:
    """The same with any frames whose truth is known."""
    *sight, vote = stages_of(config, models, Unheard(), live=False)
    return judged(in_turn(sight, frames), vote, truth, name, config)


def judged(
    seen: Iterable[Looked],
    vote: Stage[Looked, Decided],
    truth: Sequence[Passage],
    name: str,
    config: Config,
) -> dict[str, Tally]:
    """What each of `WAYS` makes of what the reading stage saw."""
    published: list[Published] = []
    looks: list[Look] = []
    now_s = 0.0
    for looked in seen:
        now_s = now_s if looked.frame is None else looked.frame.time_s
        # All looks of a film are kept; their frames would be gigabytes.
        looks += (replace(look, frame=without_picture(look.frame)) for look in looked.looks)
        published += _said(vote.step(looked), looks, now_s)
    published += _said(vote.finish(), looks, now_s)
    bar = Bar(**{key: config.parts["vote"].options[key] for key in Bar.__slots__})
    ways = (published, best_looks(looks, bar), every_look(looks, bar))
    return {way: tally(truth, said, name) for way, said in zip(WAYS, ways, strict=True)}


def _said(decided: Iterable[Decided], looks: Sequence[Look], now_s: float) -> Iterator[Published]:
    for one in decided:
        right = (
            look.frame.time_s
            for look in looks
            if look.track_id == one.event.track_id and look.reading.text == one.event.plate
        )
        yield Published(one.event.plate, now_s, min(right, default=None))


def best_looks(looks: Sequence[Look], bar: Bar) -> list[Published]:
    """Without voting: the best look of each track, when the track has ended."""
    tracks: dict[int, list[Look]] = {}
    for look in looks:
        tracks.setdefault(look.track_id, []).append(look)
    found = [
        (max(seen, key=lambda look: look.quality), seen[-1].frame.time_s)
        for seen in tracks.values()
    ]
    return _published(found, bar)


def every_look(looks: Sequence[Look], bar: Bar) -> list[Published]:
    """Without tracking: whatever a look reads, at once."""
    return _published([(look, look.frame.time_s) for look in looks], bar)


def _published(looks: Iterable[tuple[Look, float]], bar: Bar) -> list[Published]:
    """What passes the bar, each text once in `dedup_seconds`."""
    last: dict[str, float] = {}
    kept = []
    for look, at_s in sorted(looks, key=lambda one: one[1]):
        if not _passes(look.reading, bar):
            continue
        plate = look.reading.text
        if at_s - last.get(plate, -math.inf) >= bar.dedup_seconds:
            kept.append(Published(plate, at_s))
        last[plate] = at_s
    return kept


def _passes(reading: Reading, bar: Bar) -> bool:
    sure = reading.confidence is None or reading.confidence >= bar.min_confidence
    return sure and reading.reason is None and len(reading.text) >= bar.min_characters


def tally(truth: Sequence[Passage], published: Sequence[Published], name: str) -> Tally:
    """Hold events against the truth. An event is about the passage whose plate it has, else about
    the one that is nearest to it among those of about that time."""
    found = Tally()
    told: dict[str, list[Published]] = {one.plate: [] for one in truth}
    for event in published:
        about = _about(event, truth)
        if about is None:
            found.invented += 1
            found.faults.append(f"{name}: {event.plate} at {event.at_s:.1f} s never passed")
        else:
            told[about.plate].append(event)
    for one in truth:
        _count(found, one, told[one.plate], name)
    found.merged += sum(_is_merged(one, truth, told) for one in truth)
    return found


def _is_merged(
    one: Passage, truth: Sequence[Passage], told: Mapping[str, Sequence[Published]]
) -> bool:
    """Whether nothing was told of a legible passage, but of one much like it shortly before."""
    if told[one.plate] or one.first_s is None or one.legible_s < LEGIBLE_S:
        return False
    return any(
        distance(one.plate, other.plate) <= ALIKE
        and any(abs(event.at_s - one.first_s) <= NEAR_S for event in told[other.plate])
        for other in truth
        if other is not one
    )


def _about(event: Published, truth: Sequence[Passage]) -> Passage | None:
    for one in truth:
        if one.plate == event.plate:
            return one
    near = [
        one
        for one in truth
        if one.first_s is not None and one.first_s - EARLY_S <= event.at_s <= one.last_s + LATE_S
        and 2 * distance(one.plate, event.plate) <= max(len(one.plate), len(event.plate))
    ]  # fmt: skip
    return min(near, key=lambda one: distance(one.plate, event.plate), default=None)


def _count(found: Tally, passage: Passage, events: Sequence[Published], name: str) -> None:
    exact = [one for one in events if one.plate == passage.plate]
    legible = passage.first_s is not None and passage.legible_s >= LEGIBLE_S
    if legible or events:
        found.passages += 1
        found.repeated += max(len(events) - 1, 0)
        found.faults += [
            f"{name}: {passage.plate} told again as {one.plate} at {one.at_s:.1f} s"
            for one in events[1:]
        ]
    if exact:
        found.exact += 1
        if passage.first_s is not None:
            found.waits_s.append(max(exact[0].at_s - passage.first_s, 0.0))
        if exact[0].looked_s is not None:
            found.after_look_s.append(max(exact[0].at_s - exact[0].looked_s, 0.0))
    elif events:
        found.wrong += 1
        found.faults.append(f"{name}: {passage.plate} told as {events[0].plate}")
    elif legible:
        found.missed += 1
        found.faults.append(f"{name}: {passage.plate} missed, legible {passage.legible_s:.1f} s")
