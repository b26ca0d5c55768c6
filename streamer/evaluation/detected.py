"""Crops as the daemon cuts them: where its detector finds a plate that is annotated."""

from models.base import Box, Detection, Detector, Image
from models.training.scores import SAME_PLATE, iou_matrix
from streamer.stages.views import MARGIN, cut_out


class FoundBy:
    """Cuts a plate out of its picture where `detector` sees it; None where it does not.

    `margin` is in shares of the plate's sides; with `upright` plates whose corners say that they
    lean are set upright, as the daemon does. The detections of the last picture are kept: call
    it for all plates of a picture in turn.
    """

    def __init__(self, detector: Detector, margin: float = MARGIN, *, upright: bool = True) -> None:
        self._detector = detector
        self._margin = margin
        self._upright = upright
        self._picture: Image | None = None
        self._found: list[Detection] = []

    def __call__(self, picture: Image, box: Box) -> Image | None:
        """The crop of the detection that is about the plate in `box`."""
        if picture is not self._picture:
            self._picture, self._found = picture, self._detector.detect(picture)
        if not self._found:
            return None
        overlaps = iou_matrix([box], [one.box for one in self._found])[0]
        if overlaps.max() < SAME_PLATE:
            return None
        one = self._found[int(overlaps.argmax())]
        seen = one if self._upright else Detection(one.box, one.score)
        return cut_out(picture, seen, self._margin)
