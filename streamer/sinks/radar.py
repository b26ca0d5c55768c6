"""Listens to a radar that tells its readings over MQTT."""

import json
import logging
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion

from streamer.sinks.mqtt_broker import Broker, tls_context
from streamer.sinks.mqtt_client import connect, guarded, make_client, stable_client_id

log = logging.getLogger(__name__)

KMH = {"km/h": 1.0, "m/s": 3.6, "mph": 1.609344}
FASTEST_KMH = 400.0
STOP_S = 1.0


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Radar:
    """Has `on_reading` called with when each reading came (UTC), and its km/h.

    `value` (JMESPath) finds the number in the JSON that comes on `topic`, which is in `unit`;
    whether it drives up or away (its sign) does not count. What is no speed is warned of, once
    until the next one is right. The broker may be away; it is sought for ever.
    """

    def __init__(
        self,
        broker: Broker,
        topic: str,
        value: str,
        unit: str,
        on_reading: Callable[[datetime, float], None],
    ) -> None:
        self._broker = broker
        self._topic = topic
        self._value = jmespath.compile(value)
        self._as_kmh = KMH[unit]
        self._on_reading = on_reading
        self._warned = False
        self._client: PahoClient | None = None

    def start(self) -> Callable[[], None]:
        """Begin to listen; gives what ends it. Raises SinkError for files that cannot work."""
        self._broker.check()
        name = stable_client_id(f"radar\n{self._topic}")
        tls = tls_context(self._broker)
        client = make_client(self._broker, name, MQTTProtocolVersion.MQTTv311, tls)
        client.on_connect = self._on_connect
        client.on_message = guarded(self._on_message)
        self._client = client
        connect(client, self._broker)
        return self._stop

    def _stop(self) -> None:
        if self._client is not None:
            self._client.disconnect()
            self._client.loop_stop()

    def _on_connect(self, client: PahoClient, _: Any, __: Any, reason: Any, ___: Any) -> None:
        if reason.is_failure:
            log.warning("radar %s: %s refused us: %s", self._topic, self._broker, reason)
            return
        client.subscribe(self._topic, qos=0)  # a reading that comes late is none

    def _on_message(self, message: MQTTMessage) -> None:
        at = _utc_now()
        if message.retain:
            return  # of whoever passed before we came
        kmh = self._kmh(message.payload)
        if kmh is not None:
            self._on_reading(at, kmh)
        elif not self._warned:
            log.warning(
                "radar %s: %r gives no speed; speed.mqtt.value should find a number in it",
                self._topic,
                message.payload[:200],
            )
        self._warned = kmh is None

    def _kmh(self, payload: bytes | bytearray) -> float | None:
        try:
            found = self._value.search(json.loads(payload))
            kmh = abs(float(found)) * self._as_kmh
        except (ValueError, TypeError, RecursionError, JMESPathError):
            return None
        usable = not isinstance(found, bool) and math.isfinite(kmh) and kmh <= FASTEST_KMH
        return kmh if usable else None
