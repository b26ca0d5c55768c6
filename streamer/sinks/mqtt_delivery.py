"""Messages that the broker has to acknowledge: published, waited for, never published twice."""

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue

from paho.mqtt.client import Client, MQTTMessageInfo
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from streamer.errors import SinkError

ACKNOWLEDGEMENT_S = 60.0
HEADERS = 512  # bytes that a packet may need beside its topic and payload


@dataclass(frozen=True, slots=True)
class Expiry:
    """A message is of use for `seconds` from `since` (seconds since 1970) on."""

    since: float
    seconds: int

    def left_s(self) -> int:
        """What is left of it, in whole seconds as MQTT 5 has them; 1 at least."""
        # A clock that was set back meanwhile does not make it longer.
        return max(1, min(self.seconds, math.ceil(self.since + self.seconds - time.time())))


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish. `expiry` needs `properties`; an MQTT 3.1.1 broker is told neither."""

    topic: str
    payload: bytes
    retain: bool = False
    properties: Properties | None = None
    qos: int = 1
    expiry: Expiry | None = None

    def renew(self) -> None:
        """Let the broker keep it for what is left of its time now."""
        if self.properties is not None and self.expiry is not None:
            self.properties.MessageExpiryInterval = self.expiry.left_s()


@dataclass(slots=True)
class _Publication:
    """Messages that belong together: those paho still holds, by id, and those refused."""

    client: Client
    messages: Sequence[Message]
    waiting: dict[int, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class Deliveries:
    """What is on its way to `broker` (its name, for errors) and not yet acknowledged.

    `largest` is the packet size that the broker takes, None without a limit.
    """

    def __init__(self, broker: str) -> None:
        self.largest: int | None = None
        self._broker = broker
        self._fault = ""
        self._open: dict[str, _Publication] = {}
        self._acks: SimpleQueue[tuple[Client, int, ReasonCode] | None] = SimpleQueue()

    # In paho's thread.

    def acknowledged(self, client: Client, mid: int, reason: ReasonCode) -> None:
        """The broker has said what it thinks of a message."""
        if self._open:
            self._acks.put((client, mid, reason))

    def lost(self, fault: str) -> None:
        """The connection is gone, or will be: who waits need not. Any thread."""
        self._fault = fault
        self._acks.put(None)

    def renew(self) -> None:
        """Before paho sends again what it holds: time has passed."""
        for publication in list(self._open.values()):
            for message in publication.messages:
                message.renew()

    # For the sink.

    def deliver(self, key: str, messages: Sequence[Message], client: Client) -> dict[str, str]:
        """Publish and wait for the broker's word; gives topic → reason for what it refused.

        Raises SinkError when the connection is lost. A later call with the same `key` then waits
        for the messages that are still on their way, and publishes nothing twice. One thread.
        """
        publication = self._open.get(key)
        if publication is None or publication.client is not client:
            publication = self._open[key] = _Publication(client, messages)
            self._publish(publication)
        self._wait(publication)
        del self._open[key]
        return publication.refused

    def fits(self, topic: str, size: int) -> bool:
        """Whether the broker takes a payload of so many bytes; a larger one ends connections."""
        return not self.largest or size + len(topic.encode()) + HEADERS <= self.largest

    def _publish(self, publication: _Publication) -> None:
        for message in publication.messages:
            if not self.fits(message.topic, len(message.payload)):
                publication.refused[message.topic] = (
                    f"{len(message.payload)} bytes, the broker takes {self.largest}"
                )
                continue
            message.renew()
            info: MQTTMessageInfo = publication.client.publish(
                message.topic, message.payload, message.qos, message.retain, message.properties
            )
            if info.rc == MQTTErrorCode.MQTT_ERR_QUEUE_SIZE:  # the one case paho does not keep
                publication.refused[message.topic] = "too many messages are on their way"
            else:
                publication.waiting[info.mid] = message.topic

    def _wait(self, publication: _Publication) -> None:
        until = time.monotonic() + ACKNOWLEDGEMENT_S
        while publication.waiting:
            try:
                ack = self._acks.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                raise SinkError(f"{self._broker} does not acknowledge what it is sent") from None
            if ack is None:
                raise SinkError(self._fault)
            self._settle(*ack)

    def read(self) -> None:
        """Take note of what was acknowledged meanwhile."""
        while not self._acks.empty():
            ack = self._acks.get()
            if ack is not None:
                self._settle(*ack)

    def _settle(self, client: Client, mid: int, reason: ReasonCode) -> None:
        for publication in self._open.values():
            topic = publication.waiting.pop(mid, None) if publication.client is client else None
            if topic is not None and reason.is_failure:
                publication.refused[topic] = str(reason)
