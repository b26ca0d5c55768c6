"""From plate events to sessions."""

import pytest

from car_park import CarPark, seen
from streamer.data import Candidate


def states(events):
    return [(event.state, event.plate, event.occupancy) for event in events]


def test_a_vehicle_enters_and_leaves():
    park = CarPark(capacity=40)
    came, went = seen("AB123CD", "in", 0), seen("AB123CD", "out", 90.5)
    (entered,) = park.take(came)
    assert (entered.state, entered.camera, entered.plate) == ("entered", "in", "AB123CD")
    assert (entered.at, entered.entered_at, entered.left_at) == (came.read_at, came.read_at, None)
    assert (entered.entry_event, entered.exit_event, entered.duration_s) == (came.id, None, None)
    assert (entered.occupancy, entered.capacity) == (1, 40)
    (left,) = park.take(went)
    assert (left.state, left.camera, left.session) == ("left", "out", entered.session)
    assert (left.at, left.entered_at, left.left_at) == (went.read_at, came.read_at, went.read_at)
    assert (left.entry_event, left.exit_event) == (came.id, went.id)
    assert (left.duration_s, left.occupancy) == (90.5, 0)
    assert left.id != entered.id
    assert park.heard == {"entered": 1, "exact": 1}
    assert park.heard.stays == [90.5]


def test_one_misread_character_does_not_part_a_session():
    park = CarPark()
    park.take(seen("AB123CD"), seen("XY987ZW"), seen("KL555MN"))
    leaving = [
        seen("AB123C0", "out", 100, doubt=[6]),  # another character
        seen("XY9B7ZW", "out", 200),  # a letter for a digit
        seen("KL55MN", "out", 300, confidence=0.7),  # one lost
    ]
    told = park.take(*leaving)
    assert states(told) == [("left", "AB123CD", 2), ("left", "XY987ZW", 1), ("left", "KL555MN", 0)]
    assert park.heard["near"] == 3


def test_plates_that_differ_surely_are_two_vehicles():
    park = CarPark()
    park.take(seen("KR50CD7"))
    (left,) = park.take(seen("KR51CD7", "out", 100))
    assert (left.plate, left.entered_at, left.duration_s) == ("KR51CD7", None, None)
    assert park.plates_inside == ["KR50CD7"]
    assert park.heard["exit_only"] == 1


def test_an_exact_plate_goes_before_a_near_one():
    park = CarPark()
    park.take(seen("AB128CD", after_s=0), seen("AB12BCD", after_s=100))
    park.take(seen("AB12BCD", "out", 200))
    assert park.plates_inside == ["AB128CD"]


def test_between_two_that_are_equally_near_candidates_decide_or_nobody():
    park = CarPark()
    park.take(seen("AB123CO", after_s=0), seen("AB123CQ", after_s=100))
    (left,) = park.take(seen("AB123C0", "out", 200))
    assert left.entered_at is None
    assert park.heard["ambiguous"] == 1
    named = (Candidate("AB123CQ", 0.05),)
    (left,) = park.take(seen("AB123C0", "out", 300, candidates=named))
    assert left.plate == "AB123CQ"


def test_the_same_event_again_changes_nothing():
    park = CarPark(initial_occupancy=2)
    events = [
        seen("AB123CD", "in", 0),
        seen("AB123CD", "in", 5),
        seen("AB123CD", "out", 100),
        seen("AB123CD", "out", 105),
        seen("ZZ999ZZ", "out", 200),
    ]
    for event in events:
        park.take(event)
        tables = park.tables()
        assert park.take(event) == []
        assert park.tables() == tables
    assert park.take(*events) == []
    assert park.tables() == tables


@pytest.mark.parametrize("camera", ["in", "out"])
def test_a_passage_seen_from_both_ends_is_one(camera):
    park = CarPark(initial_occupancy=5)
    park.take(seen("AB123CD", "in", -500))
    first = park.take(seen("KL555MN", camera, 0))
    again = [
        seen("KL555MN", camera, 3),
        seen("KL55SMN", camera, 4),
        seen("KL555NN", camera, 5, doubt=[5]),
    ]
    assert park.take(*again) == []
    assert park.heard["repeat"] == 3
    assert len(park.parking.events_of(first[0].session)) == 4


def test_who_comes_again_without_having_left_has_left_unseen():
    park = CarPark()
    park.take(seen("AB123CD", "in", 0))
    left, entered = park.take(seen("AB123CD", "in", 1000))
    assert states([left, entered]) == [("left", "AB123CD", 0), ("entered", "AB123CD", 1)]
    assert (left.left_at, left.duration_s, left.exit_event, left.camera) == (None, None, None, "in")
    assert left.at == entered.at
    assert park.heard["missed_exit"] == 1


def test_who_comes_back_within_seconds_and_leaves_again_is_no_repeat():
    park = CarPark()
    park.take(seen("AB123CD", "in", 0), seen("AB123CD", "out", 10))
    park.take(seen("AB12BCD", "in", 20, doubt=[4]))
    told = park.take(seen("AB123CD", "out", 30))
    assert states(told) == [("left", "AB12BCD", 0)]


def test_an_exit_that_arrives_before_its_entry():
    park = CarPark(initial_occupancy=3)
    (left,) = park.take(seen("AB123CD", "out", 40))
    assert (left.entered_at, left.occupancy) == (None, 2)
    (entered,) = park.take(seen("AB123CD", "in", 10))
    assert entered.session == left.session
    assert (entered.state, entered.duration_s, entered.occupancy) == ("entered", 30.0, 3)
    assert park.heard["found"] == 1


def test_an_exit_of_before_belongs_to_no_later_entry():
    park = CarPark()
    park.take(seen("AB123CD", "in", 0), seen("AB123CD", "in", 1000))
    (left,) = park.take(seen("AB123CD", "out", 500))  # of the first stay, told late
    assert (left.duration_s, left.occupancy) == (500.0, 1)
    (left,) = park.take(seen("AB123CD", "out", 1500))
    assert (left.duration_s, left.occupancy) == (500.0, 0)


@pytest.mark.parametrize(
    ("camera", "fields", "way"),
    [
        ("in", {}, "entered"),
        ("out", {}, "left"),
        ("street", {}, None),
        ("street", {"way": "entry"}, None),
        ("lines", {"way": "entry"}, "entered"),
        ("lines", {"way": "exit"}, "left"),
        ("lines", {"direction": "approaching"}, None),
        ("drive", {"direction": "approaching"}, "entered"),
        ("drive", {"direction": "receding"}, "left"),
        ("drive", {"direction": "stationary"}, None),
        ("drive", {"direction": None}, None),
    ],
)
def test_which_way_a_vehicle_went(camera, fields, way):
    park = CarPark(
        lined=["lines", "street"],
        entry=("in", "lines", "drive"),
        exit=("out", "lines", "drive"),
        directions={"drive": {"approaching": "entry", "receding": "exit"}},
    )
    told = park.take(seen("AB123CD", camera, **fields))
    assert [event.state for event in told] == [way] * (way is not None)
    assert park.heard["no_way"] == (way is None and camera != "street")
