"""Entries of watchlists: how they are written, and when they hold."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.enrich.entry import Entry, entry_of
from streamer.enrich.validity import Validity, hours_of, moment_of, weekdays_of
from streamer.plates import EntryError, canonical, canonical_pattern

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("written", "plate"),
    [
        ("AB123CD", "AB123CD"),
        (" ab-123 cd ", "AB123CD"),
        ("m·ü 12.34", "MU1234"),
        ("B\u2013AB 1", "BAB1"),
        ("\u0410123\u0412\u0421", "A123BC"),  # Cyrillic, as Russian plates have it
    ],
)
def test_case_and_separators_do_not_count(written, plate):
    assert canonical(written) == plate


@pytest.mark.parametrize(
    ("written", "fault"),
    [
        ("", "should have 1 to 20"),
        ("- -", "should have 1 to"),
        ("AB$1", r"has '\$'"),
        ("A*", r"'\*'"),
    ],
)
def test_what_no_plate_shows_is_refused(written, fault):
    with pytest.raises(EntryError, match=fault):
        canonical(written)


def test_patterns_keep_their_wildcards():
    assert canonical_pattern("ab-?? **") == "AB??*"


def test_an_entry_may_be_a_plate_alone_or_say_more():
    assert entry_of("ab 1") == Entry("AB1")
    assert entry_of({"plate": "ab 1", "note": " Miller "}) == Entry("AB1", "Miller")
    assert entry_of({"plate": "ab 1", "note": "", "hours": None}) == Entry("AB1")
    assert entry_of({"plate": "ab 1", "weekdays": ["mon", "tue"]}).validity.weekdays == {0, 1}


@pytest.mark.parametrize(
    ("raw", "faults"),
    [
        (12345, ["12345 should be a plate", "put it in quotes"]),
        (["AB1"], ["should be a plate, or a mapping"]),
        ({}, ["plate: is missing"]),
        ({"plate": 12}, ["plate: 12 should be text; put it in quotes"]),
        ({"plate": "AB1", "notes": "x"}, ["unknown key 'notes'; did you mean 'note'?"]),
        ({"plate": "AB1", "hours": "7-19"}, ["hours: '7-19' should be hours, like 07:00-19:00"]),
        ({"plate": "AB1", "weekdays": "weekend"}, ["weekdays: 'weekend' should be weekdays"]),
        ({"plate": "AB1", "valid_until": "12/31/2026"}, ["valid_until: '12/31/2026' should be"]),
        ({"plate": "AB1", "valid_from": "2026-02-30"}, ["'2026-02-30' should be a day"]),
        (
            {"plate": "AB1", "valid_from": "2026-02-03", "valid_until": "2026-02-02"},
            ["valid_until: 2026-02-02 is before valid_from"],
        ),
        ({"plate": "A$", "hours": "x", "so": 1}, ["unknown key 'so'", "plate '", "hours: 'x'"]),
    ],
)
def test_all_faults_of_an_entry_are_told_at_once(raw, faults):
    with pytest.raises(EntryError) as caught:
        entry_of(raw)
    for fault in faults:
        assert fault in str(caught.value)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("mon", {0}),
        ("Mon-Fri", {0, 1, 2, 3, 4}),
        ("sat-mon", {5, 6, 0}),
        ("sat, sun", {5, 6}),
        ("mon - wed; fri", {0, 1, 2, 4}),
        ("sun-sun", {6}),
    ],
)
def test_weekdays(text, days):
    assert weekdays_of(text) == days


@pytest.mark.parametrize("text", ["", "monday", "mon-", "-fri", "1-5", "mon..fri"])
def test_what_are_no_weekdays(text):
    with pytest.raises(EntryError, match="should be weekdays"):
        weekdays_of(text)


@pytest.mark.parametrize(
    "text", ["", "7", "07:00", "24:00-01:00", "07:60-08:00", "09:00-09:00", "07:00-25:00"]
)
def test_what_are_no_hours(text):
    with pytest.raises(EntryError, match="should be hours"):
        hours_of(text)


def berlin(text):
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("fields", "at", "holds"),
    [
        ({}, "2026-11-26T12:00", True),
        ({"valid_from": "2026-11-26"}, "2026-11-26T00:00", True),
        ({"valid_from": "2026-11-26"}, "2026-11-25T23:59:59", False),
        ({"valid_until": "2026-11-26"}, "2026-11-26T23:59:59", True),
        ({"valid_until": "26.11.2026"}, "2026-11-27T00:00", False),
        ({"valid_until": "2026-11-26T18:00"}, "2026-11-26T18:00", True),
        ({"valid_until": "2026-11-26T18:00"}, "2026-11-26T18:00:01", False),
        ({"valid_until": "2026-11-26T18:00Z"}, "2026-11-26T18:30", True),  # 17:30 Z
        ({"valid_from": "2026-11-26T18:00+01:00"}, "2026-11-26T17:59", False),
        ({"weekdays": "mon-fri"}, "2026-11-26T12:00", True),  # a Thursday
        ({"weekdays": "sat,sun"}, "2026-11-26T12:00", False),
        ({"hours": "07:00-19:00"}, "2026-11-26T07:00", True),
        ({"hours": "07:00-19:00"}, "2026-11-26T06:59:59", False),
        ({"hours": "07:00-19:00"}, "2026-11-26T19:00", False),
        ({"hours": "07:00-12:00,13:00-24:00"}, "2026-11-26T23:59", True),
        ({"hours": "07:00-12:00,13:00-24:00"}, "2026-11-26T12:30", False),
        ({"hours": "22:00-06:00"}, "2026-11-26T23:00", True),
        ({"hours": "22:00-06:00"}, "2026-11-26T05:59", True),
        ({"hours": "22:00-06:00"}, "2026-11-26T06:00", False),
        # The night that begins on Friday ends on Saturday.
        ({"hours": "22:00-06:00", "weekdays": "fri"}, "2026-11-27T23:00", True),
        ({"hours": "22:00-06:00", "weekdays": "fri"}, "2026-11-28T05:00", True),
        ({"hours": "22:00-06:00", "weekdays": "fri"}, "2026-11-27T05:00", False),
        ({"hours": "22:00-06:00", "weekdays": "fri"}, "2026-11-28T23:00", False),
    ],
)
def test_when_an_entry_holds(fields, at, holds):
    entry = entry_of({"plate": "AB1", **fields})
    refusal = entry.validity.refusal(berlin(at), BERLIN)
    assert (refusal is None) == holds, refusal


@pytest.mark.parametrize(
    ("utc", "holds"),
    [
        # In summer time 02:00-03:00 is 00:00-01:00 UTC; on 25 October 2026 it comes twice.
        ("2026-10-24T00:30", True),
        ("2026-10-25T00:30", True),
        ("2026-10-25T01:30", True),
        ("2026-10-25T02:30", False),
        ("2026-10-26T01:30", True),
        # On 28 March 2027 it is left out.
        ("2027-03-28T00:59", False),
        ("2027-03-28T01:00", False),
        ("2027-03-29T00:30", True),
    ],
)
def test_hours_are_those_of_the_clock_on_the_wall(utc, holds):
    validity = Validity(hours=hours_of("02:00-03:00"))
    at = datetime.fromisoformat(utc).replace(tzinfo=UTC)
    assert (validity.refusal(at, BERLIN) is None) == holds


def test_a_day_ends_when_it_ends_there(monkeypatch):
    validity = Validity(until=moment_of("2026-11-26"))
    late = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)
    assert validity.refusal(late, ZoneInfo("America/New_York")) is None
    assert validity.refusal(late, BERLIN) == "only until 2026-11-26"


def test_without_a_zone_the_box_s_own_counts(monkeypatch):
    import time

    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        validity = Validity(since=moment_of("2026-11-27"), hours=hours_of("08:00-09:00"))
        at = datetime(2026, 11, 26, 23, 30, tzinfo=UTC)  # 08:30 on the 27th in Tokyo
        assert validity.refusal(at, None) is None
        assert validity.refusal(at, BERLIN) is not None
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_refusal_is_in_words():
    entry = entry_of({"plate": "AB1", "weekdays": "mon-wed", "hours": "7:00-9:00"})
    refusal = entry.validity.refusal(berlin("2026-11-26T12:00"), BERLIN)
    assert refusal == "only mon,tue,wed 07:00-09:00"


days = st.frozensets(st.integers(0, 6), min_size=1)
minutes = st.integers(0, 1439)
windows = st.tuples(minutes, minutes).filter(lambda one: one[0] != one[1])


@given(
    st.text("ABCXYZ0189*?", min_size=1, max_size=8).filter(lambda text: "**" not in text),
    st.text("abc, ;\"'#é", max_size=8),
    days,
    st.lists(windows, max_size=3),
    st.none() | st.dates() | st.datetimes(timezones=st.none() | st.just(UTC)),
)
def test_what_is_written_is_read_back(plate, note, weekdays, hours, until):
    validity = Validity(None, until, weekdays, tuple(hours))
    entry = Entry(plate, note.strip() or None, validity)
    assert entry_of(entry.texts()) == entry
