"""Tracks that broke off before their vehicle's speed was known.

A plate is lost behind the arm of a barrier, or because a detector sees it no more for a second; it
comes back as another track. Until that has read its plate, or can no more be expected, the event
of the broken one waits, and then is told once, of both.
"""

from collections.abc import Iterator

from streamer.stages.ballot import Ballot
from streamer.stages.passages import Passage, Passages


class BrokenTracks:
    """Those of one camera, by their id. `passages` say what belongs together."""

    def __init__(self, passages: Passages) -> None:
        self._passages = passages
        self._waiting: dict[int, Ballot] = {}

    def takes(self, track_id: int, ballot: Ballot, now_s: float | None) -> bool:
        """Whether the event of a track that has ended now (None: as no frames come) should wait;
        then it is kept."""
        speedometer, plate = ballot.speedometer, ballot.plate
        if speedometer is None or plate is None or not plate.text:
            return False
        if _is_due(ballot, ballot.last.time_s if now_s is None else now_s):
            return False
        if speedometer.speed().kmh is not None:
            return False  # gone out of the picture, most likely, but measured
        if self._passages.find(plate, ballot.camera, ballot.first) is not None:
            return False  # its event has gone long ago
        self._waiting[track_id] = ballot
        return True

    def mended_by(self, sequel: Ballot) -> int:
        """Give the tracks that `sequel` goes on from to it; how many these are."""
        plate = sequel.plate
        if not self._waiting or plate is None:
            return 0
        if self._passages.find(plate, sequel.camera, sequel.first) is not None:
            return 0  # it belongs to another event, to which the broken ones do not
        same = [
            track_id
            for track_id, one in self._waiting.items()
            if one.plate is not None
            and self._passages.belongs(
                Passage(one.plate, one.camera, one.last), plate, sequel.camera, sequel.first
            )
        ]
        for track_id in reversed(same):  # the nearest in time first
            sequel.go_on_from(self._waiting.pop(track_id))
        return len(same)

    def due(self, now_s: float | None) -> Iterator[tuple[int, Ballot]]:
        """Those that no track goes on from any more, each once; None: no frames come, all."""
        for track_id, ballot in list(self._waiting.items()):
            if now_s is None or _is_due(ballot, now_s):
                yield track_id, self._waiting.pop(track_id)


def _is_due(ballot: Ballot, now_s: float) -> bool:
    speedometer = ballot.speedometer
    if speedometer is None or now_s - ballot.last.time_s >= speedometer.waits_s:
        return True
    return speedometer.ready(now_s)
