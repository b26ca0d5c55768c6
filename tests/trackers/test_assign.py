import numpy as np
import pytest

from trackers.assign import Expected, assign, iou

PLATE = (100.0, 100.0, 200.0, 122.0)


def shifted(dx, dy=0.0, scale=1.0, box=PLATE):
    x1, y1, x2, y2 = box
    return (x1 + dx, y1 + dy, x1 + dx + (x2 - x1) * scale, y1 + dy + (y2 - y1) * scale)


def pairs(tracks, boxes, spread=50.0, min_iou=0.2, max_reach=3.0):
    expected = Expected(np.array(tracks, float), np.full((len(tracks), 2), spread))
    found = assign(expected, np.array(boxes, float), min_iou=min_iou, max_reach=max_reach)
    return dict(zip(*(one.tolist() for one in found), strict=True))


@pytest.mark.parametrize(
    ("other", "overlap"),
    [
        (PLATE, 1.0),
        (shifted(50), 1 / 3),
        (shifted(100), 0.0),
        (shifted(500), 0.0),
        (shifted(0, 11), 1 / 3),
        (shifted(0, scale=0.5), 0.25),
    ],
)
def test_iou(other, overlap):
    assert iou(np.array([PLATE]), np.array([other])) == pytest.approx(np.array([[overlap]]))


@pytest.mark.parametrize(
    ("other", "spread", "paired"),
    [
        (shifted(10), 1.0, True),  # overlaps, though the filter is very sure of itself
        (shifted(150), 50.0, True),  # no overlap, but within what the filter allows
        (shifted(150), 20.0, False),  # 7.5 standard deviations
        (shifted(95), 1.0, True),  # so near that it can be no other plate
        (shifted(350), 1000.0, False),  # further than three plates, whatever the filter says
        (shifted(0, 150), 50.0, True),
        (shifted(150, scale=1.7), 50.0, False),  # another size: another plate
        (shifted(150, scale=0.4), 50.0, False),
        (shifted(60, scale=1.5), 50.0, True),
    ],
)
def test_a_pair_is_allowed(other, spread, paired):
    assert pairs([PLATE], [other], spread) == ({0: 0} if paired else {})


def test_each_takes_its_own():
    tracks = [shifted(0), shifted(300), shifted(600)]
    boxes = [shifted(610), shifted(-10), shifted(290)]
    assert pairs(tracks, boxes) == {0: 1, 1: 2, 2: 0}


def test_a_train_of_plates_moves_on_together():
    tracks = [shifted(300 * n) for n in range(4)]
    boxes = [shifted(300 * n + 110) for n in range(4)]
    assert pairs(tracks, boxes) == {n: n for n in range(4)}


def test_a_good_pair_is_not_torn_apart_to_give_a_lost_track_something():
    here, lost = shifted(0), shifted(140)
    own, elsewhere = shifted(2), shifted(-250)
    assert pairs([here, lost], [own, elsewhere], spread=100.0) == {0: 0}


@pytest.mark.parametrize(("tracks", "boxes"), [(1, 5), (5, 1), (3, 3), (200, 300)])
def test_any_number_of_each(tracks, boxes):
    found = pairs(
        [shifted(400 * n) for n in range(tracks)], [shifted(400 * n) for n in range(boxes)]
    )
    assert found == {n: n for n in range(min(tracks, boxes))}
