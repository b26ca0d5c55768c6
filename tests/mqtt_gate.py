"""Two cameras that can be commanded over a real broker, and who commands them."""

import time
import uuid
from contextlib import contextmanager
from datetime import UTC, datetime

import numpy as np
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from broker import wait_until
from mqtt_sinks import Reports
from streamer.controls import Controls
from streamer.data import Frame
from streamer.errors import UserError
from streamer.sinks.mqtt import MqttSink


class Lists:
    """Watchlists that note what is done to them."""

    names = ("residents",)

    def __init__(self):
        self.done = []

    def add(self, name, plate, note=None):
        if name not in self.names:
            raise UserError(f"no watchlist '{name}'; there is: residents")
        self.done.append(("add", name, plate, note))

    def remove(self, name, plate):
        self.done.append(("remove", name, plate))


class Gate:
    """What commands reach: the controls of cameras, and what became of the commands."""

    def __init__(self, cameras=("gate", "yard")):
        self.lists = Lists()
        self.controls = Controls(cameras, self.lists)
        self.outcomes = []
        self.sink = None

    def sees(self, camera="gate"):
        frame = Frame(
            camera, 0, datetime.now(UTC), time.monotonic(), np.full((48, 64, 3), 90, np.uint8)
        )
        self.controls.cameras[camera].lets_pass(frame)

    def note(self, *outcome):
        self.outcomes.append(outcome)

    def wait_for(self, *outcome):
        wait_until(lambda: outcome in self.outcomes, what=lambda: f"only {self.outcomes}")


@contextmanager
def publishing(broker):
    """A client to publish commands with."""
    publisher = Client(CallbackAPIVersion.VERSION2, protocol=MQTTProtocolVersion.MQTTv5)
    publisher.connect(broker.host, broker.port)
    publisher.loop_start()
    try:
        yield publisher
    finally:
        publisher.disconnect()
        publisher.loop_stop()


@contextmanager
def listening(broker, gate, **options):
    """`gate.sink`, connected, and listening to what it wants to; `port` may be a door's."""
    reports = Reports()
    name = options.setdefault("client_id", uuid.uuid4().hex)
    options = {"host": broker.host, "port": broker.port} | options
    gate.sink = MqttSink(gate.controls, gate.note, **options)
    gate.sink.start(reports)
    try:
        wait_until(lambda: reports.up, what=lambda: f"not connected: {reports.said}")
        if options.get("commands") != ():
            wait_until(lambda: f"Sending SUBACK to {name}" in broker.log())
        yield gate
    finally:
        gate.sink.close(2.0)


@contextmanager
def commanded(broker, topic, **options):
    """A gate whose sink listens, and a publisher of commands to it."""
    with listening(broker, Gate(), base_topic=topic, **options) as gate, publishing(broker) as who:
        yield gate, who


def asking(topic, correlation=b"\x007"):
    properties = Properties(PacketTypes.PUBLISH)
    properties.ResponseTopic = topic
    properties.CorrelationData = correlation
    return properties
