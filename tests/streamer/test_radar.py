"""A radar at a real broker: what it says, and the event it gets into."""

import json
import threading
from datetime import UTC, datetime

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion

from broker import Mosquitto, wait_until
from streamer.app import PARTS, build_daemon
from streamer.config import parse_config
from streamer.sinks.memory import MemorySink
from streamer.sinks.mqtt_broker import Broker
from streamer.sinks.radar import Radar


class Publisher:
    """Somebody at the broker who says things."""

    def __init__(self, broker, username=None, password=None):
        self._client = Client(CallbackAPIVersion.VERSION2)
        if username:
            self._client.username_pw_set(username, password)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()

    def say(self, topic, payload, retain=False):
        self._client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()


class Heard:
    """A radar that is listened to, and what it said."""

    def __init__(self, broker, topic, value="@", unit="km/h", **login):
        self.said = []
        self._started = Radar(
            Broker(broker.host, broker.port, **login),
            topic,
            value,
            unit,
            lambda at, kmh: self.said.append((at, kmh)),
        ).start()

    def wait_until_it_hears(self, publisher, topic, payload):
        """Say it until it is heard once: it takes a moment to connect."""

        def heard():
            publisher.say(topic, payload)
            return self.said

        wait_until(heard)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._started()


@pytest.mark.parametrize(
    ("payload", "value", "unit", "kmh"),
    [
        ("47.3", "@", "km/h", 47.3),
        ('{"target": {"v": 10}}', "target.v", "m/s", 36.0),
        ('[{"mph": "30"}]', "[0].mph", "mph", 48.28032),
        ("-47.3", "@", "km/h", 47.3),
    ],
)
def test_readings_in_all_units(shared_broker, topic, payload, value, unit, kmh):
    before = datetime.now(UTC)
    with (
        Publisher(shared_broker) as publisher,
        Heard(shared_broker, topic, value, unit) as radar,
    ):
        radar.wait_until_it_hears(publisher, topic, payload)
        at, found = radar.said[0]
        assert found == pytest.approx(kmh)
        assert before <= at <= datetime.now(UTC)


def test_what_is_no_speed_is_warned_of_once(shared_broker, topic, caplog):
    nonsense = ["", "fast", "null", "true", "NaN", "[]", "9000", b"\xff\xfe", "[" * 5000]
    with Publisher(shared_broker) as publisher, Heard(shared_broker, topic) as radar:
        radar.wait_until_it_hears(publisher, topic, "1")
        radar.said.clear()
        for payload in [*nonsense, "50"]:
            publisher.say(topic, payload)
        wait_until(lambda: any(kmh == 50 for _, kmh in radar.said))
    assert {kmh for _, kmh in radar.said} <= {1, 50}
    assert caplog.text.count("gives no speed") == 1


def test_a_retained_reading_is_of_whoever_passed_before(shared_broker, topic):
    with Publisher(shared_broker) as publisher:
        publisher.say(topic, "99", retain=True)
        with Heard(shared_broker, topic) as radar:
            radar.wait_until_it_hears(publisher, topic, "50")
            assert {kmh for _, kmh in radar.said} == {50}
        publisher.say(topic, "", retain=True)


def test_a_broker_that_comes_back_is_found_again(broker, topic):
    with Heard(broker, topic) as radar:
        with Publisher(broker) as publisher:
            radar.wait_until_it_hears(publisher, topic, "50")
        broker.stop()
        radar.said.clear()
        broker.start()
        with Publisher(broker) as publisher:
            radar.wait_until_it_hears(publisher, topic, "60")
        assert radar.said[0][1] == 60


def test_a_login_and_a_refusal(topic, caplog):
    with Mosquitto(passwords={"radar": "s3cret"}) as broker:
        login = {"username": "radar", "password": "s3cret"}
        with Publisher(broker, **login) as publisher, Heard(broker, topic, **login) as radar:
            radar.wait_until_it_hears(publisher, topic, "50")
        with Heard(broker, topic, username="radar", password="wrong"):
            wait_until(lambda: "refused us" in caplog.text)
    assert "wrong" not in caplog.text


def events_of(config, tmp_path):
    memory = MemorySink()
    daemon = build_daemon(
        parse_config(
            json.dumps(
                {"store": {"folder": str(tmp_path)}, "metrics": {"enabled": False}} | config
            ),
            PARTS,
        ),
        [memory],
    )
    assert daemon.run() == 0
    return memory.events


def gate_with(radar, **more):
    # In real time: the radar says something of what is before the camera now.
    url = "synthetic:?vehicles=1&seed=3&fps=8&size=640x360"
    return {
        "cameras": [{"name": "gate", "url": url, "realtime": True, "speed": {"mqtt": radar}}],
        **more,
    }


def test_the_reading_gets_into_the_event(shared_broker, topic, tmp_path):
    done = threading.Event()

    def measure():
        with Publisher(shared_broker) as publisher:
            while not done.wait(0.2):
                publisher.say(topic, '{"v": 13.1389}')

    radar = {"topic": topic, "value": "v", "unit": "m/s", "error_kmh": 1.0}
    speaker = threading.Thread(target=measure)
    speaker.start()
    try:
        broker = {"host": shared_broker.host, "port": shared_broker.port}
        sinks = {"mqtt": broker | {"base_topic": topic + "-plates"}}
        (event,) = events_of(gate_with(radar, sinks=sinks), tmp_path)
    finally:
        done.set()
        speaker.join()
    assert (event.speed.kmh, event.speed.error_kmh) == (47.3, 1.0)
    assert (event.speed.method, event.speed.reason) == ("radar", None)


def test_a_radar_that_is_silent_costs_the_speed_not_the_event(shared_broker, topic, tmp_path):
    radar = {"topic": topic, "host": shared_broker.host, "port": shared_broker.port}
    (event,) = events_of(gate_with(radar), tmp_path)
    assert (event.speed.kmh, event.speed.reason) == (None, "silent")
