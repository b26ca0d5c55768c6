"""What a reader is given, made into what a reader can read: the one place for all readers.

| given | becomes |
|---|---|
| (height, width) or (height, width, 1), grey | the same in BGR |
| (height, width, 4), with transparency | its first three channels |
| sides of 0 to 3 pixels | a rejected reading, `too_small` |
| a longer side beyond `LONGEST` | scaled down to that |
| floats, 16 bits, truth values, other channels, no array | `CropError` |

Numbers other than uint8 are refused, not converted: whether 1.0 is black or white there is
nothing that tells, and a guess would read badly in silence.
"""

from collections.abc import Callable, Iterable, Sequence

import cv2
import numpy as np

from models.base import Image, ModelError, Reading

LONGEST = 1024
"""Pixels of a crop's longer side. A row of text is read 48 pixels high and 640 wide at most; a
picture of a whole camera should not cost more than that."""

LEAST = 4
"""Pixels of a crop's shorter side from which on it is looked at. Of 180 rendered plates, as sharp
as can be, PP-OCR read none at 4 or 5 pixels, 12 at 6 and 102 at 12."""

TOO_SMALL = Reading("", (), reason="too_small")

EXPECTED = "expected a NumPy array of uint8, (height, width, 3) in BGR, or grey, or BGRA"


class CropError(ModelError, ValueError):
    """Something that is no picture was to be read: the message says what, and what is right."""


def read_legible(
    crops: Iterable[object], read: Callable[[Sequence[Image]], list[Reading]]
) -> list[Reading]:
    """One reading per crop, in their order: those of `read` for the crops that may be legible.

    `read` is given crops as `as_crop` makes them, none smaller than `LEAST`, and is not called
    without any; the others get `TOO_SMALL`. Raises `CropError` that names the crop by its
    number, from 0, before anything is read.
    """
    if isinstance(crops, np.ndarray) and crops.ndim != 4:
        raise CropError(f"one {_described(crops)}, not a sequence of crops: put it in a list")
    pictures = [as_crop(crop, f"crop {n}") for n, crop in enumerate(crops)]
    large = [n for n, picture in enumerate(pictures) if min(picture.shape[:2]) >= LEAST]
    readings = [TOO_SMALL] * len(pictures)
    if large:
        for n, reading in zip(large, read([pictures[n] for n in large]), strict=True):
            readings[n] = reading
    return readings


def as_crop(image: object, name: str = "the crop") -> Image:
    """The picture as (height, width, 3) uint8 BGR, its sides from 0 to `LONGEST`.

    What is so already is given back as it is, not copied. Raises `CropError`, with `name` at
    its beginning, for what cannot be read as a picture.
    """
    if not isinstance(image, np.ndarray):
        raise CropError(f"{name}: {type(image).__name__}; {EXPECTED}")
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.dtype != np.uint8 or image.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise CropError(f"{name}: {_described(image)}; {EXPECTED}")
    small = _shrunk(np.asarray(image))
    if channels == 1:
        return np.repeat(small.reshape(*small.shape[:2], 1), 3, axis=2)
    return small[:, :, :3] if channels == 4 else small


def _shrunk(image: Image) -> Image:
    """The picture with no side longer than `LONGEST`; sides stay 1 where they were."""
    height, width = image.shape[:2]
    shrink = max(height, width) / LONGEST
    if shrink <= 1 or min(height, width) == 0:
        return image
    size = (max(1, round(width / shrink)), max(1, round(height / shrink)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _described(image: np.ndarray) -> str:
    return f"array of {image.dtype}, shape {image.shape}"
