"""The daemon as users run it, commanded over MQTT."""

import cv2
import numpy as np
import pytest
from paho.mqtt import publish

from broker import Subscriber, wait_until
from processes import DaemonProcess

pytestmark = pytest.mark.slow
START_S = 150.0


def test_a_pause_outlives_the_daemon_and_a_picture_can_be_had_meanwhile(tmp_path, broker):
    config = {
        "cameras": [{"name": "gate", "url": "synthetic:?vehicles=endless", "realtime": True}],
        "sinks": {"mqtt": {"host": broker.host, "port": broker.port, "client_id": "daemon"}},
    }

    def command(topic, payload, starts):
        heard = "Sending SUBACK to daemon"  # once at each start
        wait_until(lambda: broker.log().count(heard) >= starts, START_S)
        publish.single(f"plates/gate/{topic}", payload, 1, hostname=broker.host, port=broker.port)

    with DaemonProcess(tmp_path, config) as daemon:
        with Subscriber(broker, "plates/gate/state") as seen:
            wait_until(lambda: seen.texts("plates/gate/state") == ["running"], START_S)
            command("set", "pause", 1)
            wait_until(lambda: seen.texts("plates/gate/state")[-1:] == ["paused"], START_S)
        labels = {"command": "set", "outcome": "done"}
        wait_until(lambda: daemon.metric("anpr_mqtt_commands_total", **labels) == 1)
        assert daemon.stop()[0] == 0, daemon.log
    with Subscriber(broker, "plates/gate/#") as seen, DaemonProcess(tmp_path, config) as daemon:
        wait_until(lambda: seen.texts("plates/gate/status")[-1:] == ["online"], START_S)
        command("snapshot", "", 2)
        wait_until(lambda: seen.of("plates/gate/image"), START_S)
        picture = np.frombuffer(seen.of("plates/gate/image")[0].payload, np.uint8)
        assert cv2.imdecode(picture, cv2.IMREAD_COLOR).shape == (720, 1280, 3)
        assert daemon.metric("anpr_stage_duration_seconds_count", stage="detect") == 0
        # Not for a moment, and whatever a new start said first.
        assert set(seen.texts("plates/gate/state")) == {"paused"}
        command("set", "resume", 2)
        wait_until(lambda: seen.texts("plates/gate/state")[-1:] == ["running"], START_S)
        wait_until(
            lambda: daemon.metric("anpr_stage_duration_seconds_count", stage="detect") > 0, START_S
        )
        assert daemon.stop()[0] == 0, daemon.log
