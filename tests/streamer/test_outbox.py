import sqlite3
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from broker import wait_until
from streamer.codec import decode, decode_any, encode
from streamer.data import PARKING, SCHEMA
from streamer.errors import UserError
from streamer.sinks.media import Media
from streamer.sinks.outbox import Outbox
from streamer.sinks.retention import Retention
from streamer.sinks.storage import Storage

DAY_S = 86_400


@pytest.fixture
def outbox(tmp_path):
    outbox = Outbox(tmp_path / "new" / "events.sqlite3", ["mqtt", "csv"])
    outbox.open()
    yield outbox
    outbox.close()


def rows(path, query):
    with sqlite3.connect(path) as db:
        return db.execute(query).fetchall()


def test_an_accepted_event_waits_for_every_sink(outbox, make_event):
    event = make_event(snapshot="/x/1.jpg")
    assert outbox.accept(event, 1000.5)
    for sink in ("mqtt", "csv"):
        parcel = outbox.oldest(sink)
        assert decode(parcel.json) == event
        assert (parcel.event_id, parcel.captured_at, parcel.attempts) == (event.id, 1000.5, 0)
    outbox.delivered("mqtt", event.id)
    assert outbox.oldest("mqtt") is None
    assert (outbox.depth("mqtt"), outbox.depth("csv")) == (0, 1)


def test_the_same_event_twice_is_one(outbox, make_event):
    event = make_event()
    assert outbox.accept(event, 0.0)
    outbox.delivered("mqtt", event.id)
    assert not outbox.accept(event, 0.0)
    assert outbox.depth("mqtt") == 0  # nor is it delivered again
    assert outbox.depth("csv") == 1


def test_events_come_in_the_order_of_acceptance(outbox, make_event):
    events = [make_event(after_s=-number) for number in range(3)]
    for event in reversed(events):
        outbox.accept(event, 0.0)
    given = []
    while parcel := outbox.oldest("mqtt", besides=given):
        given.append(parcel.event_id)
    assert given == [event.id for event in reversed(events)]


def test_what_was_accepted_is_there_after_a_crash(tmp_path, make_event):
    path = tmp_path / "events.sqlite3"
    first = Outbox(path, ["mqtt"])
    first.open()
    event = make_event()
    first.accept(event, 7.0)
    # No close: what a kill -9 leaves, copied away, is what the next process finds.
    remains = tmp_path / "remains"
    remains.mkdir()
    for file in tmp_path.glob("events.sqlite3*"):
        (remains / file.name).write_bytes(file.read_bytes())
    second = Outbox(remains / path.name, ["mqtt"])
    second.open()
    assert decode(second.oldest("mqtt").json) == event


def test_the_file_is_safe_from_a_power_cut(outbox):
    with outbox.store.transaction() as db:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_refusals_are_counted_and_absences_are_not(outbox, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    outbox.failed("mqtt", event.id, "away")
    outbox.failed("mqtt", event.id, "away")
    assert outbox.oldest("mqtt").attempts == 0
    outbox.refused("mqtt", event.id, "not allowed")
    assert outbox.oldest("mqtt").attempts == 1
    assert outbox.oldest("csv").attempts == 0


def test_a_dead_letter_is_kept_and_counted_but_not_given_out(outbox, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    outbox.bury("mqtt", event.id, "not allowed")
    assert outbox.oldest("mqtt") is None
    assert (outbox.depth("mqtt"), outbox.dead_letters("mqtt")) == (0, 1)
    assert outbox.dead_letters("csv") == 0


def test_an_event_waits_until_the_last_sink_has_it_or_never_will(tmp_path, make_event):
    event = make_event()
    before = Outbox(tmp_path / "events.sqlite3", ["one", "two", "gone"])
    before.open()
    before.accept(event, 0.0)
    before.close()
    outbox = Outbox(tmp_path / "events.sqlite3", ["one", "two"])
    outbox.open()
    assert outbox.still_waits(event.id)
    outbox.delivered("one", event.id)
    assert outbox.still_waits(event.id)
    outbox.bury("two", event.id, "never")
    assert not outbox.still_waits(event.id)
    outbox.close()


def test_the_age_is_that_of_the_oldest(make_event):
    now = [1000.0]
    outbox = Outbox(":memory:", ["mqtt"], now=lambda: now[0])
    outbox.open()
    assert outbox.oldest_age_s("mqtt") == 0.0
    first = make_event()
    outbox.accept(first, 0.0)
    now[0] += 20
    outbox.accept(make_event(), 0.0)
    now[0] += 3
    assert outbox.oldest_age_s("mqtt") == 23
    outbox.delivered("mqtt", first.id)
    assert outbox.oldest_age_s("mqtt") == 3


def test_a_new_sink_gets_what_is_accepted_from_then_on(tmp_path, make_event):
    path = tmp_path / "events.sqlite3"
    for sinks, waiting in ((["mqtt"], 0), (["mqtt", "csv"], 1)):
        outbox = Outbox(path, sinks)
        outbox.open()
        outbox.accept(make_event(), 0.0)
        assert outbox.depth("csv") == waiting
        outbox.close()


def test_listeners_hear_of_each_acceptance(outbox, make_event):
    heard = []
    outbox.listen(lambda: heard.append(outbox.depth("mqtt")))
    outbox.accept(make_event(), 0.0)
    assert heard == [1]


def test_many_threads_accept_at_once(outbox, make_event):
    def accept():
        for _ in range(20):
            outbox.accept(make_event(), 0.0)

    threads = [threading.Thread(target=accept) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outbox.depth("mqtt") == 80


def damaged(path):
    outbox = Outbox(path, ["mqtt"])
    outbox.open()
    with outbox.store.transaction() as db:
        db.executemany(
            "INSERT INTO events VALUES (?, 'gate', 'X1', 0, 0, 0, ?, 'plate-event/1')",
            [(str(number), "x" * 900) for number in range(200)],
        )
    outbox.close()
    content = bytearray(path.read_bytes())
    content[4096 * 10 : 4096 * 30] = b"\xff" * (4096 * 20)
    path.write_bytes(content)


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (lambda path: path.write_bytes(b"no database at all" * 100), "not a database; move the"),
        (damaged, "corrupt"),
        (lambda path: path.mkdir(), "unable to open database file; it needs a folder"),
        (
            lambda path: sqlite3.connect(path).execute("PRAGMA user_version = 9"),
            "version 9 of the tables; this program knows 3",
        ),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path, spoil, fault):
    path = tmp_path / "events.sqlite3"
    spoil(path)
    with pytest.raises(UserError) as caught:
        Outbox(path, ["mqtt"]).open()
    assert f"store '{path}'" in str(caught.value)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    path = tmp_path / "file" / "events.sqlite3"
    with pytest.raises(UserError, match=r"store '.*/file/events.sqlite3'.*folder"):
        Outbox(path, ["mqtt"]).open()


def test_two_daemons_do_not_share_a_store(outbox, tmp_path):
    with pytest.raises(UserError, match="another plate-streamer uses it"):
        Outbox(tmp_path / "new" / "events.sqlite3", ["mqtt"]).open()
    outbox.close()
    Outbox(tmp_path / "new" / "events.sqlite3", ["mqtt"]).open()


def test_a_full_disk_takes_nothing_and_forgets_nothing(outbox, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    with outbox.store.transaction() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(UserError, match="full"):
        outbox.accept(make_event(camera="x" * 20_000), 0.0)
    assert outbox.depth("mqtt") == outbox.depth("csv") == 1
    with outbox.store.transaction() as db:
        db.execute("PRAGMA max_page_count = 100000")
    assert outbox.accept(make_event(), 0.0)


def test_a_store_that_is_closed_says_so(outbox, make_event):
    outbox.close()
    with pytest.raises(UserError, match="not open"):
        outbox.accept(make_event(), 0.0)


def test_the_purge_keeps_what_a_sink_still_has_to_get(tmp_path, make_event):
    path = tmp_path / "events.sqlite3"
    names = ("delivered", "waiting", "dead", "gone_sink", "young")
    events = {name: make_event() for name in names}
    outbox = Outbox(path, ["mqtt", "old"])
    outbox.open()
    for event in events.values():
        outbox.accept(event, 0.0)
    for name in ("delivered", "gone_sink"):
        outbox.delivered("mqtt", events[name].id)
    outbox.delivered("old", events["delivered"].id)
    outbox.bury("mqtt", events["dead"].id, "no")
    outbox.close()
    with sqlite3.connect(path) as db:
        db.execute("UPDATE events SET accepted_at = 1000 WHERE id != ?", (events["young"].id,))
    outbox = Outbox(path, ["mqtt"])
    outbox.open()
    assert outbox.purge(before=2000.0) == 3
    outbox.close()
    left = {row[0] for row in rows(path, "SELECT id FROM events")}
    assert left == {events["waiting"].id, events["young"].id}
    assert {row[0] for row in rows(path, "SELECT event_id FROM deliveries")} <= left


def test_the_purge_goes_on_beyond_one_batch(outbox):
    with outbox.store.transaction() as db:
        db.executemany(
            "INSERT INTO events VALUES (?, 'gate', 'X1', 0, 0, 0, '{}', 'plate-event/1')",
            [(str(number),) for number in range(1234)],
        )
    assert outbox.purge(before=time.time()) == 1234
    assert outbox.purge(before=time.time()) == 0


def test_retention_throws_away_old_events_with_their_pictures(tmp_path, make_decided):
    storage = Storage(["mqtt"], folder=tmp_path, keep_days=30)
    storage.outbox.open()
    storage.media.open()
    now = datetime.now(UTC)
    kept = {}
    for days in (40, 39, 1):
        decided = make_decided(read_at=datetime.fromtimestamp(now.timestamp() - days * DAY_S, UTC))
        kept[days] = storage.media.illustrate(decided)
        storage.outbox.accept(kept[days], 0.0)
    with storage.outbox.store.transaction() as db:
        db.execute("UPDATE events SET accepted_at = read_at")
    for days in (40, 1):
        storage.outbox.delivered("mqtt", kept[days].id)
    orphan = tmp_path / "pictures" / "2001-01-01" / f"{kept[1].id}.jpg"
    orphan.parent.mkdir()
    orphan.touch()
    stranger = tmp_path / "pictures" / "2001-01-01" / "holiday.jpg"
    stranger.touch()
    assert storage.retention.sweep() == (1, 3)
    there = {path.name for path in tmp_path.rglob("*.jpg")}
    expected = {f"{kept[days].id}{end}" for days in (39, 1) for end in (".jpg", "-crop.jpg")}
    assert there == expected | {"holiday.jpg"}
    assert storage.outbox.depth("mqtt") == 1


def test_retention_sweeps_by_itself_and_outlives_a_failure(tmp_path, make_event, caplog):
    outbox = Outbox(tmp_path / "events.sqlite3", [])
    retention = Retention(outbox, None, keep_days=1)
    retention.start()  # the outbox is not open: the first sweep fails
    wait_until(lambda: "could not be thrown away" in caplog.text)
    retention.stop(timeout_s=60)
    outbox.open()
    outbox.accept(make_event(), 0.0)
    with outbox.store.transaction() as db:
        db.execute("UPDATE events SET accepted_at = 0")
    again = Retention(outbox, None, keep_days=1)
    again.start()
    wait_until(lambda: rows(tmp_path / "events.sqlite3", "SELECT COUNT(*) FROM events") == [(0,)])
    again.stop(timeout_s=60)


def test_a_media_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match=r"media folder '.*/file/pictures': Not a directory"):
        Media(tmp_path / "file" / "pictures").open()


def test_tables_of_the_first_version_are_brought_up_to_date(tmp_path, make_event):
    path, event = tmp_path / "events.sqlite3", make_event()
    with sqlite3.connect(path) as db:
        db.executescript(
            "CREATE TABLE events (id TEXT PRIMARY KEY, camera TEXT NOT NULL, plate TEXT NOT NULL,"
            " read_at REAL NOT NULL, captured_at REAL NOT NULL, accepted_at REAL NOT NULL,"
            " json TEXT NOT NULL);"
            "CREATE TABLE deliveries (id INTEGER PRIMARY KEY, sink TEXT NOT NULL,"
            " event_id TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 0, last_error TEXT,"
            " dead INTEGER NOT NULL DEFAULT 0, UNIQUE (sink, event_id)); PRAGMA user_version = 1"
        )
        row = (event.id, event.camera, event.plate, 1.0, 1.0, time.time(), encode(event))
        db.execute("INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        db.execute("INSERT INTO deliveries (sink, event_id) VALUES ('mqtt', ?)", (event.id,))
    outbox = Outbox(path, ["mqtt"])
    outbox.open()
    assert decode(outbox.oldest("mqtt").json) == event
    assert outbox.accept(make_event(), 0.0)
    outbox.close()
    assert rows(path, "SELECT DISTINCT kind FROM events") == [("plate-event/1",)]
    outbox.open()  # once is enough
    outbox.close()


def test_a_sink_gets_the_kinds_it_wants(tmp_path, make_event, make_parking):
    outbox = Outbox(tmp_path / "events.sqlite3", {"mqtt": {SCHEMA, PARKING}, "csv": {SCHEMA}})
    outbox.open()
    plate, parking = make_event(), make_parking()
    assert outbox.accept(plate, 0.0)
    assert outbox.accept(parking, 0.0)
    assert (outbox.depth("mqtt"), outbox.depth("csv")) == (2, 1)
    assert decode_any(outbox.oldest("mqtt", [plate.id]).json) == parking
    outbox.close()


def test_what_becomes_known_later_is_written_into_the_stored_event(outbox, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    outbox.delivered("mqtt", event.id)
    assert outbox.amend(event.id, lambda known: replace(known, owner={"name": "A. Nother"}))
    assert decode(outbox.oldest("csv").json).owner == {"name": "A. Nother"}
    assert outbox.oldest("mqtt") is None
    assert not outbox.amend("unknown", lambda known: known)


def test_notes_outlive_the_daemon(outbox):
    assert outbox.store.noted("camera/gate") is None
    outbox.store.note("camera/gate", "paused")
    outbox.store.note("camera/gate", "running")
    outbox.close()
    outbox.open()
    assert outbox.store.noted("camera/gate") == "running"
