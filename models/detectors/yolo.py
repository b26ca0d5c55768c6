"""The default detector: a YOLO network of one class as ONNX, and a second look at what it finds."""

from collections.abc import Iterable
from copy import copy
from functools import lru_cache, partial
from math import ceil
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from annotated_types import Ge, Le

from models.base import Box, Corners, Detection, Image, ModelError
from models.detectors.corners import BUNDLED as CORNERS_BUNDLED
from models.detectors.corners import CornerFinder, Look
from models.detectors.network import STRIDE, Network, Rows, without_overlaps
from models.detectors.quads import box_around, clipped
from models.download import locate
from models.runtime import Session

BUNDLED = Path(__file__).parents[1] / "weights" / "plate-detector.onnx"

BUNDLED_INT8 = BUNDLED.with_stem("plate-detector-int8")

SHAPES = (4 / 3, 1.0, 3 / 4)
"""Width by height of the canvases beside the one that was asked for and that one turned."""

MORE_AREA = 1.05
"""A canvas of another shape may have so much more area: sides go in steps of 32."""

CANDIDATE_SHARE = 0.4
"""What scores at least this share of `min_score` at first sight is worth a second look."""

MOST_LOOKS = 12
"""Second looks per picture: the time per picture stays bounded, whatever is in it."""

MOST_SPREAD = 0.2
"""Corners that may be farther off than this, in heights of the plate, are not used."""


class YoloDetector:
    """Finds plates with a YOLO network exported to ONNX.

    `weights` is a path, a URL or a hub name (see `models.download`); None takes the network that
    we trained (see its card beside it). Its output may be raw, (1, 5, anchors): centre, size
    and score of every anchor, or free of overlaps, (1, n, 6): corners, score and class. `size`
    is the (width, height) to which pictures are scaled, with a border where their shape
    differs; pictures of another shape get another canvas of about the same area, so that every
    picture costs the same. Half of `size` takes a quarter of the time and loses far plates.
    Plates below `min_score` are not reported.

    With `second_look`, each box is looked at again at the picture's own resolution: it gets its
    four corners and a box to the pixel, and what turns out to be no plate is dropped. Where the
    corners are unsure, the first box stays and `corners` is None. `corner_weights` are those of
    that network, ours if None.

    `precision` int8 takes our network in that form: about half the time on processors with
    instructions for it (VNNI, dot product), nearly the same boxes; weights of your own are in what
    they are. bf16 and auto need the runtime openvino (see `models.runtime`). The second look is
    always in float32.

    Raises `ModelError` if a network cannot be used; they are loaded here. One instance
    serves one thread.
    """

    def __init__(
        self,
        *,
        weights: str | Path | None = None,
        size: tuple[int, int] = (416, 256),
        min_score: Annotated[float, Ge(0), Le(1)] = 0.25,
        second_look: bool = True,
        corner_weights: str | Path | None = None,
        runtime: str = "onnxruntime",
        precision: Literal["f32", "int8", "bf16", "auto"] = "f32",
        threads: int = 1,
    ) -> None:
        width, height = size
        if any(side <= 0 or side % STRIDE for side in (width, height)):
            raise ModelError(f"size {width}x{height}: both must be multiples of {STRIDE}")
        file = locate(weights, bundled=BUNDLED_INT8 if precision == "int8" else BUNDLED)
        # Int8 is in the file: what of it is not, is computed in float32.
        computed = "f32" if precision == "int8" else precision
        self._open = partial(Session, file, runtime=runtime, threads=threads, precision=computed)
        self._size = (width, height)
        self._networks = {self._size: Network(self._open(input_size=self._size), self._size)}
        self._finder = None
        if second_look:
            corners = locate(corner_weights, bundled=CORNERS_BUNDLED)
            self._finder = CornerFinder(corners, runtime=runtime, threads=threads)
        self._min_score = min_score

    def detect(self, image: Image) -> list[Detection]:
        """The plates of one picture, best score first, boxes clipped to the picture."""
        if 0 in image.shape:
            return []
        network = self._network_for(image.shape[1], image.shape[0])
        if self._finder is None:
            rows = network.rows(image, self._min_score)
            return self._reported(image, ((one, None) for one in _best_first(rows)))
        rows = _best_first(network.rows(image, CANDIDATE_SHARE * self._min_score))[:MOST_LOOKS]
        return self._looked_again(image, self._finder, rows)

    def rescaled(self, times: float) -> "YoloDetector":
        """A detector that sees pictures so many times as large, on the same terms.

        Shares the second look with this one, so both serve the same thread. Raises `ModelError` for
        a network of fixed size.
        """
        width, height = (max(1, round(times * side / STRIDE)) * STRIDE for side in self._size)
        other = copy(self)
        other._size = (width, height)
        other._networks = {other._size: Network(self._open(input_size=other._size), other._size)}
        return other

    def _looked_again(self, image: Image, finder: CornerFinder, rows: Rows) -> list[Detection]:
        boxes: list[Box] = [(a, b, c, d) for a, b, c, d in rows[:, :4].tolist()]
        looks = finder.look(image, boxes)
        better = np.array(
            [_refined(*one) for one in zip(rows, looks, range(len(looks)), strict=True)], np.float32
        ).reshape(-1, 6)
        kept = without_overlaps(better[better[:, 4] >= self._min_score])
        found = ((row[:5], _corners(looks[int(row[5])])) for row in kept)
        return self._reported(image, found)

    @staticmethod
    def _reported(image: Image, found: Iterable[tuple[Rows, Corners | None]]) -> list[Detection]:
        rows = ((row.tolist(), corners) for row, corners in found)
        detections = (Detection((a, b, c, d), s, corners) for (a, b, c, d, s), corners in rows)
        return clipped(detections, (image.shape[1], image.shape[0]))

    def _network_for(self, width: int, height: int) -> Network:
        """In a canvas of the wrong shape a picture, and its plates, would be smaller."""
        canvas = canvas_for((width, height), self._size)
        if canvas not in self._networks:
            try:
                network = Network(self._open(input_size=canvas), canvas)
            except ModelError:  # a network of fixed size takes every picture as it can
                network = self._networks[self._size]
            self._networks[canvas] = network
        return self._networks[canvas]


@lru_cache(maxsize=64)
def canvas_for(picture: tuple[int, int], size: tuple[int, int]) -> tuple[int, int]:
    """Of the canvases of about the area of `size`, the one in which `picture` is largest.

    Both are (width, height); `size` itself is taken where no other does better.
    """
    canvases = [size, size[::-1], *(_canvas(shape, size[0] * size[1]) for shape in SHAPES)]
    return max(canvases, key=lambda one: min(one[0] / picture[0], one[1] / picture[1]))


def _canvas(shape: float, area: int) -> tuple[int, int]:
    """The sides, multiples of the stride, that hold the largest picture of a shape."""
    sides = []
    for width in range(STRIDE, area // STRIDE + 1, STRIDE):
        room = int(MORE_AREA * area / width) // STRIDE * STRIDE
        sides.append((width, min(room, ceil(width / shape / STRIDE) * STRIDE)))
    sides = [one for one in sides if one[1]]
    # Equal scale: the smaller canvas, whose rest would be border.
    return max(sides, key=lambda one: (min(one[0] / shape, one[1]), -one[0] * one[1]))


def _best_first(rows: Rows) -> Rows:
    return rows[np.argsort(-rows[:, 4], kind="stable")]


def _refined(row: Rows, look: Look, number: int) -> list[float]:
    """Box and score after both looks, and which look it was.

    The box is the mean of the first one and the one around the corners: their errors differ, and
    the mean fits better than either (AP50-95 on plates of a source that neither was trained on:
    0.62 and 0.63 alone, 0.65 together).
    """
    box = row[:4]
    if look.spread <= MOST_SPREAD:
        around: Rows = np.array(box_around(look.corners), np.float32)
        box = (box + around) / np.float32(2)
    x1, y1, x2, y2 = box.tolist()
    return [x1, y1, x2, y2, joined_score(float(row[4]), look.plate), float(number)]


def joined_score(first: float, second: float) -> float:
    """What two looks say together: the geometric mean of two probabilities."""
    return float(np.sqrt(first * second))


def _corners(look: Look) -> Corners | None:
    if look.spread > MOST_SPREAD:
        return None
    a, b, c, d = ((float(x), float(y)) for x, y in look.corners)
    return a, b, c, d
