"""What is published for an event, and the MQTT 5 properties that say what it is."""

import json
import logging
import threading
import uuid
from datetime import UTC, datetime, timedelta

from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from streamer.codec import encode, to_text
from streamer.data import Event, ParkingEvent, PlateEvent
from streamer.errors import UserError
from streamer.sinks.base import ReadPicture, read_file
from streamer.sinks.mqtt_delivery import Expiry, Message

log = logging.getLogger(__name__)

START = datetime(1970, 1, 1, tzinfo=UTC)
TEXT, JSON, JPEG = "text/plain", "application/json", "image/jpeg"


def properties_of(content_type: str, packet: int = PacketTypes.PUBLISH, **user: str) -> Properties:
    """MQTT 5 properties of a message; MQTT 3.1.1 leaves them out."""
    properties = Properties(packet)  # type: ignore[no-untyped-call]
    properties.ContentType = content_type
    properties.PayloadFormatIndicator = int(content_type != JPEG)  # 1: the payload is UTF-8
    if user:
        properties.UserProperty = list(user.items())
    return properties


class Messages:
    """Makes the messages of events, below the topic `base`.

    Events go with `qos`, and are of use for `expiry_s` seconds from when they were read (None:
    for ever). An event that was delayed does not replace what a later one has retained. `read`
    gives the crops.
    """

    def __init__(
        self, base: str, qos: int, expiry_s: int | None, read: ReadPicture = read_file
    ) -> None:
        self._base = base
        self._qos = qos
        self._expiry_s = expiry_s
        self._read = read
        self._latest: dict[str, datetime] = {}
        self._ordering = threading.Lock()

    def of(self, event: Event) -> list[Message]:
        """The event itself, and then what is retained of it."""
        return self._of_plate(event) if isinstance(event, PlateEvent) else self._of_parking(event)

    def _of_plate(self, event: PlateEvent) -> list[Message]:
        topic = f"{self._base}/{event.camera}"
        expiry = Expiry(event.read_at.timestamp(), self._expiry_s) if self._expiry_s else None
        messages = [self._event(f"{topic}/event", event, expiry)]
        if self._is_latest(f"{topic}/last", event.read_at):
            payload = messages[0].payload
            messages.append(Message(f"{topic}/last", payload, True, _identified(event)))
            messages += self._crop(event)
        return messages

    def _of_parking(self, event: ParkingEvent) -> list[Message]:
        # Without an expiry: of these, somebody counts every one.
        messages = [self._event(f"{self._base}/{event.camera}/parking", event)]
        # The number is that of when the event was made, be it about what happened before.
        if self._is_latest(f"{self._base}/parking", made_at(event)):
            messages.append(self._occupancy(event.occupancy, event.capacity, event.at))
        return messages

    def counted(self, occupancy: int, capacity: int | None, at: datetime) -> Message | None:
        """What is retained when somebody has counted `at` that time; None if an event that was
        made since says otherwise. Any thread."""
        if not self._is_latest(f"{self._base}/parking", at):
            return None
        return self._occupancy(occupancy, capacity, at)

    def _occupancy(self, occupancy: int, capacity: int | None, at: datetime) -> Message:
        full = {"occupancy": occupancy, "capacity": capacity, "at": to_text(at)}
        payload = json.dumps(full).encode()
        return Message(f"{self._base}/parking", payload, True, properties_of(JSON))

    def _event(self, topic: str, event: Event, expiry: Expiry | None = None) -> Message:
        payload = encode(event).encode()
        return Message(topic, payload, False, _identified(event), self._qos, expiry)

    def _is_latest(self, topic: str, at: datetime) -> bool:
        with self._ordering:
            latest = self._latest.setdefault(topic, at)
            self._latest[topic] = max(latest, at)
            return at >= latest

    def _crop(self, event: PlateEvent) -> list[Message]:
        if event.crop is None:
            return []
        try:
            picture = self._read(event.crop)
        except UserError as error:
            log.warning("event %s goes without its crop: %s", event.id, error)
            return []
        if picture is None:
            log.warning("event %s goes without its crop: %s is not there", event.id, event.crop)
            return []
        properties = properties_of(JPEG, id=event.id, plate=event.plate)
        return [Message(f"{self._base}/{event.camera}/crop", picture, True, properties)]


def made_at(event: ParkingEvent) -> datetime:
    """When the event was made, by its id (RFC 9562, section 5.7), to the millisecond."""
    key = uuid.UUID(event.id)
    return START + timedelta(milliseconds=key.int >> 80) if key.version == 7 else event.at


def _identified(event: Event) -> Properties:
    return properties_of(JSON, schema=event.schema, id=event.id)
