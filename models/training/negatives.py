"""Pictures without plates: rendered ones, the user's own, and plates that are painted over."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Box, Image, ModelError
from models.training.scene import RENDERED_SIZE, Scene
from models.training.synthesis import render_scene

RENDERED_BARE = "rendered bare"
NEGATIVES = "negatives"
ERASED = "erased"
"""The sources of pictures without plates."""

PICTURES = {".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"}

MARGIN = 0.3
"""Painted over on each side beyond the box, in heights of the plate: frames and loose boxes."""

FILL_PX = 24
"""Filling is done with the plate this high: then no row of it is far from its surroundings."""


def render_bare(folder: Path, number: int, seed: int) -> Scene:
    """A drawn scene whose vehicles carry no plates; the same number and seed give the same one."""
    # 2 where `render_scenes` has the number of the split
    rng = np.random.default_rng([seed, 2, number])
    path = folder / f"bare{number:05d}.jpg"
    image = render_scene(rng, RENDERED_SIZE, bald=1.0).image
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, 90])
    return Scene(path, RENDERED_BARE, "val", RENDERED_SIZE, ())


def pictures_in(folder: Path) -> list[Scene]:
    """The pictures of a folder and the folders in it. Raises `ModelError` if there are none."""
    found = sorted(file for file in folder.rglob("*") if file.suffix.lower() in PICTURES)
    if not found:
        what = "no picture in it" if folder.is_dir() else "no such folder"
        raise ModelError(f"{folder}: {what}; expected a folder of pictures without plates")
    return [Scene(file, NEGATIVES, "val", (0, 0), ()) for file in found]


def load_picture(path: Path) -> Image:
    """(height, width, 3) uint8 BGR. Raises `ModelError` naming a file that is no picture."""
    image = cv2.imread(str(path))
    if image is None:
        raise ModelError(f"{path}: no readable picture")
    return np.asarray(image, np.uint8)


def erase(image: Image, boxes: Sequence[Box]) -> Image:
    """A copy with each box, and MARGIN around it, painted over by its surroundings.

    Filled from its rim inward (Telea, "An image inpainting technique based on the fast marching
    method", 2004), with noise as strong as that around it. The same picture is filled the same.
    """
    erased = image.copy()
    rng = np.random.default_rng(0)
    for box in boxes:
        _paint_over(rng, erased, box)
    return erased


def _paint_over(rng: np.random.Generator, image: Image, box: Box) -> None:
    high = max(1.0, box[3] - box[1])
    x1, y1, x2, y2 = _grown(box, (MARGIN + 1.0) * high, image)
    part = image[y1:y2, x1:x2]
    mask = np.zeros(part.shape[:2], np.uint8)
    a, b, c, d = _grown(box, MARGIN * high, image)
    mask[b - y1 : d - y1, a - x1 : c - x1] = 1
    if mask.all():
        return  # a plate from edge to edge has no surroundings
    scale = min(1.0, FILL_PX / high)
    size = (max(4, round(part.shape[1] * scale)), max(4, round(part.shape[0] * scale)))
    small = cv2.resize(part, size, interpolation=cv2.INTER_AREA)
    hole = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    hole = cv2.dilate(hole, np.ones((3, 3), np.uint8))
    filled = cv2.inpaint(small, hole, 5, cv2.INPAINT_TELEA)
    smooth = cv2.resize(filled, part.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    noise = rng.standard_normal(part.shape) * _noise_of(part, mask)
    painted = np.clip(smooth + noise, 0, 255)
    soft = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), max(0.5, 0.05 * high))[..., None]
    share = np.maximum(soft, mask[..., None])
    part[:] = (part * (1 - share) + painted * share).round().astype(np.uint8)


def _noise_of(part: Image, mask: NDArray[np.uint8]) -> float:
    """Standard deviation of the fine grain around the hole; edges hardly move a median."""
    around = part.astype(np.float32) - cv2.GaussianBlur(part, (0, 0), 1.0)
    return 1.4826 * float(np.median(np.abs(around[mask == 0])))


def _grown(box: Box, margin: float, image: Image) -> tuple[int, int, int, int]:
    height, width = image.shape[:2]
    x1, y1 = max(0, int(box[0] - margin)), max(0, int(box[1] - margin))
    x2, y2 = min(width, round(box[2] + margin + 0.5)), min(height, round(box[3] + margin + 0.5))
    return x1, y1, x2, y2
