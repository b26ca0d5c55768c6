"""What Home Assistant is told of cameras over MQTT discovery: pure functions, no connection.

Keys as in https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery (and the pages of the
platforms), written out, so that people can read them at the broker. One device per camera, and
one for the daemon. Two forms: one message per device, or, for Home Assistant before 2024.11, one
per component. A component has the same discovery id in both, so that Home Assistant can move
it from one form to the other.
"""

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from streamer.version import VERSION

Form = Literal["device", "components"]
Components = dict[str, dict[str, Any]]
"""Id of a component (unique in its device) → its configuration, `platform` included."""

EVENT_TYPES = {"allow": "allowed", "deny": "denied", "notify": "notify"}
"""Of the verdicts of watchlists; whoever is on none is `unknown`."""
FRESH_S = 30
"""A list's sensor is switched on by events not older than this, and for so long: what was held
up on its way must not open a gate."""
ATTRIBUTES = (
    *("id", "camera", "plate", "confidence", "read_at", "direction", "way", "speed"),
    *("watchlist", "owner", "reasons"),
)
"""Of an event, what becomes attributes. Home Assistant records them with every state: what only
machines read (characters, candidates, boxes) would fill its database."""

_SELECTED = f"value_json.items() | selectattr(0, 'in', {list(ATTRIBUTES)})"
_ATTRIBUTES = "{{ dict(" + _SELECTED + ") | tojson }}"
_TYPE = f"{EVENT_TYPES}.get((value_json.watchlist or {{}}).get('verdict'), 'unknown')"
_EVENT = "{{ dict(" + _SELECTED + f", event_type={_TYPE}) | tojson }}}}"
_ON_LIST = (
    "{% if LIST in (value_json.watchlist or {}).get('matches', []) | map(attribute='list')"
    f" and as_timestamp(now()) - as_timestamp(value_json.read_at) < {FRESH_S} %}}ON{{% endif %}}"
)


@dataclass(frozen=True, slots=True)
class Device:
    """A device of Home Assistant's. `info` is what it shows of it."""

    id: str
    info: dict[str, Any]
    components: Components


@dataclass(frozen=True, slots=True)
class Site:
    """What there is to tell of: names of cameras and watchlists, below the topic `base`.

    `commands` are those that are obeyed (`pause`, `snapshot`); `parking` whether vehicles that
    park are counted.
    """

    base: str
    cameras: Collection[str]
    watchlists: Collection[str] = ()
    commands: Collection[str] = ("pause", "snapshot")
    parking: bool = False


def devices(site: Site) -> list[Device]:
    """The daemon first, then its cameras."""
    own = Device(
        f"plate-streamer_{_escaped(site.base)}",
        {"name": f"plate-streamer ({site.base})", "model": "Daemon"},
        _of_daemon(site),
    )
    cameras = [
        Device(
            f"{own.id}_{camera}",
            {"name": camera, "model": "Number-plate reader", "via_device": own.id},
            _of_camera(site, camera),
        )
        for camera in site.cameras
    ]
    return [own, *cameras]


def _of_daemon(site: Site) -> Components:
    components: Components = {
        "connection": _connection(f"{site.base}/status"),
    }
    if site.parking:
        components["occupancy"] = {
            "platform": "sensor",
            "name": "Vehicles inside",
            "state_topic": f"{site.base}/parking",
            "value_template": "{{ value_json.occupancy }}",
            "json_attributes_topic": f"{site.base}/parking",
            "state_class": "measurement",
            "icon": "mdi:parking",
            **_available(f"{site.base}/status"),
        }
    return components


def _of_camera(site: Site, camera: str) -> Components:
    own = f"{site.base}/{camera}"
    daemon = _available(f"{site.base}/status")
    both = _available(f"{site.base}/status", f"{own}/status")
    components: Components = {
        "event": {
            "platform": "event",
            "name": None,  # the main one: it is called like the device
            "state_topic": f"{own}/event",
            "event_types": [*EVENT_TYPES.values(), "unknown"],
            "value_template": _EVENT,
            "qos": 1,
            "icon": "mdi:car",
            **both,
        },
        "plate": {
            "platform": "sensor",
            "name": "Last plate",
            "state_topic": f"{own}/last",
            "value_template": "{{ value_json.plate }}",
            "json_attributes_topic": f"{own}/last",
            "json_attributes_template": _ATTRIBUTES,
            "qos": 1,
            "icon": "mdi:card-text-outline",
            **daemon,
        },
        "crop": _image("Plate picture", f"{own}/crop") | daemon,
        "connection": _connection(f"{own}/status") | daemon,
    }
    if "pause" in site.commands:
        components["pause"] = _pause(own) | daemon
    if "snapshot" in site.commands:
        components["image"] = _image("Snapshot", f"{own}/image") | daemon
        components["snapshot"] = _take_snapshot(own) | both
    for name in site.watchlists:
        components[f"list_{_escaped(name)}"] = _on_list(name, f"{own}/event") | both
    return components


def _image(name: str, topic: str) -> dict[str, Any]:
    return {
        "platform": "image",
        "name": name,
        "image_topic": topic,
        "content_type": "image/jpeg",
    }


def _connection(topic: str) -> dict[str, Any]:
    return {
        "platform": "binary_sensor",
        "name": "Connection",
        "state_topic": topic,
        "payload_on": "online",
        "payload_off": "offline",
        "device_class": "connectivity",
        "entity_category": "diagnostic",
    }


def _pause(camera: str) -> dict[str, Any]:
    return {
        "platform": "switch",
        "name": "Pause",
        "command_topic": f"{camera}/set",
        "payload_on": "pause",
        "payload_off": "resume",
        "state_topic": f"{camera}/state",
        "state_on": "paused",
        "state_off": "running",
        "entity_category": "config",
        "icon": "mdi:pause",
    }


def _take_snapshot(camera: str) -> dict[str, Any]:
    return {
        "platform": "button",
        "name": "Take snapshot",
        "command_topic": f"{camera}/snapshot",
        "icon": "mdi:camera",
    }


def _on_list(name: str, topic: str) -> dict[str, Any]:
    # Another vehicle renders to nothing, which is ignored: it must not switch the sensor off.
    return {
        "platform": "binary_sensor",
        "name": name,
        "state_topic": topic,
        "value_template": _ON_LIST.replace("LIST", json.dumps(name, ensure_ascii=False), 1),
        "off_delay": FRESH_S,
        "qos": 1,
        "icon": "mdi:playlist-check",
    }


def _available(*topics: str) -> dict[str, Any]:
    return {"availability": [{"topic": topic} for topic in topics], "availability_mode": "all"}


def _escaped(text: str) -> str:
    """Letters and digits stay, the rest becomes -hex of its UTF-8: two texts never clash."""
    return "".join(
        char if char.isascii() and char.isalnum() else "".join(f"-{b:02x}" for b in char.encode())
        for char in text
    )


ORIGIN = {"name": "plate-streamer", "sw_version": VERSION}


@dataclass(frozen=True, slots=True)
class Announcement:
    """A retained message of discovery, and of which components (id → platform) it tells."""

    payload: dict[str, Any]
    parts: Mapping[str, str] = field(default_factory=dict)

    def text(self, former: Mapping[str, str]) -> str:
        """The payload. Those of `former` (id → platform) that are no more are removed by it."""
        if "components" not in self.payload:
            return json.dumps(self.payload)
        removed = {id: {"platform": former[id]} for id in former if id not in self.parts}
        return json.dumps(self.payload | {"components": self.payload["components"] | removed})


def announcements(site: Site, form: Form, prefix: str) -> dict[str, Announcement]:
    """Topic → what to retain there."""
    made = _per_device if form == "device" else _per_component
    return {topic: said for device in devices(site) for topic, said in made(device, prefix)}


def _per_device(device: Device, prefix: str) -> Iterable[tuple[str, Announcement]]:
    components = {
        id: config | {"unique_id": f"{device.id}_{id}"} for id, config in device.components.items()
    }
    payload = {"device": _info(device), "origin": ORIGIN, "components": components}
    parts = {id: config["platform"] for id, config in components.items()}
    yield f"{prefix}/device/{device.id}/config", Announcement(payload, parts)


def _per_component(device: Device, prefix: str) -> Iterable[tuple[str, Announcement]]:
    for id, config in device.components.items():
        payload = config | {
            "unique_id": f"{device.id}_{id}",
            "device": _info(device),
            "origin": ORIGIN,
        }
        platform = payload.pop("platform")
        topic = f"{prefix}/{platform}/{device.id}/{id}/config"
        yield topic, Announcement(payload, {id: platform})


def _info(device: Device) -> dict[str, Any]:
    return device.info | {
        "identifiers": [device.id],
        "manufacturer": "plate-streamer",
        "sw_version": VERSION,
    }


def device_of(topic: str) -> str:
    """Prefix and id of the device that a topic of discovery, of either form, belongs to."""
    *prefix, platform, device = topic.removesuffix("/config").split("/")
    if platform != "device":
        *prefix, _, device = [*prefix, platform]
    return "/".join([*prefix, device])
