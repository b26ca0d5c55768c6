"""One YOLO network of one class, and how pictures get into it and boxes out of it."""

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Image, ModelError
from models.runtime import Port, Session

STRIDE = 32
"""The network halves its input five times, so width and height are multiples of this."""

GREY = 114
"""What fills the border, as in the training."""

NMS_IOU = 0.5
"""Two boxes that share more than this are one plate: plates do not cover each other."""

Rows = NDArray[np.float32]
"""(n, 5): x1, y1, x2, y2 in pixels of the network's input, and the score."""


class Network:
    """A session with the canvas that fits it."""

    def __init__(self, session: Session, size: tuple[int, int]) -> None:
        self._session = session
        self._raw = _check_ports(session)
        self._letterbox = Letterbox(size)

    def rows(self, image: Image, min_score: float) -> Rows:
        """What it finds, in pixels of the picture; in no order, and not clipped."""
        output = self._session.run(self._letterbox.fill(image))[0][0]
        if self._raw:
            rows = without_overlaps(raw_rows(output, min_score))
        else:
            rows = output[output[:, 4] >= min_score, :5]
        return self._letterbox.to_picture(rows)


class Letterbox:
    """Pictures of any shape into the network's input, and boxes back.

    The picture keeps its shape and lies in the middle; the rest is grey. Canvas and blob are
    kept from call to call: fresh arrays of megabytes cost more than filling them.
    """

    def __init__(self, size: tuple[int, int]) -> None:
        self.size = size
        width, height = size
        self._canvas = np.full((height, width, 3), GREY, np.uint8)
        self._blob = np.empty((1, 3, height, width), np.float32)
        self._picture = (0, 0)
        self._scaled = (0, 0)
        self._offset = (0, 0)

    def fill(self, image: Image) -> NDArray[np.float32]:
        """The blob (1, 3, height, width), RGB in 0..1; valid until the next call."""
        self._fit(image.shape[1], image.shape[0])
        (x, y), (width, height) = self._offset, self._scaled
        inside = self._canvas[y : y + height, x : x + width]
        cv2.resize(image, (width, height), dst=inside, interpolation=cv2.INTER_LINEAR)
        for channel in range(3):
            np.multiply(
                self._canvas[:, :, 2 - channel], np.float32(1 / 255), out=self._blob[0, channel]
            )
        return self._blob

    def to_picture(self, rows: Rows) -> Rows:
        """The rows with their boxes in pixels of the picture last filled in, unclipped."""
        scale = np.array(self._picture, np.float32) / np.array(self._scaled, np.float32)
        moved = rows.copy()
        moved[:, :4] = (rows[:, :4] - np.tile(self._offset, 2)) * np.tile(scale, 2)
        return moved

    def _fit(self, width: int, height: int) -> None:
        if (width, height) == self._picture:
            return
        scale = min(self.size[0] / width, self.size[1] / height)
        self._picture = (width, height)
        self._scaled = (max(1, round(width * scale)), max(1, round(height * scale)))
        self._offset = (
            (self.size[0] - self._scaled[0]) // 2,
            (self.size[1] - self._scaled[1]) // 2,
        )
        self._canvas[:] = GREY


def raw_rows(output: NDArray[np.float32], min_score: float) -> Rows:
    """The anchors (5, n) of centre x, y, width, height and score, as rows of corners."""
    x, y, width, height, score = output[:, output[4] >= min_score]
    corners = (x - width / 2, y - height / 2, x + width / 2, y + height / 2, score)
    return np.stack(corners, axis=1)


def without_overlaps(rows: Rows, iou: float = NMS_IOU) -> Rows:
    """Best first, without those that share more than `iou` with a better one.

    Columns after the fifth are carried along.
    """
    left = rows[np.argsort(-rows[:, 4], kind="stable")]
    kept = []
    while len(left):
        best, left = left[0], left[1:]
        kept.append(best)
        sides = np.minimum(best[2:4], left[:, 2:4]) - np.maximum(best[:2], left[:, :2])
        shared = sides.clip(min=0).prod(axis=1)
        areas = (left[:, 2:4] - left[:, :2]).prod(axis=1)
        union = (best[2:4] - best[:2]).prod() + areas - shared
        left = left[shared <= iou * union]
    return np.array(kept, np.float32).reshape(-1, rows.shape[1])


def _check_ports(session: Session) -> bool:
    """Whether the output is raw; raises `ModelError` for networks that find no single class."""
    image, output = session.inputs[0], session.outputs[0]
    if len(session.inputs) != 1 or image.shape[:2] not in ((1, 3), (None, 3)):
        found = ", ".join(map(str, session.inputs))
        raise ModelError(f"{session.model}: input {found}; expected one picture [1,3,height,width]")
    # In this order: no network has six anchors, but one may report five plates at most.
    if _matches(output, (1, None, 6)):
        return False
    if _matches(output, (1, 5, None)):
        return True
    raise ModelError(f"{session.model}: output {output}; expected [1,5,anchors] or [1,plates,6]")


def _matches(port: Port, shape: tuple[int | None, ...]) -> bool:
    """Whether a port has this shape; None in `shape` is any length, None in the port the batch."""
    if len(port.shape) != len(shape):
        return False
    pairs = list(zip(port.shape, shape, strict=True))
    return pairs[0][0] in (1, None) and all(b is None or a == b for a, b in pairs[1:])
