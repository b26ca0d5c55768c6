"""Events over MQTT. Topics below `base_topic` (QoS 1 unless said otherwise):

status            retained, `online` / `offline` (the last will)
<camera>/status   retained, QoS 0, `online` / `offline`
<camera>/event    plate-event/1, not retained
<camera>/last     retained, the latest event
<camera>/rejected plate-rejected/1, QoS 0, not retained: reads that were withheld, and why
<camera>/parking  plate-parking/1: a vehicle entered, left, or stays too long
<camera>/crop     retained, JPEG of the plate of the latest event
"""

import logging
import threading
from datetime import datetime
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from streamer.codec import encode
from streamer.controls import Controls
from streamer.data import PARKING, SCHEMA, Event, ParkingEvent, PlateEvent, Rejection
from streamer.errors import SinkError
from streamer.sinks.base import Report, unreported
from streamer.sinks.mqtt_broker import Broker
from streamer.sinks.mqtt_link import Link, Message

log = logging.getLogger(__name__)

FORBIDDEN = "+#/\0"


class MqttSink:
    """Publishes to a broker (see `Broker`); keeps the status of the cameras of `controls` there.

    A refused `last` or `crop` is warned of once; only the refusal of `event` is one of the
    event.
    """

    name = "mqtt"
    kinds = frozenset({SCHEMA, PARKING})
    give_up_after_s: float | None = None

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        controls: Controls | None = None,
        *,
        host: str,
        port: Annotated[int, Ge(1), Le(65535)] | None = None,
        username: str | None = None,
        password: str | None = None,
        tls: bool = False,
        ca_file: Path | None = None,
        cert_file: Path | None = None,
        key_file: Path | None = None,
        client_id: str | None = None,
        keepalive_s: Annotated[int, Ge(1), Le(3600)] = 30,
        base_topic: str = "plates",
    ) -> None:
        self._base = base_topic
        self._controls = controls or Controls([])
        cameras = self._controls.cameras
        self._up = dict.fromkeys(cameras, False)
        # Held from the change of a status to its publishing, so that the last one said is
        # the last one sent.
        self._statuses = threading.Lock()
        self._latest: dict[str, datetime] = {}
        self._warned: set[str] = set()
        broker = Broker(
            host=host,
            port=port,
            username=username,
            password=password,
            tls=tls,
            ca_file=ca_file,
            cert_file=cert_file,
            key_file=key_file,
            client_id=client_id,
            keepalive_s=keepalive_s,
        )
        identity = "\n".join((base_topic, *sorted(cameras)))
        self._link = Link(broker, f"{base_topic}/status", identity, self._say_statuses)

    def start(self, report: Report = unreported) -> None:
        """Begin to connect. Raises SinkError for names, hosts and files that cannot work."""
        for key, parts in (("base_topic", self._base.split("/")), ("camera", list(self._up))):
            if any(not part or set(part) & set(FORBIDDEN) for part in parts):
                value = self._base if key == "base_topic" else ", ".join(parts)
                raise SinkError(
                    f"mqtt {key} '{value}': no part of a topic may be empty or hold + or #"
                    + (" or /" if key == "camera" else ""),
                    permanent=True,
                )
        self._link.start(report)

    def _say_statuses(self) -> None:
        with self._statuses:
            self._link.state(f"{self._base}/status", "online")
            for camera in self._up:
                self._say_status(camera)

    def _say_status(self, camera: str) -> None:
        text = "online" if self._up[camera] else "offline"
        self._link.state(f"{self._base}/{camera}/status", text)

    def camera_status(self, camera: str, up: bool) -> None:
        """Say, and say again after every reconnect, whether frames of `camera` arrive."""
        with self._statuses:
            self._up[camera] = up
            self._say_status(camera)

    def rejected(self, rejection: Rejection) -> None:
        """Tell whoever listens now; what is withheld is not worth keeping for later."""
        properties = _properties("application/json", schema=rejection.schema)
        topic = f"{self._base}/{rejection.camera}/rejected"
        self._link.tell(topic, encode(rejection), properties)

    def send(self, event: Event) -> None:
        """Publish the event and wait until the broker has it."""
        if isinstance(event, PlateEvent):
            topic = f"{self._base}/{event.camera}/event"
            messages = self._messages(topic, event)
        else:
            topic = f"{self._base}/{event.camera}/parking"
            messages = self._parking(topic, event)
        refused = self._link.deliver(event.id, messages)
        refusal = refused.pop(topic, None)
        for other, reason in refused.items():
            if other not in self._warned:
                self._warned.add(other)
                log.warning("the broker refused topic %s: %s", other, reason)
        if refusal is not None:
            raise SinkError(f"the broker refused topic {topic}: {refusal}", rejected=True)

    def _messages(self, topic: str, event: PlateEvent) -> list[Message]:
        payload = encode(event).encode()
        properties = _properties("application/json", schema=event.schema, id=event.id)
        messages = [Message(topic, payload, properties=properties)]
        # An event that was delayed must not replace a later one.
        if event.read_at >= self._latest.get(event.camera, event.read_at):
            self._latest[event.camera] = event.read_at
            messages.append(Message(f"{self._base}/{event.camera}/last", payload, True, properties))
            messages += self._crop(event)
        return messages

    def _parking(self, topic: str, event: ParkingEvent) -> list[Message]:
        properties = _properties("application/json", schema=event.schema, id=event.id)
        return [Message(topic, encode(event).encode(), properties=properties)]

    def _crop(self, event: PlateEvent) -> list[Message]:
        if event.crop is None:
            return []
        try:
            picture = Path(event.crop).read_bytes()
        except OSError as error:
            log.warning("event %s goes without its crop: %s", event.id, error)
            return []
        properties = _properties("image/jpeg", id=event.id, plate=event.plate)
        return [Message(f"{self._base}/{event.camera}/crop", picture, True, properties)]

    def tidy(self) -> None:
        """Nothing."""

    def close(self, timeout_s: float) -> None:
        """Say that all is offline, and leave."""
        with self._statuses:
            for camera in self._up:
                self._up[camera] = False
                self._say_status(camera)
            self._link.state(f"{self._base}/status", "offline")
        self._link.close(timeout_s)


def _properties(content_type: str, **user: str) -> Properties:
    """MQTT 5 properties of a message; MQTT 3.1.1 leaves them out."""
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    properties.UserProperty = list(user.items())
    return properties
