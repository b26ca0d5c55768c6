"""With which certainty, and for how long, an event is kept for those who want it."""

import json
import logging
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest

from broker import Mosquitto, Subscriber, wait_until
from mqtt_sinks import Door, running
from streamer.codec import decode, encode
from streamer.config import options_model
from streamer.errors import SinkError
from streamer.sinks.mqtt import MqttSink

pytestmark = pytest.mark.usefixtures("impatient")


@pytest.mark.parametrize("qos", [1, 2])
def test_events_go_with_the_quality_that_was_chosen(shared_broker, topic, make_event, qos):
    with (
        Subscriber(shared_broker, f"{topic}/#", qos=2) as heard,
        running(shared_broker, base_topic=topic, qos=qos) as (sink, _),
    ):
        events = [make_event() for _ in range(3)]
        for event in events:
            sink.send(event)
        wait_until(lambda: len(heard.of(f"{topic}/gate/event")) == 3)
        assert [decode(text) for text in heard.texts(f"{topic}/gate/event")] == events
        assert {message.qos for message in heard.of(f"{topic}/gate/event")} == {qos}
        assert {message.qos for message in heard.of(f"{topic}/gate/last")} == {1}


def test_nothing_that_the_broker_does_not_acknowledge_can_be_chosen():
    with pytest.raises(ValueError, match="0 should be 1 or 2; with 0 the broker acknowledges"):
        options_model(MqttSink)(host="h", qos=0)


def test_a_refusal_is_one_with_qos_2_too(make_event):
    acl = "user gate\ntopic write plates/gate/event\ntopic write plates/status\n"
    with (
        Mosquitto({"gate": "secret"}, acl=acl) as broker,
        running(broker, username="gate", password="secret", qos=2) as (sink, reports),
    ):
        with pytest.raises(
            SinkError, match=r"refused topic plates/yard/event: Not authorized"
        ) as caught:
            sink.send(make_event(camera="yard"))
        assert caught.value.rejected
        sink.send(make_event())
        assert reports.said == [None]
        assert "PUBREL" not in broker.log().partition("m1, rc135")[2].partition("PUBLISH")[0]


def test_what_was_received_and_not_released_is_sent_again(shared_broker, topic, make_event):
    event = make_event()
    with (
        Subscriber(shared_broker, f"{topic}/gate/event", qos=2) as heard,
        Door(shared_broker, cut_at=0x50) as door,  # at the PUBREC: no PUBREL gets through
        running(door, base_topic=topic, qos=2) as (sink, reports),
    ):
        with pytest.raises(SinkError, match="connection lost"):
            sink.send(event)
        assert door.cuts == 1
        wait_until(lambda: reports.up)
        sink.send(event)
        wait_until(lambda: heard.messages)
        assert {decode(message.payload).id for message in heard.messages} == {event.id}


# For how long.


def read(ago_s, make_event):
    return make_event(read_at=datetime.now(UTC) - timedelta(seconds=ago_s))


def lifetime(message):
    return getattr(message.properties, "MessageExpiryInterval", None)


@pytest.mark.parametrize(
    ("expiry_s", "ago_s", "left_s"),
    [
        (None, 0, [None]),
        (900, 0, range(600, 901)),  # the machine may be busy
        (900, 300, range(300, 601)),
        (900, 3600, [1]),
        (900, -3600, [900]),
    ],
)
def test_the_broker_keeps_an_event_for_what_is_left_of_its_time(
    shared_broker, topic, make_event, expiry_s, ago_s, left_s
):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        running(shared_broker, base_topic=topic, event_expiry_s=expiry_s) as (sink, _),
    ):
        sink.send(read(ago_s, make_event))
        wait_until(lambda: heard.of(f"{topic}/gate/last"))
        assert lifetime(heard.of(f"{topic}/gate/event")[0]) in left_s
        assert lifetime(heard.of(f"{topic}/gate/last")[0]) is None


def test_a_gate_that_was_away_does_not_open_for_who_has_left(shared_broker, topic, make_event):
    options = {"base_topic": topic, "event_expiry_s": 3}
    with Subscriber(shared_broker, f"{topic}/#", name=topic):
        pass
    with running(shared_broker, **options) as (sink, _):
        sink.send(read(0, make_event))
        time.sleep(5.0)  # mosquitto counts whole seconds
        with Subscriber(shared_broker, f"{topic}/#", name=topic) as gate:
            present = read(0, make_event)
            sink.send(present)
            wait_until(lambda: gate.of(f"{topic}/gate/event"))
            time.sleep(0.2)
            assert gate.texts(f"{topic}/gate/event") == [encode(present)]
            assert len(gate.of(f"{topic}/gate/last")) == 2  # what is retained stays


def test_what_waits_here_for_the_broker_does_not_wait_anew_there(shared_broker, topic, make_event):
    with (
        Subscriber(shared_broker, f"{topic}/gate/event") as heard,
        Door(shared_broker) as door,
        running(door, base_topic=topic, event_expiry_s=900) as (sink, reports),
    ):
        event = read(0, make_event)
        door.swallows = True

        def send():
            with pytest.raises(SinkError):
                sink.send(event)

        sending = threading.Thread(target=send)
        sending.start()
        time.sleep(2.2)
        door.swallows = False
        door.cut()
        sending.join(60)
        assert not sending.is_alive()
        wait_until(lambda: reports.up and heard.messages)  # paho sends it again
        assert lifetime(heard.messages[0]) in range(600, 899)


def test_a_broker_that_knows_no_expiry_is_complained_of(shared_broker, topic, make_event, caplog):
    caplog.set_level(logging.WARNING)
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        Door(shared_broker, only_311=True) as door,
        running(door, base_topic=topic, event_expiry_s=60) as (sink, _),
    ):
        for _ in range(2):
            sink.send(make_event())
        wait_until(lambda: len(heard.of(f"{topic}/gate/event")) == 2)
    assert caplog.text.count("event_expiry_s") == 1


# Parking.


def test_parking_events_and_how_full_it_is(shared_broker, topic, make_parking):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        running(shared_broker, base_topic=topic, event_expiry_s=60) as (sink, _),
    ):
        first = make_parking(occupancy=3, capacity=40)
        time.sleep(0.002)  # ids tell milliseconds apart
        later = make_parking(
            camera="gate-out", state="left", at=first.at + timedelta(seconds=5), occupancy=2
        )
        for event in (later, first):  # the first was delayed
            sink.send(event)
        wait_until(lambda: heard.of(f"{topic}/gate-in/parking"))
        (message,) = heard.of(f"{topic}/gate-in/parking")
        assert message.payload.decode() == encode(first)
        assert dict(message.properties.UserProperty) == {
            "schema": "plate-parking/1",
            "id": first.id,
        }
        assert (message.qos, lifetime(message)) == (1, None)
        (full,) = heard.texts(f"{topic}/parking")
        at = "2026-01-02T03:04:10.678Z"
        assert json.loads(full) == {"occupancy": 2, "capacity": None, "at": at}
    with Subscriber(shared_broker, f"{topic}/parking") as late:
        wait_until(lambda: late.messages)
        assert late.messages[0].retain
