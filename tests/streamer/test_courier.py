import itertools
import logging
import threading
import time

import pytest

from broker import wait_until
from streamer.errors import SinkError
from streamer.sinks.base import SinkBase
from streamer.sinks.courier import Courier, retry_delay_s, stop_couriers
from streamer.sinks.outbox import Outbox

QUICK_S = 0.02


class Ends(SinkBase):
    """A sink at the network's edge that does what the test says: `answer(event)` may raise."""

    name = "ends"

    def __init__(self, answer=lambda event: None):
        self.answer = answer
        self.plates = []
        self.tries = 0
        self.report = None
        self.closed = threading.Event()

    def start(self, report):
        self.report = report

    def send(self, event):
        self.tries += 1
        self.answer(event)
        self.plates.append(event.plate)

    def close(self, timeout_s):
        self.closed.set()


class Counting:
    def __init__(self):
        self.latencies, self.failures, self.burials, self.reachabilities = [], 0, 0, []
        self.attempts, self.settlements = [], []

    def delivered(self, sink, event, latency_s):
        self.latencies.append(latency_s)

    def failed(self, sink):
        self.failures += 1

    def buried(self, sink):
        self.burials += 1

    def attempted(self, event, attempt):
        self.attempts.append((event.plate, attempt))

    def settled(self, event):
        self.settlements.append(event.plate)

    def reachable(self, sink, up):
        self.reachabilities.append((sink, up))


def away(_):
    raise SinkError("nobody there")


def refuses(*plates):
    def answer(event):
        if event.plate in plates:
            raise SinkError("not wanted", rejected=True)

    return answer


@pytest.fixture
def outbox(tmp_path):
    outbox = Outbox(tmp_path / "events.sqlite3", ["ends"])
    outbox.open()
    yield outbox
    outbox.close()


@pytest.fixture
def launch(outbox):
    """`launch(sink, …)`: a courier that runs, and is ended with the test."""
    couriers = []

    def make(sink, first_retry_s=QUICK_S, **more):
        courier = Courier(sink, outbox, first_retry_s=first_retry_s, **more)
        couriers.append(courier)
        courier.start()
        return courier

    yield make
    for courier in couriers:
        courier.close(timeout_s=60.0)
        assert courier.join(0)


def test_events_are_carried_in_order_and_forgotten(outbox, launch, make_event):
    sink, counting = Ends(), Counting()
    outbox.accept(make_event("OLD1"), time.time() - 3600)
    launch(sink, observer=counting)
    for plate in ("NEW2", "NEW3"):
        outbox.accept(make_event(plate), time.time())
    wait_until(lambda: len(sink.plates) == 3 and outbox.depth("ends") == 0)
    assert sink.plates == ["OLD1", "NEW2", "NEW3"]
    assert counting.latencies[0] == pytest.approx(3600, abs=600)  # the machine may be busy
    assert max(counting.latencies[1:]) < 600
    assert counting.failures == 0


def test_an_accepted_event_leaves_at_once(outbox, launch, make_event):
    sink = Ends()
    launch(sink)
    time.sleep(0.1)  # by now it sleeps, for an hour unless somebody wakes it
    outbox.accept(make_event(), 0.0)
    wait_until(lambda: sink.plates)


def test_it_sleeps_while_there_is_nothing_to_do(outbox, launch, make_event, monkeypatch):
    real, looks = outbox.oldest, []

    def counting(*arguments):
        looks.append(1)
        return real(*arguments)

    monkeypatch.setattr(outbox, "oldest", counting)
    sink = Ends()
    launch(sink)
    outbox.accept(make_event(), 0.0)
    wait_until(lambda: sink.plates)
    time.sleep(0.3)
    assert len(looks) <= 4


def test_an_absent_sink_is_tried_again_until_it_is_there(outbox, launch, make_event):
    counting = Counting()
    sink = Ends(away)
    launch(sink, first_retry_s=0.002, observer=counting)
    outbox.accept(make_event("A1"), 0.0)
    outbox.accept(make_event("B2"), 0.0)
    wait_until(lambda: sink.tries >= 8)  # more than any event may be refused
    sink.answer = lambda event: None
    wait_until(lambda: outbox.depth("ends") == 0)
    assert sink.plates == ["A1", "B2"]
    assert counting.failures >= 8
    assert counting.burials == 0


def test_it_is_woken_when_the_sink_is_back(outbox, launch, make_event):
    counting, sink = Counting(), Ends(away)
    launch(sink, first_retry_s=60.0, observer=counting)
    outbox.accept(make_event(), 0.0)
    wait_until(lambda: sink.tries == 1)
    sink.report(SinkError("gone"))
    sink.answer = lambda event: None
    sink.report(None)
    wait_until(lambda: sink.plates, timeout_s=25)  # by itself it would sleep for 30 s at least
    assert counting.reachabilities == [("ends", False), ("ends", True)]


def test_an_outage_is_logged_once_and_its_end(outbox, launch, make_event, caplog):
    caplog.set_level(logging.INFO)
    sink = Ends(away)
    launch(sink)
    outbox.accept(make_event(), 0.0)
    wait_until(lambda: sink.tries >= 5)
    sink.answer = lambda event: None
    wait_until(lambda: sink.plates)
    wait_until(lambda: "works again" in caplog.text)
    assert caplog.text.count("nobody there") == 1


def test_a_refused_event_gives_way_and_is_buried_after_five_attempts(outbox, launch, make_event):
    counting, sink = Counting(), Ends(refuses("BAD1"))
    outbox.accept(make_event("BAD1"), 0.0)
    outbox.accept(make_event("GOOD2"), 0.0)
    launch(sink, observer=counting)
    wait_until(lambda: counting.burials)
    wait_until(lambda: outbox.depth("ends") == 0)
    assert outbox.dead_letters("ends") == 1
    assert sink.plates == ["GOOD2"]
    assert (sink.tries, counting.failures, counting.burials) == (6, 5, 1)
    assert outbox.oldest("ends") is None


def test_each_attempt_is_told_and_each_event_that_is_settled(outbox, launch, make_event):
    counting, waiting = Counting(), []
    counting.settled = lambda event: waiting.append((event.plate, outbox.still_waits(event.id)))
    outbox.accept(make_event("GOOD1"), time.time() - 3600)
    outbox.accept(make_event("BAD2"), 0.0)
    launch(Ends(refuses("BAD2")), observer=counting)
    wait_until(lambda: len(waiting) == 2)
    assert waiting == [("GOOD1", False), ("BAD2", False)]
    (plate, good), *bad = counting.attempts
    assert (plate, good.sink, good.error, good.refused) == ("GOOD1", "ends", None, False)
    assert good.captured_at == pytest.approx(time.time() - 3600, abs=600)
    assert 0 <= good.ended_s - good.started_s < 600
    assert [(one.error, one.refused) for _, one in bad] == [("not wanted", True)] * 5


def test_an_unforeseen_fault_does_not_block_the_others(outbox, launch, make_event, caplog):
    def answer(event):
        if event.plate == "BAD1":
            raise KeyError("a fault of ours")

    sink = Ends(answer)
    outbox.accept(make_event("BAD1"), 0.0)
    outbox.accept(make_event("GOOD2"), 0.0)
    launch(sink)
    wait_until(lambda: outbox.dead_letters("ends") == 1 and sink.plates == ["GOOD2"])
    assert "a fault of ours" in caplog.text


def test_an_event_nobody_can_read_is_buried(outbox, launch, make_event):
    event = make_event()
    outbox.accept(event, 0.0)
    with outbox.store.transaction() as db:
        db.execute("UPDATE events SET json = '{}'")
    outbox.accept(make_event("GOOD2"), 0.0)
    sink = Ends()
    launch(sink)
    wait_until(lambda: sink.plates == ["GOOD2"])
    assert outbox.dead_letters("ends") == 1


@pytest.mark.parametrize(
    ("before", "permanent", "fatal"),
    [([], True, True), ([], False, False), ([None], True, False)],
    ids=["never worked", "may come back", "worked before"],
)
def test_only_a_permanent_fault_before_anything_worked_is_fatal(
    outbox, launch, before, permanent, fatal
):
    told, sink = [], Ends()
    launch(sink, on_fatal=told.append)
    for report in before:
        sink.report(report)
    for _ in range(2):
        sink.report(SinkError("password refused", permanent=permanent))
    assert [str(error) for error in told] == ["password refused"] * fatal


def test_a_permanent_fault_of_a_delivery_is_fatal_too(outbox, launch, make_event):
    def answer(event):
        raise SinkError("password refused", permanent=True)

    told = []
    launch(Ends(answer), on_fatal=told.append)
    outbox.accept(make_event(), 0.0)
    wait_until(lambda: told)
    assert outbox.depth("ends") == 1


def test_what_arrived_is_not_sent_again_because_the_store_failed(
    outbox, launch, make_event, monkeypatch
):
    real, attempts = outbox.delivered, itertools.count(1)

    def failing_twice(*what):
        if next(attempts) <= 2:
            raise OSError("disk full")
        real(*what)

    monkeypatch.setattr(outbox, "delivered", failing_twice)
    sink, counting = Ends(), Counting()
    launch(sink, observer=counting)
    outbox.accept(make_event("A1"), 0.0)
    outbox.accept(make_event("B2"), 0.0)
    wait_until(lambda: outbox.depth("ends") == 0)
    assert sink.plates == ["A1", "B2"]
    assert len(counting.latencies) == 2


def test_a_sink_is_tidied_at_the_start_and_may_fail_at_it(outbox, launch, make_event):
    class Untidy(Ends):
        def tidy(self):
            threads.append(threading.current_thread().name)
            raise OSError("no such folder")

    threads, sink = [], Untidy()
    launch(sink)
    outbox.accept(make_event(), 0.0)
    wait_until(lambda: sink.plates)
    assert threads == ["sink-ends"]


def test_a_stop_delivers_what_can_be_delivered(outbox, make_event):
    sink = Ends(lambda event: time.sleep(0.02))
    for number in range(10):
        outbox.accept(make_event(f"A{number}"), 0.0)
    courier = Courier(sink, outbox)
    courier.start()
    stop_couriers([courier], timeout_s=60.0)
    assert len(sink.plates) == 10
    assert sink.closed.is_set()


def test_a_stop_waits_for_no_absent_sink_and_loses_nothing(tmp_path, make_event):
    path = tmp_path / "events.sqlite3"
    outbox = Outbox(path, ["ends"])
    outbox.open()
    outbox.accept(make_event("A1"), 0.0)
    sink = Ends(away)
    courier = Courier(sink, outbox, first_retry_s=60.0)
    courier.start()
    wait_until(lambda: sink.tries)
    stop_couriers([courier], timeout_s=0.5)
    assert courier.join(20)  # by itself it would sleep for 30 s at least
    outbox.close()
    again = Outbox(path, ["ends"])  # the next start of the daemon
    again.open()
    sink = Ends()
    courier = Courier(sink, again)
    courier.start()
    stop_couriers([courier], timeout_s=60.0)
    assert sink.plates == ["A1"]


def test_a_stop_interrupts_a_delivery_by_closing_its_sink(outbox, make_event):
    class Hanging(Ends):
        def send(self, event):
            self.closed.wait(300)
            raise SinkError("closing")

    sinks = [Hanging(), Ends()]
    sinks[1].name = "other"
    couriers = [Courier(sink, outbox) for sink in sinks]
    outbox.accept(make_event(), 0.0)
    for courier in couriers:
        courier.start()
    started = time.monotonic()
    stop_couriers(couriers, timeout_s=1.0)
    assert all(courier.join(60) for courier in couriers)
    assert time.monotonic() - started < 100
    assert outbox.depth("ends") == 1


def test_a_courier_that_never_started_can_be_stopped(outbox):
    sink = Ends()
    stop_couriers([Courier(sink, outbox)], timeout_s=0.5)
    assert sink.closed.is_set()


@pytest.mark.parametrize(
    ("failures", "least", "most"), [(1, 0.5, 1), (2, 1, 2), (6, 16, 32), (7, 30, 60), (99, 30, 60)]
)
def test_pauses_double_up_to_a_minute(failures, least, most):
    delays = [retry_delay_s(failures) for _ in range(200)]
    assert least <= min(delays)
    assert max(delays) <= most
    assert max(delays) > min(delays)
