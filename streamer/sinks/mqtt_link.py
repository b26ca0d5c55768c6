"""The connection to an MQTT broker: comes, goes, says why, and comes back by itself."""

import logging
import ssl
import sys
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from streamer.errors import SinkError
from streamer.sinks.base import Report, unreported
from streamer.sinks.mqtt_broker import Broker, fault_of_alert, tls_context
from streamer.sinks.mqtt_client import Client, connect, guarded, make_client, stable_client_id
from streamer.sinks.mqtt_delivery import Deliveries, Message
from streamer.sinks.mqtt_messages import TEXT, properties_of

log = logging.getLogger(__name__)

FIRST_RECONNECT_S, LONGEST_RECONNECT_S = 1, 15
SHORT_S = 5.0  # so short a connection is suspicious: mosquitto 2.0 does not say "taken over"

UNSUPPORTED_PROTOCOL = 0x84
SESSION_TAKEN_OVER = 0x8E
# CONNACK reason codes that waiting does not change (MQTT 5.0, section 3.2.2.2): protocol, client
# identifier, user name or password, not authorized, banned, authentication method
PERMANENT = {UNSUPPORTED_PROTOCOL, 0x85, 0x86, 0x87, 0x8A, 0x8C}
# X509_verify_cert results that a clock not yet set explains: not yet valid, expired
CLOCK_FAULTS = {9, 10}


class Link:
    """One broker's connection: comes back by itself, MQTT 5 or else 3.1.1.

    `will` is the topic that the broker sets to `offline` (retained) when we vanish. `on_up` is
    called after every connect, before anything else is published; it may use `state`.
    """

    def __init__(self, broker: Broker, will: str, identity: str, on_up: Callable[[], None]) -> None:
        self._broker = broker
        self._will = will
        self._client_id = broker.client_id or stable_client_id(identity)
        self._on_up = on_up
        self._report: Report = unreported
        self._tls: ssl.SSLContext | None = None
        self._client: Client | None = None
        # What the broker has said: that it takes us; and, as of `_connected`, that it has heard
        # what we listen to.
        self._accepted = self._connected = False
        self._closing = self._unanswered = False
        self._since_s = 0.0
        self._fault = f"{broker}: not connected yet"
        self._deliveries = Deliveries(str(broker))
        self._handlers: dict[str, Callable[[MQTTMessage], None]] = {}

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
        client = make_client(self._broker, self._client_id, protocol, self._tls)
        client.reconnect_delay_set(FIRST_RECONNECT_S, LONGEST_RECONNECT_S)
        will = properties_of(TEXT, packet=PacketTypes.WILLMESSAGE)
        five = protocol == MQTTProtocolVersion.MQTTv5
        client.will_set(self._will, "offline", 1, retain=True, properties=will if five else None)
        client.on_pre_connect = self._on_pre_connect
        client.on_connect = self._on_connect
        client.on_connect_fail = self._on_connect_fail
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish
        client.on_subscribe = self._on_subscribe
        for topic, handler in self._handlers.items():
            client.message_callback_add(topic, guarded(handler))
        self._client = client
        connect(client, self._broker)

    # Callbacks: in paho's thread.

    def _on_pre_connect(self, client: PahoClient, _: Any) -> None:
        if self._client is not None and client is self._client:
            self._unanswered = True
            self._client.alert = ""

    def _on_connect(
        self,
        client: PahoClient,
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
        self._deliveries.largest = getattr(properties, "MaximumPacketSize", None)
        self._deliveries.renew()
        self._since_s = time.monotonic()
        self._accepted = True
        if self._handlers:
            client.subscribe([(topic, 1) for topic in self._handlers])
        else:
            self._ready()

    def _ready(self) -> None:
        # Not before the broker knows what we listen to: whoever hears that we are there may
        # command us at once.
        self._connected = True
        self._on_up()
        self._report(None)

    def _refused_by_broker(self, client: PahoClient, reason: ReasonCode) -> None:
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

    def _on_subscribe(
        self,
        client: PahoClient,
        _: Any,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        for topic, reason in zip(self._handlers, reasons, strict=False):
            if reason.is_failure:
                log.warning("%s does not let us listen to %s: %s", self._broker, topic, reason)
        if client is self._client:
            self._ready()

    def _on_connect_fail(self, client: PahoClient, _: Any) -> None:
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
        elif isinstance(error, ssl.SSLError) and self._alerted(error.reason or ""):
            pass
        else:
            self._fail(f"{self._broker} cannot be reached: {error}")

    def _alerted(self, alert: str) -> bool:
        """Whether the broker broke TLS off because of our certificate, which is then told."""
        fault, permanent = fault_of_alert(self._broker, alert)
        if fault:
            self._fail(fault, permanent)
        return bool(fault)

    def _on_disconnect(
        self,
        client: PahoClient,
        _: Any,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if client is not self._client:
            return
        # paho may say it twice, and says it when its attempt to connect got no answer
        was_accepted, self._accepted = self._accepted, False
        unanswered, self._unanswered = self._unanswered, False
        self._connected = False
        if was_accepted:
            self._fail(f"{self._broker}: connection lost: {self._why_lost(reason)}")
        elif unanswered and not self._alerted(self._client.alert):
            hint = "" if self._broker.tls else "; does it expect tls?"
            self._fail(f"{self._broker} closed the connection without an answer{hint}")
        self._deliveries.lost(self._fault)

    def _why_lost(self, reason: ReasonCode) -> str:
        if reason.value == SESSION_TAKEN_OVER or time.monotonic() - self._since_s < SHORT_S:
            or_this = ", or allow what the option commands listens to" if self._handlers else ""
            return (
                f"{reason}; if it goes on, look for another client with our client_id"
                f" '{self._client_id}'{or_this}"
            )
        return str(reason)

    def _fail(self, fault: str, permanent: bool = False) -> None:
        self._fault = fault
        if not self._closing:
            self._report(SinkError(fault, permanent=permanent))

    def _on_publish(
        self,
        client: PahoClient,
        _: Any,
        mid: int,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        self._deliveries.acknowledged(client, mid, reason)

    # For the sink.

    @property
    def knows_5(self) -> bool:
        """Whether the broker is spoken to in MQTT 5, which has properties."""
        return self._client is not None and self._client.protocol == MQTTProtocolVersion.MQTTv5

    def state(self, topic: str, text: str) -> None:
        """Publish a retained state, if connected; `on_up` must publish it again."""
        self.tell(topic, text, properties_of(TEXT), retain=True)

    def tell(
        self, topic: str, payload: str | bytes, properties: Properties, retain: bool = False
    ) -> bool:
        """Publish with QoS 0, whether or not anybody gets it; False if it could not even be sent:
        no connection, or more than the broker takes."""
        if not self._connected or self._client is None:
            return False
        body = payload.encode() if isinstance(payload, str) else payload
        if not self._deliveries.fits(topic, len(body)):
            return False
        self._client.publish(topic, body, qos=0, retain=retain, properties=properties)
        return True

    def deliver(self, key: str, messages: Sequence[Message]) -> dict[str, str]:
        """Publish and wait for the broker's word; gives topic → reason for what it refused.

        Raises SinkError when the broker is away. A later call with the same `key` then waits
        for the messages that are still on their way, and publishes nothing twice. One thread.
        """
        self._deliveries.read()
        client = self._client
        if not self._connected or client is None:
            raise SinkError(self._fault)
        return self._deliveries.deliver(key, messages, client)

    def close(self, timeout_s: float) -> None:
        """Say DISCONNECT (the will is then not sent) and end, within `timeout_s`."""
        self._closing = True
        self._fault = f"{self._broker}: closing"
        self._deliveries.lost(self._fault)
        if self._client is None:
            return
        self._client.disconnect()
        # loop_stop waits for paho's thread without a limit of its own
        end = threading.Thread(target=self._client.loop_stop, daemon=True)
        end.start()
        if self._connected:  # otherwise nothing is left to be sent
            end.join(timeout_s)
        self._connected = False
