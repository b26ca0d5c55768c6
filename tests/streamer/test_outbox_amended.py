"""What becomes of an event that is amended once sinks have it, and of what is read back."""

import threading
from dataclasses import replace

import pytest

from broker import wait_until
from streamer.data import SCHEMA
from streamer.sinks.courier import Courier
from streamer.sinks.outbox import Outbox
from streamer.sinks.within import Within


@pytest.fixture
def outbox(tmp_path):
    outbox = Outbox(tmp_path / "events.sqlite3", ["mqtt"])
    outbox.add("archive", {SCHEMA}, amended=True)
    outbox.open()
    yield outbox
    outbox.close()


def owned(event):
    return replace(event, owner={"name": "Jane"})


def test_only_who_wants_amendments_is_told_again(outbox, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    told = []
    outbox.listen(lambda: told.append(True))
    for sink in ("mqtt", "archive"):
        outbox.delivered(sink, event.id, outbox.oldest(sink).json)
    assert outbox.amend(event.id, owned)
    assert (outbox.depth("mqtt"), outbox.depth("archive")) == (0, 1)
    assert told
    assert '"Jane"' in outbox.oldest("archive").json


def test_who_has_yet_to_get_it_gets_it_once(outbox, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    outbox.amend(event.id, owned)
    assert (outbox.depth("mqtt"), outbox.depth("archive")) == (1, 1)
    outbox.delivered("archive", event.id, outbox.oldest("archive").json)
    assert outbox.depth("archive") == 0


def test_what_was_on_its_way_when_it_was_amended_goes_again(outbox, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    under_way = {sink: outbox.oldest(sink) for sink in ("mqtt", "archive")}
    outbox.amend(event.id, owned)
    for sink, parcel in under_way.items():
        outbox.delivered(sink, event.id, parcel.json)
    assert (outbox.depth("mqtt"), outbox.depth("archive")) == (0, 1)


def test_a_courier_brings_what_was_amended_during_delivery(outbox, make_event):
    event, taken = make_event(), []
    delivering, amended = threading.Event(), threading.Event()

    def take(one):
        taken.append(one)
        delivering.set()
        assert amended.wait(60)

    outbox.accept(event, 0.0)
    courier = Courier(Within("archive", {SCHEMA}, take), outbox)
    courier.start()
    assert delivering.wait(60)
    outbox.amend(event.id, owned)
    amended.set()
    wait_until(lambda: len(taken) == 2)
    wait_until(lambda: outbox.depth("archive") == 0)
    courier.close(5)
    assert taken == [event, owned(event)]


def test_what_is_stored_is_read_back_in_the_order_of_ids(outbox, make_event, make_parking):
    events = sorted((make_event() for _ in range(5)), key=lambda one: one.id)
    for event in reversed(events):
        outbox.accept(event, 0.0)
    outbox.accept(make_parking(), 0.0)
    first = outbox.stored("", 3)
    assert [row[0] for row in first] == [event.id for event in events[:3]]
    assert [row[0] for row in outbox.stored(first[-1][0], 3)] == [e.id for e in events[3:]]
    assert outbox.stored(events[-1].id, 3) == []
