"""Everything about paho-mqtt that has to be known to lose nothing with it.

What was learnt by measuring: the object that `publish` returns raises for ever once a message
was queued without a connection, so only `on_publish` is believed, and its reason code; what
paho holds it sends again by itself after a reconnect, so it must not be published a second
time; and it sends that after what `on_connect` published, so a state must not be held at all
(QoS 0), or an old one would overwrite the new.

Of QoS 2: paho ignores the reason of a PUBREC, and so takes what the broker refused for sent. And
on a session that the broker has dropped it goes on with PUBREL, which the broker acknowledges
although it no longer has the message: only a client that begins with a clean session sends the
message again.
"""

import hashlib
import logging
import socket
import ssl
import sys
from collections.abc import Callable
from typing import Any

from paho.mqtt.client import Client as PahoClient
from paho.mqtt.client import MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from streamer.sinks.mqtt_broker import Broker

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 5.0
LARGEST_REQUEST = 64 << 10  # bytes of a packet; a broker (MQTT 5) keeps what is larger from us
FAILURE = 0x80  # reason codes from here on are failures


class Client(PahoClient):
    """paho's client, which also looks at the reason of a PUBREC and at TLS alerts.

    `alert` is what the other side said when it broke TLS off, "" if it did not.
    """

    alert = ""

    def _handle_pubrec(self) -> MQTTErrorCode:
        packet = self._in_packet["packet"]
        if self.protocol != MQTTProtocolVersion.MQTTv5 or len(packet) < 3 or packet[2] < FAILURE:
            return super()._handle_pubrec()
        # As with a PUBACK, this is the end of the message (MQTT 5.0, section 4.3.3): no PUBREL.
        reason = ReasonCode(PacketTypes.PUBREC, identifier=packet[2])
        mid = int.from_bytes(packet[:2], "big")
        with self._out_message_mutex:
            if mid in self._out_messages:
                return self._do_on_publish(mid, reason, Properties(PacketTypes.PUBREC))  # type: ignore[no-untyped-call]
        return MQTTErrorCode.MQTT_ERR_SUCCESS


def make_client(
    broker: Broker, client_id: str, protocol: MQTTProtocolVersion, tls: ssl.SSLContext | None
) -> Client:
    """A client for `broker` that does not yet connect: `connect` it."""
    client = Client(CallbackAPIVersion.VERSION2, client_id, protocol=protocol)
    client.suppress_exceptions = True  # one raised in a callback would end paho's thread
    client.on_log = _on_log
    client.connect_timeout = CONNECT_TIMEOUT_S
    if broker.username is not None:
        client.username_pw_set(broker.username, broker.password)
    if tls is not None:
        client.tls_set_context(tls)
    return client


def connect(client: Client, broker: Broker) -> None:
    """Begin to connect, and to connect again for ever; returns at once."""
    options: dict[str, Any] = {}
    if client.protocol == MQTTProtocolVersion.MQTTv5:
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.MaximumPacketSize = LARGEST_REQUEST
        # Always: see the words on QoS 2 above, and no command waits at the broker for us.
        options = {"clean_start": True, "properties": properties}
    client.connect_async(*broker.address, keepalive=broker.keepalive_s, **options)
    client.loop_start()


def stable_client_id(identity: str) -> str:
    """The same at every start of the same daemon on the same machine."""
    digest = hashlib.sha256(identity.encode()).hexdigest()[:8]
    return f"plate-streamer-{socket.gethostname()}-{digest}"


def guarded(
    handler: Callable[[MQTTMessage], None],
) -> Callable[[PahoClient, Any, MQTTMessage], None]:
    """`handler` as a callback of paho's; what it raises is logged."""

    def handle(_: PahoClient, __: Any, message: MQTTMessage) -> None:
        try:
            handler(message)
        except Exception:  # what strangers send must not stop what we send
            log.exception("what came on topic %s could not be handled", message.topic)

    return handle


def _on_log(client: PahoClient, _: Any, level: int, text: str) -> None:
    # paho tells of an error on its socket while it handles it, here and to nobody else.
    error = sys.exception()
    if isinstance(error, ssl.SSLError) and isinstance(client, Client):
        client.alert = error.reason or str(error)
    # What paho calls an error is mostly none; what it caught of ours is.
    log.log(logging.ERROR if text.startswith("Caught exception") else logging.DEBUG, "%s", text)
