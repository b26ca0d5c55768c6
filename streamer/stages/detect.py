"""The first stage after capture: where are plates in this frame?"""

from models.base import Detector
from streamer.data import Detected, Frame
from streamer.pipeline import StageBase
from streamer.places import NOWHERE, Places


class Detect(StageBase):
    """Frame → Detected, without what lies where `places` says not to look."""

    name = "detect"

    def __init__(self, detector: Detector, places: Places = NOWHERE) -> None:
        self._detector = detector
        self._places = places

    def step(self, frame: Frame) -> tuple[Detected]:
        """The frame with its plates."""
        found = self._detector.detect(frame.image)
        kept = (one for one in found if not self._places.is_ignored(one.box, frame.size))
        return (Detected(frame, tuple(kept)),)
