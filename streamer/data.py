"""The types that flow from camera to sink. Units are in the names, shapes in the docstrings.

    Frame → Detected → Tracked → Looked → Decided

Each stage hands on one item per frame it was given, so order and time never get lost;
only `Decided`, the last, comes once per vehicle.
"""

import os
import time
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from models.base import Box, Detection, Image, Reading
from trackers.base import Track

Direction = Literal["approaching", "receding", "left", "right", "stationary"]

Way = Literal["entry", "exit"]
Outcome = Literal["published", "duplicate", "low_confidence", "lettering", "too_short", "unread"]
"""What became of a track; a label of `anpr_plate_reads_total`, so the set is closed. Whatever is
not published is the reason of a `Rejection`."""

SCHEMA: Literal["plate-event/1"] = "plate-event/1"
REJECTED: Literal["plate-rejected/1"] = "plate-rejected/1"
PARKING: Literal["plate-parking/1"] = "plate-parking/1"

ListKind = Literal["allow", "deny", "notify"]
"""What a watchlist is for. Of a plate on several lists deny prevails, then allow."""
How = Literal["exact", "wildcard", "near"]
"""How a plate matched an entry of a watchlist; near: as readers misread."""
ParkingState = Literal["entered", "left", "overstay"]
SpeedMethod = Literal["lines", "homography", "radar"]
NoSpeed = Literal["stood", "not_passed", "too_few", "poor_fit", "silent"]
"""Why no speed is known; with `measured` a label of `anpr_speeds_total`, so the set is closed."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of one camera: (H, W, 3) uint8 BGR, with two clocks.

    `at` is the UTC time of the scene: for a live source the moment of capture, for a
    recording the moment it was opened plus the presentation time. `clock_s` is
    `time.monotonic()` at capture, for latencies. `pts_s` is the presentation timestamp in
    seconds where the source has one; it never runs backwards within one source object,
    across loops and reconnects too.
    """

    camera: str
    index: int
    at: datetime
    clock_s: float
    image: Image
    pts_s: float | None = None

    @property
    def time_s(self) -> float:
        """Seconds on the scene's own clock: what tracking and voting measure time by."""
        return self.clock_s if self.pts_s is None else self.pts_s

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.image.shape[1], self.image.shape[0]


@dataclass(frozen=True, slots=True)
class Detected:
    """A frame and the plates found in it."""

    frame: Frame
    detections: tuple[Detection, ...]


@dataclass(frozen=True, slots=True)
class Tracked:
    """A frame, its detections, the living tracks, and the ids of those that ended with it.

    `frame` is None when tracks end without one: the stream stopped or fell silent.
    """

    frame: Frame | None
    detections: tuple[Detection, ...]
    tracks: tuple[Track, ...]
    ended: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Look:
    """One reading of one track's plate: what was read, where, and how good the view was.

    `quality` is 0..1; `crop` is the very picture that the reader was given.
    """

    track_id: int
    frame: Frame
    box: Box
    crop: Image
    quality: float
    reading: Reading


@dataclass(frozen=True, slots=True)
class Looked:
    """A frame's tracks and the looks taken at them."""

    frame: Frame | None
    tracks: tuple[Track, ...]
    ended: tuple[int, ...]
    looks: tuple[Look, ...]


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a plate and the probability (0..1) that it is right."""

    char: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Candidate:
    """Another reading that the evidence allows, and its probability (0..1)."""

    plate: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Plate:
    """What a vote over a track's readings says.

    `text` is empty when nothing was legible. `confidence` is the probability (0..1) that the
    whole plate is right; `agreement` the share (0..1) of looks that read this text, as far as
    looking can tell 0 from O and 1 from I; `as_seen` the text before formats had their say;
    `reasons` what speaks for the plate and against it, for people.
    """

    text: str
    confidence: float
    characters: tuple[Character, ...]
    candidates: tuple[Candidate, ...]
    looks: int
    agreement: float
    as_seen: str = ""
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ListMatch:
    """An entry of a watchlist that a plate matched. `distance` is what the misreadings between
    them cost, 0 when exact; `note` what the entry says of the vehicle."""

    list: str
    kind: ListKind
    entry: str
    how: How
    distance: float
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Watched:
    """What the watchlists say of a plate: the kind that prevails, and all that matched."""

    verdict: ListKind
    matches: tuple[ListMatch, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """How fast a vehicle was, and by what; `reason` says why that is not known.

    True 19 times of 20 within `kmh` ± `error_kmh`. No measurement for fines: see docs/speed.md.
    """

    kmh: float | None
    error_kmh: float | None
    method: SpeedMethod
    reason: NoSpeed | None = None


@dataclass(frozen=True, slots=True)
class PlateEvent:
    """One vehicle's passage (schema `plate-event/1`).

    `box` is x1, y1, x2, y2 in pixels of a frame of `frame_size` (width, height). `way` is which of
    the places of the configuration it passed, `reasons` what speaks for the plate, for people,
    `speed` None where the camera measures none.
    """

    id: str
    camera: str
    plate: str
    confidence: float
    characters: tuple[Character, ...]
    candidates: tuple[Candidate, ...]
    looks: int
    agreement: float
    track_id: int
    first_seen: datetime
    last_seen: datetime
    read_at: datetime
    direction: Direction | None
    box: tuple[int, int, int, int]
    frame_size: tuple[int, int]
    snapshot: str | None = None
    crop: str | None = None
    watchlist: Watched | None = None
    owner: dict[str, object] | None = None
    way: Way | None = None
    reasons: tuple[str, ...] = ()
    speed: Speed | None = None
    schema: Literal["plate-event/1"] = SCHEMA

    @property
    def at(self) -> datetime:
        """When it happened, UTC."""
        return self.read_at


@dataclass(frozen=True, slots=True)
class ParkingEvent:
    """A vehicle came to park, left, or has stayed too long (schema `plate-parking/1`).

    `session` is the same from entering to leaving, `id` another each time. `entered_at` is None
    of a vehicle whose coming nobody saw, `left_at` and `duration_s` are None while it is inside,
    and if nobody saw it leave. `entry_event` and `exit_event` are the ids of the plate events.
    `plate` is as it was read on entering, where that is known. `occupancy` is how many are inside
    now.
    """

    id: str
    camera: str
    state: ParkingState
    session: str
    plate: str
    at: datetime
    entered_at: datetime | None
    left_at: datetime | None
    duration_s: float | None
    entry_event: str | None
    exit_event: str | None
    occupancy: int
    capacity: int | None = None
    schema: Literal["plate-parking/1"] = PARKING


Event = PlateEvent | ParkingEvent
"""All that is stored, and delivered until every sink has it."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """A track whose plate was withheld, and why (schema `plate-rejected/1`).

    `plate` may be empty. `event` is the id of the event that has told of it already, for a
    duplicate.
    """

    camera: str
    reason: Outcome
    plate: str
    confidence: float
    looks: int
    agreement: float
    track_id: int
    first_seen: datetime
    last_seen: datetime
    rejected_at: datetime
    direction: Direction | None
    box: tuple[int, int, int, int]
    frame_size: tuple[int, int]
    event: str | None = None
    reasons: tuple[str, ...] = ()
    schema: Literal["plate-rejected/1"] = REJECTED


@dataclass(frozen=True, slots=True)
class Decided:
    """An event and the look that carried its vote."""

    event: PlateEvent
    look: Look


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to give an event to a sink.

    It began and ended at these `time.monotonic()`; `captured_at` is when the deciding frame was
    captured (seconds since 1970). `error` is None when the sink has the event; `refused` says
    that it was reached and did not want it.
    """

    sink: str
    started_s: float
    ended_s: float
    captured_at: float
    error: str | None = None
    refused: bool = False


def new_event_id() -> str:
    """A UUID version 7 (RFC 9562, section 5.7): sorts by time, unique without coordination."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | random
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))
