"""Brokers that come and go: no event is lost, and the newest state stands."""

import multiprocessing
import os
import re
import signal
import threading
import time

import pytest

from broker import Mosquitto, Subscriber, free_port, wait_until
from mqtt_sinks import Door, another_process, running
from streamer.codec import decode
from streamer.errors import SinkError
from streamer.sinks.courier import Courier, stop_couriers
from streamer.sinks.mqtt import MqttSink
from streamer.sinks.outbox import Outbox

pytestmark = pytest.mark.usefixtures("impatient")


def test_the_will_is_published_after_a_kill(shared_broker, topic):
    with Subscriber(shared_broker, f"{topic}/status") as heard:
        with another_process(shared_broker, topic):
            wait_until(lambda: heard.texts(f"{topic}/status") == ["online"])
        wait_until(lambda: heard.texts(f"{topic}/status") == ["online", "offline"])


def test_the_will_of_a_former_life_does_not_speak_for_the_next(shared_broker, topic):
    with another_process(shared_broker, topic) as former:
        former.send_signal(signal.SIGSTOP)  # as if the power failed: no TCP good-bye
        with running(shared_broker, base_topic=topic, client_id=None):
            former.kill()
            former.wait()
            time.sleep(0.3)
            with Subscriber(shared_broker, f"{topic}/status") as late:
                wait_until(lambda: late.messages)
                assert late.texts(f"{topic}/status") == ["online"]


def test_an_old_broker_is_spoken_to_in_mqtt_311(shared_broker, topic, make_event):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        Door(shared_broker, only_311=True) as door,
        running(door, ["gate"], base_topic=topic) as (sink, reports),
    ):
        event = make_event()
        sink.send(event)
        wait_until(lambda: heard.of(f"{topic}/gate/event"))
        assert decode(heard.of(f"{topic}/gate/event")[0].payload) == event
        assert reports.said == [None]
        assert heard.texts(f"{topic}/status") == ["online"]


def test_an_absent_broker_is_waited_for(make_event):
    broker = Mosquitto()
    with running(broker, wait=False, cameras=["gate"]) as (sink, reports):
        fault = reports.fault()
        assert f"broker 127.0.0.1:{broker.port} cannot be reached" in str(fault)
        assert "Connection refused" in str(fault)
        assert not fault.permanent
        with pytest.raises(SinkError, match="cannot be reached"):
            sink.send(make_event())
        sink.camera_status("gate", True)
        with broker, Subscriber(broker) as heard:
            wait_until(lambda: reports.up)
            wait_until(lambda: heard.texts("plates/gate/status") == ["online"])
            sink.send(make_event())
            wait_until(lambda: heard.of("plates/gate/event"))


def test_a_broker_that_is_nowhere_does_not_hold_up_the_end():
    sink = MqttSink(host="127.0.0.1", port=free_port())
    sink.start()
    started = time.monotonic()
    sink.close(60.0)
    assert time.monotonic() - started < 10
    MqttSink(host="127.0.0.1").close(1.0)  # never started


def test_the_newest_status_stands_after_a_reconnect(broker):
    with running(broker, ["gate"]) as (sink, reports), Subscriber(broker) as heard:
        broker.freeze()
        sink.camera_status("gate", False)  # sent, and never read: must not be sent again later
        broker.kill()
        wait_until(lambda: not reports.up)
        assert "connection lost" in str(reports.fault())
        sink.camera_status("gate", True)
        broker.start()
        wait_until(lambda: reports.up)
        wait_until(lambda: "online" in heard.texts("plates/gate/status"))
        time.sleep(0.2)
        with Subscriber(broker, "plates/gate/status") as late:
            wait_until(lambda: late.messages)
            assert late.texts("plates/gate/status") == ["online"]


def test_every_event_of_a_broken_hour_arrives(broker, make_event, tmp_path):
    outbox = Outbox(tmp_path / "events.sqlite3", ["mqtt"])
    outbox.open()
    sink = MqttSink(host=broker.host, port=broker.port)
    courier = Courier(sink, outbox)
    sent = []

    def accept(count):
        for _ in range(count):
            sent.append(make_event())
            outbox.accept(sent[-1], time.time())

    with Subscriber(broker, "plates/gate/event") as heard:
        accept(5)  # before there is a connection
        courier.start()
        accept(5)
        broker.stop()  # with events under way
        accept(5)
        broker.start()
        accept(5)
        arrived = lambda: {decode(m.payload).id for m in list(heard.messages)}  # noqa: E731
        wait_until(lambda: len(arrived()) == 20, what=lambda: f"{len(arrived())} of 20 arrived")
        assert arrived() == {event.id for event in sent}
        wait_until(lambda: outbox.depth("mqtt") == 0)
        assert len(heard.messages) <= 21  # the one under way may come twice
    stop_couriers([courier], 2.0)
    outbox.close()


def accept_and_die(path, events):
    outbox = Outbox(path, ["mqtt"])
    outbox.open()
    for event in events:
        outbox.accept(event, 0.0)
    os.kill(os.getpid(), signal.SIGKILL)


def test_events_of_a_process_that_was_killed_arrive_with_the_next(
    shared_broker, topic, make_event, tmp_path
):
    events = [make_event() for _ in range(3)]
    path = tmp_path / "events.sqlite3"
    process = multiprocessing.get_context("fork").Process(
        target=accept_and_die, args=(path, events)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    outbox = Outbox(path, ["mqtt"])
    outbox.open()
    with Subscriber(shared_broker, f"{topic}/gate/event") as heard:
        sink = MqttSink(host=shared_broker.host, port=shared_broker.port, base_topic=topic)
        courier = Courier(sink, outbox)
        courier.start()
        wait_until(lambda: len(heard.messages) == 3)
        assert [decode(message.payload) for message in heard.messages] == events
        stop_couriers([courier], 2.0)
    outbox.close()


def arrives(sink, event):
    try:
        sink.send(event)
    except SinkError:
        return False
    return True


def test_what_paho_still_holds_is_not_published_again(broker, make_event):
    event = make_event()
    with (
        Subscriber(broker, "plates/gate/event") as heard,
        running(broker, keepalive_s=1) as (sink, reports),
    ):
        broker.freeze()
        with pytest.raises(SinkError, match="connection lost"):
            sink.send(event)  # ends when keepalive finds out
        broker.thaw()
        # A busy machine may miss the keepalive once more.
        wait_until(lambda: reports.up and arrives(sink, event))
        wait_until(lambda: heard.messages)
        assert {decode(message.payload).id for message in heard.messages} == {event.id}
    # The frozen broker may have kept the first copy, and paho sends it again: as a duplicate,
    # with the same message id. Another id would be a second publication, of our own making.
    copies = re.findall(r"Received PUBLISH .*, m(\d+), 'plates/gate/event'", broker.log())
    assert len(copies) >= 1
    assert len(set(copies)) == 1


def test_a_send_under_way_ends_when_the_sink_is_closed(broker, make_event):
    with running(broker) as (sink, _):
        broker.freeze()
        ended = []

        def send():
            with pytest.raises(SinkError):
                sink.send(make_event())
            ended.append(time.monotonic())

        thread = threading.Thread(target=send)
        thread.start()
        time.sleep(0.1)
        sink.close(0.5)
        thread.join(50)  # the broker's word it would wait for 60 s
        assert ended
        broker.thaw()


def test_two_of_one_name_are_told(shared_broker, topic):
    options = {"base_topic": topic, "client_id": f"twin-{os.getpid()}"}
    with (
        running(shared_broker, **options) as (_, reports),
        running(shared_broker, wait=False, **options),
    ):
        assert f"another client with our client_id 'twin-{os.getpid()}'" in str(reports.fault())
