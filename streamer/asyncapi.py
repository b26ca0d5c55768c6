"""The AsyncAPI 3.0 document of what is said over MQTT, and the JSON Schemas that belong to it."""

from dataclasses import dataclass
from typing import Any

import yaml

from streamer.codec import json_schema
from streamer.data import PARKING, REJECTED, SCHEMA
from streamer.sinks.mqtt_commands import Entry

VERSION = "1.0.0"
"""Of the contract, not of the program: another one when topics or payloads change."""
DIALECT = "https://json-schema.org/draft/2020-12/schema"

Object = dict[str, Any]
_SCHEMAS: tuple[Any, ...] = (SCHEMA, REJECTED, PARKING)


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic below the base topic, and the name of the message that goes there.

    `answered`: it is a request, and is answered with one of these messages where it has a
    response topic.
    """

    address: str
    message: str
    summary: str
    qos: int = 0
    retain: bool = False
    answered: tuple[str, ...] = ()

    @property
    def action(self) -> str:
        """What the daemon does: it sends, or receives requests."""
        return "receive" if self.answered else "send"


TOPICS = {
    "daemonStatus": Topic(
        "status",
        "presence",
        "Whether the daemon is connected; the last will says offline.",
        retain=True,
    ),
    "cameraStatus": Topic(
        "{camera}/status", "presence", "Whether frames of the camera arrive.", retain=True
    ),
    "cameraState": Topic(
        "{camera}/state", "state", "Whether the camera is looked at for plates.", retain=True
    ),
    "event": Topic("{camera}/event", "plateEvent", "One event per vehicle, at least once.", qos=1),
    "last": Topic(
        "{camera}/last",
        "plateEvent",
        "The latest event, for whoever comes later.",
        qos=1,
        retain=True,
    ),
    "crop": Topic(
        "{camera}/crop",
        "picture",
        "The plate of the latest event, from the look that was read best.",
        qos=1,
        retain=True,
    ),
    "rejected": Topic(
        "{camera}/rejected",
        "plateRejected",
        "A read that was withheld, and why; for whoever listens now.",
    ),
    "parkingEvent": Topic(
        "{camera}/parking",
        "plateParking",
        "A vehicle came to park, left, or stays too long; at least once.",
        qos=1,
    ),
    "occupancy": Topic(
        "parking",
        "occupancy",
        "How many vehicles are inside, after each parking event and when somebody has counted.",
        qos=1,
        retain=True,
    ),
    "image": Topic(
        "{camera}/image",
        "picture",
        "What the camera sees, after a snapshot was asked for without a response topic.",
        retain=True,
    ),
    "set": Topic(
        "{camera}/set",
        "pauseOrResume",
        "Look at the camera no longer, or again; remembered across restarts.",
        qos=1,
        answered=("answer",),
    ),
    "snapshot": Topic(
        "{camera}/snapshot",
        "anything",
        "Ask for what the camera sees.",
        qos=1,
        answered=("picture", "answer"),
    ),
    "watchlistAdd": Topic(
        "watchlist/add",
        "watchlistEntry",
        "Put a plate on a watchlist; obeyed only where the option commands names watchlist.",
        qos=1,
        answered=("answer",),
    ),
    "watchlistRemove": Topic(
        "watchlist/remove",
        "watchlistEntry",
        "Take a plate off a watchlist; obeyed only where the option commands names watchlist.",
        qos=1,
        answered=("answer",),
    ),
}


def schemas() -> dict[str, Object]:
    """The JSON Schemas (draft 2020-12) by the names of their files."""
    return {_file(name): {"$schema": DIALECT, **json_schema(name)} for name in _SCHEMAS}


def _file(schema: str) -> str:
    return schema.replace("/", "-") + ".json"


def document() -> Object:
    """The AsyncAPI document; payloads refer to `schemas/…` beside it."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "plate-streamer over MQTT",
            "version": VERSION,
            "description": "What the daemon publishes, and the commands it obeys. MQTT 5, or"
            " 3.1.1 without properties. The quality of service of events (qos) and how long the"
            " broker keeps them (event_expiry_s) are options.",
            "license": {"name": "AGPL-3.0-or-later"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "broker": {
                "host": "{host}:{port}",
                "protocol": "mqtt",
                "protocolVersion": "5.0",
                "variables": {
                    "host": {"description": "Your broker."},
                    "port": {"default": "1883", "description": "8883 with TLS."},
                },
            }
        },
        "channels": {name: _channel(topic) for name, topic in TOPICS.items()}
        | {"answers": _answers()},
        "operations": {name: _operation(name, topic) for name, topic in TOPICS.items()},
        "components": {"messages": _messages()},
    }


def document_text() -> str:
    """The document as YAML."""
    note = "# Written by: plate-streamer schemas --output docs\n"
    return note + yaml.dump(
        document(), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=100
    )


class _Plain(yaml.SafeDumper):
    """Without anchors, which not every tool for AsyncAPI understands."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _channel(topic: Topic) -> Object:
    parameters: Object = {
        "base": {"default": "plates", "description": "The option base_topic."},
    }
    if "{camera}" in topic.address:
        parameters["camera"] = {"description": "Name of a camera of the configuration."}
    return {
        "address": "{base}/" + topic.address,
        "summary": topic.summary,
        "parameters": parameters,
        "messages": {topic.message: _ref(f"components/messages/{topic.message}")},
    }


def _answers() -> Object:
    names = dict.fromkeys(name for topic in TOPICS.values() for name in topic.answered)
    return {
        "address": None,
        "summary": "The response topic of a request (MQTT 5); not below the base topic.",
        "messages": {name: _ref(f"components/messages/{name}") for name in names},
    }


def _operation(name: str, topic: Topic) -> Object:
    operation: Object = {
        "action": topic.action,
        "channel": _ref(f"channels/{name}"),
        "summary": topic.summary,
        "messages": [_ref(f"channels/{name}/messages/{topic.message}")],
        "bindings": {"mqtt": {"qos": topic.qos, "retain": topic.retain}},
    }
    if topic.answered:
        operation["reply"] = {
            "address": {
                "location": "$message.header#/responseTopic",
                "description": "MQTT 5's Response Topic; without one nothing is answered.",
            },
            "channel": _ref("channels/answers"),
            "messages": [_ref(f"channels/answers/messages/{one}") for one in topic.answered],
        }
    return operation


def _messages() -> Object:
    text, jpeg = "text/plain", "image/jpeg"
    request = {
        "headers": {
            "type": "object",
            "properties": {
                "responseTopic": {"type": "string", "description": "MQTT 5's Response Topic."},
                "correlationData": {
                    "type": "string",
                    "description": "MQTT 5's Correlation Data; comes back with the answer.",
                },
            },
        },
        "correlationId": {"location": "$message.header#/correlationData"},
    }
    entry = Entry.model_json_schema()
    picture = {"type": "string", "contentMediaType": jpeg, "description": "A JPEG file."}
    return {
        "plateEvent": _message("A vehicle passed", _external(SCHEMA)),
        "plateRejected": _message("A read was withheld", _external(REJECTED)),
        "plateParking": _message("A vehicle and its parking", _external(PARKING)),
        "occupancy": _message("How full the car park is", _occupancy()),
        "presence": _message("There or not", _one_of("online", "offline"), text),
        "state": _message("Looked at or not", _one_of("running", "paused"), text),
        "picture": _message("A picture", picture, jpeg),
        "pauseOrResume": _message("Pause or resume", _one_of("pause", "resume"), text) | request,
        "anything": _message("Whatever", {}, text) | request,
        "watchlistEntry": _message("An entry of a watchlist", entry) | request,
        "answer": _message("What became of a request", _answer())
        | {"correlationId": request["correlationId"]},
    }


def _message(title: str, payload: Object, content_type: str = "application/json") -> Object:
    return {"title": title, "contentType": content_type, "payload": payload}


def _external(schema: str) -> Object:
    return {
        "schemaFormat": "application/schema+json;version=draft-2020-12",
        "schema": {"$ref": f"./schemas/{_file(schema)}"},
    }


def _one_of(*texts: str) -> Object:
    return {"type": "string", "enum": list(texts)}


def _occupancy() -> Object:
    at = {
        "type": "string",
        "format": "date-time",
        "description": "Of the parking event, or of the count, UTC.",
    }
    return _closed(
        occupancy={"type": "integer", "minimum": 0, "description": "Vehicles inside."},
        capacity={
            "type": ["integer", "null"],
            "description": "How many there is room for; null: not configured.",
        },
        at=at,
    )


def _answer() -> Object:
    return _closed(
        error={"type": ["string", "null"], "description": "What is wrong; null: it was done."}
    )


def _closed(**properties: Object) -> Object:
    return {
        "type": "object",
        "required": list(properties),
        "additionalProperties": False,
        "properties": properties,
    }


def _ref(place: str) -> Object:
    return {"$ref": f"#/{place}"}
