"""What was stored before there was an archive is brought in, whatever happens meanwhile."""

import threading
import time
from dataclasses import replace

import pytest

from broker import wait_until
from streamer.archive.archive import Archive
from streamer.archive.filling import Filling
from streamer.archive.records import Query
from streamer.sinks.courier import Courier
from streamer.sinks.outbox import Outbox
from streamer.sinks.within import Within


@pytest.fixture(autouse=True)
def _small_steps(monkeypatch):
    monkeypatch.setattr("streamer.archive.filling.BATCH", 3)
    monkeypatch.setattr("streamer.archive.filling.PAUSE_S", 0.001)
    monkeypatch.setattr("streamer.archive.filling.RETRY_S", 0.1)


@pytest.fixture
def outbox(tmp_path):
    outbox = Outbox(tmp_path / "events.sqlite3", [])
    outbox.open()
    yield outbox
    outbox.close()


def ids(archive):
    return {record.event.id for record in archive.walk(Query())}


def fill(archive, outbox):
    filling = Filling(archive, outbox.stored)
    filling.start()
    filling._thread.join(120)
    assert not filling._thread.is_alive()


def accepted(outbox, make_event, count):
    events = [make_event(after_s=number) for number in range(count)]
    for event in events:
        outbox.accept(event, 0.0)
    return {event.id for event in events}


def test_all_that_is_stored_comes_in_and_nothing_twice(make_archive, outbox, make_event, caplog):
    wanted = accepted(outbox, make_event, 7)
    archive = make_archive()
    with caplog.at_level("INFO"):
        fill(archive, outbox)
    assert ids(archive) == wanted
    assert "the archive lacked 7 stored events" in caplog.text
    caplog.clear()
    fill(archive, outbox)
    assert ids(archive) == wanted
    assert "lacked" not in caplog.text


def test_parking_and_damaged_events_are_left_out(
    make_archive, outbox, make_event, make_parking, caplog
):
    wanted = accepted(outbox, make_event, 2)
    damaged = make_event()
    outbox.accept(damaged, 0.0)
    outbox.accept(make_parking(), 0.0)
    with outbox.store.transaction() as db:
        db.execute("UPDATE events SET json = '{}' WHERE id = ?", (damaged.id,))
    archive = make_archive()
    fill(archive, outbox)
    assert ids(archive) == wanted
    assert f"event {damaged.id} stays out of the archive" in caplog.text


def test_the_next_start_goes_on_where_one_was_ended(make_archive, outbox, make_event):
    wanted = accepted(outbox, make_event, 12)
    archive, steps = make_archive(), threading.Semaphore(2)

    def stored(after, limit):
        assert steps.acquire(timeout=120)
        return outbox.stored(after, limit)

    filling = Filling(archive, stored)
    filling.start()
    wait_until(lambda: len(ids(archive)) == 6)
    filling.stop(0.0)
    steps.release()
    filling.stop(60)
    assert len(ids(archive)) <= 9
    fill(archive, outbox)
    assert ids(archive) == wanted


def test_an_archive_that_is_away_is_waited_for(server, tmp_path, outbox, make_event, caplog):
    wanted = accepted(outbox, make_event, 4)
    url = server.database()
    server.stop()
    archive = Archive(tmp_path, url=url)
    filling = Filling(archive, outbox.stored)
    began = time.monotonic()
    filling.start()
    assert time.monotonic() - began < 5
    wait_until(lambda: "events wait until it works" in caplog.text)
    server.start()
    filling._thread.join(120)
    assert ids(archive) == wanted
    assert len([one for one in caplog.records if "events wait" in one.message]) <= 2
    archive.close()


def test_what_is_amended_while_it_is_filled_is_not_undone(make_archive, outbox, make_event):
    """The filling reads an event; it is amended and delivered; only then does the filling write."""
    event, archive = make_event(), make_archive()
    outbox.add("archive", archive.kinds, amended=True)
    outbox.accept(event, 0.0)
    outbox.delivered("archive", event.id)
    courier = Courier(Within("archive", archive.kinds, archive.take), outbox)

    def stored(after, limit):
        rows = outbox.stored(after, limit)
        if rows:
            outbox.amend(event.id, lambda one: replace(one, owner={"name": "Jane"}))
            wait_until(lambda: outbox.depth("archive") == 0)
        return rows

    courier.start()
    filling = Filling(archive, stored)
    filling.start()
    filling._thread.join(120)
    courier.close(60)
    assert archive.get(event.id).event.owner == {"name": "Jane"}
