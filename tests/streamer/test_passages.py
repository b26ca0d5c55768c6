import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.data import Character, Plate
from streamer.stages.passages import REMEMBERED, Passages, is_same


def plate(text, doubtful=(), sure=0.99, unsure=0.6):
    """`doubtful` are the places of characters that were not read clearly."""
    shares = [unsure if n in doubtful else sure for n in range(len(text))]
    characters = tuple(Character(c, share) for c, share in zip(text, shares, strict=True))
    return Plate(text, 0.9, characters, (), 3, 1.0)


SAME = {
    "equal": (plate("AB123CD"), plate("AB123CD")),
    "one character not read clearly": (plate("AB123CD"), plate("AB128CD", doubtful=[4])),
    "nor the first time": (plate("AB128CD", doubtful=[4]), plate("AB123CD")),
    "a letter for a digit": (plate("AB123CD"), plate("A8123CD")),
    "two letters for digits": (plate("LS15EBC"), plate("LSISEBC")),
    "a character lost": (plate("AB123CD"), plate("AB13CD")),
    "a character doubled": (plate("AB123CD"), plate("AB1123CD")),
    "a country's band read along": (plate("AB123CD"), plate("PLAB123CD")),
    "half of it at the edge": (plate("AB123CD"), plate("123CD")),
    "half of it first": (plate("AB12"), plate("AB123CD")),
}
DIFFERENT = {
    "nothing in common": (plate("AB123CD"), plate("XY987ZW")),
    "one character, clearly read": (plate("AB123CD"), plate("AB124CD")),
    "two characters, clearly read": (plate("AB123CD"), plate("AB145CD")),
    "two characters, not clearly read": (plate("AB123CD"), plate("AB145CD", doubtful=[3, 4])),
    "the next in a series": (plate("KR5019A"), plate("KR5020A")),
    "two letters that look alike": (plate("ABO12"), plate("ABD12")),
    "lost and gained": (plate("AB123CD"), plate("AB231CD")),
    "three letters for digits": (plate("LS15EBC"), plate("L5ISEBC")),
    "less than half of it": (plate("AB123CD"), plate("3CD")),
    "two slips in a short one": (plate("B15"), plate("8IS")),
}


@pytest.mark.parametrize("pair", SAME.values(), ids=SAME)
def test_is_same(pair):
    assert is_same(*pair)
    assert is_same(*reversed(pair))


@pytest.mark.parametrize("pair", DIFFERENT.values(), ids=DIFFERENT)
def test_is_another(pair):
    assert not is_same(*pair)
    assert not is_same(*reversed(pair))


texts = st.text("AB08", max_size=8)


@given(texts.filter(bool))
def test_every_plate_is_like_itself(text):
    assert is_same(plate(text), plate(text))


@given(texts, texts)
def test_it_does_not_matter_which_came_first(one, two):
    assert is_same(plate(one), plate(two)) == is_same(plate(two), plate(one))


@pytest.mark.parametrize(("later_s", "found"), [(0.0, True), (60.0, True), (60.1, False)])
def test_a_plate_comes_back(later_s, found):
    passages = Passages(60.0)
    passages.begin(plate("AB123CD"), 100.0)
    assert bool(passages.find(plate("AB123CD"), 100.0 + later_s)) == found


def test_the_time_runs_from_when_it_was_last_seen():
    passages = Passages(60.0)
    passage = passages.begin(plate("AB123CD"), 0.0)
    for second in range(0, 3600, 10):
        passages.seen(passage, float(second))
    assert passages.find(plate("AB123CD"), 3640.0) is passage


def test_not_everything_is_remembered_but_what_is_still_there():
    passages = Passages(60.0)
    parked = passages.begin(plate("AB123CD"), 0.0)
    for n in range(3 * REMEMBERED):
        passages.begin(plate(f"XY{n:05}"), float(n))
        passages.seen(parked, float(n))
    assert len(passages) == REMEMBERED
    assert passages.find(plate("AB123CD"), 3.0 * REMEMBERED) is parked


def test_without_deduplication_every_track_is_a_passage_of_its_own():
    passages = Passages(0.0)
    passages.begin(plate("AB123CD"), 1.0)
    assert passages.find(plate("AB123CD"), 1.1) is None
