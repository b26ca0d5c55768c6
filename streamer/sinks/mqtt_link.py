"""The connection to an MQTT broker, and everything about paho-mqtt that has to be known.

What was learnt by measuring: the object that `publish` returns raises for ever once a message
was queued without a connection, so only `on_publish` is believed, and its reason code; what
paho holds it sends again by itself after a reconnect, so it must not be published a second
time; and it sends that after what `on_connect` published, so a state must not be held at all
(QoS 0), or an old one would overwrite the new.
"""

import hashlib
import logging
import socket
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Empty, SimpleQueue
from typing import Any

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from streamer.errors import SinkError
from streamer.sinks.base import Report, unreported
from streamer.sinks.mqtt_broker import Broker, tls_context

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
FIRST_RECONNECT_S, LONGEST_RECONNECT_S = 1, 15
ACKNOWLEDGEMENT_S = 60.0
SHORT_S = 5.0  # so short a connection is suspicious: mosquitto 2.0 does not say "taken over"

UNSUPPORTED_PROTOCOL = 0x84
SESSION_TAKEN_OVER = 0x8E
# CONNACK reason codes that waiting does not change (MQTT 5.0, section 3.2.2.2): protocol, client
# identifier, user name or password, not authorized, banned, authentication method
PERMANENT = {UNSUPPORTED_PROTOCOL, 0x85, 0x86, 0x87, 0x8A, 0x8C}
# X509_verify_cert results that a clock not yet set explains: not yet valid, expired
CLOCK_FAULTS = {9, 10}


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish with QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False
    properties: Properties | None = None


@dataclass(slots=True)
class _Publication:
    """Messages that belong together: those paho still holds, by id, and those refused."""

    client: Client
    waiting: dict[int, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class Link:
    """One broker's connection: comes back by itself, MQTT 5 or else 3.1.1.

    `will` is the topic that the broker sets to `offline` (retained) when we vanish. `on_up` is
    called after every connect, before anything else is sent; it may use `state`.
    """

    def __init__(self, broker: Broker, will: str, identity: str, on_up: Callable[[], None]) -> None:
        self._broker = broker
        self._will = will
        self._identity = identity
        self._on_up = on_up
        self._report: Report = unreported
        self._tls: ssl.SSLContext | None = None
        self._client: Client | None = None
        self._connected = self._closing = self._unanswered = False
        self._since_s = 0.0
        self._largest: int | None = None
        self._fault = f"{broker}: not connected yet"
        self._open: dict[str, _Publication] = {}
        self._handlers: dict[str, Callable[[MQTTMessage], None]] = {}
        self._acks: SimpleQueue[tuple[Client, int, ReasonCode] | None] = SimpleQueue()

    def listen(self, topic: str, handler: Callable[[MQTTMessage], None]) -> None:
        """Have `handler` called, in paho's thread, with what comes on `topic`, which may hold
        + and #. Before `start`. A handler that raises is logged."""
        self._handlers[topic] = handler

    def start(self, report: Report) -> None:
        """Begin to connect; returns at once. Raises SinkError for settings that cannot work."""
        self._broker.check()
        self._tls = tls_context(self._broker)
        self._report = report
        self._connect(MQTTProtocolVersion.MQTTv5)

    def _connect(self, protocol: MQTTProtocolVersion) -> None:
        client = Client(CallbackAPIVersion.VERSION2, self._client_id(), protocol=protocol)
        client.suppress_exceptions = True  # one raised in a callback would end paho's thread
        client.on_log = _on_log
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.reconnect_delay_set(FIRST_RECONNECT_S, LONGEST_RECONNECT_S)
        client.will_set(self._will, "offline", qos=1, retain=True)
        if self._broker.username is not None:
            client.username_pw_set(self._broker.username, self._broker.password)
        if self._tls is not None:
            client.tls_set_context(self._tls)
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        for topic, handler in self._handlers.items():
            client.message_callback_add(topic, _guarded(handler))
        client.connect_async(*self._broker.address, keepalive=self._broker.keepalive_s)
        self._client = client
        client.loop_start()

    def _client_id(self) -> str:
        if self._broker.client_id:
            return self._broker.client_id
        digest = hashlib.sha256(self._identity.encode()).hexdigest()[:8]
        return f"plate-streamer-{socket.gethostname()}-{digest}"

    # Callbacks: in paho's thread.

    def _on_pre_connect(self, client: Client, _: Any) -> None:
        self._unanswered = client is self._client

    def _on_connect(
        self,
        client: Client,
        _: Any,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client:
            return
        self._unanswered = False
        if reason.is_failure:
            self._refused_by_broker(client, reason)
            return
        self._largest = getattr(properties, "MaximumPacketSize", None)
        self._connected = True
        self._since_s = time.monotonic()
        self._on_up()
        if self._handlers:
            client.subscribe([(topic, 1) for topic in self._handlers])
        self._report(None)

    def _refused_by_broker(self, client: Client, reason: ReasonCode) -> None:
        if reason.value == UNSUPPORTED_PROTOCOL and client.protocol == MQTTProtocolVersion.MQTTv5:
            log.info("%s does not know MQTT 5; going on with 3.1.1", self._broker)
            client.disconnect()
            self._connect(MQTTProtocolVersion.MQTTv311)
            return
        user = f" user '{self._broker.username}'" if self._broker.username else " us without a user"
        self._fail(
            f"{self._broker} refused{user}: {reason}; check username, password and client_id",
            permanent=reason.value in PERMANENT,
        )

    def _on_connect_fail(self, client: Client, _: Any) -> None:
        if client is not self._client:
            return
        # paho calls this while it handles the exception, and hands it to nobody.
        error = sys.exception()
        if isinstance(error, ssl.SSLCertVerificationError):
            authority = (
                f"ca_file '{self._broker.ca_file}'" if self._broker.ca_file else "the system"
            )
            self._fail(
                f"{self._broker}: its certificate is not trusted by {authority}:"
                f" {error.verify_message}",
                permanent=error.verify_code not in CLOCK_FAULTS,
            )
        else:
            self._fail(f"{self._broker} cannot be reached: {error}")

    def _on_disconnect(
        self,
        client: Client,
        _: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client:
            return
        # paho may say it twice, and says it when its attempt to connect got no answer
        was_connected, self._connected = self._connected, False
        unanswered, self._unanswered = self._unanswered, False
        if was_connected:
            self._fail(f"{self._broker}: connection lost: {self._why_lost(reason)}")
        elif unanswered:
            hint = "" if self._broker.tls else "; does it expect tls?"
            self._fail(f"{self._broker} closed the connection without an answer{hint}")
        self._acks.put(None)

    def _why_lost(self, reason: ReasonCode) -> str:
        if reason.value == SESSION_TAKEN_OVER or time.monotonic() - self._since_s < SHORT_S:
            return (
                f"{reason}; if it goes on, look for another client with our client_id"
                f" '{self._client_id()}'"
            )
        return str(reason)

    def _fail(self, fault: str, permanent: bool = False) -> None:
        self._fault = fault
        if not self._closing:
            self._report(SinkError(fault, permanent=permanent))

    def _on_publish(
        self, client: Client, _: Any, mid: int, reason: ReasonCode, properties: Properties | None
    ) -> None:
        if self._open:
            self._acks.put((client, mid, reason))

    # For the sink.

    def state(self, topic: str, text: str) -> None:
        """Publish a retained state, if connected; `on_up` must publish it again."""
        if self._connected and self._client is not None:
            self._client.publish(topic, text, qos=0, retain=True)

    def tell(self, topic: str, text: str, properties: Properties) -> None:
        """Publish to whoever listens now, if connected; QoS 0, nothing is kept."""
        if self._connected and self._client is not None:
            self._client.publish(topic, text, qos=0, properties=properties)

    def deliver(self, key: str, messages: Sequence[Message]) -> dict[str, str]:
        """Publish and wait for the broker's word; gives topic → reason for what it refused.

        Raises SinkError when the broker is away. A later call with the same `key` then waits
        for the messages that are still on their way, and publishes nothing twice. One thread.
        """
        self._read_acks()
        client = self._client
        if not self._connected or client is None:
            raise SinkError(self._fault)
        publication = self._open.get(key)
        if publication is None or publication.client is not client:
            publication = self._open[key] = _Publication(client)
            self._publish(publication, messages)
        self._wait(publication)
        del self._open[key]
        return publication.refused

    def _publish(self, publication: _Publication, messages: Sequence[Message]) -> None:
        for message in messages:
            if self._largest and len(message.payload) + len(message.topic) + 512 > self._largest:
                publication.refused[message.topic] = (
                    f"{len(message.payload)} bytes, the broker takes {self._largest}"
                )
                continue
            info: MQTTMessageInfo = publication.client.publish(
                message.topic, message.payload, 1, message.retain, message.properties
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

    def _read_acks(self) -> None:
        while not self._acks.empty():
            ack = self._acks.get()
            if ack is not None:
                self._settle(*ack)

    def _settle(self, client: Client, mid: int, reason: ReasonCode) -> None:
        for publication in self._open.values():
            topic = publication.waiting.pop(mid, None) if publication.client is client else None
            if topic is not None and reason.is_failure:
                publication.refused[topic] = str(reason)

    def close(self, timeout_s: float) -> None:
        """Say DISCONNECT (the will is then not sent) and end, within `timeout_s`."""
        self._closing = True
        self._fault = f"{self._broker}: closing"
        self._acks.put(None)
        if self._client is None:
            return
        self._client.disconnect()
        # loop_stop waits for paho's thread without a limit of its own
        end = threading.Thread(target=self._client.loop_stop, daemon=True)
        end.start()
        if self._connected:  # otherwise nothing is left to be sent
            end.join(timeout_s)
        self._connected = False


def _guarded(
    handler: Callable[[MQTTMessage], None],
) -> Callable[[Client, Any, MQTTMessage], None]:
    def handle(_: Client, __: Any, message: MQTTMessage) -> None:
        try:
            handler(message)
        except Exception:  # what strangers send must not stop what we send
            log.exception("what came on topic %s could not be handled", message.topic)

    return handle


def _on_log(client: Client, _: Any, level: int, text: str) -> None:
    # What paho calls an error is mostly none; what it caught of ours is.
    log.log(logging.ERROR if text.startswith("Caught exception") else logging.DEBUG, "%s", text)
