"""Webhooks behind the outbox and their couriers: what waits, what is given up, in which order."""

import threading
import time

import pytest

from broker import wait_until
from streamer.sinks.courier import Courier, Unobserved, stop_couriers
from streamer.sinks.outbox import Outbox
from streamer.sinks.webhook import DAY_S, WebhookSink
from webhook_receiver import Receiver

QUICK_S = 0.01


class Clock:
    """Seconds since 1970 that pass only when told to."""

    def __init__(self):
        self.now = 1_767_323_045.0

    def __call__(self):
        return self.now


class Counting(Unobserved):
    def __init__(self):
        self.arrivals, self.failures, self.burials = [], [], []

    def delivered(self, sink, event, latency_s):
        self.arrivals.append((sink, event.plate))

    def failed(self, sink):
        self.failures.append(sink)

    def buried(self, sink):
        self.burials.append(sink)


class Box:
    """A daemon's outbox and the couriers of its webhooks; its end may take `stop_s`."""

    def __init__(self, path, *webhooks):
        self.stop_s = 3.0
        self.clock, self.counting = Clock(), Counting()
        self.sinks = [WebhookSink(self.clock, **{"timeout_s": 60.0} | one) for one in webhooks]
        self.outbox = Outbox(path, [sink.name for sink in self.sinks], now=self.clock)
        self.couriers = [
            Courier(sink, self.outbox, self.counting, first_retry_s=QUICK_S) for sink in self.sinks
        ]

    def accept(self, *events):
        for event in events:
            self.outbox.accept(event, time.time())

    def done(self, sink="webhook"):
        wait_until(lambda: self.outbox.depth(sink) == 0, what="events still wait")

    def __enter__(self):
        self.outbox.open()
        for courier in self.couriers:
            courier.start()
        return self

    def __exit__(self, *_):
        stop_couriers(self.couriers, self.stop_s)
        assert all(courier.join(60) for courier in self.couriers)
        self.outbox.close()


@pytest.fixture
def receiver():
    with Receiver() as receiver:
        yield receiver


@pytest.fixture
def path(tmp_path):
    return tmp_path / "events.sqlite3"


def ids(events):
    return [event.id for event in events]


def test_a_receiver_that_was_away_gets_all_in_order(path, receiver, make_event):
    events = [make_event() for _ in range(20)]
    with Box(path, {"url": receiver.url}) as box:
        box.accept(*events[:5])
        box.done()
        receiver.stop()
        box.accept(*events[5:])
        wait_until(lambda: len(box.counting.failures) > 6)  # more than an event may be refused
        receiver.start()
        box.done()
    assert receiver.accepted == ids(events)
    assert box.counting.burials == []


@pytest.mark.parametrize("status", [401, 404, 500, 502, 503])
def test_a_receiver_that_is_not_well_gets_all_in_order(path, receiver, make_event, status):
    events = [make_event() for _ in range(5)]
    receiver.answer = lambda request, handler: 204 if len(receiver.received) > 6 else status
    with Box(path, {"url": receiver.url}) as box:
        box.accept(*events)
        box.done()
    assert receiver.accepted == ids(events)
    assert len(box.counting.failures) == 6


def test_a_refused_event_is_a_dead_letter_after_five_attempts(path, receiver, make_event):
    bad, good = make_event("BAD1"), make_event("GOOD2")

    def answer(request, handler):
        return (422, {}, b"no") if request.headers["webhook-id"] == bad.id else 204

    receiver.answer = answer
    with Box(path, {"url": receiver.url}) as box:
        box.accept(bad, good)
        box.done()
        assert box.outbox.dead_letters("webhook") == 1
    assert receiver.accepted == [good.id]
    assert len(receiver.received) == 6
    assert box.counting.burials == ["webhook"]


def test_a_template_that_fails_costs_its_event_and_no_more(path, receiver, make_event):
    body = "{{ event.owner.name }}"
    with Box(path, {"url": receiver.url, "body": body}) as box:
        box.accept(make_event("BAD1"), make_event("GOOD2", owner={"name": "Ann"}))
        box.done()
        assert box.outbox.dead_letters("webhook") == 1
    assert [request.body for request in receiver.received] == [b"Ann"]


def test_nobody_is_asked_again_before_he_wants_to(path, receiver, make_event):
    asked = threading.Event()

    def answer(request, handler):
        asked.set()
        return (429, {"Retry-After": "3600"}, b"") if len(receiver.received) == 1 else 204

    receiver.answer = answer
    with Box(path, {"url": receiver.url}) as box:
        box.accept(make_event())
        assert asked.wait(60)
        wait_until(lambda: box.counting.failures)
        box.accept(make_event(), make_event())  # neither do new events
        time.sleep(0.3)
        assert len(receiver.received) == 1
        box.stop_s, started = 100.0, time.monotonic()
    assert time.monotonic() - started < 50  # nor is the end held up
    with Box(path, {"url": receiver.url}) as box:
        box.done()
    assert len(receiver.accepted) == 3


def test_patience_ends_when_it_was_asked_for_until(path, receiver, make_event):
    def answer(request, handler):
        return (429, {"Retry-After": "1"}, b"") if len(receiver.received) == 1 else 204

    receiver.answer = answer
    with Box(path, {"url": receiver.url}) as box:
        started = time.monotonic()
        box.accept(make_event())
        box.done()
        assert time.monotonic() - started >= 1.0


def test_what_waited_too_long_is_given_up_once_more_has_failed(path, receiver, make_event, caplog):
    old, late = [make_event("OLD1"), make_event("OLD2")], make_event("LATE3")
    receiver.stop()
    with Box(path, {"url": receiver.url}) as box:
        box.accept(*old)
        wait_until(lambda: len(box.counting.failures) > 6)
        assert box.outbox.dead_letters("webhook") == 0
        box.clock.now += DAY_S - 1
        box.accept(late)
        box.clock.now += 2
        wait_until(lambda: box.outbox.dead_letters("webhook") == 2)
        assert box.outbox.depth("webhook") == 1
        receiver.start()
        box.done()
    assert receiver.accepted == [late.id]
    assert box.counting.burials == ["webhook"] * 2
    assert "sink webhook: 2 events waited longer than 86400 s and are dead letters" in caplog.text


def test_a_receiver_that_is_back_gets_even_the_oldest(path, receiver, make_event):
    """An event is given up when an attempt fails, not because it is old."""
    event = make_event()
    receiver.stop()
    with Box(path, {"url": receiver.url, "give_up_after_s": 60.0}) as box:
        box.accept(event)
        wait_until(lambda: box.counting.failures)
    receiver.start()
    with Box(path, {"url": receiver.url, "give_up_after_s": 60.0}) as box:
        box.clock.now += 3600
        box.done()
    assert receiver.accepted == [event.id]


def test_one_may_be_waited_for_without_end(path, receiver, make_event):
    receiver.stop()
    with Box(path, {"url": receiver.url, "give_up_after_s": None}) as box:
        box.accept(make_event())
        box.clock.now += 1000 * DAY_S
        wait_until(lambda: len(box.counting.failures) > 6)
        assert box.outbox.dead_letters("webhook") == 0


def test_webhooks_do_not_wait_for_each_other(path, receiver, make_event):
    over = threading.Event()
    events = [make_event() for _ in range(10)]
    with Receiver(lambda *_: over.wait(120) and 204) as hanging:
        webhooks = [
            {"name": "hanging", "url": hanging.url, "timeout_s": 60.0},
            {"name": "away", "url": "http://127.0.0.1:9/"},
            {"name": "well", "url": receiver.url},
        ]
        with Box(path, *webhooks) as box:
            box.accept(*events)
            box.done("webhook-well")
            assert receiver.accepted == ids(events)
            assert box.outbox.depth("webhook-hanging") == box.outbox.depth("webhook-away") == 10
        over.set()


def test_what_waited_is_delivered_after_a_restart_in_order(path, receiver, make_event):
    events = [make_event() for _ in range(5)]
    away = {"name": "away", "url": "http://127.0.0.1:9/"}
    with Box(path, away, {"url": receiver.url}) as box:
        box.accept(*events)
        box.done()
    # The other way round in the configuration, and at another address: by its name it is the same.
    with Box(path, {"url": receiver.url}, {"name": "away", "url": receiver.url + "/late"}) as box:
        box.done("webhook-away")
    late = [request for request in receiver.received if request.path.endswith("/late")]
    assert [request.headers["webhook-id"] for request in late] == ids(events)
    assert len(receiver.received) == 10


def test_a_crash_may_send_once_more_with_the_same_id(path, receiver, make_event):
    event = make_event()
    with Box(path, {"url": receiver.url}) as box:
        box.outbox.delivered = lambda *_: (_ for _ in ()).throw(OSError("power cut"))
        box.accept(event)
        wait_until(lambda: receiver.accepted)
    with Box(path, {"url": receiver.url}) as box:
        box.done()
    assert receiver.accepted == [event.id] * 2
