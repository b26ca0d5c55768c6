import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import get_args

import numpy as np
import pytest

from models.base import Reading
from models.readers.formats import Formats
from streamer.codec import decode, encode
from streamer.config import options_model
from streamer.data import Frame, Look, Looked, Outcome, Speed
from streamer.places import NOWHERE, Places
from streamer.settled import Settled
from streamer.stages.ballot import KEPT, Ballot, sight
from streamer.stages.passages import Passages
from streamer.stages.vote import Vote
from trackers.base import Track

FORMATS = Formats()

START = datetime(2026, 1, 2, 3, 4, 5, 123456, UTC)
NOW = datetime(2026, 1, 2, 3, 4, 6, 654321, UTC)
IMAGE = np.full((720, 1280, 3), 7, np.uint8)
BOX = (600.0, 300.0, 700.4, 322.6)


def frame(time_s):
    at = START + timedelta(seconds=time_s)
    return Frame("gate", round(time_s * 1000), at, 500.0 + time_s, IMAGE, pts_s=time_s)


def reading(text, confidence=0.995):
    """`confidence` of all characters, or one per character."""
    each = confidence if isinstance(confidence, tuple) else (confidence,) * len(text)
    return Reading(text, each)


class Gate:
    """A vote stage, and all that it was told and said."""

    def __init__(self, places=NOWHERE, passages=None, **options):
        self.rejected = []
        self.outcomes = Counter()
        self.settled = Settled()
        told = self.outcomes
        self.stage = Vote(
            self.settled,
            FORMATS,
            lambda one: told.update([one]),
            lambda: NOW,
            passages,
            places,
            self.rejected.append,
            **options,
        )
        self.decided = []
        self.plates = []

    def show(self, time_s, *, read=None, seen=(), boxes=None):
        """A frame in which tracks are `seen`; `read` gives, by track, what a look at it read."""
        read, boxes, now = read or {}, boxes or {}, frame(time_s)
        tracks = tuple(
            Track(n, boxes.get(n, BOX), (0, 0), 0.0, 1, 0) for n in sorted({*seen, *read})
        )
        looks = tuple(
            Look(n, now, boxes.get(n, BOX), np.zeros((22, 100, 3), np.uint8), quality, one)
            for n, (one, quality) in ((n, self._with_quality(one)) for n, one in read.items())
        )
        self._say(self.stage.step(Looked(now, tracks, (), looks)))

    def _with_quality(self, one):
        one = one if isinstance(one, tuple) else (one, 0.8)
        return (reading(one[0]) if isinstance(one[0], str) else one[0]), one[1]

    def _say(self, decided):
        self.decided += decided
        self.plates += [one.event.plate for one in decided]

    def passes(self, track_id, texts, start_s=0.0, step_s=0.1):
        """A track that is looked at once per text, then gone."""
        boxes = {track_id: tuple(np.array(BOX) + [150 * track_id - 400, 0] * 2)}
        for n, text in enumerate(texts):
            self.show(start_s + n * step_s, read={track_id: text}, boxes=boxes)
        self.show(start_s + len(texts) * step_s)

    def end(self):
        self._say(self.stage.finish())
        return self


def test_the_event_comes_as_soon_as_the_plate_is_certain():
    gate = Gate()
    for n, wanted in enumerate([[], [], ["AB123CD"], ["AB123CD"], ["AB123CD"]]):
        gate.show(n / 10, read={4: "AB123CD"})
        assert gate.plates == wanted
    assert 4 in gate.settled
    assert gate.end().plates == ["AB123CD"]
    assert gate.outcomes == {"published": 1}


def test_the_event_says_all_there_is_to_say():
    gate = Gate(min_looks=4)
    gate.show(0.0, seen=[4], boxes={4: (620, 200, 680, 213)})
    for n, (text, quality) in enumerate(
        [("AB123CD", 0.7), ("AB123CD", 0.9), ("AB128CD", 0.7), ("AB123CD", 0.8), ("AB123CD", 0.8)]
    ):
        gate.show(1 + n / 10, read={4: (text, quality)})
    ((event, look),) = [(one.event, one.look) for one in gate.decided]
    assert (event.camera, event.plate, event.track_id, event.looks) == ("gate", "AB123CD", 4, 5)
    assert event.agreement == 0.8
    assert 0.95 <= event.confidence <= 1
    assert [one.char for one in event.characters] == list("AB123CD")
    assert event.candidates[0].confidence < event.confidence
    assert event.reasons[:2] == (
        "4 of 5 looks read AB123CD, the best in a view of quality 0.90",
        "others read AB128CD (1)",
    )
    assert event.first_seen == START.replace(microsecond=123000)
    assert event.last_seen == (START + timedelta(seconds=1.4)).replace(microsecond=523000)
    assert event.read_at == NOW.replace(microsecond=654000)
    assert event.direction == "approaching"
    assert (event.box, event.frame_size) == ((600, 300, 700, 323), (1280, 720))
    assert (look.quality, look.reading.text) == (0.9, "AB123CD")
    assert (look.frame.image == IMAGE).all()
    assert decode(encode(event)) == event


def test_a_track_that_ends_undecided_is_decided_by_what_there_is():
    gate = Gate()
    gate.passes(1, ["AB123CD"])
    assert gate.plates == ["AB123CD"]


def test_a_track_that_never_ends_is_decided_at_the_end():
    gate = Gate()
    gate.show(0.0, read={1: "AB123CD"})
    assert gate.plates == []
    assert gate.end().plates == ["AB123CD"]


def test_nobody_waits_for_looks_that_do_not_come():
    """The first look was good but not enough; then the vehicle stands, and nothing improves."""
    gate = Gate()
    gate.show(0.0, read={1: reading("AB123CD", 0.98)})
    for n in range(1, 40):
        gate.show(n / 10, seen=[1])
        if gate.plates:
            break
    assert gate.plates == ["AB123CD"]
    assert n == 20


@pytest.mark.parametrize(
    ("texts", "outcome"),
    [
        ([], "unread"),
        (["", ""], "unread"),
        (["AB1", "AB1", "AB1", "AB1"], "too_short"),
        ([reading("AB123CD", 0.6)], "low_confidence"),
        (["LEGION", "LEGION", "LEGION"], "lettering"),  # though LEG10N is a plate somewhere
        ([replace(reading("SERVICE24"), plate=0.4)] * 3, "lettering"),
        ([replace(reading("AB123CD"), plate=0.4), "AB123CD", "AB123CD"], "published"),
        (["AB123CD", "XY987ZW"], "low_confidence"),
        (["AB123CD", "AB123CD", "AB123CD"], "published"),
    ],
)
def test_each_track_has_one_outcome(texts, outcome):
    gate = Gate()
    gate.show(0.0, seen=[1])
    gate.passes(1, texts, 0.1)
    assert gate.end().outcomes == {outcome: 1}
    assert outcome in get_args(Outcome)
    assert len(gate.plates) == (outcome == "published")


def test_many_doubtful_looks_that_differ_are_not_certain():
    gate = Gate()
    doubtful = (0.95, 0.95, 0.95, 0.95, 0.5, 0.95, 0.95)
    for n, text in enumerate(["AB123CD", "AB128CD"] * 4):
        gate.show(n / 10, read={1: reading(text, doubtful)})
    assert gate.plates == []


def test_a_better_look_corrects_the_first():
    gate = Gate()
    bad = (0.97, 0.97, 0.97, 0.97, 0.55, 0.97, 0.97)
    for n in range(2):
        gate.show(n / 10, read={1: (reading("AB128CD", bad), 0.5)})
    for n in range(2, 7):
        gate.show(n / 10, read={1: ("AB123CD", 0.85)})
    assert gate.plates == ["AB123CD"]


@pytest.mark.parametrize("second", ["AB123CD", "A8123CD", "AB13CD", "123CD", "DAB123CD"])
def test_a_broken_track_is_one_passage(second):
    gate = Gate()
    gate.passes(1, ["AB123CD"] * 4)
    gate.passes(2, [second] * 4, 2.0)
    assert gate.end().plates == ["AB123CD"]
    assert gate.outcomes == {"published": 1, "duplicate": 1}


def test_two_tracks_on_one_plate_at_once_are_one_passage():
    gate = Gate()
    for n in range(6):
        gate.show(n / 10, read={1: "AB123CD", 2: "AB123CD"})
    assert gate.end().plates == ["AB123CD"]
    assert gate.outcomes == {"published": 1, "duplicate": 1}


WRONG = reading("ET56BVL", (0.99, 0.99, 0.99, 0.99, 0.99, 0.85, 0.99))
UNSURE = reading("ET56BWL", (0.99, 0.99, 0.99, 0.99, 0.99, 0.6, 0.99))
AROUND = (BOX[0] - 40, BOX[1] - 15, BOX[2] + 5, BOX[3] + 5)
"""The same plate with the lettering above it."""


def found_twice(second=UNSURE, box=AROUND, lost_s=0.3):
    """A gate where track 1 has ended undecided while track 2 is still there."""
    gate = Gate()
    boxes = {1: BOX, 2: box}
    for n in range(2):
        gate.show(n / 10, read={1: (WRONG, 0.73), 2: (second, 0.7)}, boxes=boxes)
    gate.show(lost_s, seen=[2], boxes=boxes)
    return gate


def test_where_a_plate_was_found_twice_the_track_that_is_lost_first_leaves_the_word_to_the_other():
    gate = found_twice()
    assert gate.plates == []
    for n in range(4):
        gate.show(0.4 + n / 10, read={2: ("ET56BWL", 0.9)}, boxes={2: AROUND})
    assert gate.end().plates == ["ET56BWL"]
    assert gate.outcomes == {"published": 1, "duplicate": 1}
    assert gate.rejected[0].event == gate.decided[0].event.id


def test_a_track_that_waits_does_not_speak_for_want_of_further_looks():
    gate = Gate()
    for n in range(2):
        read = {1: (reading("VAN55BDC7", 0.97), 0.9), 2: (reading("55BDC7", 0.6), 0.7)}
        gate.show(n / 10, read=read, boxes={1: BOX, 2: AROUND})
    for n in range(2, 30):
        gate.show(n / 10, seen=[2], boxes={2: AROUND})
    assert gate.plates == []
    for n in range(4):
        gate.show(3 + n / 10, read={2: ("55BDC7", 0.9)}, boxes={2: AROUND})
    assert gate.end().plates == ["55BDC7"]


def test_of_two_that_end_at_once_the_surer_speaks():
    gate = Gate()
    for n in range(2):
        read = {1: (WRONG, 0.73), 2: ("ET56BWL", 0.9)}
        gate.show(n / 10, read=read, boxes={1: BOX, 2: AROUND})
    assert gate.plates == []
    gate.show(0.3)
    assert gate.plates == ["ET56BWL"]


def test_a_track_does_not_wait_for_one_that_says_nothing():
    gate = found_twice()
    gate.show(5.2, seen=[2], boxes={2: AROUND})
    assert gate.plates == ["ET56BVL"]
    assert found_twice().end().plates == ["ET56BVL"]


@pytest.mark.parametrize(
    ("second", "box"),
    [("XY98", AROUND), ("GATE", AROUND), (UNSURE, (900.0, 300.0, 1000.4, 322.6))],
    ids=["another plate", "lettering", "elsewhere"],
)
def test_a_track_waits_for_the_same_plate_alone(second, box):
    assert found_twice(second, box).plates == ["ET56BVL"]


def test_a_doubtful_remainder_of_a_track_is_no_event():
    gate = Gate()
    gate.passes(1, ["AB123CD"] * 4)
    gate.passes(2, [reading("AB128CD", (0.99, 0.99, 0.99, 0.99, 0.7, 0.99, 0.99))], 2.0)
    assert gate.end().plates == ["AB123CD"]
    assert gate.outcomes["duplicate"] == 1


@pytest.mark.parametrize("second", ["AB124CD", "AB213CD", "AC123CD", "XY987ZW"])
def test_two_vehicles_behind_one_another_are_two(second):
    gate = Gate()
    gate.passes(1, ["AB123CD"] * 4)
    gate.passes(2, [second] * 4, 1.0)
    assert gate.end().plates == ["AB123CD", second]


def test_vehicles_side_by_side_are_read_side_by_side():
    gate = Gate()
    boxes = {1: (100, 300, 200, 322), 2: (900, 300, 1000, 322)}
    for n in range(4):
        gate.show(n / 10, read={1: "AB123CD", 2: "XY987ZW"}, boxes=boxes)
    assert sorted(gate.end().plates) == ["AB123CD", "XY987ZW"]


@pytest.mark.parametrize(("away_s", "events"), [(50, 1), (70, 2)])
def test_a_vehicle_that_comes_back_is_a_new_passage(away_s, events):
    gate = Gate()
    gate.passes(1, ["AB123CD"] * 4)
    gate.passes(2, ["AB123CD"] * 4, 0.3 + away_s)
    assert gate.end().plates == ["AB123CD"] * events


def test_a_parked_vehicle_is_one_event_however_often_its_track_breaks():
    gate = Gate()
    for hour in range(8):
        for n in range(120):
            gate.show(3600 * hour + 30 * n, read={hour: "AB123CD"} if n < 5 else {}, seen=[hour])
    assert gate.end().plates == ["AB123CD"]
    assert gate.outcomes == {"published": 1, "duplicate": 7}


def test_a_parked_vehicle_does_not_hide_another():
    gate = Gate()
    for n in range(100):
        read = {1: "AB123CD"} if n < 4 else {2: "XY987ZW"} if 50 <= n < 54 else {}
        gate.show(n / 10, read=read, seen=[1])
    assert gate.end().plates == ["AB123CD", "XY987ZW"]


def test_a_lost_message_about_an_end_loses_no_vehicle():
    """The frame that ended track 1 failed in a stage before; the next one knows it no more."""
    gate = Gate()
    gate.show(0.0, read={1: "AB123CD"})
    gate.show(5.2, seen=[2])
    assert gate.plates == ["AB123CD"]


def test_an_end_without_a_frame():
    gate = Gate()
    gate.show(0.0, read={1: "AB123CD"})
    gate._say(gate.stage.step(Looked(None, (), (1,), ())))
    assert gate.plates == ["AB123CD"]
    assert list(gate.stage.idle()) == []


def test_looks_that_come_after_the_decision_change_nothing():
    gate = Gate()
    for n in range(8):
        gate.show(n / 10, read={1: "AB123CD" if n < 3 else "ZZ999ZZ"})
    assert gate.end().plates == ["AB123CD"]
    assert gate.decided[0].event.looks == 3


def test_nothing_is_kept_of_what_has_passed():
    gate = Gate()
    for n in range(50):
        gate.passes(n, [f"AB{n:03}CD"] * 4, 100.0 * n)
    assert len(gate.plates) == 50
    assert len(gate.settled) == 0
    assert len(gate.stage._ballots) == 0


def framed(ballot):
    """How many looks of a ballot hold a picture that takes memory."""
    return sum(held.look.frame.image.strides[0] > 0 for held in ballot._held)


def test_a_ballot_holds_few_looks_and_fewer_pictures():
    rng, ballot = np.random.default_rng(0), Ballot("gate", sight(frame(0.0), BOX), FORMATS)
    crop = np.zeros((22, 100, 3), np.uint8)
    for n in range(2 * KEPT):
        text = "AB123CD" if n % 3 else f"AB{rng.integers(100, 999)}CD"
        plate = ballot.add(Look(1, frame(n), BOX, crop, rng.uniform(0.2, 0.9), reading(text)))
        assert framed(ballot) <= 2
        assert (ballot.carrier(plate.text).frame.image == IMAGE).all()
    assert plate.looks == len(ballot._held) == KEPT
    assert all(held.look.frame.size == (1280, 720) for held in ballot._held)
    assert ballot.carrier(plate.text).reading.text == "AB123CD"


def test_a_plate_that_comes_into_the_picture_is_not_approaching():
    ballot = Ballot("gate", sight(frame(0.0), (0, 300, 30, 340)), FORMATS)
    for n in range(1, 20):
        ballot.seen(sight(frame(n / 10), (max(0, 20 * n - 100), 300, 20 * n + 30, 340)))
    assert ballot.heading(1280) == "right"


def test_its_options_are_checked_before_the_start():
    model = options_model(Vote)
    assert set(model.model_fields) == {
        "min_looks", "certain_confidence", "min_confidence", "min_characters", "dedup_seconds",
    }  # fmt: skip
    with pytest.raises(ValueError, match="certain_confidence"):
        model(certain_confidence=1.5)


def test_a_track_that_goes_over_to_another_vehicle_gives_both():
    gate = Gate()
    for n in range(10):
        gate.show(n / 10 + (n >= 4) * 0.5, read={1: "AB123CD" if n < 4 else "XY987ZW"})
        assert (1 in gate.settled) == (2 <= n < 5 or n >= 6)
    assert gate.end().plates == ["AB123CD", "XY987ZW"]
    assert gate.decided[1].event.first_seen > gate.decided[0].event.last_seen
    assert gate.outcomes == {"published": 2}


def test_so_does_one_whose_first_vehicle_was_not_certain():
    gate, first = Gate(), reading("AB123CD", 0.99)
    for n in range(10):
        gate.show(n / 10 + (n >= 1) * 0.5, read={1: first if n < 1 else "XY987ZW"})
    assert gate.end().plates == ["AB123CD", "XY987ZW"]
    assert [one.event.agreement for one in gate.decided] == [1, 1]


@pytest.mark.parametrize("out_of_sight_s", [0.0, 0.5])
def test_blurred_looks_that_agree_are_no_vehicle_of_their_own(out_of_sight_s):
    """The same blurred picture read three times, then the plate itself."""
    gate = Gate()
    blurred = reading("15112", (0.7, 0.5, 0.66, 0.7, 0.6))
    for n in range(8):
        late_s = out_of_sight_s if n >= 3 else 0.0
        gate.show(n / 10 + late_s, read={1: blurred if n < 3 else "E515TY123"})
    assert gate.end().plates == ["E515TY123"]
    assert gate.outcomes == {"published": 1}
    assert gate.decided[0].event.first_seen == START.replace(microsecond=123000)


@pytest.mark.parametrize(
    "strange",
    [
        ["XY987ZW"],  # once is a mistake
        ["XY987ZW", "AB123CD", "XY987ZW", "AB123CD"],  # so it is again and again
        ["XY987ZW", "KL555MN", "PR777ST"],  # three mistakes
        ["XYZ", "XYZ", "XYZ"],  # a scrap
        ["123CD", "123CD", "123CD"],  # a person stands before the plate
        [reading("XY987ZW", 0.5)] * 3,
    ],
)
def test_a_decided_vehicle_read_badly_is_no_other(strange):
    gate = Gate()
    for n, text in enumerate(["AB123CD"] * 4 + strange):
        gate.show(n / 10 + (n >= 4) * 0.5, read={1: text})
    assert gate.end().plates == ["AB123CD"]


@pytest.mark.parametrize(
    ("texts", "reason", "plate"),
    [
        (["AB1"] * 4, "too_short", "AB1"),
        (["LEGION"] * 3, "lettering", "LEGION"),
        ([reading("AB123CD", 0.6)], "low_confidence", "AB123CD"),
        ([""], "unread", ""),
        ([], None, None),
    ],
)
def test_what_is_withheld_is_told_with_its_reason(texts, reason, plate):
    gate = Gate()
    gate.show(0.0, seen=[1])
    gate.passes(1, texts, 0.1)
    gate.end()
    assert [(one.reason, one.plate) for one in gate.rejected] == (
        [(reason, plate)] if reason else []
    )
    for one in gate.rejected:
        assert json.loads(encode(one))["reason"] == reason
        assert (one.camera, one.looks, one.event) == ("gate", len(texts), None)


def test_a_duplicate_names_the_event_it_repeats():
    gate = Gate()
    gate.passes(1, ["AB123CD"] * 4)
    gate.passes(2, ["AB123CD"] * 4, 2.0)
    gate.end()
    (again,) = gate.rejected
    assert (again.reason, again.event) == ("duplicate", gate.decided[0].event.id)


def test_an_event_waits_until_it_is_known_who_enters_and_who_leaves():
    line = ((0.0, 0.5), (1.0, 0.5))
    gate = Gate(places=Places(entry=(line,), exit=(line[::-1],)))
    for n, y in enumerate([200, 240, 280, 320, 400, 440]):
        gate.show(n / 10, read={1: "AB123CD"}, boxes={1: (600, y, 700, y + 22)})
        assert len(gate.plates) == (y >= 400)
    for n, y in enumerate([500, 450, 400, 340, 300]):
        gate.show(10 + n / 10, read={2: "XY987ZW"}, boxes={2: (600, y, 700, y + 22)})
    gate.passes(3, ["CD456EF"] * 5, 20)  # never crosses
    gate.end()
    assert [(one.event.plate, one.event.way) for one in gate.decided] == [
        ("AB123CD", "entry"), ("XY987ZW", "exit"), ("CD456EF", None),
    ]  # fmt: skip


def test_where_somebody_acts_on_the_direction_an_event_waits_for_it():
    """A car park that counts by direction would else never hear of who is read at once."""
    gate, hasty = Gate(places=Places(directed=True)), Gate()
    for n, width in enumerate([60, 61, 62, 63, 64, 90, 120, 140]):
        box = (600, 300, 600 + width, 300 + width / 4)
        for one in (gate, hasty):
            one.show(n / 10, read={1: "AB123CD"}, boxes={1: box})
        assert not (gate.plates and width <= 64)
        assert len(hasty.plates) == (n >= 2)
    assert gate.plates == ["AB123CD"]
    assert gate.decided[0].event.direction == "approaching"
    assert hasty.decided[0].event.direction is None
    gate.passes(2, ["XY987ZW"] * 4, 5.0)  # gone before it was known
    assert gate.end().plates == ["AB123CD", "XY987ZW"]


class Stretch:
    """Measures whoever has been seen in so many frames."""

    waits_s = 0.0

    def __init__(self, frames):
        self.frames, self.count = frames, 0

    def begin(self):
        return Stretch(self.frames)

    def seen(self, at, time_s, box, size):
        self.count += 1

    def ready(self, time_s):
        return self.count >= self.frames

    def speed(self):
        if self.ready(0):
            return Speed(10.0 * self.count, 2.0, "lines")
        return Speed(None, None, "lines", "not_passed")


def test_where_speeds_are_measured_an_event_waits_for_it():
    gate = Gate(places=Places(speeds=Stretch(6)))
    for n in range(6):
        assert not gate.plates
        gate.show(n / 10, read={1: "AB123CD"})
    gate.passes(2, ["XY987ZW"] * 5, 2.0)
    gate.end()
    assert [(one.event.plate, one.event.speed) for one in gate.decided] == [
        ("AB123CD", Speed(60.0, 2.0, "lines")),
        ("XY987ZW", Speed(None, None, "lines", "not_passed")),
    ]


def test_a_plate_cut_by_the_edge_is_not_where_its_vehicle_is():
    gate = Gate(places=Places(speeds=Stretch(3)))
    for n in range(5):
        gate.show(n / 10, read={1: "AB123CD"}, boxes={1: (600, 700, 700, 720)})
    assert gate.plates == []


def test_cameras_of_one_gate_tell_of_a_vehicle_once():
    shared = Passages(60.0)
    front, rear = Gate(passages=shared), Gate(passages=shared)
    front.passes(1, ["AB123CD"] * 4)
    rear.passes(1, ["AB123CD"] * 4, 2.0)
    rear.passes(2, ["XY987ZW"] * 4, 4.0)
    assert (front.end().plates, rear.end().plates) == (["AB123CD"], ["XY987ZW"])
    assert rear.rejected[0].event == front.decided[0].event.id
