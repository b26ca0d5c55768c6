"""The radars of a configuration, beside the cameras whose vehicles they measure."""

from collections.abc import Callable, Iterable

from streamer.config import CameraConfig, Part
from streamer.sinks.mqtt_broker import Broker
from streamer.sinks.radar import Radar
from streamer.speed.readings import Readings
from streamer.speed.settings import RadarConfig

Service = Callable[[], Callable[[], None]]


def radars_of(
    cameras: Iterable[CameraConfig], mqtt: Part | None
) -> tuple[dict[str, Readings], list[Service]]:
    """What the radar of each camera that has one says, and what starts to listen to them.

    `mqtt` is the sink whose broker is the radars', where they name none.
    """
    heard: dict[str, Readings] = {}
    services: list[Service] = []
    for camera in cameras:
        radar = camera.speed.mqtt if camera.speed else None
        if radar is None:
            continue
        readings = heard[camera.name] = Readings(radar.within_s, radar.error_kmh)
        broker = _broker(radar, mqtt)
        listener = Radar(broker, radar.topic, radar.value, radar.unit, readings.add)
        services.append(listener.start)
    return heard, services


def _broker(radar: RadarConfig, mqtt: Part | None) -> Broker:
    """Its own, or that of the sink; check-config has seen to it that there is one."""
    if radar.host is not None or mqtt is None:
        return Broker(
            radar.host or "",
            radar.port,
            username=radar.username,
            password=radar.password,
            tls=radar.tls,
        )
    keys = ("host", "port", "username", "password", "tls", "ca_file", "cert_file", "key_file")
    return Broker(**{key: mqtt.options[key] for key in keys})
