"""Pictures as bytes."""

import cv2

from models.base import Image


def jpeg(image: Image, quality: int) -> bytes:
    """A picture, (H, W, 3) uint8 BGR, as JPEG; `quality` 0..100. Raises ValueError."""
    try:
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    except cv2.error as error:
        raise ValueError(str(error)) from None
    if not done:
        raise ValueError(f"no JPEG can be made of a picture of shape {image.shape}")
    return data.tobytes()
