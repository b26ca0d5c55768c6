"""A detector and a reader as one object, for pictures: `PlateReader().read(image)`."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from models.base import Detection, Detector, Image, ModelError, Reader, Reading
from models.detectors.yolo import YoloDetector
from models.readers.ensemble import EnsembleReader
from models.readers.formats import Formats
from models.readers.informed import InformedReader
from models.readers.knowledge import Decision
from models.training.scores import SAME_PLATE, iou_matrix
from streamer.config import Config, make
from streamer.data import Candidate, Character
from streamer.drawing import draw_plate
from streamer.errors import SourceError, UserError
from streamer.found import FoundPlate
from streamer.one_camera import formats_of
from streamer.sources.base import PICTURES
from streamer.sources.images import picture_in, read_picture
from streamer.stages.views import cut_out

OTHER_SCALES = (1.5, 0.7)
"""A picture in which nothing can be believed is looked at again, larger and smaller: a camera sends
the next frame, a picture is all there is. On 388 plates of four sources of validation pictures this
read 355 instead of 352 right; it believed 6 more that are right and 2 more that are wrong."""


class PlateReader:
    """A detector and a reader as one object, for pictures.

    Without arguments it is what the daemon runs by default. `formats` are the plates to expect,
    `Formats(["DE", "NL"])`; None expects those of all countries. One instance serves one thread.
    A picture without a plate that can be believed is looked at again at `OTHER_SCALES`, where the
    detector can (it is `rescaled`).
    """

    def __init__(
        self,
        detector: Detector | None = None,
        reader: Reader | None = None,
        formats: Formats | None = None,
    ) -> None:
        self._detector = detector or YoloDetector()
        self._sight = reader or EnsembleReader()
        self._reader = InformedReader(self._sight, formats)
        self._others: list[Detector] | None = None  # opened when they are needed

    def read(self, picture: Image | str | Path) -> list[FoundPlate]:
        """The legible plates of one picture, the most certain first.

        `picture` is (H, W, 3) uint8 BGR, or the path of a picture file (its EXIF rotation is
        respected). Raises UserError when the file is missing or no picture.
        """
        image = load_picture(picture) if isinstance(picture, str | Path) else picture
        found = self._read(image, self._detector)
        if not any(one.reason is None for one in found):
            for other in self._at_other_scales():
                found = _distinct([*found, *self._read(image, other)])
        return sorted(found, key=lambda one: -one.confidence)

    def steps(self, picture: Image | str | Path) -> Iterator[tuple[str, Image]]:
        """How it reads a picture, step by step, as pictures (BGR) with their names.

        What the detector makes of it, where that can tell (`contours`: grey, smooth, edges,
        candidates, plates), otherwise `plates`, the picture with their boxes; of each plate `crop`,
        and `row` for each picture that the recogniser is given, where the reader can tell
        (`tesseract`, `rapidocr`); at last `read`, the picture with what was read. Of other scales
        it tells nothing. Raises what `read` raises.
        """
        image = load_picture(picture) if isinstance(picture, str | Path) else picture
        detections = self._detector.detect(image)
        yield from _steps_of(self._detector, image) or [("plates", _with_boxes(image, detections))]
        for detection in detections:
            crop = cut_out(image, detection)
            yield "crop", crop
            yield from _steps_of(self._sight, crop)
        drawn = image.copy()
        for one in self._read(image, self._detector):
            draw_plate(drawn, f"{one.plate} {one.confidence:.0%}", one.box)
        yield "read", drawn

    def _at_other_scales(self) -> list[Detector]:
        if self._others is None:
            rescaled = getattr(self._detector, "rescaled", None)
            try:
                self._others = [rescaled(times) for times in OTHER_SCALES] if rescaled else []
            except ModelError:  # a network of fixed size sees one scale
                self._others = []
        return self._others

    def _read(self, image: Image, detector: Detector) -> list[FoundPlate]:
        detections = detector.detect(image)
        crops = [cut_out(image, detection) for detection in detections]
        readings = self._reader.read(crops)
        return [
            _found(reading, self._reader.decide(reading), detection)
            for reading, detection in zip(readings, detections, strict=True)
            if reading.text
        ]


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
        raise _told(error) from None


def picture_from(data: bytes, name: str) -> Image:
    """A picture file's content as `load_picture` has it; errors call it `name`."""
    try:
        return picture_in(data, name)
    except SourceError as error:
        raise _told(error) from None


def _told(error: SourceError) -> UserError:
    hint = f"; known: {', '.join(PICTURES)}" if error.reason == "corrupt" else ""
    return UserError(f"{error}{hint}")


def _steps_of(part: object, image: Image) -> list[tuple[str, Image]]:
    """What a detector or reader tells of its way; nothing where it has no `steps`."""
    steps = getattr(part, "steps", None)
    return list(steps(image)) if steps else []


def _with_boxes(image: Image, detections: Sequence[Detection]) -> Image:
    drawn = image.copy()
    for one in detections:
        draw_plate(drawn, f"{one.score:.2f}", one.box)
    return drawn


def _distinct(found: list[FoundPlate]) -> list[FoundPlate]:
    """Each plate once, as it is most to be believed."""
    kept: list[FoundPlate] = []
    for one in sorted(found, key=lambda one: (one.reason is not None, -one.confidence)):
        if not kept or iou_matrix([one.box], [other.box for other in kept]).max() < SAME_PLATE:
            kept.append(one)
    return kept


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
