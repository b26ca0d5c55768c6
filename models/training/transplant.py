"""Rendered plates in real pictures: the annotated plate is covered by a drawn one.

What surrounds it stays real (bumper, grille, holder, light), and the corners of the new plate
are known exactly, which no annotation of boxes tells. The idea of pasting is Dwibedi, Misra and
Hebert, "Cut, Paste and Learn" (2017); here the place is not random but a plate's own.
"""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Box, Image
from models.training.canvas import Points, paste
from models.training.plates import LAYOUTS, Layout, bare, draw_plate, plate_text

COVER = 1.04
"""The new plate is at least so much larger than the old one's box, to hide it."""

MOST_STRETCH = 1.9
"""Between the shapes of the old and the new plate: beyond it too much bodywork is covered."""


@dataclass(frozen=True, slots=True)
class Transplant:
    """A picture with a new plate: its text, and its (4, 2) corners in pixels, clockwise."""

    image: Image
    text: str
    corners: Points


def transplant(rng: np.random.Generator, image: Image, box: Box) -> Transplant | None:
    """Cover the plate in `box` by a random drawn one, in the light of the old one.

    None where no layout has a shape that would cover it decently. The picture given is left
    as it is.
    """
    layout = _layout_like(rng, (box[2] - box[0]) / (box[3] - box[1]))
    if layout is None:
        return None
    text = plate_text(rng, str(rng.choice(layout.patterns)))
    corners = _place(rng, box, layout)
    plate = _in_light(rng, draw_plate(rng, layout, text), image, box)
    out = image.copy()
    if rng.random() < 0.35:
        _holder(rng, out, corners)
    paste(out, plate, corners, None)
    _blend_in(rng, image, out, corners)
    return Transplant(out, bare(text), corners)


def _layout_like(rng: np.random.Generator, aspect: float) -> Layout | None:
    near = [
        one
        for one in LAYOUTS
        if 1 / MOST_STRETCH < (one.size_mm[0] / one.size_mm[1]) / aspect < MOST_STRETCH
    ]
    return near[rng.integers(len(near))] if near else None


def _place(rng: np.random.Generator, box: Box, layout: Layout) -> Points:
    """Corners that cover the box: turned in space a little, around the middle of the box."""
    x1, y1, x2, y2 = box
    aspect = layout.size_mm[0] / layout.size_mm[1]
    corners = _turned(rng, aspect)
    # Grown until the box lies inside: the old plate must not show beside the new one.
    middle = np.array([(x1 + x2) / 2, (y1 + y2) / 2])
    wanted = np.array([[x1, y1], [x2, y1], [x2, y2], [x1, y2]]) - middle
    size = max(float(np.abs(_outward(corners, point)).max()) for point in wanted * COVER)
    return np.asarray(corners * size + middle)


def _outward(corners: Points, point: Points) -> Points:
    """How many times the quadrilateral must grow so that each side passes the point."""
    ends = np.roll(corners, -1, axis=0) - corners
    normals = np.stack([ends[:, 1], -ends[:, 0]], axis=1)
    away = (normals * corners).sum(axis=1)
    return np.asarray(np.maximum((normals @ point) / away, 0.0))


def _turned(rng: np.random.Generator, aspect: float) -> Points:
    """A plate of height 2 around the origin, seen by a pinhole at a random angle."""
    flat = np.array([[-aspect, -1, 0], [aspect, -1, 0], [aspect, 1, 0], [-aspect, 1, 0]], float)
    yaw, pitch, roll = rng.normal(0, (0.3, 0.2, 0.06))
    (cy, sy), (cp, sp), (cr, sr) = ((np.cos(a), np.sin(a)) for a in (yaw, pitch, roll))
    x = flat[:, 0] * cy
    y = flat[:, 1] * cp + flat[:, 0] * sy * sp
    z = -flat[:, 0] * sy * cp + flat[:, 1] * sp
    seen = np.stack([x, y], axis=1) / (1 + z / (6 * aspect))[:, None]
    return np.asarray(seen @ np.array([[cr, sr], [-sr, cr]]))


def _in_light(rng: np.random.Generator, plate: Image, image: Image, box: Box) -> Image:
    """The plate as bright, and as coloured, as the one it replaces."""
    x1, y1, x2, y2 = (round(side) for side in box)
    old = image[max(y1, 0) : y2, max(x1, 0) : x2].reshape(-1, 3)
    bright = np.percentile(old, 85, axis=0) if len(old) else np.full(3, 200.0)
    white = np.percentile(plate.reshape(-1, 3), 85, axis=0).max()
    cast = bright / max(float(bright.max()), 1.0)
    # A yellow plate before is no yellow light: only part of its colour is taken over.
    cast = 1 - rng.uniform(0.0, 0.5) * (1 - cast)
    gain = float(np.clip(bright.max() / max(white, 60.0), 0.3, 1.15)) * rng.uniform(0.8, 1.15)
    lit = plate.astype(np.float32) * np.float32(gain) * cast.astype(np.float32)
    lit = lit * _shade(rng, plate.shape[:2])[:, :, None] + rng.uniform(0, 25)
    return np.asarray(lit.clip(0, 255), dtype=np.uint8)


def _shade(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.float32]:
    """(height, width) of light: slanting, sometimes with the edge of a shadow or with dirt."""
    height, width = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    slope = rng.normal(0, 0.12, 2)
    light = 1 + np.float32(slope[0]) * (x / width - 0.5) + np.float32(slope[1]) * (y / height - 0.5)
    if rng.random() < 0.2:
        angle, dark = rng.uniform(0, 2 * np.pi), np.float32(rng.uniform(0.35, 0.8))
        side = np.cos(angle) * (x / width - 0.5) + np.sin(angle) * (y / height - 0.5)
        light = np.where(side > rng.uniform(-0.3, 0.3), light * dark, light)
    if rng.random() < 0.25:
        spots = cv2.resize(
            rng.random((5, 12), np.float32), (width, height), interpolation=cv2.INTER_CUBIC
        )
        light = light * (1 - np.float32(rng.uniform(0.1, 0.5)) * spots.clip(0, 1))
    return np.asarray(light, dtype=np.float32)


def _holder(rng: np.random.Generator, image: Image, corners: Points) -> None:
    """A dark frame: what is around a plate is often as rectangular as the plate itself."""
    middle = corners.mean(axis=0)
    grown = middle + (corners - middle) * (1 + rng.uniform(0.03, 0.12))
    grown += rng.uniform(0, 0.1) * (corners[3] - corners[0]) * np.array([[0], [0], [1], [1]])
    shade = rng.integers(5, 70)
    outline = np.round(grown * 16).astype(np.int32)
    cv2.fillPoly(image, [outline], (int(shade),) * 3, cv2.LINE_AA, shift=4)


def _blend_in(rng: np.random.Generator, before: Image, image: Image, corners: Points) -> None:
    """As blurred and as noisy as its surroundings: a cleaner plate would give itself away."""
    low = np.maximum(corners.min(axis=0) - 3, 0).astype(int)
    high = (corners.max(axis=0) + 4).astype(int)
    part = image[low[1] : high[1], low[0] : high[0]]
    if part.size == 0:
        return
    width, height = (float(np.hypot(*(corners[n] - corners[0]))) for n in (1, 3))
    softness = rng.uniform(0.0, 0.03) * min(height, width / 3)
    if softness > 0.3:
        part[:] = cv2.GaussianBlur(part, (0, 0), softness)
    grain = _grain(before)
    if grain > 0.7:
        noise = rng.standard_normal(part.shape, dtype=np.float32) * grain
        part[:] = cv2.add(part, noise, dtype=cv2.CV_8U)


def _grain(image: Image) -> float:
    """The standard deviation of a picture's noise, after Immerkaer (1996)."""
    grey = cv2.cvtColor(image, cv2.COLOR_BGR2GRAY).astype(np.float32)
    if min(grey.shape) < 3:
        return 0.0
    rough = np.abs(cv2.filter2D(grey, -1, _immerkaer()))[1:-1, 1:-1]
    # Half of the places are smooth: the median does not see edges, the mean would.
    return float(min(np.median(rough) / 0.6745 / 6, 12.0))


@cache
def _immerkaer() -> NDArray[np.float32]:
    return np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
