"""Pictures as bytes."""

from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image

RemoteUse = Literal["upload", "read", "delete"]
"""What was wanted of a picture that is kept elsewhere; a label of
`anpr_pictures_remote_failures_total`, so the set is closed."""


def jpeg(image: Image, quality: int) -> bytes:
    """A picture, (H, W, 3) uint8 BGR, as JPEG; `quality` 0..100. Raises ValueError."""
    try:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise ValueError(str(error)) from None
    if not done:
        raise ValueError(f"no JPEG can be made of a picture of shape {image.shape}")
    return data.tobytes()


def png(image: Image) -> bytes:
    """A picture, (H, W, 3) uint8 BGR, as PNG: without loss."""
    done, data = cv2.imencode(".png", image)
    if not done:
        raise ValueError(f"no PNG can be made of a picture of shape {image.shape}")
    return data.tobytes()


def unpacked(data: bytes) -> Image | None:
    """The picture in a JPEG or PNG, (H, W, 3) uint8 BGR; None if there is none."""
    if not data:
        return None
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, np.uint8)


def decoded(data: bytes | NDArray[np.uint8]) -> Image | None:
    """A picture file's content as (H, W, 3) uint8 BGR, upright by its EXIF; None if it is none.

    Of several frames or pages it is the first.
    """
    content = np.frombuffer(data, np.uint8)
    try:
        image = cv2.imdecode(content, cv2.IMREAD_COLOR) if content.size else None
    except cv2.error:  # what it raises rather than returning None: a picture too large for it
        return None
    return None if image is None else np.asarray(image, dtype=np.uint8)
