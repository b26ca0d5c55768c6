"""Events over MQTT, and commands (see `mqtt_commands`). Topics below `base_topic`:

status            retained, `online` / `offline` (the last will)
parking           retained, how many vehicles are inside, after each plate-parking/1 and when
                  somebody has counted
<camera>/status   retained, `online` / `offline`
<camera>/state    retained, `running` / `paused`
<camera>/event    plate-event/1
<camera>/last     retained, the latest event
<camera>/crop     retained, JPEG of the plate of the latest event
<camera>/rejected plate-rejected/1: reads that were withheld, and why
<camera>/parking  plate-parking/1: a vehicle entered, left, or stays too long
<camera>/image    retained, JPEG of what the camera sees, when asked for

States, `rejected` and `image` go with QoS 0, the rest with QoS 1, or the events with `qos`.
"""

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated

from annotated_types import Ge, Le
from pydantic import AfterValidator

from streamer.codec import encode
from streamer.controls import Controls
from streamer.data import PARKING, SCHEMA, Event, Rejection
from streamer.errors import SinkError
from streamer.sinks.base import ReadPicture, Report, read_file, unreported
from streamer.sinks.home_assistant import Site
from streamer.sinks.home_assistant_discovery import Discovery, HomeAssistant, Prefix
from streamer.sinks.mqtt_broker import Broker
from streamer.sinks.mqtt_commands import Command, Commands, Kind, Outcome
from streamer.sinks.mqtt_link import Link
from streamer.sinks.mqtt_messages import JSON, Messages, properties_of

log = logging.getLogger(__name__)

FORBIDDEN = "+#/\0"
LONGEST_EXPIRY_S = 2**32 - 1  # MQTT 5.0, section 3.3.2.3.3


def _acknowledged(qos: int) -> int:
    if qos not in (1, 2):
        raise ValueError(
            f"{qos} should be 1 or 2; with 0 the broker acknowledges nothing, and events get lost"
        )
    return qos


def unheard(command: Command, outcome: Outcome) -> None:
    """For commands nobody counts."""


class MqttSink:
    """Publishes to a broker (see `Broker`); keeps the states of the cameras of `controls` there,
    and obeys what of `commands` comes from there; `on_command` is told what became of each. Tells
    Home Assistant of the cameras; of the occupancy, too, if `parking` is watched. `read` gives the
    crops of events.

    A refused `last`, `crop` or `<base>/parking` is warned of once; only the refusal of the event
    itself is one of the event. `event_expiry_s`: for how long from its reading on a plate event
    is of use to consumers that the broker keeps it for; None: for ever.
    """

    name = "mqtt"
    kinds = frozenset({SCHEMA, PARKING})
    give_up_after_s: float | None = None

    def __init__(  # noqa: PLR0913  (a section of the configuration)
        self,
        controls: Controls | None = None,
        on_command: Callable[[Command, Outcome], None] = unheard,
        parking: bool = False,
        read: ReadPicture = read_file,
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
        discovery: Discovery = "device",
        discovery_prefix: Prefix = "homeassistant",
        qos: Annotated[int, AfterValidator(_acknowledged)] = 1,
        event_expiry_s: Annotated[int, Ge(1), Le(LONGEST_EXPIRY_S)] | None = None,
        commands: tuple[Kind, ...] = ("pause", "snapshot"),
    ) -> None:
        self._base = base_topic
        self._controls = controls or Controls([])
        cameras = self._controls.cameras
        self._up = dict.fromkeys(cameras, False)
        self._leaving = False
        # Held from the change of a status to its publishing, so that the last one said is
        # the last one sent.
        self._statuses = threading.Lock()
        self._messages = Messages(base_topic, qos, event_expiry_s, read)
        self._count: tuple[int, int | None, datetime] | None = None
        self._untold_expiry_s = event_expiry_s
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
        self._link = Link(broker, f"{base_topic}/status", identity, self._on_up)
        self._commands = Commands(self._controls, self._link, base_topic, commands, on_command)
        self._home_assistant = HomeAssistant(self._link, discovery, discovery_prefix)
        self._site = Site(base_topic, self._up, self._controls.watchlists.names, commands, parking)

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
        self._controls.listen(self._on_pause)
        self._home_assistant.start(self._site, self._controls.notes)
        self._link.start(report)
        self._commands.start()

    def _on_up(self) -> None:
        if self._untold_expiry_s and not self._link.knows_5:
            log.warning(
                "mqtt event_expiry_s %d: the broker knows MQTT 3.1.1 alone, and keeps events for"
                " as long as it likes",
                self._untold_expiry_s,
            )
            self._untold_expiry_s = None
        self._say_states()
        self._home_assistant.up()

    def _say_states(self) -> None:
        with self._statuses:
            for camera in self._up:
                self._say_status(camera)
                self._say_state(camera)
            self._say_count()
            # Last: while we are offline nobody believes what an earlier life has left there.
            self._link.state(f"{self._base}/status", "offline" if self._leaving else "online")

    def _say_status(self, camera: str) -> None:
        text = "online" if self._up[camera] else "offline"
        self._link.state(f"{self._base}/{camera}/status", text)

    def _say_state(self, camera: str) -> None:
        text = "paused" if self._controls.cameras[camera].paused else "running"
        self._link.state(f"{self._base}/{camera}/state", text)

    def _on_pause(self, camera: str, _: bool) -> None:
        # What is so now, not what we are told: two changes may be told in another order.
        with self._statuses:
            self._say_state(camera)

    def camera_status(self, camera: str, up: bool) -> None:
        """Say, and say again after every reconnect, whether frames of `camera` arrive."""
        with self._statuses:
            self._up[camera] = up and not self._leaving
            self._say_status(camera)

    def counted(self, occupancy: int, capacity: int | None, at: datetime) -> None:
        """Say how many are inside, and say it again after every reconnect, until an event does."""
        with self._statuses:
            self._count = (occupancy, capacity, at)
            self._say_count()

    def _say_count(self) -> None:
        message = self._messages.counted(*self._count) if self._count else None
        if message is None:
            self._count = None
        else:
            self._link.tell(message.topic, message.payload, properties_of(JSON), retain=True)

    def rejected(self, rejection: Rejection) -> None:
        """Tell whoever listens now; what is withheld is not worth keeping for later."""
        topic = f"{self._base}/{rejection.camera}/rejected"
        properties = properties_of(JSON, schema=rejection.schema)
        self._link.tell(topic, encode(rejection), properties)

    def send(self, event: Event) -> None:
        """Publish the event and wait until the broker has it."""
        messages = self._messages.of(event)
        topic = messages[0].topic
        refused = self._link.deliver(event.id, messages)
        refusal = refused.pop(topic, None)
        for other, reason in refused.items():
            if other not in self._warned:
                self._warned.add(other)
                log.warning("the broker refused topic %s: %s", other, reason)
        if refusal is not None:
            raise SinkError(f"the broker refused topic {topic}: {refusal}", rejected=True)

    def tidy(self) -> None:
        """Nothing."""

    def close(self, timeout_s: float) -> None:
        """Say that all is offline, and leave."""
        self._commands.close(timeout_s / 4)
        with self._statuses:
            self._leaving = True  # a connection or a frame that comes now changes nothing any more
            for camera in self._up:
                self._up[camera] = False
                self._say_status(camera)
            self._link.state(f"{self._base}/status", "offline")
        self._home_assistant.close()
        self._link.close(timeout_s * 3 / 4)
