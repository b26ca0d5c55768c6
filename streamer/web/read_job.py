"""One video that was sent: how far it was read, what was found, and the pictures of that."""

import os
import threading
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import Literal

from models.base import Image
from streamer.data import Decided, Frame, PlateEvent
from streamer.errors import UserError
from streamer.pictures import jpeg
from streamer.videos import VideoFacts
from streamer.web.read_limits import ReadLimits
from streamer.web.upload import Upload

State = Literal["waiting", "running", "done", "failed", "cancelled"]

SNAPSHOT_QUALITY, CROP_QUALITY = 85, 95

MOST_VEHICLES = 1000
"""Of one video; a picture of each is kept."""

MOST_FPS = 120
"""Frames per second up to which a video may last as long as one may."""


class Cancelled(Exception):
    """Nobody wants to know any more."""


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One that was found, `at_s` seconds into the video; where its pictures are in the album."""

    event: PlateEvent
    at_s: float
    snapshot: "Place"
    crop: "Place"


Place = tuple[int, int]


class Job:
    """May be asked by any thread while one reads. Closes `upload` once that has ended."""

    def __init__(
        self, job_id: str, upload: Upload, facts: VideoFacts, by: str, folder: Path
    ) -> None:
        self.id = job_id
        self.name = upload.name or "video"
        self.by = by
        self.path = upload.path()
        self.duration_s = facts.duration_s
        self.state: State = "waiting"
        self.read_s = 0.0
        self.error: str | None = None
        self.ended_s: float | None = None
        self.vehicles: tuple[Vehicle, ...] = ()
        self._upload = upload
        self._album = Album(folder)
        self._lock = threading.Lock()
        self._forgotten = False

    @property
    def progress(self) -> float | None:
        """How much of it was read, 0..1; None where the video does not say how long it is."""
        if self.state == "done":
            return 1.0
        return None if self.duration_s is None else min(self.read_s / self.duration_s, 1.0)

    def begin(self) -> bool:
        """Whether it waited, and is being read from now on."""
        with self._lock:
            if self.state != "waiting":
                return False
            self.state = "running"
            return True

    def came(self, frame: Frame, limits: ReadLimits) -> None:
        """A frame was decoded. Raises UserError for a video that is too much, Cancelled."""
        if self._forgotten:
            raise Cancelled
        self.read_s = frame.time_s
        if self.read_s > limits.max_video_s:
            raise UserError(f"longer than {limits.max_video_s:g} s, the most that is read")
        if frame.index > limits.max_video_s * MOST_FPS:
            raise UserError(f"more than {frame.index} frames, at most {MOST_FPS} a second are read")
        if words := limits.too_many_pixels(frame.size):
            raise UserError(words)

    def found(self, decided: Decided) -> None:
        """A vehicle. Raises UserError when there are too many of them, or the disk is full."""
        if len(self.vehicles) >= MOST_VEHICLES:
            raise UserError(f"more than {MOST_VEHICLES} vehicles, the most that are kept of one")
        look = decided.look
        vehicle = Vehicle(
            decided.event,
            look.frame.time_s,
            self._album.add(look.frame.image, SNAPSHOT_QUALITY),
            self._album.add(look.crop, CROP_QUALITY),
        )
        self.vehicles = (*self.vehicles, vehicle)

    def end(self, state: State, error: str | None, now_s: float) -> None:
        """It is no longer read."""
        with self._lock:
            self.error, self.ended_s = error, now_s
            self.state = state  # last: who sees that it failed asks why
            self._upload.close()
            if self._forgotten:
                self._album.close()

    def forget(self) -> None:
        """Its files go as soon as nobody reads it any more."""
        with self._lock:
            self._forgotten = True
            if self.state == "running":
                return  # whoever reads it will see, and end it
            if self.state == "waiting":
                self.state = "cancelled"
            self._upload.close()
            self._album.close()

    def picture(self, event_id: str, kind: Literal["snapshot", "crop"]) -> bytes | None:
        """A JPEG of a vehicle, if there is such a vehicle."""
        vehicle = next((one for one in self.vehicles if one.event.id == event_id), None)
        if vehicle is None:
            return None
        with self._lock:
            return self._album.read(vehicle.snapshot if kind == "snapshot" else vehicle.crop)

    close = forget


class Album:
    """Pictures in one file without a name, which goes with the process."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 (closed with the job)
        self._end = 0

    def add(self, image: Image, quality: int) -> Place:
        """Where it was put. Raises UserError when the disk is full."""
        data = jpeg(image, quality)
        try:
            os.pwrite(self._file.fileno(), data, self._end)
        except OSError as error:
            raise UserError(f"its pictures cannot be kept: {error.strerror}") from None
        place = (self._end, len(data))
        self._end += len(data)
        return place

    def read(self, place: Place) -> bytes | None:
        """What was put there; None when the album is closed."""
        start, length = place
        return None if self._file.closed else os.pread(self._file.fileno(), length, start)

    def close(self) -> None:
        """All its pictures are gone."""
        self._file.close()
