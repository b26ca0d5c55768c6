"""The Python API: `PlateReader().read(image)` and `main("car.jpg" | "clip.mp4")`."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from models.base import Box, Detection, Detector, Image, Reader, Reading, Reason
from models.detectors.yolo import YoloDetector
from models.readers.ensemble import EnsembleReader
from models.readers.formats import Formats
from models.readers.informed import InformedReader
from models.readers.knowledge import Decision
from streamer.app import default_config
from streamer.channel import Channel
from streamer.config import CameraConfig, Config
from streamer.data import Candidate, Character, Decided, PlateEvent
from streamer.errors import SourceError, UserError
from streamer.metrics import Metrics
from streamer.one_camera import camera_pipeline
from streamer.pipeline import CHANNEL_SIZE, StageBase
from streamer.sources.base import PICTURES
from streamer.sources.images import read_picture
from streamer.stages.read import cut_out
from streamer.watch import CameraWatch

STOP_S = 5.0


@dataclass(frozen=True, slots=True)
class FoundPlate:
    """One plate in one picture.

    `plate` is upper case, letters and digits only; `confidence` the probability (0..1) that
    all of it is right; `box` x1, y1, x2, y2 in pixels of the picture. `country` (ISO 3166
    alpha-2) is the one whose format fits best, None if none does; `reason` why the plate should
    not be believed (`too_small`, `blurred`, `partial`, `no_format`, `low_confidence`), None if
    it may be.
    """

    plate: str
    confidence: float
    characters: tuple[Character, ...]
    candidates: tuple[Candidate, ...]
    box: Box
    country: str | None = None
    reason: Reason | None = None


class PlateReader:
    """A detector and a reader as one object, for pictures.

    Without arguments it is what the daemon runs by default. `formats` are the plates to expect,
    `Formats(["DE", "NL"])`; None expects those of all countries. One instance serves one thread.
    """

    def __init__(
        self,
        detector: Detector | None = None,
        reader: Reader | None = None,
        formats: Formats | None = None,
    ) -> None:
        self._detector = detector or YoloDetector()
        self._reader = InformedReader(reader or EnsembleReader(), formats)

    def read(self, picture: Image | str | Path) -> list[FoundPlate]:
        """The legible plates of one picture, the most certain first.

        `picture` is (H, W, 3) uint8 BGR, or the path of a picture file (its EXIF rotation is
        respected). Raises UserError when the file is missing or no picture.
        """
        image = load_picture(picture) if isinstance(picture, str | Path) else picture
        detections = self._detector.detect(image)
        crops = [cut_out(image, detection) for detection in detections]
        readings = self._reader.read(crops)
        found = [
            _found(reading, self._reader.decide(reading), detection)
            for reading, detection in zip(readings, detections, strict=True)
            if reading.text
        ]
        return sorted(found, key=lambda one: -one.confidence)


def load_picture(path: str | Path) -> Image:
    """A picture file as (H, W, 3) uint8 BGR, upright. Raises UserError naming the file."""
    try:
        return read_picture(path)
    except SourceError as error:
        hint = f"; known: {', '.join(PICTURES)}" if error.reason == "corrupt" else ""
        raise UserError(f"{error}{hint}") from None


def _found(reading: Reading, decision: Decision, detection: Detection) -> FoundPlate:
    sureness = reading.confidence
    if sureness is None:
        sureness = decision.posterior * reading.plate * reading.whole
    # What is not the plate's is shared by its rivals as the formats see them.
    rest = (1 - sureness) / max(1 - decision.posterior, 1e-9)
    rivals = [one for one in decision.candidates if one.text]
    return FoundPlate(
        reading.text,
        sureness,
        tuple(map(Character, reading.text, reading.confidences)),
        tuple(Candidate(one.text, min(one.probability * rest, 1.0)) for one in rivals),
        detection.box,
        reading.country,
        reading.reason,
    )


def events(url: str, config: Config | None = None) -> Iterator[Decided]:
    """The vehicles of a video or stream, as they come, each with the look that carried its vote.

    `url` is what a camera's configuration takes; of a recording every frame is looked at, as
    fast as it goes. `config` chooses detector, reader and so on (None: the daemon's defaults).
    Raises UserError when the source cannot be opened.
    """
    base = config or default_config(url)
    camera = CameraConfig(name="camera", url=url)
    found: Channel[Decided] = Channel(CHANNEL_SIZE)
    pipeline = camera_pipeline(camera, base, _PassOn(found), CameraWatch(Metrics(), camera.name))
    pipeline.start()
    try:
        yield from found
    finally:
        found.close()
        pipeline.stop()
        pipeline.join(STOP_S)
    if pipeline.failure is not None:
        raise pipeline.failure


class _PassOn(StageBase):
    """The last stage, for whoever iterates over the events in this process."""

    name = "publish"

    def __init__(self, found: Channel[Decided]) -> None:
        self._found = found

    def step(self, decided: Decided) -> tuple[()]:
        self._found.put(decided)
        return ()

    def finish(self) -> tuple[()]:
        self._found.close()
        return ()


def main(source: str | Path) -> list[FoundPlate] | list[PlateEvent]:
    """All plates of a picture, best first, or one event per vehicle of a video or stream."""
    if str(source).lower().endswith(PICTURES):
        return PlateReader().read(source)
    return [decided.event for decided in events(str(source))]
