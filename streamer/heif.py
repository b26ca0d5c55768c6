"""Pictures as phones keep them: HEIC, if the library is installed, and AVIF."""

from io import BytesIO
from typing import Literal

import numpy as np
import PIL.Image
from PIL import ImageOps

from models.base import Image
from streamer.errors import UserError

Kind = Literal["HEIC", "AVIF"]

AVIF_BRANDS = {b"avif", b"avis"}
HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}


def heif_kind(data: bytes) -> Kind | None:
    """Which of the two a file with this content is, by its brands (ISO/IEC 23008-12, 10.2)."""
    if data[4:8] != b"ftyp":
        return None
    brands = {data[8:12]} | {data[at : at + 4] for at in range(16, _box_end(data), 4)}
    if brands & AVIF_BRANDS:
        return "AVIF"
    return "HEIC" if data[8:12] in HEIC_BRANDS else None


def _box_end(data: bytes) -> int:
    return min(int.from_bytes(data[:4], "big"), 256)


def heif_decoded(data: bytes, kind: Kind) -> Image | None:
    """The picture, (H, W, 3) uint8 BGR, upright; None if it is broken.

    Raises UserError, without a name, where the library for it is missing.
    """
    _provide(kind)
    try:
        with _opened(data, kind) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
    except Exception:  # whatever the libraries stumble over is no picture
        return None
    return np.ascontiguousarray(np.asarray(upright, np.uint8)[:, :, ::-1])


def heif_size(data: bytes, kind: Kind) -> tuple[int, int] | None:
    """Width and height in pixels, before anything is decoded; None if it is broken.

    Raises UserError, without a name, where the library for it is missing.
    """
    _provide(kind)
    try:
        with _opened(data, kind) as opened:
            return opened.size
    except Exception:  # as above
        return None


def _opened(data: bytes, kind: Kind) -> PIL.Image.Image:
    return PIL.Image.open(BytesIO(data), formats=["HEIF" if kind == "HEIC" else kind])


def _provide(kind: Kind) -> None:
    if kind == "AVIF":
        # Not OpenCV, even where it can: it leaves such a picture lying on its side.
        PIL.Image.init()
        if "AVIF" not in PIL.Image.OPEN:
            raise UserError(
                "an AVIF picture, which needs Pillow 11.3 or newer: pip install -U pillow"
            )
        return
    try:
        from pillow_heif import register_heif_opener
    except ImportError:
        words = "a HEIC picture, which needs a library: pip install 'plate-streamer[heic]'"
        raise UserError(words) from None
    register_heif_opener()
