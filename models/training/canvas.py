"""The tools of the renderer: a pinhole camera, filled shapes, warped textures, lettering."""

import importlib.util
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pil
from PIL import ImageDraw, ImageFont

from models.base import Image, ModelError

Points = NDArray[np.float64]
"""(N, 2) pixels or (N, 3) metres."""

Colour = tuple[int, int, int]
"""Blue, green, red: 0..255."""

Face = Literal["sans", "mono"]

NEAR_M = 0.4
"""What is nearer to the lens than this is cut off."""

_FONT_FILES = {"sans": "DejaVuSans-Bold.ttf", "mono": "DejaVuSansMono-Bold.ttf"}


@dataclass(frozen=True, slots=True)
class Camera:
    """A pinhole camera over the ground, looking along +z; x is to the right, y up, in metres.

    `pitch` tips it down, `yaw` turns it right, `roll` tilts it clockwise, all in radians.
    """

    size: tuple[int, int]
    focal_px: float
    height_m: float
    pitch: float = 0.0
    yaw: float = 0.0
    roll: float = 0.0

    def project(self, points: Points) -> Points:
        """(N, 3) metres on the ground's axes to (N, 2) pixels. All must lie before the lens."""
        seen = self.to_lens(points)
        flat = seen[:, :2] / seen[:, 2:] * self.focal_px
        c, s = np.cos(self.roll), np.sin(self.roll)
        turned = flat @ np.array([[c, s], [-s, c]])
        return np.asarray(turned + np.array(self.size) / 2)

    def outline(self, points: Points) -> Points:
        """A polygon in metres to its polygon in pixels, cut where it passes the lens."""
        seen = self.to_lens(points)
        if (seen[:, 2] >= NEAR_M).all():
            return self.project(points)
        kept = [
            point
            for here, there, a, b in zip(
                points, np.roll(points, -1, 0), seen[:, 2], np.roll(seen[:, 2], -1), strict=True
            )
            for point in _cut(here, there, float(a) - NEAR_M, float(b) - NEAR_M)
        ]
        return self.project(np.array(kept)) if len(kept) > 2 else np.empty((0, 2))

    def to_lens(self, points: Points) -> Points:
        """(N, 3): right, down and away from the lens, in metres."""
        x, y, z = np.asarray(points, float).T
        c, s = np.cos(self.yaw), np.sin(self.yaw)
        right, ahead = c * x - s * z, s * x + c * z
        down = self.height_m - y
        c, s = np.cos(self.pitch), np.sin(self.pitch)
        return np.stack([right, c * down - s * ahead, s * down + c * ahead], axis=1)

    @property
    def horizon_px(self) -> float:
        """The row of the horizon in the middle of the picture."""
        return self.size[1] / 2 - self.focal_px * float(np.tan(self.pitch))


def _cut(here: Points, there: Points, a: float, b: float) -> list[Points]:
    """The part of one edge with a positive distance (Sutherland and Hodgman's clipping)."""
    kept = [here] if a >= 0 else []
    if (a >= 0) != (b >= 0):
        kept.append(here + (there - here) * (a / (a - b)))
    return kept


@lru_cache(maxsize=64)
def font(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """DejaVu Bold at a size in pixels."""
    return ImageFont.truetype(str(font_file(face)), size)


def font_file(face: Face) -> Path:
    """DejaVu Bold as matplotlib carries it (a dependency of filterpy), without importing it."""
    spec = importlib.util.find_spec("matplotlib")
    if spec is None or spec.origin is None:
        raise ModelError("no fonts to render with: matplotlib is not installed; install filterpy")
    return Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf" / _FONT_FILES[face]


def lettering(text: str, height: int, width: int, *, face: Face = "sans") -> NDArray[np.uint8]:
    """The ink of `text` filling (height, width), 0..255: its capitals stretched to that size."""
    tall = max(2 * height, 32)
    drawn = font(face, tall)
    left, top, right, bottom = drawn.getbbox(text)
    sheet = Pil.new("L", (max(int(right - left), 1), max(int(bottom - top), 1)))
    ImageDraw.Draw(sheet).text((-left, -top), text, font=drawn, fill=255)
    sheet = sheet.crop(sheet.getbbox())  # a font leaves room beside its letters
    size = (max(width, 1), max(height, 1))
    return np.asarray(sheet.resize(size, Pil.Resampling.BOX), dtype=np.uint8)


def stamp(image: Image, ink: NDArray[np.uint8], left: int, top: int, colour: Colour) -> None:
    """Print ink (h, w) into a picture; what lies outside it is cut off."""
    height, width = image.shape[:2]
    x1, y1 = max(left, 0), max(top, 0)
    x2, y2 = min(left + ink.shape[1], width), min(top + ink.shape[0], height)
    if x2 > x1 and y2 > y1:
        part = ink[y1 - top : y2 - top, x1 - left : x2 - left]
        _blend(image[y1:y2, x1:x2], np.full((y2 - y1, x2 - x1, 3), colour, np.uint8), part)


def fill(image: Image, polygon: Points, colour: Colour, below: Colour | None = None) -> None:
    """Fill a polygon, smooth at its edges; with `below`, shading from the top to that colour."""
    region = _region(image, polygon)
    if region is None:
        return
    x1, y1, x2, y2 = region
    if below is None:
        cv2.fillPoly(image, [_fixed(polygon)], colour, cv2.LINE_AA, shift=4)
        return
    mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
    cv2.fillPoly(mask, [_fixed(polygon - (x1, y1))], 255, cv2.LINE_AA, shift=4)
    top, bottom = float(polygon[:, 1].min()), float(polygon[:, 1].max())
    share = ((np.arange(y1, y2) - top) / max(bottom - top, 1.0)).clip(0, 1)[:, None]
    rows = np.array(colour) * (1 - share) + np.array(below) * share
    shades = np.broadcast_to(rows[:, None].astype(np.uint8), (*mask.shape, 3))
    _blend(image[y1:y2, x1:x2], np.ascontiguousarray(shades), mask)


def darken(image: Image, polygon: Points, share: float, soft_px: float) -> None:
    """A soft shadow: takes `share` of the light away under a polygon."""
    region = _region(image, polygon, margin=3 * soft_px)
    if region is None:
        return
    x1, y1, x2, y2 = region
    # drawn small: a shadow has no detail, and blurring costs by area and softness
    shrink = max(soft_px / 1.5, 1.0)
    mask = np.zeros((int((y2 - y1) / shrink) + 2, int((x2 - x1) / shrink) + 2), np.uint8)
    outline = _fixed((polygon - (x1, y1)) * (mask.shape[1] / (x2 - x1), mask.shape[0] / (y2 - y1)))
    cv2.fillPoly(mask, [outline], int(255 * share), cv2.LINE_AA, shift=4)
    mask = cv2.GaussianBlur(mask, (0, 0), max(soft_px / shrink, 0.3))
    part = image[y1:y2, x1:x2]
    mask = cv2.resize(mask, (x2 - x1, y2 - y1), interpolation=cv2.INTER_LINEAR)
    part[:] = cv2.multiply(part, cv2.merge([255 - mask] * 3), scale=1 / 255)


def glow(image: Image, centre: Points, radius_px: float, colour: Colour, power: float) -> None:
    """Add light around a point, falling off with the distance."""
    square = centre + radius_px * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    region = _region(image, square)
    if region is None:
        return
    x1, y1, x2, y2 = region
    across = ((np.arange(x1, x2) - centre[0]) / radius_px) ** 2
    down = ((np.arange(y1, y2) - centre[1]) / radius_px) ** 2
    fall = np.clip(1 - across[None] - down[:, None], 0, 1) ** 3 * power
    light = (fall[:, :, None] * np.array(colour)).clip(0, 255).astype(np.uint8)
    part = image[y1:y2, x1:x2]
    part[:] = cv2.add(part, light)


def paste(image: Image, texture: Image, quad: Points, alpha: NDArray[np.uint8] | None) -> None:
    """Warp a texture (h, w, 3) onto four corners (top left, top right, bottom right, bottom left).

    `alpha` (h, w) 0..255 says where the texture is solid; None for everywhere.
    """
    region = _region(image, quad)
    if region is None:
        return
    x1, y1, x2, y2 = region
    texture, alpha = _shrunk(texture, alpha, quad)
    height, width = texture.shape[:2]
    source = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32) - 0.5
    matrix = cv2.getPerspectiveTransform(source, (quad - (x1, y1)).astype(np.float32) - 0.5)
    size = (x2 - x1, y2 - y1)
    colours = cv2.warpPerspective(texture, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    if alpha is None:
        mask = np.zeros((y2 - y1, x2 - x1), np.uint8)
        cv2.fillPoly(mask, [_fixed(quad - (x1, y1))], 255, cv2.LINE_AA, shift=4)
    else:
        mask = cv2.warpPerspective(alpha, matrix, size)
    _blend(image[y1:y2, x1:x2], colours, mask)


def _shrunk(
    texture: Image, alpha: NDArray[np.uint8] | None, quad: Points
) -> tuple[Image, NDArray[np.uint8] | None]:
    """Near the size it will have: warping alone would skip pixels, as a camera does not."""
    height, width = texture.shape[:2]
    wide = max(np.hypot(*(quad[1] - quad[0])), np.hypot(*(quad[2] - quad[3])))
    high = max(np.hypot(*(quad[3] - quad[0])), np.hypot(*(quad[2] - quad[1])))
    size = (int(np.clip(wide * 1.2, 2, width)), int(np.clip(high * 1.2, 2, height)))
    if size == (width, height):
        return texture, alpha
    small = cv2.resize(texture, size, interpolation=cv2.INTER_AREA)
    return small, None if alpha is None else cv2.resize(alpha, size, interpolation=cv2.INTER_AREA)


def _fixed(polygon: Points) -> NDArray[np.int32]:
    return np.round((polygon - 0.5) * 16).astype(np.int32)


def _region(image: Image, polygon: Points, margin: float = 1) -> tuple[int, int, int, int] | None:
    if len(polygon) < 3:
        return None
    height, width = image.shape[:2]
    low, high = polygon.min(0) - margin, polygon.max(0) + margin + 1
    x1, y1 = max(int(low[0]), 0), max(int(low[1]), 0)
    x2, y2 = min(int(high[0]), width), min(int(high[1]), height)
    return (x1, y1, x2, y2) if x2 > x1 and y2 > y1 else None


def _blend(part: Image, colours: Image, mask: NDArray[np.uint8]) -> None:
    share = mask.astype(np.float32) * np.float32(1 / 255)
    part[:] = cv2.blendLinear(colours, part, share, 1 - share)
