"""What the network of the second look learns from: windows around plates, and around none.

Three kinds: windows of real pictures with a drawn plate transplanted into them and of rendered
scenes, whose corners are known exactly; windows of annotated pictures, of which only the box is
known; and windows of other things.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Box, Detection, Image
from models.detectors.corners import cut, window_of
from models.detectors.quads import box_around
from models.training.canvas import Points, lettering, stamp
from models.training.faces import WORDS
from models.training.negatives import load_picture
from models.training.scene import PLANTED, Scene
from models.training.scores import iou_matrix
from models.training.transplant import transplant

AROUND = 0.8
"""So much of a picture is kept around a box, in its sides, on each side."""

KEPT_WIDTH = 240
"""Pieces wider than this are scaled down: the network sees 128 pixels."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a picture around one box (pixels of the piece); `source` drew the box.

    `corners` (4, 2) where they are known, `plate` False where the box shows something else.
    """

    image: Image
    box: Box
    source: str
    corners: Points | None = None
    plate: bool = True


@dataclass(frozen=True, slots=True)
class Sample:
    """One window (64, 128, 3) BGR with the truth in shares of it.

    `corners` (4, 2) and `box` (4,) are NaN where unknown; `source` names who drew the box.
    """

    seen: Image
    corners: NDArray[np.float32]
    box: NDArray[np.float32]
    source: str
    plate: bool


def pieces_of(scene: Scene, image: Image) -> Iterator[Piece]:
    """The pieces around the plates of one annotated or rendered picture."""
    for number, box in enumerate(scene.boxes):
        known = np.array(scene.corners[number]) if scene.corners else None
        yield piece_around(image, box, scene.source, known)


def other_things(
    scene: Scene, image: Image, found: Sequence[Detection], unsure_below: float
) -> Iterator[Piece]:
    """What a detector takes for a plate and is not annotated as one: the hard negatives.

    What it is surer of than `unsure_below` may be a plate that nobody boxed, and is left out.
    """
    for one in found:
        touching = len(scene.boxes) and iou_matrix([one.box], scene.boxes).max() > 0.02
        if one.score < unsure_below and not touching:
            yield piece_around(image, one.box, scene.source, None, plate=False)


def piece_around(
    image: Image, box: Box, source: str, corners: Points | None, *, plate: bool = True
) -> Piece:
    """The piece of a picture around one box, scaled down where it is large."""
    x1, y1, x2, y2 = box
    more_x, more_y = AROUND * (x2 - x1), AROUND * (y2 - y1)
    left, top = max(int(x1 - more_x), 0), max(int(y1 - more_y), 0)
    part = image[top : int(y2 + more_y) + 1, left : int(x2 + more_x) + 1]
    scale = min(1.0, KEPT_WIDTH / part.shape[1])
    if scale < 1:
        part = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    moved = tuple(float(v) for v in (np.array(box) - [left, top, left, top]) * scale)
    known = None if corners is None else (corners - [left, top]) * scale
    return Piece(np.array(part, np.uint8), (moved[0], moved[1], moved[2], moved[3]), source,
                 known, plate)  # fmt: skip


def draw_sample(rng: np.random.Generator, piece: Piece) -> Sample:
    """One random view of a piece: another plate, another angle, a wrong box, worse light."""
    if piece.plate and piece.corners is None and rng.random() < 0.6:
        planted = transplant(rng, piece.image, piece.box)
        if planted is not None:
            piece = Piece(planted.image, piece.box, PLANTED, planted.corners)
    elif not piece.plate and rng.random() < 0.25:
        piece = _lettered(rng, piece)
    if piece.corners is not None or not piece.plate:
        piece = _turn(rng, piece)
    return _view(rng, piece)


def plain_sample(piece: Piece) -> Sample:
    """The view of a piece by its own box, unchanged: for validation."""
    return _as_sample(piece, piece.box, piece.image)


def _turn(rng: np.random.Generator, piece: Piece) -> Piece:
    """Turned, sheared and stretched with its surroundings; its box is then that of its corners."""
    x1, y1, x2, y2 = piece.box
    outline = (
        np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]])
        if piece.corners is None
        else piece.corners
    )
    angle, shear = rng.normal(0, 0.12), rng.normal(0, 0.1)
    stretch = np.exp(rng.normal(0, 0.1))
    c, s = np.cos(angle), np.sin(angle)
    matrix = np.array([[c, -s], [s, c]]) @ np.array([[1, shear], [0, stretch]])
    middle = outline.mean(axis=0)
    shift = middle - matrix @ middle
    size = (piece.image.shape[1], piece.image.shape[0])
    image = cv2.warpAffine(
        piece.image, np.column_stack([matrix, shift]), size, borderMode=cv2.BORDER_REPLICATE
    )
    turned = outline @ matrix.T + shift
    if piece.corners is None:
        return Piece(np.asarray(image, np.uint8), piece.box, piece.source, None, piece.plate)
    return Piece(np.asarray(image, np.uint8), box_around(turned), piece.source, turned, piece.plate)


def _view(rng: np.random.Generator, piece: Piece) -> Sample:
    """Through a box as a detector would give it: somewhat beside the truth, often too large."""
    outline = box_around(piece.corners) if piece.corners is not None else piece.box
    x1, y1, x2, y2 = outline
    wide, high = x2 - x1, y2 - y1
    off = rng.normal(0, 0.06, 4) * [wide, high, wide, high]
    looser = rng.uniform(0, 0.12) * (rng.random() < 0.5)
    off += looser * np.array([-wide, -2 * high, wide, 2 * high]) / 2
    box = (
        x1 + off[0],
        y1 + off[1],
        max(x2 + off[2], x1 + off[0] + 3),
        max(y2 + off[3], y1 + off[1] + 3),
    )
    return _as_sample(piece, box, _worsened(rng, piece.image, wide))


def _as_sample(piece: Piece, box: Box, image: Image) -> Sample:
    left, top, right, bottom = window = window_of(box)
    sides, origin = np.array([right - left, bottom - top]), np.array([left, top])
    corners = np.full((4, 2), np.nan, np.float32)
    drawn = np.full(4, np.nan, np.float32)
    if piece.corners is not None:
        corners = ((piece.corners - origin) / sides).astype(np.float32)
    elif piece.plate:
        drawn = ((np.array(piece.box).reshape(2, 2) - origin) / sides).reshape(4).astype(np.float32)
    return Sample(cut(image, window), corners, drawn, piece.source, piece.plate)


def _worsened(rng: np.random.Generator, image: Image, plate_px: float) -> Image:
    """Smaller, blurred, darker, noisy, coded: as far and bad cameras have it."""
    height, width = image.shape[:2]
    if rng.random() < 0.4:
        wanted = np.exp(rng.uniform(np.log(22), np.log(130)))
        scale = float(min(wanted / plate_px, 1.0))
        small = (max(round(width * scale), 4), max(round(height * scale), 4))
        image = cv2.resize(image, small, interpolation=cv2.INTER_AREA)
        image = cv2.resize(_coded(rng, image), (width, height), interpolation=cv2.INTER_LINEAR)
    elif rng.random() < 0.4:
        image = _coded(rng, image)
    if rng.random() < 0.2:
        length = max(round(plate_px * rng.uniform(0.01, 0.05)), 1)
        image = cv2.blur(image, (length, 1) if rng.random() < 0.6 else (1, length))
    gain, lift = np.exp(rng.normal(0, 0.25)), rng.normal(0, 14)
    tint = np.exp(rng.normal(0, 0.06, 3))
    table = np.arange(256)[:, None] * gain * tint + lift
    image = cv2.LUT(image, table.clip(0, 255).astype(np.uint8)[:, None, :])
    if rng.random() < 0.1:
        image = cv2.cvtColor(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    return np.asarray(image, dtype=np.uint8)


def _coded(rng: np.random.Generator, image: Image) -> Image:
    quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 90))]
    return np.asarray(cv2.imdecode(cv2.imencode(".jpg", image, quality)[1], cv2.IMREAD_COLOR))


def _lettered(rng: np.random.Generator, piece: Piece) -> Piece:
    """Words painted where a plate might hang: letters alone do not make one."""
    x1, y1, x2, y2 = (round(side) for side in piece.box)
    image = piece.image.copy()
    word = str(rng.choice(WORDS))
    ink = lettering(word, max(round((y2 - y1) * rng.uniform(0.4, 0.9)), 3), max(x2 - x1, 8))
    bright = int(image[max(y1, 0) : y2, max(x1, 0) : x2].mean()) if y2 > 0 and x2 > 0 else 128
    shade = (bright + int(rng.integers(70, 150))) % 256
    stamp(image, ink, x1, y1 + round(0.1 * (y2 - y1)), (shade,) * 3)
    return Piece(image, piece.box, piece.source, None, plate=False)


def load_pieces(scene: Scene, detect: Callable[[Image], list[Detection]]) -> Iterator[Piece]:
    """Every plate of a scene, and what a detector takes for one."""
    image = load_picture(scene.path)
    yield from pieces_of(scene, image)
    yield from other_things(scene, image, detect(image), unsure_below=0.35)
