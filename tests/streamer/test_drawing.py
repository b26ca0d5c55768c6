import numpy as np
import pytest

from streamer.drawing import DARK, GREEN, draw_plate, no_wider


def share_of(image, colour):
    return float((image == colour).all(axis=2).mean())


@pytest.mark.parametrize("size", [(160, 90), (640, 360), (3840, 2160)])
@pytest.mark.parametrize("corner", [(0, 0), (1, 0), (0, 1), (1, 1), (0.5, 0.5)])
def test_a_text_is_whole_wherever_its_plate_is_and_however_large_the_picture(size, corner):
    width, height = size
    wide, high = width // 8, height // 16
    x, y = round(corner[0] * (width - wide)), round(corner[1] * (height - high))
    image = np.full((height, width, 3), 90, np.uint8)
    draw_plate(image, "AB123CD 98%", (x, y, x + wide, y + high))
    middle = np.full((height, width, 3), 90, np.uint8)
    place = (width / 2, height / 2, width / 2 + wide, height / 2 + high)
    draw_plate(middle, "AB123CD 98%", place)
    assert share_of(image, DARK) == pytest.approx(share_of(middle, DARK), rel=0.1)
    assert share_of(image, GREEN) > 0.5 * share_of(middle, GREEN)


def test_a_small_picture_is_copied_and_a_large_one_scaled_down():
    small, large = np.zeros((90, 160, 3), np.uint8), np.zeros((4000, 2000, 3), np.uint8)
    copy, share = no_wider(small, 1600)
    assert (copy.shape, share) == (small.shape, 1.0)
    assert not np.shares_memory(copy, small)
    scaled, share = no_wider(large, 1600)
    assert (scaled.shape, share) == ((1600, 800, 3), 0.4)
    assert no_wider(np.zeros((1, 5000, 3), np.uint8), 1600)[0].shape == (1, 1600, 3)
