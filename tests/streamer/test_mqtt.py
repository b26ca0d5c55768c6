import json
import time
from datetime import UTC, datetime

import jsonschema

from broker import Mosquitto, Subscriber, free_port, wait_until
from mqtt_sinks import running
from streamer.codec import decode, json_schema
from streamer.controls import Controls
from streamer.data import Rejection
from streamer.sinks.mqtt import MqttSink

JPEG = b"\xff\xd8 so to speak"


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
        assert live.properties.PayloadFormatIndicator == 1
        assert dict(live.properties.UserProperty) == {"schema": "plate-event/1", "id": event.id}
        (last,) = heard.of(f"{topic}/gate/last")
        assert decode(last.payload) == event
        (picture,) = heard.of(f"{topic}/gate/crop")
        assert (picture.payload, picture.properties.ContentType) == (JPEG, "image/jpeg")
        assert picture.properties.PayloadFormatIndicator == 0
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
            wait_until(lambda: len(late.messages) == 5)
            assert all(message.retain for message in late.messages)
            assert late.texts(f"{topic}/status") == ["online"]
            assert late.texts(f"{topic}/gate/status") == ["online"]
            assert late.texts(f"{topic}/yard/status") == ["offline"]
            assert late.texts(f"{topic}/yard/state") == ["running"]


def test_whoever_hears_that_it_is_online_may_command_it_and_finds_every_state(shared_broker, topic):
    name = f"gate-{topic}"
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        running(shared_broker, ["gate"], base_topic=topic, client_id=name),
    ):
        wait_until(lambda: heard.of(f"{topic}/status"))
        before = {message.topic for message in heard.messages}
        assert before >= {f"{topic}/gate/status", f"{topic}/gate/state"}
    log = shared_broker.log()
    told = log.index(f"Received PUBLISH from {name} (d0, q0, r1, m0, '{topic}/status'")
    assert log.index(f"Sending SUBACK to {name}") < told


def test_a_connection_and_a_frame_that_come_at_the_end_leave_nothing_online(broker, topic):
    broker.stop()
    with running(broker, ["gate"], wait=False, base_topic=topic) as (sink, reports):
        reports.fault()
        good_bye = sink._home_assistant.close

        def late():  # between the good-bye and the end of the connection
            broker.start()
            wait_until(lambda: reports.up)
            sink.camera_status("gate", True)
            good_bye()

        sink._home_assistant.close = late
        sink.close(2.0)
    with Subscriber(broker, f"{topic}/#") as heard:
        wait_until(lambda: heard.of(f"{topic}/status") and heard.of(f"{topic}/gate/status"))
        assert heard.texts(f"{topic}/status") == ["offline"]
        assert heard.texts(f"{topic}/gate/status") == ["offline"]


def test_a_good_bye_says_offline(shared_broker, topic):
    with running(shared_broker, ["gate"], base_topic=topic) as (sink, _):
        sink.camera_status("gate", True)
        started = time.monotonic()
        sink.close(60.0)
        assert time.monotonic() - started < 10  # a quarter of it would be for each part
    with Subscriber(shared_broker, f"{topic}/#") as late:
        wait_until(lambda: len(late.messages) == 3)
        assert late.texts(f"{topic}/status") == late.texts(f"{topic}/gate/status") == ["offline"]


def test_a_client_that_comes_back_is_the_same_one():
    def sink(topic="plates", cameras=("a", "b")):
        return MqttSink(Controls(cameras), host="h", base_topic=topic)._link._client_id

    assert sink() == sink(cameras=("b", "a"))
    assert len({sink(), sink(topic="other"), sink(cameras=("a", "c"))}) == 3


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
