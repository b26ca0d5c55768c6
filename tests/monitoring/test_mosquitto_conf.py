"""config/mosquitto in a real mosquitto: who may do what."""

import shutil

import pytest
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from broker import Mosquitto, Subscriber, wait_until
from streamer.controls import Controls
from streamer.errors import SinkError
from streamer.sinks.mqtt import MqttSink

USERS = ("plate-streamer", "barrier", "homeassistant")
EVENT, CROP, STATUS = "plates/gate/event", "plates/gate/crop", "plates/gate/status"
WATCHLIST, ANSWER = "plates/watchlist/add", "answers/home"
ONE_BY_ONE = "homeassistant/sensor/plate-streamer/last/config"
SET, DISCOVERY = "plates/gate/set", "homeassistant/device/plate-streamer/config"


class ShippedMosquitto(Mosquitto):
    """With the configuration that we ship; only its paths and its port are others."""

    def __init__(self, shipped):
        self._shipped = shipped
        super().__init__(passwords={user: f"{user}-secret" for user in USERS})

    def _configure(self, *given, **more):
        super()._configure(*given, **more)  # for the passwords
        text = (self._shipped / "mosquitto.conf").read_text()
        for path in ("/etc/mosquitto", "/var/lib/mosquitto"):
            text = text.replace(path, str(self.folder))
        assert text.count("\nlistener 1883\n") == 1
        text = text.replace("\nlistener 1883\n", f"\nlistener {self.port} {self.host}\n")
        text = text.replace("log_dest stderr", f"log_dest file {self.folder}/log")
        running_as = [
            line for line in (self.folder / "conf").read_text().splitlines() if "user" in line
        ]
        (self.folder / "conf").write_text("\n".join([text, *running_as, ""]))
        shutil.copy(self._shipped / "acl", self.folder)
        if self._words:
            for path in self.folder.iterdir():
                shutil.chown(path, "nobody", "nogroup")


@pytest.fixture(scope="module")
def broker(root):
    with ShippedMosquitto(root / "config/mosquitto") as started:
        yield started


class Member:
    """A user of the broker, who learns what the broker thinks of each publication."""

    def __init__(self, broker, user, password):
        self.answers = {}
        self.reason = None
        self._client = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
        self._client.on_connect = self._on_connect
        self._client.on_publish = self._on_publish
        if user:
            self._client.username_pw_set(user, password)
        self._client.connect(broker.host, broker.port)
        self._client.loop_start()
        wait_until(lambda: self.reason is not None)

    def _on_connect(self, client, _, flags, reason, properties):
        self.reason = str(reason)

    def _on_publish(self, client, _, mid, reason, properties):
        self.answers[mid] = str(reason)

    def may_write(self, topic):
        sent = self._client.publish(topic, "x", qos=1)
        answer = wait_until(lambda: self.answers.get(sent.mid))
        assert answer in {"Success", "No matching subscribers", "Not authorized"}
        return answer != "Not authorized"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._client.disconnect()
        self._client.loop_stop()


def member(broker, user):
    return Member(broker, user, f"{user}-secret")


@pytest.mark.parametrize(
    ("user", "password"), [(None, None), ("barrier", "wrong"), ("stranger", "stranger-secret")]
)
def test_nobody_comes_in_without_a_password(broker, user, password):
    with Member(broker, user, password) as visitor:
        assert visitor.reason == "Not authorized"


@pytest.mark.parametrize(
    ("user", "allowed", "forbidden"),
    [
        (
            "plate-streamer",
            [EVENT, CROP, STATUS, DISCOVERY, ONE_BY_ONE, ANSWER],
            ["other/topic", "homeassistant/x"],
        ),
        ("barrier", [], [EVENT, STATUS, SET, WATCHLIST, DISCOVERY, ANSWER]),
        (
            "homeassistant",
            [SET, WATCHLIST, DISCOVERY, "homeassistant/status"],
            [EVENT, STATUS, "plates/status", ANSWER],
        ),
    ],
)
def test_who_may_write_what(broker, user, allowed, forbidden):
    with member(broker, user) as one:
        assert {topic: one.may_write(topic) for topic in (*allowed, *forbidden)} == {
            **dict.fromkeys(allowed, True),
            **dict.fromkeys(forbidden, False),
        }


def test_who_may_read_what(broker):
    sent = [EVENT, CROP, STATUS, "plates/status", "plates/gate/rejected"]
    with (
        Subscriber(broker, "#", "barrier", "barrier-secret") as barrier,
        Subscriber(broker, "#", "homeassistant", "homeassistant-secret") as home,
        member(broker, "plate-streamer") as daemon,
    ):
        assert all(daemon.may_write(topic) for topic in (*sent, "plates/end/event"))
        for seen in (barrier, home):
            wait_until(lambda seen=seen: seen.of("plates/end/event"))
        assert {message.topic for message in home.messages} == {*sent, "plates/end/event"}
        assert {message.topic for message in barrier.messages} == {
            *(EVENT, STATUS, "plates/status", "plates/end/event")
        }


def test_the_daemon_delivers_with_these_rights(broker, make_event):
    login = {"username": "plate-streamer", "password": "plate-streamer-secret"}
    sink = MqttSink(Controls(["gate"]), host=broker.host, port=broker.port, **login)
    event = make_event(camera="gate")
    with Subscriber(broker, "plates/gate/event", "barrier", "barrier-secret") as barrier:
        sink.start()
        try:
            wait_until(lambda: delivered(sink, event))
            wait_until(lambda: barrier.of("plates/gate/event"))
        finally:
            sink.close(2)


def delivered(sink, event):
    """Not before the connection stands."""
    try:
        sink.send(event)
    except SinkError as error:
        if error.rejected:
            raise
        return False
    return True
