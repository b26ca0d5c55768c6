from datetime import UTC, datetime

import numpy as np
import pytest

from models.base import Detection, Reading
from streamer.config import options_model
from streamer.data import Frame, Tracked
from streamer.settled import Settled
from streamer.stages.read import LOOKS_A_FRAME, Read
from trackers.base import Track

BOX = (400.0, 300.0, 500.0, 330.0)
NOISE = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), np.uint8)


class Telling:
    """Reads the size of the crop, and remembers how often it was called."""

    def __init__(self):
        self.calls = []

    def read(self, crops):
        self.calls.append(len(crops))
        return [Reading(f"{crop.shape[1]}", (0.9,) * len(f"{crop.shape[1]}")) for crop in crops]


def frame(time_s=0.0, image=None):
    if image is None:  # no two pictures of a camera are alike
        image = np.roll(NOISE, round(time_s * 1000), axis=1)
    return Frame("gate", round(time_s * 1000), datetime.now(UTC), time_s, image, pts_s=time_s)


def tracked(boxes, time_s=0.0, *, seen=True, image=None):
    detections = tuple(Detection(box, 0.9) for box in boxes.values())
    tracks = tuple(
        Track(track_id, box, (0.0, 0.0), time_s, 1, index if seen else None)
        for index, (track_id, box) in enumerate(boxes.items())
    )
    return Tracked(frame(time_s, image), detections, tracks, ())


def looks(stage, item):
    (looked,) = stage.step(item)
    return looked.looks


def test_a_look_is_what_was_read_where_and_how_good_it_was():
    stage, item = Read(Telling(), Settled(), margin=0.0), tracked({7: BOX})
    (look,) = looks(stage, item)
    assert look.track_id == 7
    assert look.frame is item.frame
    assert look.box == BOX
    assert look.reading.text == "100"
    assert (look.crop == item.frame.image[300:330, 400:500]).all()
    assert not np.shares_memory(look.crop, item.frame.image)
    assert 0 < look.quality <= 1


def test_tracks_and_their_ends_go_on():
    item = Tracked(frame(), (), (Track(1, BOX, (0, 0), 0.0, 1, None),), (5, 6))
    (looked,) = Read(Telling(), Settled()).step(item)
    assert (looked.frame, looked.tracks, looked.ended) == (item.frame, item.tracks, (5, 6))
    (looked,) = Read(Telling(), Settled()).step(Tracked(None, (), (), (1,)))
    assert (looked.frame, looked.ended, looked.looks) == (None, (1,), ())


def test_all_plates_of_a_frame_are_read_in_one_call():
    reader = Telling()
    stage = Read(reader, Settled())
    boxes = {n: (100.0 * n, 300.0, 100.0 * n + 80, 320.0) for n in range(1, 6)}
    assert {look.track_id for look in looks(stage, tracked(boxes))} == {1, 2, 3, 4, 5}
    assert reader.calls == [5]


def test_hundreds_of_detections_do_not_stop_the_gate():
    reader = Telling()
    boxes = {n: (20.0 + 8 * n, 300.0, 90.0 + 8 * n, 320.0) for n in range(140)}
    assert len(looks(Read(reader, Settled()), tracked(boxes))) == LOOKS_A_FRAME


@pytest.mark.parametrize(
    ("box", "read"),
    [
        (BOX, True),
        ((400, 300, 500, 309), False),  # too low to be read
        ((400, 300, 500, 311), True),
        ((0, 300, 100, 330), False),  # cut by the edge
        ((1200, 300, 1280, 330), False),
        ((400, 690, 500, 720), False),
    ],
)
def test_what_is_worth_reading(box, read):
    assert bool(looks(Read(Telling(), Settled()), tracked({1: box}))) == read


def test_corners_say_how_high_a_leaning_plate_is():
    flat = ((400.0, 300.0), (500.0, 330.0), (500.0, 336.0), (400.0, 306.0))
    detection = Detection((400, 300, 500, 336), 0.9, flat)
    item = Tracked(frame(), (detection,), (Track(1, BOX, (0, 0), 0.0, 1, 0),), ())
    assert looks(Read(Telling(), Settled()), item) == ()


def test_a_coasting_track_is_not_read():
    assert looks(Read(Telling(), Settled()), tracked({1: BOX}, seen=False)) == ()


def test_a_settled_track_is_not_read():
    settled, reader = Settled(), Telling()
    stage = Read(reader, settled)
    assert looks(stage, tracked({1: BOX}))
    settled.add(1)
    assert looks(stage, tracked({1: BOX}, 0.1)) == ()
    assert reader.calls == [1]


def times_of_looks(stage, seconds, rate=20, box=lambda _: BOX):
    times = [n / rate for n in range(seconds * rate)]
    return [one for one in times if looks(stage, tracked({1: box(one)}, one))]


def test_first_at_once_then_at_intervals_then_no_more():
    stage = Read(Telling(), Settled(), eager_looks=3, look_interval_s=0.5, max_looks=6)
    assert times_of_looks(stage, 10) == pytest.approx([0.0, 0.05, 0.1, 0.6, 1.1, 1.6])


def test_a_clearly_better_view_is_read_without_waiting():
    stage = Read(Telling(), Settled(), eager_looks=1, look_interval_s=60.0, max_looks=2)

    def growing(time_s):
        return (400.0, 300.0, 440.0 + 400 * time_s, 310.0 + 100 * time_s)

    times = times_of_looks(stage, 1, box=growing)
    assert times[0] == 0.0
    assert 1 < len(times) < 10


def test_the_same_picture_again_has_nothing_new_to_say():
    """A camera that sends each picture six times, coded anew; the box trembles by a pixel."""
    rng, stage, read = np.random.default_rng(0), Read(Telling(), Settled()), []
    for n in range(18):
        noise = rng.normal(0, 2, NOISE.shape)
        image = np.clip(np.roll(NOISE, n // 6 * 40, axis=1) + noise, 0, 255).astype(np.uint8)
        box = (400.0 + n % 2, 300.0, 500.0 - n % 2, 330.0)
        read.append(bool(looks(stage, tracked({1: box}, n / 30.1, image=image))))
    assert [n for n, one in enumerate(read) if one] == [0, 6, 12]


def test_a_standing_vehicle_is_looked_at_without_haste():
    stage = Read(Telling(), Settled(), look_interval_s=0.5, max_looks=4)
    times = [n / 10 for n in range(40) if looks(stage, tracked({1: BOX}, n / 10, image=NOISE))]
    assert times == pytest.approx([0.0, 0.5, 1.0, 1.5])


def test_a_clock_set_back_does_not_stop_the_looks():
    stage = Read(Telling(), Settled(), eager_looks=1)
    looks(stage, tracked({1: BOX}, 1e6))
    assert looks(stage, tracked({1: BOX}, 1.0))


def test_ended_tracks_are_forgotten():
    stage = Read(Telling(), Settled())
    for n in range(100):
        looks(stage, tracked({n: BOX}, n / 10))
    assert len(stage._watched) == 1


def test_after_a_failure_the_same_view_is_read_again():
    class Failing(Telling):
        def read(self, crops):
            if not self.calls:
                self.calls.append(0)
                raise RuntimeError("out of memory")
            return super().read(crops)

    stage = Read(Failing(), Settled(), max_looks=1)
    with pytest.raises(RuntimeError):
        stage.step(tracked({1: BOX}))
    assert looks(stage, tracked({1: BOX}))


def test_its_options_are_checked_before_the_start():
    model = options_model(Read)
    assert set(model.model_fields) == {
        "margin", "min_height_px", "eager_looks", "look_interval_s", "max_looks",
    }  # fmt: skip
    with pytest.raises(ValueError, match="max_looks"):
        model(max_looks=0)


@pytest.mark.parametrize(("hidden_s", "read"), [(0.1, 0), (0.6, 3)])
def test_a_settled_track_is_looked_at_anew_when_it_was_out_of_sight(hidden_s, read):
    """The tracker may have handed it on to the next vehicle."""
    settled = Settled()
    stage = Read(Telling(), settled, eager_looks=3)
    looks(stage, tracked({1: BOX}))
    settled.add(1)
    looks(stage, tracked({1: BOX}, 0.05, seen=False))
    times = [hidden_s + n / 10 for n in range(20)]
    assert sum(len(looks(stage, tracked({1: BOX}, one))) for one in times) == read
