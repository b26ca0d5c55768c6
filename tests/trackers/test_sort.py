import importlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trackers import TRACKERS
from trackers.sort import Sort

NONE = np.empty((0, 4))
numbers = st.floats(-1e7, 1e7) | st.just(float("nan")) | st.just(float("inf"))
junk_boxes = st.lists(st.tuples(numbers, numbers, numbers, numbers), max_size=12)
frames = st.lists(st.tuples(st.floats(allow_nan=True), junk_boxes), max_size=12)


def box_at(x, y, width=100.0):
    height = width * 0.22
    return (x - width / 2, y - height / 2, x + width / 2, y + height / 2)


def follow(tracker, boxes, time_s):
    boxes = np.array(boxes, float).reshape(-1, 4)
    return tracker.update(boxes, np.full(len(boxes), 0.9), time_s)


def ids(tracks):
    return [track.id for track in tracks]


def test_every_name_in_the_table_is_a_tracker():
    for target in TRACKERS.values():
        module, _, name = target.partition(":")
        assert follow(getattr(importlib.import_module(module), name)(), [], 0.0) == []


@pytest.mark.parametrize("rate", [5, 10, 15, 30])
@pytest.mark.parametrize("speed", [0, 50, 300, 500, 1000])
@pytest.mark.parametrize("heading", [0.0, 1.2, 3.0, 4.4])
def test_one_plate_is_one_track(rate, speed, heading):
    """Up to ten plates a second (18 km/h sideways), at 5 frames/s two widths a frame."""
    tracker, seen = Sort(), set()
    for n in range(rate):
        away = speed * n / rate
        seen |= set(
            ids(follow(tracker, [box_at(away * np.cos(heading), away * np.sin(heading))], n / rate))
        )
    assert seen == {1}


@pytest.mark.parametrize("rate", [8, 15, 30])
def test_an_approaching_vehicle_is_one_track(rate):
    """At 5 m/s from 20 m to 4 m, seen by a camera 2.5 m above the road."""
    tracker, seen = Sort(), []
    for n in range(int(3.2 * rate)):
        distance = 20 - 5 * n / rate
        box = box_at(640 + 300 / distance, 300 + 1100 * 2.5 / distance, 1100 * 0.52 / distance)
        seen.append(follow(tracker, [box], n / rate)[0])
    assert {track.id for track in seen} == {1}
    assert seen[-1].hits == len(seen)
    assert seen[-1].velocity[1] > 0


@pytest.mark.parametrize("seed", range(5))
def test_dropped_frames_and_missed_detections_do_not_break_a_track(seed):
    rng, tracker, seen = np.random.default_rng(seed), Sort(), set()
    time_s = 0.0
    while time_s < 4.0:
        time_s += rng.choice([0.033, 0.066, 0.1, 0.25])
        jitter = rng.normal(0, 2, 2)
        box = box_at(300 * time_s + jitter[0], 100 * time_s + jitter[1], 100 + rng.normal(0, 4))
        boxes = [] if rng.random() < 0.25 else [box]
        seen |= set(ids(follow(tracker, boxes, time_s)))
    assert len(seen) == 1


@pytest.mark.parametrize("speed", [100, 300, 450])
def test_a_camera_that_sends_each_picture_six_times(speed):
    tracker, seen = Sort(), set()
    for n in range(60):
        shown_s = n // 6 * 6 / 30
        seen |= set(ids(follow(tracker, [box_at(speed * shown_s, 0)], n / 30)))
    assert seen == {1}


def test_vehicles_that_pass_each_other_keep_their_ids():
    tracker, ends = Sort(), {}
    for n in range(31):
        boxes = [box_at(100 + 30 * n, 200), box_at(1000 - 30 * n, 290)]
        for track in follow(tracker, boxes[:: (-1) ** n], n / 15):
            ends[track.id] = track.box[0]
    assert set(ends) == {1, 2}
    assert ends[1] > 900
    assert ends[2] < 200


def test_the_next_vehicle_is_another_track():
    """The first leaves at the lower edge; the plate behind it shows higher up and smaller."""
    tracker, first, second = Sort(), set(), set()
    for n in range(20):
        y = 200 + 25 * n
        boxes = [box_at(600, y, 100 + 5 * n)] if n < 15 else []
        if n >= 15:
            boxes = [box_at(610, 320 + 12 * (n - 15), 105)]
        tracks = follow(tracker, boxes, n / 10)
        (first if n < 15 else second).update(t.id for t in tracks if t.detection is not None)
    assert first == {1}
    assert second == {2}


def test_a_parked_vehicle_stays_one_track_for_an_hour():
    rng, tracker = np.random.default_rng(0), Sort()
    for n in range(3600):
        jitter = rng.normal(0, 1.5, 2)
        boxes = [] if n % 3 else [box_at(500 + jitter[0], 300 + jitter[1])]
        tracks = follow(tracker, boxes, n / 3)
    assert ids(tracks) == [1]
    assert tracks[0].age_s == pytest.approx(3599 / 3)


def test_the_index_is_that_of_the_detection_taken():
    tracker = Sort()
    follow(tracker, [box_at(100, 100), box_at(900, 100)], 0.0)
    nan = (float("nan"),) * 4
    tracks = follow(tracker, [nan, box_at(905, 100), (5, 5, 5, 5), box_at(105, 100)], 0.1)
    assert {track.id: track.detection for track in tracks} == {1: 3, 2: 1}
    assert [track.detection for track in follow(tracker, [], 0.2)] == [None, None]


@pytest.mark.parametrize(
    ("times", "count"),
    [
        ([0.0, 0.9, 1.8], 1),
        ([0.0, 1.1], 2),  # longer than max_age_s: whatever stands there now is new
        ([0.0, 1e9], 2),
        ([0.0, 0.0, 0.0], 1),
        ([10.0, 9.9, 10.0, 10.1], 1),
        ([1e9, 0.0, 0.1], 1),  # the clock was set back; the plate still stands there
        ([0.0, float("nan"), 0.1], 1),
        ([0.0, float("inf"), 0.1], 1),
    ],
)
def test_time_may_do_anything(times, count):
    tracker, seen = Sort(), set()
    for time_s in times:
        seen |= set(ids(follow(tracker, [box_at(500, 300)], time_s)))
    assert len(seen) == count


def test_a_track_coasts_then_ends():
    tracker = Sort(max_age_s=0.5)
    for n in range(5):
        follow(tracker, [box_at(100 + 20 * n, 100)], n / 10)
    coasting = follow(tracker, [], 0.8)
    assert coasting[0].box[0] > box_at(180, 100)[0] + 50
    assert coasting[0].hits == 5
    assert follow(tracker, [], 0.91) == []


@pytest.mark.parametrize(
    "box",
    [
        (10, 10, 10, 50),
        (10, 50, 60, 10),
        (60, 10, 10, 50),
        (float("nan"), 10, 60, 50),
        (10, 10, float("inf"), 50),
        (float("-inf"), float("-inf"), float("inf"), float("inf")),
        (0, 0, 0.5, 0.5),
        (0, 0, 1e300, 1e300),
    ],
)
def test_what_is_no_box_is_passed_over(box):
    assert follow(Sort(), [box], 0.0) == []


def test_boxes_need_a_score_each():
    with pytest.raises(ValueError, match="2 boxes come with 1 scores"):
        Sort().update(np.ones((2, 4)), np.ones(1), 0.0)


@settings(deadline=None)
@given(frames)
def test_nothing_makes_it_fall(frames):
    tracker, before = Sort(), set()
    for time_s, boxes in frames:
        tracks = follow(tracker, boxes, time_s)
        taken = [track.detection for track in tracks if track.detection is not None]
        assert len(taken) == len(set(taken))
        assert all(0 <= index < len(boxes) for index in taken)
        assert len(set(ids(tracks))) == len(tracks)
        new = set(ids(tracks)) - before
        assert all(number > max(before, default=0) for number in new)
        assert all(np.isfinite(track.box).all() for track in tracks)
        before |= new


def scene(seed, rate=15):
    """Boxes of three vehicles, with jitter and misses, frame by frame."""
    rng = np.random.default_rng(seed)
    start, speed = rng.uniform(0, 1500, (3, 2)), rng.uniform(-400, 400, (3, 2))
    for n in range(2 * rate):
        centres = start + speed * n / rate + rng.normal(0, 2, (3, 2))
        yield n / rate, [box_at(x, y) for x, y in centres if rng.random() > 0.1]


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.floats(0.2, 5), st.floats(-500, 500))
def test_size_and_place_of_the_picture_do_not_matter(seed, scale, shift):
    plain, other = Sort(), Sort()
    for time_s, boxes in scene(seed):
        moved = np.array(boxes).reshape(-1, 4) * scale + shift
        one, two = follow(plain, boxes, time_s), follow(other, moved, time_s)
        assert [(t.id, t.detection) for t in one] == [(t.id, t.detection) for t in two]
        for left, right in zip(one, two, strict=True):
            assert right.box == pytest.approx(
                np.array(left.box) * scale + shift, rel=1e-6, abs=1e-3
            )


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 1000), st.randoms(use_true_random=False))
def test_the_order_of_detections_does_not_matter(seed, random):
    plain, other = Sort(), Sort()
    for time_s, boxes in scene(seed):
        mixed = random.sample(boxes, len(boxes))
        one, two = follow(plain, boxes, time_s), follow(other, mixed, time_s)
        assert sorted(t.box for t in one) == [pytest.approx(b) for b in sorted(t.box for t in two)]


def test_instances_count_for_themselves():
    first, second = Sort(), Sort()
    follow(first, [box_at(1, 1), box_at(500, 500)], 0.0)
    assert ids(follow(second, [box_at(1, 1)], 0.0)) == [1]


def test_hundreds_of_boxes():
    rng, tracker = np.random.default_rng(1), Sort()
    places = rng.uniform(0, 20_000, (300, 2))
    for n in range(5):
        tracks = follow(tracker, [box_at(x + 10 * n, y) for x, y in places], n / 10)
    assert sum(track.hits == 5 for track in tracks) > 290
    assert follow(tracker, NONE, 9.0) == []


def follow_scored(tracker, boxes, scores, time_s):
    return tracker.update(np.array(boxes, float).reshape(-1, 4), np.array(scores, float), time_s)


@pytest.mark.parametrize(("score", "begins"), [(0.9, True), (0.3, True), (0.29, False), (0, False)])
def test_only_a_clear_sight_begins_a_track(score, begins):
    assert bool(follow_scored(Sort(), [box_at(500, 300)], [score], 0.0)) is begins


def test_faint_sights_carry_a_track_on():
    tracker = Sort(max_age_s=0.5)
    (first,) = follow_scored(tracker, [box_at(500, 300)], [0.8], 0.0)
    for n in range(1, 20):
        (track,) = follow_scored(tracker, [box_at(500 + 5 * n, 300)], [0.16], n * 0.2)
        assert (track.id, track.detection) == (first.id, 0)


def test_a_score_that_is_no_number_begins_nothing():
    assert follow_scored(Sort(), [box_at(500, 300)], [float("nan")], 0.0) == []
