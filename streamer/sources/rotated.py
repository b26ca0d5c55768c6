"""A camera that hangs sideways or upside down, set upright."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import cv2
import numpy as np

from streamer.data import Frame
from streamer.sources.base import Source

Degrees = Literal[0, 90, 180, 270]

_TURNS = {
    90: cv2.ROTATE_90_CLOCKWISE,
    180: cv2.ROTATE_180,
    270: cv2.ROTATE_90_COUNTERCLOCKWISE,
}


class RotatedSource:
    """`source` with every frame turned clockwise by `degrees` (90, 180 or 270)."""

    def __init__(self, source: Source, degrees: Literal[90, 180, 270]) -> None:
        self.camera = source.camera
        self.url = source.url
        self.live = source.live
        self._source = source
        self._turn = _TURNS[degrees]

    def frames(self) -> Iterator[Frame]:
        """The frames of the source, upright. Raises what the source raises."""
        for frame in self._source.frames():
            image = np.asarray(cv2.rotate(frame.image, self._turn), np.uint8)
            yield replace(frame, image=image)


def upright(source: Source, degrees: Degrees) -> Source | RotatedSource:
    """`source` itself where nothing is to be turned."""
    return RotatedSource(source, degrees) if degrees else source
