"""Near plates: the distance, and the index that finds what a scan of all entries would."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from streamer.enrich.entry import Entry
from streamer.enrich.index import Index
from streamer.near import COSTS, SHORT, distance, folded, neighbourhood, reach_of

plates = st.text("01258OIZSBDQLAHKMNXC", min_size=1, max_size=8)


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        ("AB123CD", "AB123CD", 0.0),
        ("AB120CD", "AB12OCD", 0.3),
        ("AB1I0CD", "AB11OCD", 0.6),
        ("AB128CD", "AB12BCD", 0.6),
        ("AB123CD", "AB123C0", 0.6),
        ("AB123CD", "AB124CD", 1.0),
        ("AB123CD", "AB13CD", 1.0),
        ("AB123CD", "AB1223CD", 1.0),
        ("AB123CD", "AB132CD", 2.0),
        ("AB123CD", "XY987ZW", 7.0),
    ],
)
def test_what_misreadings_cost(one, other, far):
    assert distance(one, other) == far


@given(plates, plates)
def test_the_distance_is_symmetric_and_zero_only_of_equal_plates(one, other):
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)


@given(plates, plates, plates)
def test_there_is_no_shorter_way_round(one, other, third):
    assert distance(one, third) <= distance(one, other) + distance(other, third) + 1e-9


def test_costs_are_the_same_both_ways_and_below_that_of_any_other_change():
    for (one, other), cost in COSTS.items():
        assert COSTS[other, one] == cost
        assert 0 < cost < 10
        assert folded(one) == folded(other)


@given(plates, plates)
@example("OOOOOO", "00000")
def test_what_is_nearer_than_two_shares_a_key(one, other):
    if distance(one, other) < 2:
        assert set(neighbourhood([one])[0].tolist()) & set(neighbourhood([other])[0].tolist())
    if distance(one, other) < 1:
        assert folded(one) == folded(other)


@settings(max_examples=300)
@given(st.lists(plates, max_size=12), plates, st.sampled_from([0.3, 0.6, 1.0, 1.3, 1.9]))
def test_the_index_finds_what_a_scan_of_all_entries_finds(listed, plate, reach):
    index = Index([Entry(one) for one in listed], reach)
    far = {one: distance(plate, one) for one in listed if one != plate}
    wanted = {one: d for one, d in far.items() if d <= reach_of(plate, reach)}
    assert index.near(plate) == wanted
    assert [one.plate for one in index.exact(plate)] == [plate] * (plate in listed)


def test_short_plates_must_look_alike():
    index = Index([Entry("AB12"), Entry("AB123")], 1.0)
    assert len("AB1Z") < SHORT
    assert index.near("AB1Z") == {"AB12": 0.6}
    assert index.near("AB13") == {}
    assert index.near("AB124") == {"AB123": 1.0, "AB12": 1.0}


@pytest.mark.parametrize(
    ("pattern", "plate", "matches"),
    [
        ("AB*", "AB123CD", True),
        ("AB*", "AB", True),
        ("AB*", "XAB1", False),
        ("AB?", "AB1", True),
        ("AB?", "AB12", False),
        ("*CD", "AB123CD", True),
        ("A*C?", "AB123CD", True),
        ("*", "AB123CD", True),
        ("AB*", "A8123", False),
    ],
)
def test_wildcards_stand_for_the_whole_plate(pattern, plate, matches):
    index = Index([Entry(pattern), Entry("ZZ*")], 1.0)
    assert [one.plate for one in index.wildcard(plate)] == [pattern] * matches


def test_what_the_reader_thought_possible_is_nearer():
    index = Index([Entry("XY999ZZ"), Entry("AB123CD")], 1.0)
    assert index.near("AB124CD", {"XY999ZZ": 0.5}) == {
        "XY999ZZ": pytest.approx(0.1, abs=0.01),
        "AB123CD": 1,
    }
    assert index.near("AB124CD", {"AB123CD": 0.05}) == {"AB123CD": pytest.approx(0.43, abs=0.01)}
    assert index.near("AB124CD", {"XY999ZZ": 0.0005}) == {"AB123CD": 1}
    assert index.near("AB124CD", {"NOTHERE": 0.5}) == {"AB123CD": 1}


def test_no_entries_are_no_error():
    assert Index([], 1.0).near("AB123CD") == {}
    assert Index([Entry("AB*")], 1.0).near("AB123CD") == {}
