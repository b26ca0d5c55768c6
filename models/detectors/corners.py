"""The second look: is this box a plate, and where exactly are its four corners?

A detector sees the whole picture small, and a plate of 20 pixels with it; this network sees one
box at the picture's own resolution. It costs a fraction of a millisecond per box.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.base import Box, Image, ModelError
from models.runtime import Session

BUNDLED = Path(__file__).parents[1] / "weights" / "plate-corners.onnx"

SIZE = (128, 64)
"""Width and height of what the network sees."""

MARGIN = (0.3, 0.4)
"""What is seen around a box, on each side, in shares of its width and height."""

Points = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Look:
    """What the network says of one box.

    `corners` is (4, 2) in pixels of the picture: top left, top right, bottom right, bottom left;
    `spread` is how far they may be off, in heights of the plate (Laplace's scale, mean of
    the eight coordinates); `plate` is the probability that this is a plate.
    """

    corners: Points
    spread: float
    plate: float


class CornerFinder:
    """Looks at boxes of a picture with the network in `weights`; serves one thread.

    The network takes (n, 3, 64, 128), RGB in 0..1, and gives (n, 17): eight coordinates (x, y of
    the four corners, in shares of what it sees), eight logarithms of their scale, and the logit
    of being a plate. Raises `ModelError` if it cannot be used.
    """

    def __init__(
        self, weights: Path = BUNDLED, *, runtime: str = "onnxruntime", threads: int = 1
    ) -> None:
        self._session = Session(weights, runtime=runtime, threads=threads)
        _check(self._session)

    def look(self, image: Image, boxes: Sequence[Box]) -> list[Look]:
        """One answer for each box, in their order."""
        if not boxes:
            return []
        windows = [window_of(box) for box in boxes]
        blob = np.stack([to_input(cut(image, window)) for window in windows])
        answers = self._session.run(blob)[0]
        return [_look(answer, window) for answer, window in zip(answers, windows, strict=True)]


Window = tuple[int, int, int, int]
"""Left, top, right, bottom in whole pixels; may reach beyond the picture."""


def window_of(box: Box) -> Window:
    """What the network sees of a box: the box and a margin."""
    x1, y1, x2, y2 = box
    more_x, more_y = MARGIN[0] * (x2 - x1), MARGIN[1] * (y2 - y1)
    left, top = round(x1 - more_x), round(y1 - more_y)
    return left, top, max(round(x2 + more_x), left + 2), max(round(y2 + more_y), top + 2)


def cut(image: Image, window: Window) -> Image:
    """The window of a picture at the network's size; beyond the picture its edge goes on."""
    left, top, right, bottom = window
    height, width = image.shape[:2]
    x1, y1 = min(max(left, 0), width - 1), min(max(top, 0), height - 1)
    x2, y2 = max(min(right, width), x1 + 1), max(min(bottom, height), y1 + 1)
    part = image[y1:y2, x1:x2]
    beyond = (y1 - top, bottom - y2, x1 - left, right - x2)
    if any(beyond):
        above, below, before, after = (max(side, 0) for side in beyond)
        part = cv2.copyMakeBorder(part, above, below, before, after, cv2.BORDER_REPLICATE)
    shrinks = part.shape[1] > SIZE[0] or part.shape[0] > SIZE[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(part, SIZE, interpolation=how), dtype=np.uint8)


def to_input(seen: Image) -> NDArray[np.float32]:
    """(64, 128, 3) BGR bytes to (3, 64, 128) RGB in 0..1."""
    return seen[:, :, ::-1].transpose(2, 0, 1).astype(np.float32) * np.float32(1 / 255)


def _look(answer: NDArray[np.float32], window: Window) -> Look:
    left, top, right, bottom = window
    sides = np.array([right - left, bottom - top], np.float32)
    corners = answer[:8].reshape(4, 2) * sides + np.array([left, top], np.float32)
    upright = corners[[3, 2]] - corners[[0, 1]]
    height = max(float(np.hypot(*upright.T).mean()), 1.0)
    spread = float((np.exp(answer[8:16]).reshape(4, 2) * sides).mean()) / height
    return Look(corners, spread, float(1 / (1 + np.exp(-answer[16]))))


def _check(session: Session) -> None:
    seen, answer = session.inputs[0], session.outputs[0]
    wanted = (3, SIZE[1], SIZE[0])
    if len(session.inputs) != 1 or seen.shape[1:] != wanted or answer.shape[-1] != 17:
        raise ModelError(
            f"{session.model}: input {seen}, output {answer};"
            f" expected [n,3,{SIZE[1]},{SIZE[0]}] and [n,17]"
        )
