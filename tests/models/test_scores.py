"""Average precision, tightness and bands, on cases that can be counted by hand."""

import math

import numpy as np
import pytest

from models.base import Detection
from models.training.faults import faults_of
from models.training.scores import (
    EVERY,
    IOUS,
    NOBODY,
    Matches,
    ap_at,
    average_precision,
    best_threshold,
    curve,
    match,
    score,
)
from models.training.tightness import BANDS, Pair, band_score, corner_error, reach, tightness

PLATE = (10.0, 10.0, 30.0, 20.0)
FAR = (100.0, 10.0, 120.0, 20.0)
TALL = (200.0, 10.0, 280.0, 40.0)


def shifted(box, pixels):
    return (box[0] + pixels, box[1], box[2] + pixels, box[3])


def found(*pairs):
    return [Detection(box, score) for box, score in pairs]


def counted(detections, truth, band=EVERY, corners=()):
    matches = Matches(band)
    matches.add(detections, truth, corners)
    return matches


@pytest.mark.parametrize(
    ("detections", "truth", "taken_at_half"),
    [
        ([(PLATE, 0.9)], [PLATE], [0]),
        ([(shifted(PLATE, 6), 0.9)], [PLATE], [0]),  # shares 14 of 26
        ([(shifted(PLATE, 8), 0.9)], [PLATE], [NOBODY]),  # shares 12 of 28
        ([(PLATE, 0.5), (PLATE, 0.9)], [PLATE], [NOBODY, 0]),  # twice: the better one counts
        ([(PLATE, 0.5), (PLATE, 0.5)], [PLATE], [0, NOBODY]),  # a tie: the first one counts
        ([(PLATE, 0.9), (FAR, 0.2)], [FAR, PLATE], [1, 0]),
        ([(PLATE, 0.9)], [], [NOBODY]),
        ([], [PLATE], []),
    ],
)
def test_what_finds_which_plate(detections, truth, taken_at_half):
    assert match(found(*detections), truth)[:, 0].tolist() == taken_at_half


def test_overlap_decides_how_strict_a_match_may_be():
    taken = match(found((shifted(PLATE, 2), 0.9)), [PLATE])[0]  # shares 18 of 22: 0.818
    assert (taken == 0).tolist() == [iou <= 0.818 for iou in IOUS]


def test_a_plate_that_does_not_count_is_taken_only_where_none_else_is_to_be_had():
    near = shifted(PLATE, 3)  # the detection overlaps this one less, but it counts
    counts = np.array([False, True])
    assert match(found((PLATE, 0.9)), [PLATE, near], counts)[0, 0] == 1
    assert match(found((PLATE, 0.9), (PLATE, 0.8)), [PLATE, near], counts)[:, 0].tolist() == [1, 0]


@pytest.mark.parametrize(
    ("right", "plates", "expected"),
    [
        ([True, True], 2, 1.0),
        ([], 2, 0.0),
        ([True], 0, 0.0),
        ([False, False], 2, 0.0),
        ([True], 2, 51 / 101),  # recall 0 … 0.50 reached, at precision 1
        ([False, True], 1, 0.5),
        ([True, False, True], 2, (51 + 50 * 2 / 3) / 101),
    ],
)
def test_average_precision(right, plates, expected):
    assert average_precision(np.array(right, bool), plates) == pytest.approx(expected)


@pytest.mark.parametrize("right", [[True, False], [False, True]])
def test_detections_of_the_same_score_count_in_any_order(right):
    scores = np.array([0.5, 0.5])
    assert average_precision(np.array(right), 1, scores) == pytest.approx(0.5)
    assert average_precision(np.array(right), 1, np.array([0.6, 0.5])) == (1.0 if right[0] else 0.5)


def test_precision_recall_and_false_boxes():
    detections = found((PLATE, 0.9), (FAR, 0.4), ((0, 0, 5, 5), 0.35))
    unsure, used = Matches(), Matches()
    for truth, boxes in (([PLATE, FAR], detections), ([PLATE], [])):
        unsure.add(boxes, truth)
        used.add([one for one in boxes if one.score >= 0.5], truth)
    low, high = score("x", unsure, unsure), score("x", unsure, used)
    assert (low.pictures, low.plates) == (2, 3)
    assert (low.precision, low.recall, low.false_per_picture) == pytest.approx((2 / 3, 2 / 3, 0.5))
    assert (high.precision, high.recall, high.false_per_picture) == pytest.approx((1, 1 / 3, 0))
    assert (low.ap50, low.ap50_95) == pytest.approx((67 / 101, 67 / 101))
    assert (high.ap50, high.ap50_95) == (low.ap50, low.ap50_95)
    assert best_threshold(unsure) == 0.4
    assert curve("x", unsure).points == ((0.3333, 1.0, 0.9), (0.6667, 1.0, 0.4))


def test_nothing_found_and_nothing_there():
    for matches in (counted([], [PLATE]), counted([], []), Matches()):
        got = score("x", matches, matches)
        assert (got.ap50, got.precision, got.recall, got.false_per_picture) == (0, 0, 0, 0)
        assert best_threshold(matches) == 0.0
        assert curve("x", matches).points == ()
        assert tightness("x", matches) is None
    assert score("x", *[counted(found((PLATE, 0.5)), [])] * 2).false_per_picture == 1


BAND = (24.0, 48.0)


@pytest.mark.parametrize(
    ("detections", "plates", "ap50", "recall"),
    [
        ([(TALL, 0.9)], 1, 1.0, 1.0),
        ([(PLATE, 0.9)], 1, 0.0, 0.0),  # found a plate of another height: no merit and no fault
        ([(PLATE, 0.95), (TALL, 0.9)], 1, 1.0, 1.0),
        ([((500, 0, 530, 12), 0.95), (TALL, 0.9)], 1, 1.0, 1.0),  # false, but of another height
        ([((500, 0, 560, 30), 0.95), (TALL, 0.9)], 1, 0.5, 1.0),  # false, and of this height
        ([((200, 10, 280, 32), 0.9)], 1, 1.0, 1.0),  # 22 high, but it finds the plate
    ],
)
def test_a_band_of_heights_leaves_out_what_belongs_to_others(detections, plates, ap50, recall):
    matches = counted(found(*detections), [PLATE, TALL], BAND)
    got = band_score("x", matches, matches)
    assert (got.plates, got.low, got.high) == (plates, *BAND)
    assert (got.ap50, got.recall) == pytest.approx((ap50, recall))


def test_every_height_is_in_one_band():
    for height in (0.5, 11.99, 12, 15.9, 16, 24, 48, 96, 4000):
        box = (0.0, 0.0, 50.0, height)
        assert sum(counted([], [box], band).plates for band in BANDS) == 1
    last = Matches(BANDS[-1])
    assert band_score("x", last, last).high is None
    assert band_score("x", last, last).median_iou is None


def slow_ap(pictures, iou, low, high):
    """Plainly and by the letter of COCO: boxes one by one, precision looked up at each recall."""

    def overlap(a, b):
        width = min(a[2], b[2]) - max(a[0], b[0])
        height = min(a[3], b[3]) - max(a[1], b[1])
        shared = max(width, 0) * max(height, 0)
        areas = [(c[2] - c[0]) * (c[3] - c[1]) for c in (a, b)]
        return shared / (sum(areas) - shared)

    def inside(box):
        return low <= box[3] - box[1] < high

    judged, plates = [], 0
    for detections, truth in pictures:
        # those that count come first, as in the reference
        ordered = sorted(truth, key=lambda box: not inside(box))
        plates += sum(map(inside, truth))
        used = set()
        for one in sorted(detections, key=lambda one: -one.score):
            best, best_overlap = None, iou
            for index, box in enumerate(ordered):
                if best is not None and inside(ordered[best]) and not inside(box):
                    break
                if index not in used and overlap(one.box, box) >= best_overlap:
                    best, best_overlap = index, overlap(one.box, box)
            if best is not None:
                used.add(best)
            if inside(ordered[best]) if best is not None else inside(one.box):
                judged.append((one.score, best is not None))
    judged.sort(reverse=True)
    points, right = [], 0
    for number, (_, good) in enumerate(judged, start=1):
        right += good
        points.append((right / plates, right / number))
    steps = [step / 100 for step in range(101)]
    best = [max((p for r, p in points if r >= step - 1e-9), default=0.0) for step in steps]
    return sum(best) / len(best)


def random_pictures(rng):
    for _ in range(25):
        truth = []
        for _ in range(rng.integers(0, 4)):
            x, y, high = rng.uniform(0, 150), rng.uniform(0, 60), rng.uniform(8, 60)
            truth.append((x, y, x + 3 * high, y + high))
        boxes = [np.array(box) + rng.normal(0, 3, 4) for box in truth for _ in range(2)]
        boxes += [np.array((x, 90, x + 60, 90 + rng.uniform(8, 60))) for x in rng.uniform(0, 99, 2)]
        yield [Detection(tuple(box.tolist()), float(rng.random())) for box in boxes], truth


@pytest.mark.parametrize("band", [EVERY, (0, 16), (16, 24), (24, 48), (48, math.inf)])
def test_average_precision_is_that_of_a_plain_implementation(band):
    pictures = list(random_pictures(np.random.default_rng(3)))
    matches = Matches(band)
    for detections, truth in pictures:
        matches.add(detections, truth)
    got = [ap_at(matches, column) for column in range(len(IOUS))]
    expected = [slow_ap(pictures, iou, *band) for iou in IOUS]
    assert got == pytest.approx(expected)
    assert 0 < sum(got) < 10


def test_how_far_each_side_reaches():
    box = (8.0, 9.0, 33.0, 18.0)
    pair = Pair(Detection(box, 0.9), PLATE, None, 0.7)
    assert reach(pair) == pytest.approx((2 / 20, 1 / 10, 3 / 20, -2 / 10))
    got = tightness("x", counted([Detection(box, 0.9)], [PLATE]))
    assert got.beyond == pytest.approx((0.1, 0.1, 0.15, -0.2))
    assert got.spread == (0, 0, 0, 0)
    assert got.area_ratio == pytest.approx(25 * 9 / 200)
    assert got.median_iou == pytest.approx(20 * 8 / (225 + 200 - 160))
    assert (got.found, got.corner_share, got.corner_error) == (1, 0, None)


def test_the_middle_of_many_boxes_and_their_spread():
    matches = Matches()
    for pixels in (0.0, 1.0, 5.0):
        matches.add(found((shifted(PLATE, pixels), 0.9)), [PLATE])
    got = tightness("x", matches)
    assert got.beyond == pytest.approx((-0.05, 0, 0.05, 0))
    assert got.spread == pytest.approx((0.05, 0, 0.05, 0))  # of 1, 0 and 4 pixels


def test_corners_are_measured_in_heights_of_the_plate_itself():
    tilted = ((10.0, 10.0), (30.0, 20.0), (30.0, 26.0), (10.0, 16.0))  # 6 high in a box of 16
    off = tuple((x + 3.0, y) for x, y in tilted)
    box = (10.0, 10.0, 30.0, 26.0)
    assert corner_error(Pair(Detection(box, 1, off), box, tilted, 1)) == pytest.approx(0.5)
    assert corner_error(Pair(Detection(box, 1), box, tilted, 1)) is None
    assert corner_error(Pair(Detection(box, 1, off), box, None, 1)) is None
    detections = [Detection(box, 0.9, off), Detection(shifted(box, 99), 0.8)]
    got = tightness("x", counted(detections, [box, shifted(box, 99)], corners=[tilted, tilted]))
    assert got.corner_share == 0.5
    assert (got.corner_error, got.corner_error_p90) == pytest.approx((0.5, 0.5))


@pytest.mark.parametrize(
    ("used", "kinds", "overlaps"),
    [
        ([(PLATE, 0.9)], [], []),
        ([], ["missed"], [0]),
        ([(FAR, 0.9)], ["elsewhere", "missed"], [0, 0]),
        ([(shifted(PLATE, 6), 0.9)], ["loose"], [14 / 26]),
        ([(shifted(PLATE, 8), 0.9)], ["loose"], [12 / 28]),
        ([(shifted(PLATE, 8), 0.9), (PLATE, 0.3)], ["double"], [12 / 28]),
        (
            [(shifted(PLATE, 8), 0.9), (shifted(PLATE, 9), 0.3)],
            ["loose", "double"],
            [12 / 28, 11 / 29],
        ),
    ],
)
def test_faults_by_kind(used, kinds, overlaps):
    got = faults_of(found(*used), [PLATE])
    assert [fault.kind for fault in got] == kinds
    assert [fault.overlap for fault in got] == pytest.approx(overlaps)


def test_a_missed_plate_says_whether_it_was_seen_below_the_threshold():
    unsure = found((FAR, 0.2), (shifted(PLATE, 1), 0.1), (PLATE, 0.05))
    (missed,) = faults_of([], [PLATE], unsure)
    assert (missed.kind, missed.score) == ("missed", 0.1)
