"""Commands that come over MQTT. Topics below the base topic:

<camera>/set          `pause` or `resume`
<camera>/snapshot     whatever the payload: the picture goes to <camera>/image, retained
watchlist/add         {"list": …, "plate": …, "note": …}, the note may be left out
watchlist/remove      the same

A request with an MQTT 5 response topic is answered there, with its correlation data: with the
picture, or with {"error": …}, null when it was done.
"""

import json
import logging
import threading
import time
from collections.abc import Callable, Collection
from functools import partial
from queue import SimpleQueue
from typing import Annotated, Literal

from paho.mqtt.client import MQTTMessage
from paho.mqtt.properties import Properties
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from streamer.controls import Controls
from streamer.errors import UserError
from streamer.sinks.mqtt_link import Link
from streamer.sinks.mqtt_messages import JPEG, JSON, properties_of

log = logging.getLogger(__name__)

Kind = Literal["pause", "snapshot", "watchlist"]
Command = Literal["set", "snapshot", "watchlist_add", "watchlist_remove"]
"""A label of `anpr_mqtt_commands_total`, so the set is closed."""
Outcome = Literal["done", "malformed", "refused", "failed", "retained", "dropped"]
"""What became of one: done; not understood; understood and not possible; an error of ours;
ignored, because it was retained; too many at once. A label, too."""
OnCommand = Callable[[Command, Outcome], None]

LONGEST_REQUEST = 4096  # bytes
LONGEST_LOGGED, LONGEST_COMPLAINT = 200, 600  # characters
MOST_WAITING = 20
REMIND_S = 10.0


class Entry(BaseModel):
    """A plate to put on a watchlist, or to take off it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    list: Annotated[
        str,
        Field(min_length=1, max_length=100, description="Name of the watchlist."),
    ]
    plate: Annotated[
        str,
        Field(min_length=1, max_length=100, description="The plate, or a pattern of plates."),
    ]
    note: Annotated[
        str | None,
        Field(max_length=1000, description="What the entry says of the vehicle; when adding."),
    ] = None


class _Malformed(Exception):
    """A request that is not understood."""


Does = Callable[[MQTTMessage], bytes | None]
"""Obeys a request. Gives the picture, if that is the answer; raises what is wrong with it."""


class Commands:
    """Obeys what comes over `link`, if it is of the kinds in `enabled`.

    In a thread of its own: neither a picture to encode nor a slow disk holds up the
    acknowledgement of events. `on_command` is told of each request and what became of it.
    """

    def __init__(
        self,
        controls: Controls,
        link: Link,
        base: str,
        enabled: Collection[Kind],
        on_command: OnCommand,
    ) -> None:
        self._controls = controls
        self._link = link
        self._base = base
        self._on_command = on_command
        self._requests: SimpleQueue[tuple[Command, Does, MQTTMessage] | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._closing = False
        self._complaints = _Complaints()
        for camera in controls.cameras if "pause" in enabled else ():
            self._listen("set", f"{camera}/set", partial(self._set, camera))
        for camera in controls.cameras if "snapshot" in enabled else ():
            self._listen("snapshot", f"{camera}/snapshot", partial(self._snapshot, camera))
        if "watchlist" in enabled:
            self._listen("watchlist_add", "watchlist/add", self._add)
            self._listen("watchlist_remove", "watchlist/remove", self._remove)

    def start(self) -> None:
        """Begin to obey."""
        self._thread = threading.Thread(target=self._run, name="mqtt-commands", daemon=True)
        self._thread.start()

    def close(self, timeout_s: float) -> None:
        """Obey no longer, what waits neither."""
        self._closing = True
        self._requests.put(None)
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _listen(self, command: Command, topic: str, does: Does) -> None:
        self._link.listen(f"{self._base}/{topic}", partial(self._take, command, does))

    def _take(self, command: Command, does: Does, message: MQTTMessage) -> None:
        # In paho's thread.
        if message.retain:
            # Somebody's pause of last week must not pause the gate after each restart.
            self._end(command, "retained", message, "it was retained; publish it without that")
        elif self._requests.qsize() >= MOST_WAITING:
            self._end(command, "dropped", message, "too many are waiting")
        else:
            self._requests.put((command, does, message))

    def _run(self) -> None:
        while (request := self._requests.get()) is not None and not self._closing:
            self._obey(*request)

    def _obey(self, command: Command, does: Does, message: MQTTMessage) -> None:
        outcome: Outcome = "done"
        error = answer_to = None
        try:
            answer_to = self._response_topic(message)
            picture = does(message)
            if picture is not None:
                self._send(picture, message, answer_to)
        except _Malformed as fault:
            outcome, error = "malformed", str(fault)
        except UserError as fault:
            outcome, error = "refused", str(fault)
        except Exception as fault:  # the next command may be another matter
            log.exception("command %s on %s failed", command, message.topic)
            outcome, error = "failed", repr(fault)
        if answer_to and (error or command != "snapshot"):
            self._link.tell(answer_to, json.dumps({"error": error}), _answering(message, JSON))
        self._end(command, outcome, message, error)

    def _response_topic(self, message: MQTTMessage) -> str | None:
        topic = getattr(message.properties, "ResponseTopic", None)
        # We may write there, whoever asks may perhaps not.
        if topic and (topic.startswith(f"{self._base}/") or set(topic) & set("+#\0")):
            raise _Malformed(
                f"the response topic {topic!r} may hold no + or #, and not begin with"
                f" '{self._base}/'"
            )
        return topic or None

    def _send(self, picture: bytes, message: MQTTMessage, answer_to: str | None) -> None:
        image = message.topic.removesuffix("snapshot") + "image"
        if not self._link.tell(
            answer_to or image, picture, _answering(message, JPEG), retain=not answer_to
        ):
            raise UserError(f"the broker does not take the picture of {len(picture)} bytes")

    def _set(self, camera: str, message: MQTTMessage) -> None:
        wanted = message.payload[:LONGEST_REQUEST].decode(errors="replace").strip()
        if wanted not in ("pause", "resume"):
            raise _Malformed(f"{wanted[:LONGEST_LOGGED]!r} should be pause or resume")
        self._controls.pause(camera, wanted == "pause")

    def _snapshot(self, camera: str, _: MQTTMessage) -> bytes:
        return self._controls.camera(camera).snapshot()

    def _add(self, message: MQTTMessage) -> None:
        entry = _entry(bytes(message.payload))
        self._controls.watchlists.add(entry.list, entry.plate, entry.note)

    def _remove(self, message: MQTTMessage) -> None:
        entry = _entry(bytes(message.payload))
        self._controls.watchlists.remove(entry.list, entry.plate)

    def _end(
        self, command: Command, outcome: Outcome, message: MQTTMessage, error: str | None
    ) -> None:
        self._on_command(command, outcome)
        if error is not None:
            self._complaints.add(f"mqtt command on {message.topic} ({outcome}): {error}")


def _answering(message: MQTTMessage, content_type: str) -> Properties:
    properties = properties_of(content_type)
    correlation = getattr(message.properties, "CorrelationData", None)
    if correlation is not None:
        properties.CorrelationData = correlation
    return properties


def _entry(payload: bytes) -> Entry:
    if len(payload) > LONGEST_REQUEST:
        raise _Malformed(f"{len(payload)} bytes; {LONGEST_REQUEST} at most")
    try:
        return Entry.model_validate_json(payload)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc'])) or 'request'}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise _Malformed(
            f'{faults}; it should be {{"list": …, "plate": …}}, and perhaps "note"'
        ) from None


class _Complaints:
    """Warnings for the log, one in `REMIND_S` seconds: whoever sends nonsense may send much."""

    def __init__(self) -> None:
        self._silent_until_s = 0.0
        self._unsaid = 0
        self._lock = threading.Lock()  # paho's thread complains, too

    def add(self, text: str) -> None:
        """Say it, or count it."""
        with self._lock:
            now_s = time.monotonic()
            if now_s < self._silent_until_s:
                self._unsaid += 1
                return
            unsaid, self._unsaid = self._unsaid, 0
            self._silent_until_s = now_s + REMIND_S
        more = f" ({unsaid} more before it)" if unsaid else ""
        # Strangers' words: no line breaks or colours of theirs in our log.
        plain = "".join(char if char.isprintable() else "?" for char in text[:LONGEST_COMPLAINT])
        log.warning("%s%s", plain, more)
