"""Looks kept in a file, to be voted on again: what tracks there were, what each look read.

A line of JSON is a film: its name, its truth, and its frames without their pictures. All looks
are there, those too that a vote makes needless, so that any vote can be tried on them.
"""

import gzip
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from models.base import Hypothesis, Reading
from models.training.traffic import Passage
from streamer.data import Frame, Look, Looked
from streamer.errors import UserError
from streamer.settled import OUT_OF_SIGHT_S, Settled
from trackers.base import Track

START = datetime(2026, 1, 2, tzinfo=UTC)
SCHEMA = "plate-looks/1"


@dataclass(frozen=True, slots=True)
class Recording:
    """One film: what passed, and what the reading stage said of it, frame by frame."""

    condition: str
    name: str
    truth: tuple[Passage, ...]
    items: tuple[Looked, ...]


def picture_of(size: tuple[int, int]) -> "np.ndarray[Any, np.dtype[np.uint8]]":
    """A black picture of `size` (width, height) that takes no memory."""
    return np.broadcast_to(np.zeros(1, np.uint8), (size[1], size[0], 3))


def frame_at(time_s: float, image: "np.ndarray[Any, np.dtype[np.uint8]]") -> Frame:
    """The frame of a film at its time in seconds."""
    at = START + timedelta(seconds=time_s)
    return Frame("film", round(time_s * 1000), at, time_s, image, pts_s=time_s)


def without_needless(looked: Looked, settled: Settled, eager_looks: int, seen: "Seen") -> Looked:
    """The looks that the reading stage would have taken, of all that were recorded: of settled
    tracks only the first ones after they were out of sight."""
    kept = []
    for track in looked.tracks if looked.frame is not None else ():
        if track.detection is not None:
            seen.see(track.id, looked.frame.time_s)  # type: ignore[union-attr]
    for look in looked.looks:
        anew = seen.anew.get(look.track_id, 0)
        if look.track_id not in settled or 0 < anew <= eager_looks:
            kept.append(look)
        if anew:
            seen.anew[look.track_id] = anew + 1
    return replace(looked, looks=tuple(kept))


class Seen:
    """When each track was last seen; which were out of sight, and how often looked at since."""

    def __init__(self) -> None:
        self._last_s: dict[int, float] = {}
        self.anew: dict[int, int] = {}

    def see(self, track_id: int, now_s: float) -> None:
        """The track is seen now."""
        if now_s - self._last_s.get(track_id, now_s) >= OUT_OF_SIGHT_S:
            self.anew[track_id] = 1
        self._last_s[track_id] = now_s


def read(path: Path) -> Iterator[Recording]:
    """The films in a file. Raises UserError if it holds anything else."""
    try:
        with gzip.open(path, "rt", encoding="utf-8") as file:
            for number, line in enumerate(file, start=1):
                yield from_plain(json.loads(line), f"{path}:{number}")
    except (OSError, EOFError, UnicodeDecodeError, ValueError) as error:
        raise UserError(
            f"{path}: cannot be read: {error}; expected what evaluate passages --record wrote"
        ) from None


def to_plain(
    condition: str,
    name: str,
    truth: Sequence[Passage],
    size: tuple[int, int],
    items: Iterable[Looked],
) -> dict[str, Any]:
    """A film as JSON has it; `size` is (width, height) of its pictures."""
    return {
        "schema": SCHEMA,
        "condition": condition,
        "name": name,
        "size": size,
        "truth": [asdict(passage) for passage in truth],
        "items": [
            {
                "s": None if item.frame is None else round(item.frame.time_s, 4),
                "tracks": [
                    [t.id, [round(x, 1) for x in t.box], [round(x, 1) for x in t.velocity],
                     round(t.age_s, 3), t.hits, t.detection]
                    for t in item.tracks
                ],
                "looks": [
                    [k.track_id, [round(x, 1) for x in k.box], round(k.quality, 4),
                     list(k.crop.shape[:2]), _reading_to_plain(k.reading)]
                    for k in item.looks
                ],
            }
            for item in items
        ],
    }  # fmt: skip


def _reading_to_plain(reading: Reading) -> dict[str, Any]:
    plain = asdict(reading)
    plain["confidences"] = [round(x, 5) for x in reading.confidences]
    plain["hypotheses"] = [
        [one.text, round(one.probability, 6), [round(x, 5) for x in one.confidences]]
        for one in reading.hypotheses
    ]
    return plain


def from_plain(plain: Any, place: str) -> Recording:
    """A film as `to_plain` has it. Raises UserError, which names the `place`, for anything else."""
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        raise UserError(f"{place}: no {SCHEMA}; expected what evaluate passages --record wrote")
    try:
        image = picture_of(tuple(plain["size"]))
        return Recording(
            plain["condition"],
            plain["name"],
            tuple(Passage(**one) for one in plain["truth"]),
            tuple(_looked(one, image) for one in plain["items"]),
        )
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise UserError(f"{place}: is broken: {error!r}; record it anew") from None


def _looked(plain: dict[str, Any], image: "np.ndarray[Any, np.dtype[np.uint8]]") -> Looked:
    frame = None if plain["s"] is None else frame_at(plain["s"], image)
    tracks = tuple(
        Track(id_, tuple(box), tuple(velocity), age_s, hits, detection)
        for id_, box, velocity, age_s, hits, detection in plain["tracks"]
    )
    looks = tuple(
        Look(id_, frame, tuple(box), picture_of((crop[1], crop[0])), quality, _reading(reading))
        for id_, box, quality, crop, reading in plain["looks"]
        if frame is not None
    )
    return Looked(frame, tracks, (), looks)


def _reading(plain: dict[str, Any]) -> Reading:
    return Reading(
        **{
            **plain,
            "confidences": tuple(plain["confidences"]),
            "lines": tuple(plain["lines"]),
            "hypotheses": tuple(Hypothesis(t, p, tuple(c)) for t, p, c in plain["hypotheses"]),
        }
    )
