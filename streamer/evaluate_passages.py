"""One event per vehicle? The daemon's stages on rendered traffic whose truth is known.

Beside what the pipeline publishes stand two others made of the very same looks: one without
voting, which publishes the best single look of each track, and one without tracking, which
publishes every plate that is read. Both publish a text once in `DEDUP_S`, and nothing below the
vote's `min_confidence`; so what tracking and voting bring is seen.
"""

import statistics
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from models.edits import distance
from models.training.traffic import LEGIBLE_S, Passage, Traffic
from streamer.app import Models, stages_of
from streamer.config import Config
from streamer.data import Decided, Frame, Look, Looked
from streamer.stages.vote import Outcome

START = datetime(2026, 1, 2, tzinfo=UTC)
DEDUP_S = 60.0
LEAST_CHARACTERS = 4
EARLY_S, LATE_S = 4.0, 6.0
"""An event this long before or after a plate is legible may still be about it."""

WAYS = ("vote", "best look", "every look")


@dataclass(frozen=True, slots=True)
class Published:
    """A plate that was published, and when, in seconds of the film."""

    plate: str
    at_s: float


@dataclass(slots=True)
class Tally:
    """What became of the passages of some films.

    `passages` are those that are legible for `LEGIBLE_S`; each is `exact` or `wrong` (published,
    but never as it is) or `missed`. `repeated` are further events about a passage, `invented`
    those about none. `waits_s` are seconds from when a plate became legible to its exact event.
    """

    passages: int = 0
    exact: int = 0
    wrong: int = 0
    missed: int = 0
    repeated: int = 0
    invented: int = 0
    waits_s: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count another's as well."""
        for name in ("passages", "exact", "wrong", "missed", "repeated", "invented"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.waits_s += other.waits_s
        self.faults += other.faults

    @property
    def recall(self) -> float:
        """Of the legible passages, those with their exact plate."""
        return self.exact / self.passages if self.passages else 1.0

    @property
    def wrong_share(self) -> float:
        """Of all events, those with a plate that never passed."""
        events = self.exact + self.wrong + self.repeated + self.invented
        return (self.wrong + self.invented) / events if events else 0.0

    @property
    def median_wait_s(self) -> float | None:
        """Half of the exact events come sooner than this; None if there are none."""
        return statistics.median(self.waits_s) if self.waits_s else None


class _Unheard:
    """Nobody listens to what the stages tell."""

    def tracks(self, active: int) -> None:
        pass

    def outcome(self, outcome: Outcome) -> None:
        pass


def run_film(film: Traffic, config: Config, models: Models) -> dict[str, Tally]:
    """Let one film pass through the stages; what each of `WAYS` makes of it."""
    least = float(config.parts["vote"].options.get("min_confidence", 0.6))
    published: list[Published] = []
    looks: list[Look] = []
    *sight, vote = stages_of(config, models, _Unheard(), live=False)

    def take(items: Iterable[Looked], now_s: float) -> None:
        for looked in items:
            looks.extend(looked.looks)
            published.extend(_said(vote.step(looked), now_s))

    now_s = 0.0
    for number, (time_s, image) in enumerate(film.frames()):
        now_s = time_s
        at = START + timedelta(seconds=time_s)
        frame = Frame("film", number, at, time_s, image, pts_s=time_s)
        take(_through([frame], sight), now_s)
    for number, stage in enumerate(sight):
        take(_through(stage.finish(), sight[number + 1 :]), now_s)
    published += _said(vote.finish(), now_s)
    truth = film.passages()
    name = f"{film.condition.name}, film {film.seed}"
    ways = (published, best_looks(looks, least), every_look(looks, least))
    return {way: tally(truth, said, name) for way, said in zip(WAYS, ways, strict=True)}


def _through(items: Iterable[Any], stages: Sequence[Any]) -> Iterator[Any]:
    for item in items:
        if stages:
            yield from _through(stages[0].step(item), stages[1:])
        else:
            yield item


def _said(decided: Iterable[Decided], now_s: float) -> list[Published]:
    return [Published(one.event.plate, now_s) for one in decided]


def best_looks(looks: Sequence[Look], least: float) -> list[Published]:
    """Without voting: the best look of each track, when the track has ended."""
    tracks: dict[int, list[Look]] = {}
    for look in looks:
        tracks.setdefault(look.track_id, []).append(look)
    found = [
        (max(seen, key=lambda look: look.quality), seen[-1].frame.time_s)
        for seen in tracks.values()
    ]
    return _once(_plates(found, least))


def every_look(looks: Sequence[Look], least: float) -> list[Published]:
    """Without tracking: whatever a look reads, at once."""
    return _once(_plates([(look, look.frame.time_s) for look in looks], least))


def _plates(looks: Iterable[tuple[Look, float]], least: float) -> Iterator[Published]:
    for look, at_s in looks:
        reading = look.reading
        sure = reading.confidence is None or reading.confidence >= least
        if sure and reading.reason is None and len(reading.text) >= LEAST_CHARACTERS:
            yield Published(reading.text, at_s)


def _once(said: Iterable[Published]) -> list[Published]:
    """Each text once in `DEDUP_S`."""
    last: dict[str, float] = {}
    kept = []
    for one in sorted(said, key=lambda one: one.at_s):
        if one.at_s - last.get(one.plate, -DEDUP_S) >= DEDUP_S:
            kept.append(one)
        last[one.plate] = one.at_s
    return kept


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
    return found


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
    elif events:
        found.wrong += 1
        found.faults.append(f"{name}: {passage.plate} told as {events[0].plate}")
    elif legible:
        found.missed += 1
        found.faults.append(f"{name}: {passage.plate} missed, legible {passage.legible_s:.1f} s")
