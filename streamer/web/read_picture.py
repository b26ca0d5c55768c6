"""One picture that was sent: looked at, read, and drawn into."""

from base64 import b64encode
from collections.abc import Sequence

from models.base import Image
from streamer.drawing import draw_plate, no_wider
from streamer.errors import UserError
from streamer.found import FoundPlate
from streamer.picture_files import picture_in_file, picture_kind, size_in_file
from streamer.pictures import jpeg
from streamer.web.problems import Problem
from streamer.web.read_limits import ReadLimits
from streamer.web.read_models import ReadPicture, ReadPlate
from streamer.web.read_pool import PictureReader

ANNOTATED_PX = 1600
"""The longer side of an annotated picture, at most."""

ANNOTATED_QUALITY = 85


def read_picture(
    reader: PictureReader, data: bytes, limits: ReadLimits, *, field: str, annotate: bool
) -> ReadPicture:
    """What is found in a picture file's content. Raises Problem about `field`."""
    try:
        size = size_in_file(data)
        if size is None:
            raise _broken(data, field)
        if words := limits.too_many_pixels(size):
            raise Problem(413, words, field)
        image = picture_in_file(data)
    except UserError as error:  # what reads it is not installed
        raise Problem(415, str(error), field) from None
    if image is None:
        raise _broken(data, field)
    plates = reader.read(image)
    height, width = image.shape[:2]
    return ReadPicture(
        width=width,
        height=height,
        plates=[_plate(plate) for plate in plates],
        annotated=_annotated(image, plates) if annotate else None,
    )


def _broken(data: bytes, field: str) -> Problem:
    name = picture_kind(data) or "picture"
    return Problem(422, f"it begins as a {name} does, but cannot be decoded", field)


def _plate(plate: FoundPlate) -> ReadPlate:
    read = ReadPlate.model_validate(plate)
    return read.model_copy(update={"box": [round(side, 1) for side in plate.box]})


def _annotated(image: Image, plates: Sequence[FoundPlate]) -> str:
    drawn, share = no_wider(image, ANNOTATED_PX)
    for plate in reversed(plates):  # the best one on top
        box = [side * share for side in plate.box]
        draw_plate(drawn, f"{plate.plate} {plate.confidence:.0%}", box)
    data = b64encode(jpeg(drawn, ANNOTATED_QUALITY)).decode()
    return f"data:image/jpeg;base64,{data}"
