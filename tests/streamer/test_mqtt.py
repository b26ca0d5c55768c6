import json
import logging
import multiprocessing
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime

import jsonschema
import pytest

from broker import Certificates, Mosquitto, Subscriber, free_port, wait_until
from streamer.codec import decode, json_schema
from streamer.controls import Controls
from streamer.data import Rejection
from streamer.errors import SinkError
from streamer.sinks.courier import Courier, stop_couriers
from streamer.sinks.mqtt import MqttSink
from streamer.sinks.outbox import Outbox

JPEG = b"\xff\xd8 so to speak"


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """Reconnect sooner than in life; paho would sleep for a second at least."""
    monkeypatch.setattr("streamer.sinks.mqtt_link.FIRST_RECONNECT_S", 0.1)


@pytest.fixture
def topic():
    return f"test-{uuid.uuid4().hex[:8]}"


class Reports:
    """What a sink says of the other side, in order; None: it is there."""

    def __init__(self):
        self.said = []

    def __call__(self, error):
        self.said.append(error)

    @property
    def up(self):
        return bool(self.said) and self.said[-1] is None

    def fault(self):
        return wait_until(lambda: next((said for said in self.said if said), None))


@contextmanager
def running(broker, cameras=(), wait=True, **options):
    """A sink that is started, and connected unless `wait` is False; gives it and its reports."""
    options = {"host": broker.host, "port": broker.port, "client_id": uuid.uuid4().hex} | options
    sink, reports = MqttSink(Controls(cameras), **options), Reports()
    sink.start(reports)
    try:
        if wait:
            wait_until(lambda: reports.up, what=lambda: f"not connected: {reports.said}")
        yield sink, reports
    finally:
        sink.close(2.0)


def test_an_event_arrives_once_with_all_that_belongs_to_it(
    shared_broker, topic, make_event, tmp_path
):
    crop = tmp_path / "crop.jpg"
    crop.write_bytes(JPEG)
    event = make_event(crop=str(crop))
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        running(shared_broker, base_topic=topic) as (sink, _),
    ):
        sink.send(event)
        wait_until(lambda: heard.of(f"{topic}/gate/crop"))
        (live,) = heard.of(f"{topic}/gate/event")
        assert decode(live.payload) == event
        assert (live.qos, live.properties.ContentType) == (1, "application/json")
        assert dict(live.properties.UserProperty) == {"schema": "plate-event/1", "id": event.id}
        (last,) = heard.of(f"{topic}/gate/last")
        assert decode(last.payload) == event
        (picture,) = heard.of(f"{topic}/gate/crop")
        assert (picture.payload, picture.properties.ContentType) == (JPEG, "image/jpeg")
        # Who comes later finds the last event and its picture, but no event anew.
        with Subscriber(shared_broker, f"{topic}/gate/#") as late:
            wait_until(lambda: len(late.messages) == 2)
            time.sleep(0.1)
            assert {m.topic.rpartition("/")[2] for m in late.messages} == {"last", "crop"}
            assert all(m.retain for m in late.messages)


def test_a_delayed_event_does_not_replace_a_later_one(shared_broker, topic, make_event):
    with (
        Subscriber(shared_broker, f"{topic}/gate/#") as heard,
        running(shared_broker, base_topic=topic) as (sink, _),
    ):
        for plate, after_s in (("NEW2", 10), ("OLD1", 0)):
            sink.send(make_event(plate, after_s=after_s))
        wait_until(lambda: len(heard.of(f"{topic}/gate/event")) == 2)
        assert [decode(text).plate for text in heard.texts(f"{topic}/gate/last")] == ["NEW2"]


def test_a_crop_that_is_gone_does_not_hold_up_the_event(shared_broker, topic, make_event, caplog):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        running(shared_broker, base_topic=topic) as (sink, _),
    ):
        sink.send(make_event(crop="/no/such/crop.jpg"))
        wait_until(lambda: heard.of(f"{topic}/gate/event"))
    assert "/no/such/crop.jpg" in caplog.text


def test_the_status_is_retained_and_follows_the_cameras(shared_broker, topic):
    with running(shared_broker, ["gate", "yard"], base_topic=topic) as (sink, _):
        with Subscriber(shared_broker, f"{topic}/gate/status") as heard:
            for up, text in ((True, "online"), (False, "offline"), (True, "online")):
                sink.camera_status("gate", up)
                wait_until(lambda text=text: heard.texts(f"{topic}/gate/status")[-1:] == [text])
        with Subscriber(shared_broker, f"{topic}/#") as late:
            wait_until(lambda: len(late.messages) == 3)
            assert all(message.retain for message in late.messages)
            assert late.texts(f"{topic}/status") == ["online"]
            assert late.texts(f"{topic}/gate/status") == ["online"]
            assert late.texts(f"{topic}/yard/status") == ["offline"]


def test_a_good_bye_says_offline(shared_broker, topic):
    with running(shared_broker, ["gate"], base_topic=topic) as (sink, _):
        sink.camera_status("gate", True)
        started = time.monotonic()
        sink.close(2.0)
        assert time.monotonic() - started < 1.5
    with Subscriber(shared_broker, f"{topic}/#") as late:
        wait_until(lambda: len(late.messages) == 2)
        assert late.texts(f"{topic}/status") == late.texts(f"{topic}/gate/status") == ["offline"]


@contextmanager
def another_process(broker, topic):
    """A sink in a process of its own, connected; killed at the end if it lives."""
    program = (
        "import sys, time\n"
        "from streamer.sinks.mqtt import MqttSink\n"
        "sink = MqttSink(host=sys.argv[1], port=int(sys.argv[2]), base_topic=sys.argv[3])\n"
        "sink.start(lambda error: print(error, flush=True))\n"
        "time.sleep(60)\n"
    )
    words = [sys.executable, "-c", program, broker.host, str(broker.port), topic]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "None\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


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


def test_a_client_that_comes_back_is_the_same_one():
    def sink(topic="plates", cameras=("a", "b")):
        return MqttSink(Controls(cameras), host="h", base_topic=topic)._link._client_id()

    assert sink() == sink(cameras=("b", "a"))
    assert len({sink(), sink(topic="other"), sink(cameras=("a", "c"))}) == 3


# Who is let in.


@pytest.fixture(scope="module")
def guarded():
    """A broker with TLS and a password; the gate may write its event only."""
    acl = "user gate\ntopic write guarded/gate/event\ntopic write guarded/status\nuser guest\n"
    with Mosquitto({"gate": "secret", "guest": "guest"}, tls=True, acl=acl) as broker:
        yield broker


def tls(broker, **more):
    options = {"tls": True, "ca_file": broker.certificates.ca, "host": "localhost"}
    return options | {"username": "gate", "password": "secret", "base_topic": "guarded"} | more


def test_password_and_tls_let_in(guarded, make_event):
    with running(guarded, **tls(guarded)) as (sink, reports):
        sink.send(make_event())
    assert reports.said == [None]


def test_a_refused_password_is_a_permanent_fault(guarded, make_event, caplog):
    caplog.set_level(logging.DEBUG)
    options = tls(guarded, password="not this one")
    with running(guarded, wait=False, **options) as (sink, reports):
        fault = reports.fault()
        assert fault.permanent
        assert f"broker localhost:{guarded.port} refused user 'gate': Not authorized" in str(fault)
        with pytest.raises(SinkError, match="refused user 'gate'"):
            sink.send(make_event())
    assert "not this one" not in caplog.text + str(fault) + repr(vars(sink._link))


def test_nobody_is_told_to_give_a_user(guarded):
    options = tls(guarded, username=None, password=None)
    with running(guarded, wait=False, **options) as (_, reports):
        assert "refused us without a user: Not authorized" in str(reports.fault())


def test_an_unknown_authority_is_a_permanent_fault(guarded, tmp_path):
    other = Certificates(tmp_path)
    with running(guarded, wait=False, **tls(guarded, ca_file=other.ca)) as (_, reports):
        fault = reports.fault()
    assert fault.permanent
    assert f"is not trusted by ca_file '{other.ca}'" in str(fault)


def test_a_certificate_for_another_name_is_a_permanent_fault(guarded):
    with running(guarded, wait=False, **tls(guarded, host="127.0.0.1")) as (_, reports):
        fault = reports.fault()
    assert fault.permanent
    assert "mismatch" in str(fault)


@pytest.mark.parametrize(
    ("broker_name", "options", "fault"),
    [
        ("guarded", {"tls": False, "ca_file": None}, "closed the connection without an answer"),
        ("shared_broker", {}, "cannot be reached: "),
    ],
    ids=["no tls where it is expected", "tls where none is expected"],
)
def test_one_side_speaks_tls(request, guarded, broker_name, options, fault):
    broker = request.getfixturevalue(broker_name)
    with running(broker, wait=False, **(tls(guarded) | options)) as (_, reports):
        assert fault in str(reports.fault())
        assert not reports.fault().permanent


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ({"tls": True, "ca_file": "/no/ca.pem"}, "ca_file '/no/ca.pem' cannot be used: No such"),
        ({"tls": True, "ca_file": "{text}"}, "ca_file '{text}' cannot be used"),
        ({"tls": True, "cert_file": "{text}"}, "cert_file '{text}' cannot be used"),
        (
            {"tls": True, "cert_file": "/no/cert.pem", "key_file": "/no/key.pem"},
            "cert_file '/no/cert.pem' with key_file '/no/key.pem' cannot be used: No such",
        ),
        ({"ca_file": "{text}"}, "is given, but tls is false"),
        ({"password": "x"}, "password is given without a username"),
        ({"host": ""}, "host is empty"),
        ({"host": "a..b"}, "host 'a..b' is no host name"),
        ({"base_topic": "a/#"}, "base_topic 'a/#': no part"),
        ({"base_topic": "/a"}, "base_topic '/a': no part"),
        ({"controls": Controls(["gate/1"])}, "camera 'gate/1': no part"),
    ],
)
def test_settings_that_cannot_work_are_named_at_the_start(tmp_path, options, fault):
    text = tmp_path / "text"
    text.write_text("no certificate\n")
    options = {k: v.format(text=text) if isinstance(v, str) else v for k, v in options.items()}
    with pytest.raises(SinkError) as caught:
        MqttSink(**({"host": "localhost"} | options)).start()
    assert fault.format(text=text) in str(caught.value)
    assert caught.value.permanent


def test_what_may_not_be_written_is_a_refusal_of_the_event_only_if_it_is_the_event(
    guarded, make_event, caplog, tmp_path
):
    crop = tmp_path / "crop.jpg"
    crop.write_bytes(JPEG)
    with running(guarded, **tls(guarded)) as (sink, _):
        for _ in range(2):
            sink.send(make_event(crop=str(crop)))  # last and crop are refused: no matter
        with pytest.raises(
            SinkError, match=r"refused topic guarded/yard/event: Not auth"
        ) as caught:
            sink.send(make_event(camera="yard"))
    assert caught.value.rejected
    assert caplog.text.count("refused topic guarded/gate/last: Not authorized") == 1
    assert caplog.text.count("refused topic guarded/gate/crop") == 1


def test_an_event_that_may_not_be_written_becomes_a_dead_letter(guarded, make_event, tmp_path):
    outbox = Outbox(tmp_path / "events.sqlite3", ["mqtt"])
    outbox.open()
    for camera in ("yard", "gate"):
        outbox.accept(make_event(camera=camera), 0.0)
    sink = MqttSink(port=guarded.port, client_id="dead-letters", **tls(guarded))
    courier = Courier(sink, outbox, first_retry_s=0.02)
    courier.start()
    try:
        wait_until(lambda: outbox.dead_letters("mqtt") == 1 and outbox.depth("mqtt") == 0)
    finally:
        stop_couriers([courier], 2.0)
        outbox.close()


def test_what_is_too_large_for_the_broker_is_not_sent(topic, make_event, tmp_path, caplog):
    crop = tmp_path / "crop.jpg"
    crop.write_bytes(bytes(10_000))
    with (
        Mosquitto(settings="max_packet_size 8000") as broker,
        Subscriber(broker, f"{topic}/#") as heard,
        running(broker, base_topic=topic) as (sink, reports),
    ):
        sink.send(make_event(crop=str(crop)))
        wait_until(lambda: heard.of(f"{topic}/gate/last"))
        assert reports.said == [None]  # the connection lives
    assert "10000 bytes, the broker takes 8000" in caplog.text


# Who comes and goes.


@contextmanager
def only_311(broker):
    """A door before `broker` that refuses MQTT 5 as brokers before 2019 do; gives its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, target):
        try:
            while data := source.recv(4096):
                target.sendall(data)
        except OSError:
            pass
        finally:
            target.close()

    def serve():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            connect = client.recv(4096)
            level = connect[connect.index(b"MQTT") + 4]
            if level != 4:
                client.sendall(b"\x20\x02\x00\x01")  # CONNACK, unacceptable protocol version
                client.close()
                continue
            server = socket.create_connection((broker.host, broker.port))
            server.sendall(connect)
            for ends in ((client, server), (server, client)):
                threading.Thread(target=pump, args=ends, daemon=True).start()

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def test_an_old_broker_is_spoken_to_in_mqtt_311(shared_broker, topic, make_event):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        only_311(shared_broker) as port,
        running(shared_broker, ["gate"], port=port, base_topic=topic) as (sink, reports),
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
    sink.close(1.0)
    assert time.monotonic() - started < 1.5
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
        wait_until(lambda: reports.up)
        sink.send(event)
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
        started = time.monotonic()
        sink.close(0.5)
        thread.join(2)
        assert ended
        assert ended[0] - started < 0.5
        broker.thaw()


def test_two_of_one_name_are_told(shared_broker, topic):
    options = {"base_topic": topic, "client_id": f"twin-{os.getpid()}"}
    with (
        running(shared_broker, **options) as (_, reports),
        running(shared_broker, wait=False, **options),
    ):
        assert f"another client with our client_id 'twin-{os.getpid()}'" in str(reports.fault())


def test_what_is_withheld_is_told_to_who_listens_and_not_kept(shared_broker, topic):
    at = datetime(2026, 1, 2, tzinfo=UTC)
    withheld = Rejection(
        "gate", "low_confidence", "AB123CD", 0.41, 3, 0.33, 7, at, at, at, "approaching",
        (1, 2, 3, 4), (1280, 720), reasons=("1 of 3 looks read AB123CD",),
    )  # fmt: skip
    with (
        Subscriber(shared_broker, f"{topic}/gate/rejected") as heard,
        running(shared_broker, base_topic=topic) as (sink, _),
    ):
        sink.rejected(withheld)
        wait_until(lambda: heard.of(f"{topic}/gate/rejected"))
        (message,) = heard.of(f"{topic}/gate/rejected")
        assert (message.qos, message.retain) == (0, False)
        assert dict(message.properties.UserProperty) == {"schema": "plate-rejected/1"}
        told = json.loads(message.payload)
        jsonschema.validate(told, json_schema("plate-rejected/1"))
        assert (told["reason"], told["plate"], told["first_seen"]) == (
            "low_confidence", "AB123CD", "2026-01-02T00:00:00.000Z",
        )  # fmt: skip


def test_what_is_withheld_while_the_broker_is_away_is_let_go():
    sink = MqttSink(host="127.0.0.1", port=free_port())
    at = datetime(2026, 1, 2, tzinfo=UTC)
    sink.rejected(
        Rejection("gate", "unread", "", 0.0, 1, 0.0, 7, at, at, at, None, (1, 2, 3, 4), (9, 9))
    )
