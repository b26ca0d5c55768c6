"""The first stage after capture: where are plates in this frame?"""

from models.base import Detector
from streamer.data import Detected, Frame
from streamer.pipeline import StageBase


class Detect(StageBase):
    """Frame → Detected."""

    name = "detect"

    def __init__(self, detector: Detector) -> None:
        self._detector = detector

    def step(self, frame: Frame) -> tuple[Detected]:
        """The frame with its plates."""
        return (Detected(frame, tuple(self._detector.detect(frame.image))),)
