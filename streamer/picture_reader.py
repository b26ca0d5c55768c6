"""A detector and a reader as one object, for pictures: `PlateReader().read(image)`."""

from pathlib import Path

from models.base import Detection, Detector, Image, Reader, Reading
from models.detectors.yolo import YoloDetector
from models.readers.ensemble import EnsembleReader
from models.readers.formats import Formats
from models.readers.informed import InformedReader
from models.readers.knowledge import Decision
from streamer.config import Config, make
from streamer.data import Candidate, Character
from streamer.errors import SourceError, UserError
from streamer.found import FoundPlate
from streamer.one_camera import formats_of
from streamer.sources.base import PICTURES
from streamer.sources.images import read_picture
from streamer.stages.views import cut_out


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


def picture_reader(config: Config) -> PlateReader:
    """A reader of what the configuration names. Raises UserError or ModelError."""
    return PlateReader(
        make(config.parts["detector"]), make(config.parts["reader"]), formats_of(config)
    )


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
