"""Commands over MQTT: obeyed, answered, and harmless when they are nonsense."""

import json
import time

import cv2
import numpy as np
import pytest

from broker import Subscriber, wait_until
from mqtt_gate import asking, commanded
from mqtt_sinks import Door, running
from streamer.config import options_model
from streamer.sinks.mqtt import MqttSink

pytestmark = pytest.mark.usefixtures("impatient")
ALL = ("pause", "snapshot", "watchlist")


def size_of(jpeg):
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape


def test_a_camera_is_paused_and_goes_on(shared_broker, topic):
    with (
        Subscriber(shared_broker, f"{topic}/+/state") as heard,
        commanded(shared_broker, topic) as (gate, publisher),
    ):
        wait_until(lambda: heard.texts(f"{topic}/gate/state") == ["running"])
        publisher.publish(f"{topic}/gate/set", "pause", 1)
        wait_until(lambda: heard.texts(f"{topic}/gate/state")[-1] == "paused")
        assert gate.controls.camera("gate").paused
        with Subscriber(shared_broker, f"{topic}/+/state") as late:
            wait_until(lambda: len(late.messages) == 2)
            assert late.texts(f"{topic}/gate/state") == ["paused"]
            assert late.texts(f"{topic}/yard/state") == ["running"]
            assert all(message.retain for message in late.messages)
        publisher.publish(f"{topic}/gate/set", "resume\n", 1)
        wait_until(lambda: heard.texts(f"{topic}/gate/state")[-1] == "running")
        assert not gate.controls.camera("gate").paused
        wait_until(lambda: gate.outcomes == [("set", "done")] * 2)


def test_a_pause_by_whoever_else_is_told_too(shared_broker, topic):
    with (
        Subscriber(shared_broker, f"{topic}/gate/state") as heard,
        commanded(shared_broker, topic, commands=()) as (gate, _),
    ):
        gate.controls.pause("gate")
        wait_until(lambda: heard.texts(f"{topic}/gate/state") == ["running", "paused"])


def test_the_state_is_told_again_to_a_broker_that_forgot_it(broker, topic):
    with commanded(broker, topic) as (gate, _):
        broker.stop()
        gate.controls.pause("gate")
        broker.start()
        with Subscriber(broker, f"{topic}/gate/state") as heard:
            wait_until(lambda: heard.texts(f"{topic}/gate/state")[-1:] == ["paused"])


def test_a_picture_is_taken_and_kept(shared_broker, topic):
    with (
        Subscriber(shared_broker, f"{topic}/gate/image") as heard,
        commanded(shared_broker, topic) as (gate, publisher),
    ):
        gate.sees()
        publisher.publish(f"{topic}/gate/snapshot", "cheese", 1)
        wait_until(lambda: heard.messages)
        assert size_of(heard.messages[0].payload) == (48, 64, 3)
        assert heard.messages[0].properties.ContentType == "image/jpeg"
        with Subscriber(shared_broker, f"{topic}/gate/image") as late:
            wait_until(lambda: late.messages and late.messages[0].retain)
        wait_until(lambda: gate.outcomes == [("snapshot", "done")])


def test_who_asks_is_answered(shared_broker, topic):
    with (
        Subscriber(shared_broker, f"answers-{topic}/#") as heard,
        Subscriber(shared_broker, f"{topic}/+/image") as images,
        commanded(shared_broker, topic, commands=ALL) as (gate, publisher),
    ):
        gate.sees("gate")

        def ask(command, payload=""):
            known = len(heard.messages)
            publisher.publish(
                f"{topic}/{command}", payload, 1, properties=asking(f"answers-{topic}/1")
            )
            wait_until(lambda: len(heard.messages) > known)
            answer = heard.messages[-1]
            assert answer.properties.CorrelationData == b"\x007"
            return answer

        assert size_of(ask("gate/snapshot").payload) == (48, 64, 3)
        for command, payload, error in (
            ("yard/snapshot", "", "camera yard: no frame has come yet"),
            ("gate/set", "pause", None),
            ("gate/set", "halt", "'halt' should be pause or resume"),
            ("watchlist/add", '{"list": "residents", "plate": "AB1"}', None),
            ("watchlist/add", '{"list": "thieves", "plate": "AB1"}', "no watchlist 'thieves'"),
        ):
            answer = ask(command, payload)
            assert answer.properties.ContentType == "application/json"
            said = json.loads(answer.payload)["error"]
            assert said is None if error is None else error in said
        assert not any(message.retain for message in heard.messages)
        assert images.messages == []


def test_watchlists_change(shared_broker, topic):
    with commanded(shared_broker, topic, commands=["watchlist"]) as (gate, publisher):
        entry = {"list": "residents", "plate": "AB123CD"}
        publisher.publish(f"{topic}/watchlist/add", json.dumps(entry | {"note": "Ö"}), 1)
        publisher.publish(f"{topic}/watchlist/remove", json.dumps(entry), 1)
        wait_until(lambda: len(gate.outcomes) == 2)
        assert gate.lists.done == [
            ("add", "residents", "AB123CD", "Ö"),
            ("remove", "residents", "AB123CD"),
        ]
        assert gate.outcomes == [("watchlist_add", "done"), ("watchlist_remove", "done")]


def test_what_is_not_enabled_is_not_even_listened_to(broker):
    for commands, topics in (
        ((), set()),
        (("pause",), {"plates/gate/set", "plates/yard/set"}),
        (("watchlist",), {"plates/watchlist/add", "plates/watchlist/remove"}),
    ):
        before = len(broker.log())
        with commanded(broker, "plates", commands=commands, discovery="off"):
            time.sleep(0.2)
        lines = broker.log()[before:].splitlines()
        asked = {line.split()[1] for line in lines if line.endswith("(QoS 1)")}
        assert asked == topics


def test_unless_said_otherwise_pause_and_snapshot_are(make_event):
    assert options_model(MqttSink)(host="h").commands == ("pause", "snapshot")
    with pytest.raises(ValueError, match="should be 'pause', 'snapshot' or 'watchlist'"):
        options_model(MqttSink)(host="h", commands=["stop"])


def test_an_old_broker_brings_commands_too(shared_broker, topic):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        Door(shared_broker, only_311=True) as door,
        commanded(shared_broker, topic, port=door.port) as (gate, publisher),
    ):
        gate.sees()
        publisher.publish(f"{topic}/gate/set", "pause", 1)
        publisher.publish(f"{topic}/gate/snapshot", "", 1, properties=asking("a"))
        wait_until(lambda: heard.of(f"{topic}/gate/image"))
        assert heard.texts(f"{topic}/gate/state")[-1] == "paused"
        publisher.publish(f"{topic}/yard/set", "pause", 1, retain=True).wait_for_publish(60)
        wait_until(lambda: gate.outcomes.count(("set", "done")) == 2)
        gate.controls.pause("yard", False)
        door.cut()
        wait_until(lambda: ("set", "retained") in gate.outcomes)
        assert not gate.controls.camera("yard").paused


@pytest.mark.parametrize("camera", ["parking", "watchlist", "status"])
def test_a_camera_may_be_called_like_a_topic_of_ours(
    shared_broker, topic, make_event, make_parking, camera
):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        running(shared_broker, [camera], base_topic=topic, commands=ALL) as (sink, _),
    ):
        sink.send(make_event(camera=camera))
        sink.send(make_parking(camera=camera))
        sink.camera_status(camera, True)
        wait_until(lambda: heard.texts(f"{topic}/{camera}/status")[-1:] == ["online"])
        wait_until(lambda: heard.of(f"{topic}/parking"))
        assert heard.texts(f"{topic}/status") == ["online"]
        assert set(json.loads(heard.texts(f"{topic}/parking")[0])) == {
            "occupancy", "capacity", "at",
        }  # fmt: skip
        assert len({m.topic for m in heard.messages}) == 7
