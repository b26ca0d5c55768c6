"""Better annotations for the training of the detector: tight boxes, and no plate forgotten.

Sources draw their boxes by habits of their own, some a tenth too high, and leave plates in the
background out. The second look, trained on exact corners, redraws the boxes that it is sure
of; what two looks are both sure is a plate is added (self-training, Lee, "Pseudo-Label",
2013). Only train pictures: what is measured stays as it was annotated.
"""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from models.base import Box, Image
from models.detectors.corners import CornerFinder, Look
from models.detectors.quads import box_around
from models.detectors.yolo import MOST_SPREAD, YoloDetector
from models.training.scene import Scene
from models.training.scores import iou_matrix

SAME_PLATE_IOU = 0.55
"""A redrawn box must share this much with the annotated one: else the network erred, not a hand."""

SURE = 0.6
"""The score from which a plate that nobody annotated is taken as one."""

FREE_IOU = 0.05
"""An added plate may touch annotated ones no more than this."""


@dataclass(slots=True)
class Changes:
    """What was changed, counted in plates."""

    redrawn: int = 0
    kept: int = 0
    added: int = 0


class Relabel:
    """Redraws and completes the boxes of train pictures, with the networks in `weights`.

    `weights` None takes the bundled detector.
    """

    def __init__(self, weights: Path | None = None) -> None:
        self._finder = CornerFinder()
        self._detector = YoloDetector(weights=weights, size=(640, 384), min_score=SURE)
        self.changes = Changes()

    def each(self, scenes: Iterable[Scene]) -> Iterator[Scene]:
        """The scenes with their new boxes; those of other splits as they are."""
        for number, scene in enumerate(scenes, start=1):
            image = cv2.imread(str(scene.path)) if scene.split == "train" else None
            yield scene if image is None else self.scene(scene, np.asarray(image, np.uint8))
            if number % 500 == 0:
                print(f"relabelled {number} pictures", file=sys.stderr)

    def scene(self, scene: Scene, image: Image) -> Scene:
        """One scene with its new boxes."""
        looks = self._finder.look(image, scene.boxes)
        boxes = [self._redrawn(box, look) for box, look in zip(scene.boxes, looks, strict=True)]
        for one in self._detector.detect(image):
            if not boxes or iou_matrix([one.box], boxes).max() <= FREE_IOU:
                boxes.append(one.box)
                self.changes.added += 1
        return replace(scene, boxes=tuple(boxes))

    def _redrawn(self, box: Box, look: Look) -> Box:
        found = box_around(look.corners)
        sure = look.plate > 0.5 and look.spread < MOST_SPREAD
        if sure and iou_matrix([box], [found])[0, 0] >= SAME_PLATE_IOU:
            self.changes.redrawn += 1
            return found
        self.changes.kept += 1
        return box
