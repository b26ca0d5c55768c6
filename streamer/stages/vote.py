"""The stage that decides: one event per passage, as soon as its plate is certain."""

from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from itertools import combinations
from typing import Annotated

from pydantic import Field

from models.readers.formats import Formats
from streamer.data import Decided, Frame, Look, Looked, Outcome, Rejection
from streamer.places import NOWHERE, Places
from streamer.settled import Settled
from streamer.stages.ballot import SAME_PLACE, Ballot, share_of_smaller, sight
from streamer.stages.broken import BrokenTracks
from streamer.stages.passages import Passage, Passages, is_same
from streamer.stages.said import event_of, rejection_of
from trackers.base import Track

STRANGERS = 2
"""So many looks that agree on another plate are another vehicle."""
KEPT_STRANGERS = 5
LEAST_BACKING = 1.0
"""Worth of looks, a good one 1, without which nothing is certain: three looks from afar agree
on the same mistake."""
ENOUGH, UNOPPOSED = 4.0, 0.9
"""So many good looks that agree, with hardly one against them: more would say the same."""
UNDECIDED_S = 5.0
"""For so long an event waits, where somebody acts on the direction, for the vehicle to move."""
PATIENCE_S = 2.0
"""No look for so long: views no longer improve, and somebody may be waiting."""


def utc_now() -> datetime:
    """The time by the system's clock."""
    return datetime.now(UTC)


class Vote:
    """Looked → Decided, one per passage.

    A track is decided as soon as `min_looks` looks agree and the plate's confidence reaches
    `certain_confidence`. It is decided when that is halfway from `min_confidence` to there, too,
    as soon as `ENOUGH` good looks agree and hardly one is against them, or no look came for
    `PATIENCE_S`; and one that ends when it is `min_confidence`, or halfway if only one look reads
    so. Shorter plates than `min_characters` are not published.

    The same plate, or nearly the same, on a track that
    begins within `dedup_seconds` (of the scene's time) of when it was last seen is the same
    passage, and no event; so is one that begins where it was last seen, as if it had never moved
    (see `Passages`).

    Where a detector found a plate twice (once with the lettering above it, say), there are two
    tracks, of one plate. One that ends waits up to `UNDECIDED_S` for the other, if that reads
    nearly the same and is undecided: else the worse views would speak, as they are lost first.

    Plates are decided with `formats`, on the sum of what was seen: see `streamer.formats`.
    Decided tracks are added to `settled`; `on_outcome` is told once of each track what became
    of it. `now` gives the UTC time for `read_at`. `passages` are those of the other cameras of
    the same gate, too; None: this camera stands for itself. Where
    `places` has ways in and out, a track is decided when it has passed one, or ends; where they are
    directed, when it is known where it goes; where they measure speeds, when that has been done,
    be it by a further track of the vehicle (see `BrokenTracks`).
    `on_rejected` is told of each track that was looked at and withheld.
    """

    name = "vote"

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        settled: Settled,
        formats: Formats,
        on_outcome: Callable[[Outcome], None] = lambda _: None,
        now: Callable[[], datetime] = utc_now,
        passages: Passages | None = None,
        places: Places = NOWHERE,
        on_rejected: Callable[[Rejection], None] = lambda _: None,
        *,
        min_looks: Annotated[int, Field(ge=1)] = 3,
        certain_confidence: Annotated[float, Field(gt=0, lt=1)] = 0.97,
        min_confidence: Annotated[float, Field(ge=0, lt=1)] = 0.6,
        min_characters: Annotated[int, Field(ge=1)] = 4,
        dedup_seconds: Annotated[float, Field(ge=0)] = 60.0,
    ) -> None:
        self._settled = settled
        self._formats = formats
        self._on_outcome = on_outcome
        self._now = now
        self._places = places
        self._on_rejected = on_rejected
        self._min_looks = min_looks
        self._certain_confidence = certain_confidence
        self._min_confidence = min_confidence
        self._min_characters = min_characters
        self._passages = Passages(dedup_seconds) if passages is None else passages
        self._broken = BrokenTracks(self._passages)
        self._ballots: dict[int, Ballot] = {}

    def step(self, looked: Looked) -> list[Decided]:
        """The passages that this frame decides."""
        if looked.frame is not None:
            self._see(looked.frame, looked.tracks)
        decided = [one for look in looked.looks for one in self._count(look)]
        # By the tracks that live, not by those reported as ended: an item can get lost on the
        # way here by a failure, a vehicle must not.
        living = {track.id for track in looked.tracks}
        if looked.frame is not None:
            for track_id, ballot in self._ballots.items():
                undecided = ballot.passage is None and track_id in living
                if undecided and self._ready(ballot, looked.frame):
                    decided += self._decide(track_id, ballot, ended=False)
        ended = [
            track_id
            for track_id, ballot in self._ballots.items()
            if track_id not in living and not self._waits(ballot, looked.frame, living)
        ]
        now_s = None if looked.frame is None else looked.frame.time_s
        return decided + self._end(ended, now_s)

    def idle(self) -> tuple[()]:
        """Nothing: tracks that end in silence are reported by the tracking stage."""
        return ()

    def finish(self) -> list[Decided]:
        """The passages that are still open."""
        return self._end(list(self._ballots), None)

    def _see(self, frame: Frame, tracks: Sequence[Track]) -> None:
        for track in tracks:
            if track.detection is None:
                continue
            here = sight(frame, track.box)
            ballot = self._ballots.get(track.id)
            if ballot is None:
                ballot = self._ballots[track.id] = Ballot(frame.camera, here, self._formats)
                if self._places.speeds is not None:
                    ballot.speedometer = self._places.speeds.begin()
            if ballot.way is None:
                ballot.way = self._places.way(ballot.last.box, here.box, frame.size)
            ballot.seen(here)
            if ballot.speedometer is not None and here.whole:
                ballot.speedometer.seen(here.at, here.time_s, here.box, frame.size)
            if ballot.passage is not None:
                self._passages.seen(ballot.passage, frame.camera, here)
        # Lost tracks too: a new one where a lost one is expected may be of the same plate. What is
        # decided waits for nobody, and a car park full of it would be many pairs.
        undecided = [
            one
            for one in tracks
            if one.id in self._ballots and self._ballots[one.id].passage is None
        ]
        for one, other in combinations(undecided, 2):
            if share_of_smaller(one.box, other.box) >= SAME_PLACE:
                self._ballots[one.id].twins.add(other.id)
                self._ballots[other.id].twins.add(one.id)

    def _waits(self, ballot: Ballot, frame: Frame | None, living: Collection[int]) -> bool:
        """Whether a track that ended leaves the word to another of the same plate."""
        if ballot.plate is None or ballot.passage is not None or frame is None:
            return False
        if ballot.speedometer is not None:
            return False  # how long its event waits is said there: see `BrokenTracks`
        if frame.time_s - ballot.last.time_s >= UNDECIDED_S:
            return False
        others = [self._ballots[one] for one in ballot.twins & self._ballots.keys() & set(living)]
        return any(
            other.passage is None and other.plate is not None and is_same(other.plate, ballot.plate)
            for other in others
        )

    def _count(self, look: Look) -> list[Decided]:
        """Add a look to its track's ballot; gives what that decides of an earlier vehicle."""
        ballot = self._ballots.get(look.track_id)
        # Some looks are still under way when a track has been settled: how many is chance.
        if ballot is None or (ballot.passage is not None and not ballot.doubted):
            return []
        if ballot.is_strange(look.reading.text):
            ballot.strangers.append(look)
            return self._hand_over(look.track_id, ballot)
        if ballot.passage is None:
            ballot.take_strangers_in()
            ballot.add(look)
        ballot.strangers.clear()
        return []

    def _hand_over(self, track_id: int, ballot: Ballot) -> list[Decided]:
        """Where looks agree on another plate, they are of another vehicle, or the first erred."""
        newcomer = _ballot_of(ballot.strangers, self._formats)
        if newcomer.sureness < self._min_confidence or newcomer.agreement < STRANGERS:
            del ballot.strangers[:-KEPT_STRANGERS]
            return []
        decided: list[Decided] = []
        if ballot.passage is None:
            if ballot.doubted and self._likely(ballot):
                decided = self._decide(track_id, ballot, ended=True)
            elif newcomer.sureness > ballot.sureness:
                newcomer.inherit(ballot)
            else:
                return []
        self._ballots[track_id] = newcomer
        if newcomer.speedometer is None and self._places.speeds is not None:
            newcomer.speedometer = self._places.speeds.begin()
        self._settled.discard(track_id)
        return decided

    def _ready(self, ballot: Ballot, frame: Frame) -> bool:
        now_s = frame.time_s
        if self._places.has_ways and ballot.way is None:
            return False
        if self._places.directed and self._goes_nowhere(ballot, frame):
            return False
        if ballot.speedometer is not None:
            # before its own speedometer is asked: the broken tracks' stretch is its own, too
            certain = self._is_certain(ballot, now_s)
            if certain and self._mend(ballot):
                certain = self._is_certain(ballot, now_s)
            return certain and ballot.speedometer.ready(now_s)
        return self._is_certain(ballot, now_s)

    def _is_certain(self, ballot: Ballot, now_s: float) -> bool:
        """Whether its plate is."""
        if ballot.agreement < self._min_looks:
            return self._likely(ballot) and now_s - ballot.looked_s >= PATIENCE_S
        if ballot.sureness >= self._certain_confidence and ballot.backing >= LEAST_BACKING:
            return True
        unopposed = ballot.backing >= ENOUGH and ballot.backing >= UNOPPOSED * ballot.worth
        waited = now_s - ballot.looked_s >= PATIENCE_S
        return self._likely(ballot) and (unopposed or waited)

    def _goes_nowhere(self, ballot: Ballot, frame: Frame) -> bool:
        """Whether a vehicle has not moved yet, and so may still do so."""
        waited = frame.time_s - ballot.first.time_s >= UNDECIDED_S
        return not waited and ballot.heading(frame.size[0]) in (None, "stationary")

    def _likely(self, ballot: Ballot) -> bool:
        """Half sure: enough where waiting brings no more, too little to speak at once."""
        return ballot.sureness >= (self._min_confidence + self._certain_confidence) / 2

    def _mend(self, ballot: Ballot) -> int:
        """Let it go on from the broken tracks of its vehicle; how many there were."""
        mended = self._broken.mended_by(ballot)
        for _ in range(mended):
            self._on_outcome("duplicate")
        return mended

    def _end(self, track_ids: Sequence[int], now_s: float | None) -> list[Decided]:
        decided: list[Decided] = []
        # Of those that end at once the surest first: it speaks for those that read nearly the same.
        for track_id in sorted(track_ids, key=lambda one: -self._ballots[one].sureness):
            ballot = self._ballots.pop(track_id)
            if ballot.passage is None:
                ballot.take_strangers_in()
                self._mend(ballot)
                if not self._broken.takes(track_id, ballot, now_s):
                    decided += self._decide(track_id, ballot, ended=True)
            self._settled.discard(track_id)
        for track_id, ballot in self._broken.due(now_s):
            decided += self._decide(track_id, ballot, ended=True)
            self._settled.discard(track_id)
        return decided

    def _decide(self, track_id: int, ballot: Ballot, *, ended: bool) -> list[Decided]:
        """Publish or not. A living track that cannot be published yet goes on."""
        with self._passages.lock:  # two cameras of a gate must not both be the first
            return self._decide_alone(track_id, ballot, ended=ended)

    def _decide_alone(self, track_id: int, ballot: Ballot, *, ended: bool) -> list[Decided]:
        plate, camera = ballot.plate, ballot.camera
        known = None if plate is None else self._passages.find(plate, camera, ballot.first)
        outcome = self._outcome(ballot, known)
        if not ended and outcome not in ("published", "duplicate"):
            return []
        self._on_outcome(outcome)
        self._settled.add(track_id)
        if known is not None:
            ballot.passage = known
            self._passages.seen(known, camera, ballot.last)
        if plate is None or outcome != "published":
            self._reject(track_id, ballot, outcome)
            return []
        ballot.passage = self._passages.begin(plate, camera, ballot.last)
        look = ballot.carrier(plate.text)
        event = event_of(track_id, ballot, plate, look, self._now())
        ballot.passage.event_id = event.id
        return [Decided(event, look)]

    def _reject(self, track_id: int, ballot: Ballot, outcome: Outcome) -> None:
        plate = ballot.plate
        if plate is None:  # never looked at: too small, cut, or gone at once
            return
        self._on_rejected(rejection_of(track_id, ballot, plate, outcome, self._now()))

    def _outcome(self, ballot: Ballot, known: Passage | None) -> Outcome:
        plate = ballot.plate
        if plate is None or not plate.text:
            return "unread"
        if known is not None:
            return "duplicate"
        if len(plate.text) < self._min_characters:
            return "too_short"
        if ballot.is_lettering:
            return "lettering"
        # What was read once, and by no second look, must speak for itself.
        sure = plate.confidence >= self._min_confidence
        enough = self._likely(ballot) if ballot.agreement < 2 else sure
        return "published" if enough else "low_confidence"


def _ballot_of(looks: Sequence[Look], formats: Formats) -> Ballot:
    first = looks[0].frame
    ballot = Ballot(first.camera, sight(first, looks[0].box), formats)
    for look in looks:
        ballot.seen(sight(look.frame, look.box))
        ballot.add(look)
    return ballot
