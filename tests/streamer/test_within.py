"""A sink within the daemon, which makes events of those it is given."""

from broker import wait_until
from streamer.data import PARKING, SCHEMA
from streamer.errors import UserError
from streamer.sinks.courier import Courier, stop_couriers
from streamer.sinks.memory import MemorySink
from streamer.sinks.outbox import Outbox
from streamer.sinks.retention import Retention
from streamer.sinks.within import Within


def opened():
    outbox = Outbox(":memory:", {"memory": {SCHEMA, PARKING}})
    outbox.add("within", {SCHEMA})
    outbox.open()
    return outbox


def test_what_it_makes_at_the_last_moment_is_still_delivered(make_event, make_parking):
    outbox, memory = opened(), MemorySink()
    outbox.accept(make_event(), 0.0)
    made = make_parking()
    within = Within("within", {SCHEMA}, lambda _: outbox.accept(made, 0.0))
    couriers = [Courier(memory, outbox), Courier(within, outbox)]
    for courier in couriers:
        courier.start()
    stop_couriers(couriers, 60.0)
    assert memory.parking == [made]
    assert outbox.depth("within") == 0


def test_a_store_that_fails_is_waited_for_however_often(make_event):
    outbox, taken, failures = opened(), [], iter(range(20))

    def take(event):
        if next(failures, None) is not None:
            raise UserError("store: no space left")
        taken.append(event)

    event = make_event()
    outbox.accept(event, 0.0)
    courier = Courier(Within("within", {SCHEMA}, take), outbox, first_retry_s=0.0001)
    courier.start()
    wait_until(lambda: taken)
    courier.close(10)
    assert taken == [event]
    assert outbox.dead_letters("within") == 0


def test_others_forget_with_the_sweeping_of_old_events():
    forgotten = []
    retention = Retention(opened(), None, keep_days=30)
    retention.others.append(forgotten.append)
    retention.sweep()
    assert len(forgotten) == 1
