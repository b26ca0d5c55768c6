"""Which readings may be of one plate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.edits import distance
from streamer.data import Candidate, Character
from streamer.enrich.parking_match import Likeness, PlateRead, is_one_edit, likeness, nearest

EXACT, ALIKE, DOUBTFUL, CANDIDATE = Likeness


def read(plate, doubts=None, confidence=0.98, **candidates):
    """`doubts` maps places to how sure the reader was there; candidates to how probable."""
    characters = tuple(Character(c, (doubts or {}).get(n, 0.99)) for n, c in enumerate(plate))
    others = tuple(Candidate(text, share) for text, share in candidates.items())
    return PlateRead(plate, confidence, characters, others)


@pytest.mark.parametrize(
    ("one", "two", "how"),
    [
        (read("AB123CD"), read("AB123CD"), EXACT),
        (read("AB123CD", {3: 0.5}), read("AB123CD", {3: 0.4}), EXACT),
        # look-alikes, however sure
        (read("AB128CD"), read("AB12BCD"), ALIKE),
        (read("AB1230D"), read("AB123QD"), ALIKE),
        (read("0IK1496"), read("O1K1496"), ALIKE),  # twins, both of them
        (read("8B123CD"), read("B8123CD"), None),  # two of them, no twins
        # one character that was not clear to one of the two
        (read("AB123CD"), read("AB128CD", {4: 0.7}), DOUBTFUL),
        (read("AB123CD", {4: 0.7}), read("AB128CD"), DOUBTFUL),
        (read("AB123CD", {5: 0.7}), read("AB128CD"), None),  # clear where they differ
        (read("AB123CD"), read("AB128CD"), None),
        (read("AB123CD"), read("AB127CE", {5: 0.5, 6: 0.5}), None),
        # one character more or less
        (read("AB123CD"), read("AB1123CD", {2: 0.6}), DOUBTFUL),
        (read("AB123CD"), read("AB23CD", confidence=0.7), DOUBTFUL),
        (read("KR50XY7"), read("KKR50XY7", {0: 0.6}), DOUBTFUL),
        (read("KR50XY7"), read("KKR50XY7", {1: 0.6}), DOUBTFUL),  # which of them is one too many
        (read("KR50XY7"), read("KKR50XY7", {2: 0.6}), None),
        (read("MAB123"), read("MAB12"), None),  # both are plates, both were read surely
        (read("AB123CD"), read("AB231CD", {2: 0.5, 4: 0.5}), None),  # one lost, one gained
        # candidates
        (read("AB123CD"), read("AB128CD", AB123CD=0.02), CANDIDATE),
        (read("AB123CD"), read("AB128CD", AB123CD=0.001), None),
        (read("AB123CO", AB123CD=0.3), read("AB723CD", AB123CD=0.2), CANDIDATE),
        (read("AB123CO", AB123CD=0.02), read("AB723CD", AB123CD=0.02), None),
    ],
)
def test_how_alike_two_readings_are(one, two, how):
    assert likeness(one, two) == how
    assert likeness(two, one) == how


def test_the_likest_is_nearest_and_candidates_decide_between_equals():
    found = read("AB123C0", {2: 0.8}, AB123CD=0.1, A8123C0=0.01)
    known = {"doubtful": [read("AB723C0")], "alike": [read("AB123CO")], "far": [read("XY987Z")]}
    assert nearest(found, known.items()) == ("alike", ALIKE)
    del known["alike"]
    assert nearest(found, known.items()) == ("doubtful", DOUBTFUL)
    alike = {"named": [read("AB123CD")], "other": [read("AB123CQ")]}
    assert nearest(found, alike.items()) == ("named", ALIKE)
    assert nearest(read("AB123C0"), alike.items()) == (None, ALIKE)  # nothing decides
    assert nearest(read("ZZ999Z"), alike.items()) == (None, None)


def test_all_that_was_read_of_a_vehicle_counts():
    rear = {"session": [read("AB128CD"), read("AB123CD", {6: 0.5})]}
    assert nearest(read("AB123CO"), rear.items()) == ("session", DOUBTFUL)


@given(st.text("AB1", max_size=6), st.text("AB1", max_size=6))
def test_the_short_way_to_one_edit_is_the_edit_distance(one, two):
    assert is_one_edit(one, two) == (distance(one, two) == 1)


def test_a_reading_survives_the_store():
    one = read("AB123CD", {3: 0.5}, AB128CD=0.4)
    assert PlateRead.from_json(one.to_json()) == one
