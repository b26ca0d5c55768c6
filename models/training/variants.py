"""More out of the annotated train pictures: other plates, no plates, plates from close by.

Nearly every annotated picture shows one plate from a middling distance: a detector that learns
from these alone expects one in every picture, and takes a close one for several.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from models.base import Box, Image
from models.detectors.quads import box_around
from models.training.negatives import ERASED, RENDERED_BARE, erase, load_picture, render_bare
from models.training.scene import PLANTED, Scene
from models.training.transplant import transplant
from models.training.weather import spoil

CLOSE_UP = "close-up"
"""The source of pictures cut around one plate."""

CLOSE_SHARE = (0.25, 0.8)
"""Of the width of a close-up, its plate."""

BARE_SEED = 1000
"""Added to the seed: scenes without plates are also measured on, and must be others."""

Varied = tuple[Image, list[Box]] | None
Variant = Callable[[np.random.Generator, Image, Sequence[Box]], Varied]


def varied_scenes(
    folder: Path, scenes: Sequence[Scene], counts: Mapping[str, int], seed: int
) -> Iterator[Scene]:
    """So many variants of each kind, of pictures chosen by chance, as JPEG in `folder`.

    The kinds are `PLANTED`, `ERASED`, `CLOSE_UP` and `RENDERED_BARE`, which is drawn anew.
    """
    for number, (kind, count) in enumerate(counts.items()):
        rng = np.random.default_rng([seed, 3, number])
        for done, scene in enumerate(_of_kind(rng, folder, scenes, kind, count, seed), start=1):
            yield scene
            if done % 500 == 0 or done == count:
                print(f"{kind}: {done} of {count} pictures", file=sys.stderr)


def _of_kind(
    rng: np.random.Generator,
    folder: Path,
    scenes: Sequence[Scene],
    kind: str,
    count: int,
    seed: int,
) -> Iterator[Scene]:
    if kind == RENDERED_BARE:
        for number in range(count):
            bare = render_bare(folder, number, seed + BARE_SEED)
            yield Scene(bare.path, RENDERED_BARE, "train", bare.size, ())
        return
    order = rng.permutation(len(scenes))
    for number in range(min(count, len(order))):
        scene = scenes[order[number]]
        varied = VARIANTS[kind](rng, load_picture(scene.path), scene.boxes)
        if varied is not None:
            yield _written(rng, folder / f"{kind}__{number:05d}.jpg", kind, varied)


def _written(
    rng: np.random.Generator, path: Path, kind: str, varied: tuple[Image, list[Box]]
) -> Scene:
    image, boxes = varied
    cv2.imwrite(str(path), image, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(60, 95))])
    return Scene(path, kind, "train", (image.shape[1], image.shape[0]), tuple(boxes))


def plant(rng: np.random.Generator, image: Image, boxes: Sequence[Box]) -> Varied:
    """Every plate covered by a drawn one; rain, glare, burnt-in text by chance."""
    height, width = image.shape[:2]
    kept, outlines = list(boxes), []
    for number, box in enumerate(boxes):
        done = transplant(rng, image, box)
        if done is None:
            continue
        image = done.image
        outlines.append(done.corners)
        kept[number] = _inside(box_around(done.corners), (width, height))
    return spoil(rng, image.copy(), outlines), kept


def without_plates(rng: np.random.Generator, image: Image, boxes: Sequence[Box]) -> Varied:
    """Every plate painted over; rain, glare, burnt-in text by chance."""
    return spoil(rng, erase(image, boxes), []), []


def close_up(rng: np.random.Generator, image: Image, boxes: Sequence[Box]) -> Varied:
    """A part of the picture that is filled by one plate; None where it would cut another."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = boxes[int(rng.integers(len(boxes)))]
    across = min((x2 - x1) / rng.uniform(*CLOSE_SHARE), width)
    down = min(max(across * rng.uniform(0.5, 0.85), 1.3 * (y2 - y1)), height)
    left = rng.uniform(max(x2 - across, 0.0), max(min(x1, width - across), 0.0) + 1e-6)
    top = rng.uniform(max(y2 - down, 0.0), max(min(y1, height - down), 0.0) + 1e-6)
    a, b, c, d = (round(v) for v in (left, top, left + across, top + down))
    cut = np.ascontiguousarray(image[b:d, a:c])
    size = (cut.shape[1], cut.shape[0])
    kept = []
    for box in boxes:
        moved = (box[0] - a, box[1] - b, box[2] - a, box[3] - b)
        visible = _inside(moved, size)
        share = _area(visible) / max(_area(moved), 1e-6)
        if 0.05 < share < 0.8:
            return None
        if share >= 0.8:
            kept.append(visible)
    return (cut, kept) if min(size) >= 32 else None


VARIANTS: dict[str, Variant] = {PLANTED: plant, ERASED: without_plates, CLOSE_UP: close_up}


def _inside(box: Box, size: tuple[int, int]) -> Box:
    width, height = size
    x1, y1, x2, y2 = box
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(width)), min(y2, float(height))


def _area(box: Box) -> float:
    return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)
