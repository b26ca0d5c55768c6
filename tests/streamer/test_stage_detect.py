from datetime import UTC, datetime

import numpy as np
import pytest

from models.base import Detection
from streamer.data import Frame
from streamer.stages.detect import Detect


class BrightSpots:
    """Finds the bright columns of a picture."""

    def detect(self, image):
        columns = np.flatnonzero(image[:, :, 0].max(axis=0))
        return [Detection((x, 0, x + 1, image.shape[0]), 0.5) for x in columns]


def frame(*bright):
    image = np.zeros((4, 8, 3), np.uint8)
    image[:, list(bright)] = 255
    return Frame("gate", 0, datetime.now(UTC), 0.0, image)


@pytest.mark.parametrize("bright", [(), (3,), (1, 5, 7)])
def test_each_frame_goes_on_with_what_was_found_in_it(bright):
    given = frame(*bright)
    (detected,) = Detect(BrightSpots()).step(given)
    assert detected.frame is given
    assert [one.box for one in detected.detections] == [(x, 0, x + 1, 4) for x in bright]


def test_there_is_nothing_to_say_without_a_frame():
    stage = Detect(BrightSpots())
    assert list(stage.idle()) == []
    assert list(stage.finish()) == []
