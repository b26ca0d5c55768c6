"""Keeps at the broker what Home Assistant is told, and removes what is no longer so."""

import json
import logging
import random
import threading
from queue import SimpleQueue
from typing import Annotated, Literal

from paho.mqtt.client import MQTTMessage
from pydantic import AfterValidator, TypeAdapter, ValidationError

from streamer.controls import Notes
from streamer.errors import UserError
from streamer.sinks.home_assistant import Announcement, Site, announcements, device_of
from streamer.sinks.mqtt_link import Link
from streamer.sinks.mqtt_messages import JSON, properties_of

log = logging.getLogger(__name__)

NOTE = "announced"
BIRTH = "homeassistant/status"
"""Home Assistant's default, which does not follow the prefix of discovery."""
LONGEST_DELAY_S = 3.0
"""After a birth message everybody publishes: at random within this, not all at once."""
HANDOVER_S = 2.0
"""For each step of a change of form. Home Assistant unloads in tasks of its own, and of a message
for a device it takes only the first component if that one is not unloaded yet (2025.4)."""
Discovery = Literal["device", "components", "off"]
MIGRATE = json.dumps({"migrate_discovery": True})

Noted = dict[str, dict[str, str]]
"""Topic → its components (id → platform)."""


def _whole(prefix: str) -> str:
    if any(not part or set(part) & set("+#\0") for part in prefix.split("/")):
        raise ValueError(f"{prefix!r}: no part of a topic may be empty or hold + or #")
    return prefix


Prefix = Annotated[str, AfterValidator(_whole)]


class HomeAssistant:
    """Announces a site over `link`, at every connect and when Home Assistant says it is there.

    `form` "off" announces nothing. What was announced is noted, so that a later configuration
    can take back what is no longer so; where that fails, only that is not done.
    """

    def __init__(self, link: Link, form: Discovery, prefix: str) -> None:
        self._link = link
        self._form = form
        self._prefix = prefix
        self._notes: Notes | None = None
        self._wanted: dict[str, Announcement] = {}
        self._former: Noted = {}
        self._unsettled = False
        self._connects = 0
        self._due: SimpleQueue[float | None] = SimpleQueue()
        self._closed = threading.Event()
        # Waits, and writes notes: paho's thread must do neither.
        self._thread = threading.Thread(target=self._run, name="home-assistant", daemon=True)

    def start(self, site: Site, notes: Notes | None) -> None:
        """Recall what was announced before. Before the link is started."""
        self._notes = notes
        self._former = self._recall()
        if self._form != "off":
            self._wanted = announcements(site, self._form, self._prefix)
            for topic in sorted({BIRTH, f"{self._prefix}/status"}):
                self._link.listen(topic, self._on_birth)
        # Written before it is published: what nobody remembers nobody takes back.
        parts = self._parts()
        both = {t: self._former.get(t, {}) | parts.get(t, {}) for t in self._former | parts}
        if both != self._former:
            self._remember(both)
        self._unsettled = both != parts
        self._thread.start()

    def up(self) -> None:
        """The link is connected, or again. Returns at once."""
        self._connects += 1
        if self._unsettled:
            self._due.put(0.0)
        else:
            self._publish()

    def close(self) -> None:
        """End. What was announced stays: Home Assistant sees that we are offline."""
        self._closed.set()
        self._due.put(None)

    def _on_birth(self, message: MQTTMessage) -> None:
        # One that was retained tells nothing new, and one answer to many is enough.
        if message.payload == b"online" and not message.retain and self._due.empty():
            self._due.put(random.uniform(0, LONGEST_DELAY_S))  # noqa: S311 (keeps no secret)

    def _run(self) -> None:
        for delay_s in iter(self._due.get, None):
            if self._closed.wait(delay_s):
                return
            if self._unsettled:
                self._change()
            else:
                self._publish()

    def _publish(self) -> None:
        for topic, announcement in self._wanted.items():
            self._say(topic, announcement.text(self._former.get(topic, {})))

    def _change(self) -> None:
        """Publish, and take back what is gone. What only changes its form is moved, or people
        would lose what they have set in Home Assistant (names, rooms): unload, announce, clear.
        """
        moved, connects = self._moved(), self._connects
        for topic in self._former:
            if topic not in self._wanted:
                self._say(topic, MIGRATE if topic in moved else "")
        if moved and self._closed.wait(HANDOVER_S):
            return
        self._publish()
        if moved and self._closed.wait(HANDOVER_S):
            return
        for topic in moved:
            self._say(topic, "")
        if connects == self._connects:  # or some of it was said to nobody: `up` repeats it
            self._unsettled = False
            self._remember(self._parts())

    def _say(self, topic: str, payload: str) -> None:
        if not self._link.tell(topic, payload, properties_of(JSON), retain=True):
            log.warning("Home Assistant is not told of %s: away, or too large", topic)

    def _moved(self) -> list[str]:
        """The topics whose components are announced on another one now."""
        now = {
            (device_of(topic), *part)
            for topic, announcement in self._wanted.items()
            for part in announcement.parts.items()
        }
        return [
            topic
            for topic, parts in self._former.items()
            if topic not in self._wanted
            and any((device_of(topic), *part) in now for part in parts.items())
        ]

    def _parts(self) -> Noted:
        return {topic: dict(said.parts) for topic, said in self._wanted.items()}

    def _recall(self) -> Noted:
        try:
            text = self._notes.noted(NOTE) if self._notes else None
            return TypeAdapter(Noted).validate_json(text or "{}")
        except (UserError, ValidationError) as error:
            log.warning("what was announced to Home Assistant before is not known: %s", error)
            return {}

    def _remember(self, noted: Noted) -> None:
        try:
            if self._notes:
                self._notes.note(NOTE, json.dumps(noted))
        except UserError as error:
            log.warning("what is announced to Home Assistant is not remembered: %s", error)
