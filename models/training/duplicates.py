"""Pictures that are one and the same, and pictures that are nearly so.

A duplicate on both sides of the split makes the validation a test of memory, and a picture
that is there ten times counts ten times. Three looks, from cheap to dear:

1. The perceptual hash, 64 bits of the picture's coarse cosine transform (`imagehash.phash`).
2. The grey thumbnail. The hash knows no contrast: it is the signs of coefficients against their
   median, and in a picture without contrast these are noise or all the same. Dark pictures of a
   night camera would all be one. The thumbnails must be alike in brightness and structure, and
   structure below the grey levels of the coding does not count as such.
3. The plates. A camera at a gate sees many vehicles at one place before one background: what
   is on the plates must agree too, both looked at through the box of the first.
"""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from models.frameworks import TRAIN_EXTRA
from models.training.labelled import Labelled, Plate
from models.training.pictures import IntBox, Picture, load
from models.training.tables import AnnotationError

NEAR_BITS = 10
"""Hashes that differ by at most so many of 64 bits may be of one scene."""

SAME, NEAR, SAME_PLATE = 0.9, 0.8, 0.8
"""Least likeness of the thumbnails of duplicates, of near-duplicates, and of a plate.

Drawn plates that differ in their text alone are alike by 0.5 to 0.73. Coded again a plate is so
by 0.87 at least; at half the size some plates, of 15 pixels width then, fall below 0.8 and stay.
"""

SMOOTH = (0.01 * 255) ** 2
"""Steadies the likeness where there is nothing to see."""

THUMB = (24, 16)
PLATE = (64, 24)
"""Width and height at which pictures, and plates, are compared."""

SLACK = 3
"""By so many pixels at that size may a plate be shifted: boxes are whole pixels."""

Grey = NDArray[np.float32]
RelativeBox = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Duplicate:
    """`removed` shows what `kept` shows; their hashes differ by `bits` of 64."""

    kept: str
    removed: str
    bits: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """What became of the pictures: `near` gives each one left the first of those near it."""

    duplicates: list[Duplicate] = field(default_factory=list)
    near: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Look:
    """What is remembered of a picture: some kilobytes, whatever its size."""

    hash: int
    thumb: Grey
    plates: tuple["_PlateLook", ...]


@dataclass(frozen=True, slots=True, eq=False)
class _PlateLook:
    box: RelativeBox
    patch: NDArray[np.uint8]


def compare(pictures: Sequence[Labelled], bits: int | None) -> Comparison:
    """Find duplicates (hashes differ by `bits` at most; None: look for none) and near ones.

    Of duplicates the first in the order of `pictures` is kept. Plates agree where there are as
    many of them, each with its centre within 0.3 of its size and at most 1.5 times as large.
    Every picture is compared with all before it, 64 bits at once: for 10,000 of them that is
    50 million comparisons of one word.
    """
    looks = [_look(one, number) for number, one in enumerate(pictures, start=1)]
    names = [one.picture.name for one in pictures]
    hashes = np.array([look.hash for look in looks], np.uint64)
    thumbs = Likeness(
        np.array([look.thumb for look in looks], np.float32).reshape(-1, THUMB[0] * THUMB[1])
    )
    kept = np.ones(len(looks), bool)
    first = np.arange(len(looks))
    found = Comparison()
    for new in range(len(looks)):
        apart = np.bitwise_count(hashes[:new] ^ hashes[new])
        others = np.flatnonzero((apart <= max(NEAR_BITS, bits or 0)) & kept[:new])
        alike = thumbs.of(new, others)
        if bits is not None:
            same = others[(apart[others] <= bits) & (alike >= SAME)]
            old = _duplicate(looks, new, same[np.argsort(apart[same], kind="stable")])
            if old is not None:
                kept[new] = False
                found.duplicates.append(Duplicate(names[old], names[new], int(apart[old])))
                continue
        near = np.unique(first[others[alike >= NEAR]])
        if near.size:
            first[new] = near[0]
            first[np.isin(first, near)] = near[0]
    found.near.update((names[n], names[first[n]]) for n in np.flatnonzero(kept))
    return found


class Likeness:
    """How alike pictures are, given their grey levels: (n, pixels).

    The structural similarity of Wang, Bovik, Sheikh and Simoncelli (2004) over the whole picture
    as one window. Both of its constants are their smaller one: plates of few grey levels in
    the dark are what this is for.
    """

    def __init__(self, levels: Grey) -> None:
        self._mean = levels.mean(axis=-1)
        self._flat = levels - self._mean[:, None]
        self._variance = (self._flat**2).mean(axis=-1)

    def of(self, one: int, others: NDArray[np.int64]) -> Grey:
        """One against (n,) others: (n,) of at most 1, which is the same."""
        mean, means = self._mean[one], self._mean[others]
        shared = self._flat[others] @ self._flat[one] / self._flat.shape[1]
        light = (2 * mean * means + SMOOTH) / (mean**2 + means**2 + SMOOTH)
        variance = self._variance[one] + self._variance[others]
        return cast(Grey, light * (2 * shared + SMOOTH) / (variance + SMOOTH))


def _look(one: Labelled, number: int) -> _Look:
    import cv2
    from PIL import Image

    try:
        import imagehash
    except ImportError as error:
        words = f"comparing pictures needs {error.name or error}: {TRAIN_EXTRA}"
        raise AnnotationError(words) from error

    image = load(one.picture.path, grey=True, reduce=_reduction(one.picture, one.plates))
    # Large pictures first by area: what the hash makes of noise is no property of the scene.
    small = cv2.resize(image, (128, 128), interpolation=cv2.INTER_AREA)
    signs = imagehash.phash(Image.fromarray(small)).hash
    thumb = cv2.resize(small, THUMB, interpolation=cv2.INTER_AREA).astype(np.float32)
    boxes = tuple(_relative(plate.box, one.picture.size) for plate in one.plates)
    plates = tuple(_PlateLook(box, _patch(image, box)) for box in boxes)
    if number % 500 == 0:
        print(f"looked at {number} pictures", file=sys.stderr)
    return _Look(int.from_bytes(np.packbits(signs).tobytes()), thumb.ravel(), plates)


def _reduction(picture: Picture, plates: Sequence[Plate]) -> int:
    """How much smaller a picture may be loaded with its plates still as large as compared."""
    width = min((plate.box[2] - plate.box[0] for plate in plates), default=picture.size[0])
    room = min(width / PLATE[0], *(side / 128 for side in picture.size))
    return max((by for by in (2, 4, 8) if by <= room), default=1)


def _relative(box: IntBox, size: tuple[int, int]) -> RelativeBox:
    """Centre x, y, width and height in shares of the picture."""
    (x1, y1, x2, y2), (width, height) = box, size
    return (x1 + x2) / 2 / width, (y1 + y2) / 2 / height, (x2 - x1) / width, (y2 - y1) / height


def _patch(image: NDArray[np.uint8], box: RelativeBox) -> NDArray[np.uint8]:
    """The plate in the middle of twice its width and height, at twice the size of `PLATE`."""
    import cv2

    height, width = image.shape
    x1, x2 = ((box[0] + side * box[2]) * width for side in (-1, 1))
    y1, y2 = ((box[1] + side * box[3]) * height for side in (-1, 1))
    wide, high = 2 * PLATE[0], 2 * PLATE[1]
    # Smaller by area first, then in place: sampling alone would alias large plates.
    by = max(1, min(int((x2 - x1) / wide), int((y2 - y1) / high)))
    if by > 1:
        image = cast(
            NDArray[np.uint8],
            cv2.resize(image, (width // by, height // by), interpolation=cv2.INTER_AREA),
        )
        across, down = (width // by) / width, (height // by) / height
        x1, x2, y1, y2 = x1 * across, x2 * across, y1 * down, y2 * down
    return _sample(image, (x1, y1, x2, y2), (wide, high))


def _sample(
    image: NDArray[np.uint8], region: RelativeBox, size: tuple[int, int]
) -> NDArray[np.uint8]:
    """`region` (x1, y1, x2, y2 in pixels, edges at whole numbers) at `size`; borders repeat."""
    import cv2

    x1, y1, x2, y2 = region
    across, down = (x2 - x1) / size[0], (y2 - y1) / size[1]
    # Pixel centres lie at halves.
    turn = np.array(
        [[across, 0, x1 + (across - 1) / 2], [0, down, y1 + (down - 1) / 2]], np.float64
    )
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    sampled = cv2.warpAffine(image, turn, size, flags=how, borderMode=cv2.BORDER_REPLICATE)
    return cast(NDArray[np.uint8], sampled)


def _duplicate(looks: list[_Look], new: int, candidates: NDArray[np.int64]) -> int | None:
    for old in candidates:
        if _same_plates(looks[old], looks[new]):
            return int(old)
    return None


def _same_plates(one: _Look, other: _Look) -> bool:
    if len(one.plates) != len(other.plates):
        return False
    free = list(other.plates)
    for plate in one.plates:
        match = next((each for each in free if _same_plate(plate, each)), None)
        if match is None:
            return False
        free.remove(match)
    return True


def _agree(one: RelativeBox, other: RelativeBox) -> bool:
    return all(
        abs(one[axis] - other[axis]) <= 0.3 * max(one[axis + 2], other[axis + 2])
        and 1 / 1.5 <= one[axis + 2] / other[axis + 2] <= 1.5
        for axis in (0, 1)
    )


def _same_plate(one: _PlateLook, other: _PlateLook) -> bool:
    """Whether the same is to be seen, in both pictures, where the first has its plate."""
    import cv2

    if not _agree(one.box, other.box):
        return False
    (x, y, width, height), (other_x, other_y, other_width, other_height) = one.box, other.box
    wide, high = PLATE
    # Pixels of the other patch for one of this: both show twice their own plate.
    across, down = width / other_width, height / other_height
    left = wide + ((x - width / 2) - other_x) / other_width * wide
    top = high + ((y - height / 2) - other_y) / other_height * high
    region = (
        left - SLACK * across,
        top - SLACK * down,
        left + (wide + SLACK) * across,
        top + (high + SLACK) * down,
    )
    there = _sample(other.patch, region, (wide + 2 * SLACK, high + 2 * SLACK))
    here = np.ascontiguousarray(
        one.patch[high // 2 : high // 2 + high, wide // 2 : wide // 2 + wide]
    )
    _, _, (right, below), _ = cv2.minMaxLoc(cv2.matchTemplate(there, here, cv2.TM_SQDIFF))
    shifted = there[below : below + high, right : right + wide]
    both = np.array([here.ravel(), shifted.ravel()], np.float32)
    return bool(Likeness(both).of(0, np.array([1]))[0] >= SAME_PLATE)
