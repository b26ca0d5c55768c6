"""Events, corrections, notes and the audit log, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from streamer.archive.records import BadQuery, NoSuchEvent, PlateSummary, Query, Record
from streamer.data import ListMatch, Watched, new_event_id
from streamer.errors import UserError

DAY_S = 86_400


def watched(*lists, verdict="deny"):
    matches = (ListMatch(name, verdict, "AB123CD", "exact", 0.0) for name in lists)
    return Watched(verdict, tuple(matches))


def plates(page):
    return [record.plate for record in page.records]


def test_what_was_taken_is_there_as_it_was(archive, make_event):
    event = make_event(owner={"name": "Ä. Müller", "flat": 7}, watchlist=watched("staff"))
    archive.take(event)
    assert archive.get(event.id) == Record(event)
    assert archive.search(Query()).records == (Record(event),)
    assert archive.get(new_event_id()) is None


def test_taken_again_it_is_replaced(archive, make_event):
    event = make_event(watchlist=watched("wanted"))
    known = replace(event, owner={"name": "Jane"}, watchlist=watched("staff", verdict="allow"))
    for one in (event, event, known):
        archive.take(one)
    assert archive.search(Query()).records == (Record(known),)
    assert not archive.search(Query(list="wanted")).records
    assert archive.search(Query(list="staff", verdict="allow")).records == (Record(known),)
    assert archive.summary("AB123CD").events == 1


def test_other_kinds_of_events_are_left_out(archive, make_parking):
    archive.take(make_parking())
    assert not archive.search(Query()).records


def test_it_is_there_for_the_next_process(make_archive, make_event):
    first = make_archive()
    first.open()
    event = make_event()
    first.take(event)
    first.correct(event.id, "AB123CO", "jane")
    first.close()
    second = make_archive()
    second.open()
    assert second.get(event.id).plate == "AB123CO"
    with pytest.raises(UserError, match="is closed"):
        first.get(event.id)


def test_two_processes_use_it_at_once(make_archive, make_event):
    one, other = make_archive(), make_archive()
    event = make_event()
    one.take(event)  # opens it
    assert other.get(event.id) == Record(event)
    other.add_note("AB123CD", "a taxi", "jane")
    assert [note.text for note in one.notes("AB123CD")] == ["a taxi"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({}, "dcba"),
        ({"plate": "AB123CD"}, "da"),
        ({"plate": "AB1*"}, "dba"),
        ({"plate": "*12*"}, "dba"),
        ({"plate": "*CD"}, "da"),
        ({"plate": "?B123C?"}, "dba"),
        ({"plate": "*"}, "dcba"),
        ({"plate": "AB123C"}, ""),
        ({"plate": "ab*"}, None),
        ({"plate": "A%"}, None),
        ({"plate": "[A]*"}, None),
        ({"plate": ""}, None),
        ({"plate": "*" * 41}, None),
        ({"cameras": ("north",)}, "c"),
        ({"cameras": ("north", "gate")}, "dcba"),
        ({"cameras": ("south",)}, ""),
        ({"since": 1}, "dcb"),
        ({"until": 1}, "a"),
        ({"since": 1, "until": 3}, "cb"),
        ({"list": "wanted"}, "b"),
        ({"list": "staff"}, "cb"),
        ({"list": "staff", "plate": "X*"}, "c"),
        ({"list": "staff", "cameras": ("gate",)}, "b"),
        ({"verdict": "deny"}, "b"),
        ({"verdict": "notify"}, ""),
        ({"way": "exit"}, "d"),
        ({"corrected": True}, ""),
        ({"corrected": False}, "dcba"),
    ],
)
def test_searching(archive, make_event, query, found):
    events = {
        "a": make_event("AB123CD", after_s=0),
        "b": make_event("AB123CO", after_s=1, watchlist=watched("wanted", "staff")),
        "c": make_event("XY99", "north", after_s=2, watchlist=watched("staff", verdict="allow")),
        "d": make_event("AB123CD", after_s=3, way="exit"),
    }
    for event in events.values():
        archive.take(event)
    times = {"since", "until"} & set(query)
    at = {key: events["abcd"[query[key]]].read_at for key in times}
    wanted = Query(**query | at)
    if found is None:
        with pytest.raises(BadQuery) as error:
            archive.search(wanted)
        assert error.value.field == "plate"
        return
    assert archive.search(wanted).records == tuple(Record(events[one]) for one in found)
    assert [record.event.id for record in archive.walk(wanted)] == [events[o].id for o in found]


def test_times_are_as_exact_as_events_are_written(archive, make_event):
    event = make_event()
    archive.take(event)
    inexact = event.read_at + timedelta(microseconds=1)
    assert archive.search(Query(since=event.read_at)).records
    assert not archive.search(Query(since=inexact)).records
    assert archive.search(Query(until=inexact)).records
    assert not archive.search(Query(until=event.read_at)).records


def test_page_after_page_is_all_there_is(archive, make_event):
    events = [make_event(after_s=number // 3) for number in range(10)]  # some at the same time
    for event in events:
        archive.take(event)
    latest_first = sorted(events, key=lambda one: (one.read_at, one.id), reverse=True)
    cursor, found = None, []
    while True:
        page = archive.search(Query(plate="AB*"), 3, cursor)
        assert len(page.records) <= 3
        found += [record.event for record in page.records]
        cursor = page.next
        if cursor is None:
            break
    assert found == latest_first
    assert archive.search(Query(), 10).next is None


@pytest.mark.parametrize("cursor", ["", "x", "é", "MTIz", "LTEvYQ", "MS9h=", "a" * 5000, "MQAvYQ"])
def test_a_cursor_that_is_none_is_named(archive, cursor):
    with pytest.raises(BadQuery, match="^cursor: is not one that a search has given") as error:
        archive.search(Query(), 10, cursor)
    assert error.value.field == "cursor"


def test_near_ones_come_with_their_distance(archive, make_event):
    for number, plate in enumerate(["AB123CD", "A8123CD", "AB124CD", "B123CD", "XY123CD"]):
        archive.take(make_event(plate, after_s=number))
    archive.take(make_event("AB123CD", after_s=9))
    found = archive.search(Query(plate="AB123CD", near=True), 4)
    assert [(record.plate, record.distance) for record in found.records] == [
        ("AB123CD", 0.0),
        ("B123CD", 1.0),
        ("AB124CD", 1.0),
        ("A8123CD", 0.6),
    ]
    rest = archive.search(Query(plate="AB123CD", near=True), 4, found.next)
    assert plates(rest) == ["AB123CD"]
    assert [(one.plate, one.events, far) for one, far in archive.near("AB123CD")] == [
        ("A8123CD", 1, 0.6),
        ("AB124CD", 1, 1.0),
        ("B123CD", 1, 1.0),
    ]
    assert len(archive.near("AB123CD", 2)) == 2
    pattern = archive.search(Query(plate="AB*", near=True))
    assert {record.distance for record in pattern.records} == {None}


def test_after_an_event_come_those_with_later_ids(archive, make_event):
    events = [make_event(after_s=-number) for number in range(4)]
    events.sort(key=lambda one: one.id)
    for event in reversed(events):
        archive.take(event)
    assert archive.after(events[1].id) == [Record(one) for one in events[2:]]
    assert archive.after(events[0].id, 2) == [Record(one) for one in events[1:3]]
    assert archive.after(events[3].id) == []


def test_a_correction_is_what_the_plate_is_from_then_on(archive, make_event):
    event = make_event("AB123CD")
    archive.take(event)
    record = archive.correct(event.id, "AB123CO", "jane")
    assert record == archive.get(event.id)
    assert (record.plate, record.event) == ("AB123CO", event)
    said = record.correction
    assert (said.event_id, said.plate, said.read, said.by) == (
        *(event.id, "AB123CO", "AB123CD", "jane"),
    )
    assert abs(said.at - datetime.now(UTC)) < timedelta(minutes=1)
    for pattern in ("AB123CO", "*O", "AB*"):
        assert archive.search(Query(plate=pattern)).records == (record,)
    assert not archive.search(Query(plate="AB123CD")).records
    assert not archive.search(Query(plate="*D")).records
    assert archive.search(Query(corrected=True)).records == (record,)
    assert not archive.search(Query(corrected=False)).records
    assert archive.summary("AB123CD") == PlateSummary("AB123CD", 0, None, None)
    assert archive.near("AB123CD")[0][0].plate == "AB123CO"
    assert list(archive.corrections()) == [said]


def test_taken_again_a_corrected_event_stays_corrected(archive, make_event):
    event = make_event("AB123CD")
    archive.take(event)
    said = archive.correct(event.id, "AB123CO", "jane").correction
    known = replace(event, owner={"name": "Jane"})
    archive.take(known)
    assert archive.get(event.id) == Record(known, said)
    assert plates(archive.search(Query(plate="*O"))) == ["AB123CO"]


def test_there_may_be_no_plate_at_all(archive, make_event):
    event = make_event("AB123CD")
    archive.take(event)
    assert archive.correct(event.id, None, "jane").plate is None
    assert not archive.search(Query(plate="*")).records
    assert archive.search(Query()).records == archive.search(Query(corrected=True)).records
    assert archive.correct(event.id, "AB123CD", "jim").correction.by == "jim"  # confirmed after all
    assert plates(archive.search(Query(plate="*D", corrected=True))) == ["AB123CD"]
    assert len(list(archive.corrections())) == 1


def test_a_correction_can_be_taken_back(archive, make_event):
    event = make_event("AB123CD")
    archive.take(event)
    archive.correct(event.id, "XY1", "jane")
    assert archive.retract(event.id)
    assert not archive.retract(event.id)
    assert archive.get(event.id) == Record(event)
    assert plates(archive.search(Query(plate="*D", corrected=False))) == ["AB123CD"]
    assert not archive.near("XY2")
    assert not list(archive.corrections())


@pytest.mark.parametrize("plate", ["", "ab1", "A B", "A*", "Ä1", "A" * 21])
def test_a_correction_that_is_no_plate_is_refused(archive, make_event, plate):
    event = make_event()
    archive.take(event)
    with pytest.raises(BadQuery, match="should be 1 to 20 of A-Z and 0-9"):
        archive.correct(event.id, plate, "jane")
    assert archive.get(event.id) == Record(event)


def test_what_is_not_there_cannot_be_corrected(archive):
    with pytest.raises(NoSuchEvent, match="there is no event 'x'"):
        archive.correct("x", "AB1", "jane")
    assert not archive.retract("x")


def test_corrections_come_in_their_order_however_many(archive, make_event, monkeypatch):
    monkeypatch.setattr("streamer.archive.archive.BATCH", 2)
    events = [make_event() for _ in range(5)]
    for event in events:
        archive.take(event)
    said = [archive.correct(event.id, "AB1", "jane").correction for event in events]
    assert list(archive.corrections()) == sorted(said, key=lambda one: (one.at, one.event_id))


def test_old_events_are_forgotten_and_corrections_are_not(archive, make_event, monkeypatch):
    monkeypatch.setattr("streamer.archive.archive.BATCH", 2)
    events = [make_event(f"AB10{n}", after_s=n, watchlist=watched("staff")) for n in range(7)]
    for event in events:
        archive.take(event)
    said = archive.correct(events[0].id, "XX1", "jane").correction
    archive.add_note("AB1", "a taxi", "jane")
    assert archive.purge(events[5].read_at.timestamp()) == 5
    assert [record.event for record in archive.walk(Query())] == [events[6], events[5]]
    assert len(archive.search(Query(list="staff")).records) == 2
    assert archive.get(events[0].id) is None
    assert list(archive.corrections()) == [said]
    assert len(archive.notes("AB1")) == 1
    assert [one.plate for one, _ in archive.near("AB108")] == ["AB105", "AB106"]
    assert archive.purge(events[5].read_at.timestamp()) == 0
    archive.take(events[0])  # it comes again: what was said of it holds
    assert archive.get(events[0].id) == Record(events[0], said)
    assert archive.purge(events[5].read_at.timestamp()) == 1
    assert archive.retract(events[0].id)


def test_its_own_days_go_before_those_of_the_store(make_archive, make_event):
    archive = make_archive(keep_days=10)
    now = datetime.now(UTC)
    old, young = (make_event(read_at=now - timedelta(days=days)) for days in (11, 9))
    archive.take(old)
    archive.take(young)
    assert archive.purge(now.timestamp() - 30 * DAY_S) == 1
    assert archive.purge(now.timestamp() - DAY_S) == 0
    assert [record.event.id for record in archive.walk(Query())] == [young.id]
    assert archive.fill([old]) == 0


def test_filling_leaves_alone_what_is_there(archive, make_event):
    event, other = make_event(), make_event("XY1")
    known = replace(event, owner={"name": "Jane"})
    archive.take(known)
    assert archive.fill([event, other]) == 1
    assert archive.fill([event, other]) == 0
    assert archive.fill([]) == 0
    assert archive.get(event.id) == Record(known)
    assert plates(archive.search(Query(plate="X*"))) == ["XY1"]


def test_a_summary_says_when_first_and_last(archive, make_event):
    events = [make_event(after_s=10 * number) for number in range(3)]
    for event in (*events, make_event("XY1")):
        archive.take(event)
    assert archive.summary("AB123CD") == PlateSummary(
        "AB123CD", 3, events[0].read_at, events[2].read_at
    )
    assert archive.summary("AB123CO") == PlateSummary("AB123CO", 0, None, None)


def test_notes_are_kept_per_plate(archive):
    first = archive.add_note("AB1", "a taxi", "jane")
    second = archive.add_note("AB1", "'; DROP TABLE notes; -- ünï", "jim")
    other = archive.add_note("XY1", "a bus", "jane")
    assert archive.notes("AB1") == [second, first]
    assert not archive.remove_note("XY1", first.id)
    assert archive.remove_note("AB1", first.id)
    assert not archive.remove_note("AB1", first.id)
    assert archive.notes("AB1") == [second]
    assert archive.notes("XY1") == [other]
    assert archive.remove_note("XY1", other.id)
    assert archive.add_note("XY1", "again", "jane").id != other.id


def test_the_audit_log_is_read_from_its_end(archive):
    for number in range(5):
        archive.log("jane", "watchlist.put", f"staff/AB{number}", "note")
    archive.log("jim", "camera.pause", "gate")
    last, *_ = latest = archive.changes(2)
    assert (last.by, last.action, last.subject, last.detail) == ("jim", "camera.pause", "gate", "")
    assert [one.subject for one in archive.changes(10, before=latest[-1].id)] == [
        f"staff/AB{number}" for number in (3, 2, 1, 0)
    ]
