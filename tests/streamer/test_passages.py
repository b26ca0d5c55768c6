import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.data import Candidate, Character, Plate
from streamer.sinks.store import Store
from streamer.stages.passages import PARKED_S, REMEMBERED, Passages, Sight, is_same
from streamer.stages.remembered import Memory


def plate(text, doubtful=(), sure=0.99, unsure=0.6):
    """`doubtful` are the places of characters that were not read clearly."""
    shares = [unsure if n in doubtful else sure for n in range(len(text))]
    characters = tuple(Character(c, share) for c, share in zip(text, shares, strict=True))
    return Plate(text, 0.9, characters, (), 3, 1.0)


def at(time_s, box=None):
    """A sight at a time; each somewhere else, unless a box is given."""
    x = 10.0 * (time_s % 97)
    when = datetime(2026, 1, 2, tzinfo=UTC) + timedelta(seconds=time_s)
    return Sight(when, time_s, box or (x, x, x + 9, x + 3), True)


def ring(text, open_to, sure=0.75):
    """A plate whose 0 at place 1 may be an O, or what else `open_to` has there."""
    return replace(
        plate(text, doubtful=[1], unsure=sure), candidates=(Candidate(open_to, 0.98 - sure),)
    )


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
    "a ring or an 8": (ring("100CB86", "180CB86"), plate("180CB86")),
    "a ring, and no 4, but not surely a ring": (ring("100CB86", "180CB86"), plate("140CB86")),
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
    "an O or a 0, but surely no 4": (ring("100CB86", "1O0CB86"), plate("140CB86")),
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
    passages.begin(plate("AB123CD"), "gate", at(100.0))
    assert bool(passages.find(plate("AB123CD"), "gate", at(100.0 + later_s))) == found


def test_the_time_runs_from_when_it_was_last_seen():
    passages = Passages(60.0)
    passage = passages.begin(plate("AB123CD"), "gate", at(0.0))
    for second in range(0, 3600, 10):
        passages.seen(passage, "gate", at(second))
    assert passages.find(plate("AB123CD"), "gate", at(3640.0)) is passage


def test_not_everything_is_remembered_but_what_is_still_there():
    passages = Passages(60.0)
    parked = passages.begin(plate("AB123CD"), "gate", at(0.0))
    for n in range(3 * REMEMBERED):
        passages.begin(plate(f"XY{n:05}"), "gate", at(n))
        passages.seen(parked, "gate", at(n))
    assert len(passages) == REMEMBERED
    assert passages.find(plate("AB123CD"), "gate", at(3 * REMEMBERED)) is parked


def test_without_deduplication_every_track_is_a_passage_of_its_own():
    passages = Passages(0.0)
    passages.begin(plate("AB123CD"), "gate", at(1.0))
    assert passages.find(plate("AB123CD"), "gate", at(1.1)) is None


PLACE = (300.0, 200.0, 400.0, 222.0)
MISREAD = plate("AB183OD")  # two characters of AB123CD, both sure of themselves


@pytest.mark.parametrize(
    ("found", "later_s", "box", "same"),
    [
        (plate("AB123CD"), 3 * 3600, PLACE, True),  # it stands where it stood
        (plate("AB123CD"), 3 * 3600, (310, 205, 409, 226), True),
        (plate("AB123CD"), 3 * 3600, (420, 200, 520, 222), False),  # it came back
        (plate("AB123CD"), 3 * 3600, (290, 200, 430, 231), False),  # further forward
        (plate("AB123CD"), PARKED_S + 1, PLACE, False),
        (plate("AB124CD"), 3 * 3600, PLACE, False),  # another took its place
        (MISREAD, 3, PLACE, True),  # somebody walked by
        (MISREAD, 30, PLACE, False),
        (MISREAD, 3, (420, 200, 520, 222), False),
        (plate("XY987ZW"), 3, PLACE, False),
    ],
)
def test_a_parked_plate_is_no_newcomer(found, later_s, box, same):
    passages = Passages(60.0)
    parked = passages.begin(plate("AB123CD"), "gate", at(100.0, PLACE))
    known = passages.find(found, "gate", at(100.0 + later_s, box))
    assert known is (parked if same else None)


@pytest.mark.parametrize(("later_s", "same"), [(-2, True), (30, True), (61, False)])
def test_cameras_of_one_gate_share_their_passages(later_s, same):
    passages = Passages(60.0)
    front = passages.begin(plate("AB123CD"), "front", at(100.0))
    # Another camera's scene has a clock of its own.
    seen = replace(at(100.0 + later_s), time_s=7.0)
    assert (passages.find(plate("AB123CD"), "rear", seen) is front) == same
    assert passages.find(plate("XY987ZW"), "rear", seen) is None


@pytest.fixture
def notes(tmp_path):
    store = Store(tmp_path / "events.sqlite3")
    store.open()
    yield store
    store.close()


def now(ago_s=0.0, time_s=0.0, box=PLACE):
    return Sight(datetime.now(UTC) - timedelta(seconds=ago_s), time_s, box, True)


ELSEWHERE = (420.0, 200.0, 520.0, 222.0)


@pytest.mark.parametrize(
    ("found", "ago_s", "box", "same"),
    [
        (plate("AB123CD"), 4 * 3600, PLACE, True),  # parked while we were restarted
        (plate("AB123CD"), 4 * 3600, ELSEWHERE, False),  # it came back
        (plate("AB123CD"), 30, ELSEWHERE, True),  # at the barrier, moving up
        (plate("XY987ZW"), 30, PLACE, False),
        (plate("AB123CD"), PARKED_S + 60, PLACE, False),
    ],
)
def test_what_stood_there_before_a_restart_is_no_newcomer(notes, found, ago_s, box, same):
    before = Passages(60.0)
    before.begin(plate("AB123CD"), "gate", now(ago_s, time_s=5000.0)).event_id = "first"
    Memory({"gate": before}, notes).keep()
    after = Passages(60.0)
    memory = Memory({"gate": after}, notes)
    memory.start()
    known = after.find(found, "gate", now(time_s=3.0, box=box))
    memory.stop(5.0)
    assert (known.event_id if known else None) == ("first" if same else None)


def test_a_remembered_passage_goes_on_by_the_new_clock(notes):
    before = Passages(60.0)
    before.begin(plate("AB123CD"), "gate", now(10, time_s=5000.0))
    Memory({"gate": before}, notes).keep()
    after = Passages(60.0)
    memory = Memory({"gate": after}, notes)
    memory.start()
    known = after.find(plate("AB123CD"), "gate", now(time_s=1.0))
    after.seen(known, "gate", now(time_s=1.0))
    memory.stop(5.0)
    assert after.find(plate("AB123CD"), "gate", now(time_s=50.0, box=ELSEWHERE)) is known
    assert after.find(plate("AB123CD"), "gate", now(time_s=90.0, box=ELSEWHERE)) is None


def test_what_comes_while_the_rest_is_kept_is_kept_at_the_end(notes):
    passages, keeping, stopping = Passages(60.0), threading.Event(), threading.Event()
    note = notes.note

    def slowly(key, value):
        keeping.set()
        stopping.wait(60)
        note(key, value)

    notes.note = slowly
    memory = Memory({"gate": passages}, notes)
    memory.start()
    passages.begin(plate("AB123CD"), "gate", now(10))
    memory.wake()
    assert keeping.wait(60)
    passages.begin(plate("XY987ZW"), "gate", now(5))
    threading.Timer(0.2, stopping.set).start()
    memory.stop(60.0)
    assert "XY987ZW" in notes.noted("passages/gate")


def test_notes_that_cannot_be_read_cost_the_memory_not_the_start(notes, caplog):
    notes.note("passages/gate", '[{"plate": 7}]')
    passages = Passages(60.0)
    memory = Memory({"gate": passages}, notes)
    memory.start()
    memory.stop(5.0)
    assert len(passages) == 0
    assert "what gate gate reported before the start cannot be read" in caplog.text
