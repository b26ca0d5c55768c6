"""A picture file of any kind that is known, by its content: what it is, how large, its picture."""

from models.base import Image
from streamer.heif import heif_decoded, heif_kind, heif_size
from streamer.picture_head import FORMATS, Size, picture_format, picture_size
from streamer.pictures import decoded

KNOWN = (*FORMATS, "AVIF", "HEIC")


def picture_kind(head: bytes) -> str | None:
    """Which of `KNOWN` a file that begins with these bytes (64 or more) is; None: none."""
    return picture_format(head) or heif_kind(head)


def size_in_file(data: bytes) -> Size | None:
    """Width and height in pixels, as stored, before anything is decoded; None if it is broken.

    Raises UserError, without a name, where the library for it is missing.
    """
    kind = heif_kind(data)
    return heif_size(data, kind) if kind else picture_size(data)


def picture_in_file(data: bytes) -> Image | None:
    """The picture, (H, W, 3) uint8 BGR, upright by its EXIF; None if it is broken.

    Raises UserError, without a name, where the library for it is missing.
    """
    kind = heif_kind(data)
    return heif_decoded(data, kind) if kind else decoded(data)
