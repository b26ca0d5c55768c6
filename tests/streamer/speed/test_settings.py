import pytest
from pydantic import ValidationError

from streamer.app import PARTS
from streamer.config import ConfigError, parse_config

LINES = "lines: [[[0.2, 0.4], [0.7, 0.4]], [[0, 0.8], [0.9, 0.8]]]"
POINTS = "points: [[0.2, 0.4], [0.7, 0.4], [0.9, 0.8], [0, 0.8]]"
METRES = "metres: [[0, 10], [3, 10], [3, 0], [0, 0]]"


def camera(speed):
    text = f"cameras: [{{name: gate, url: a.mp4, speed: {{{speed}}}}}]"
    return parse_config(text, PARTS, "gate.yaml").cameras[0]


@pytest.mark.parametrize(
    ("speed", "method"),
    [(f"{LINES}, distance_m: 10", "lines"), (f"{POINTS}, {METRES}", "homography")],
)
def test_what_measures(speed, method):
    places = camera(speed).places()
    assert places.speeds.begin().speed().method == method


def test_a_radar_is_no_stretch_of_road():
    found = camera("mqtt: {topic: radar/1, host: localhost, unit: mph}")
    assert found.places().speeds is None
    assert found.speed.mqtt.within_s == 2.0


@pytest.mark.parametrize(
    ("speed", "fault"),
    [
        ("distance_m: 10", "should have one of lines, points and mqtt; it has none"),
        (f"{LINES}, distance_m: 10, mqtt: {{topic: a, host: b}}", "it has lines and mqtt"),
        (LINES, "lines and distance_m (the metres between them) belong together"),
        (f"{LINES}, distance_m: 0", "0 should be greater than 0"),
        (f"{LINES}, distance_m: -3", "-3 should be greater than 0"),
        (f"{LINES}, distance_m: 9, camera_height_m: 0.6", "should be above the plates"),
        (f"{LINES}, distance_m: 9, camera_hight_m: 3", "did you mean 'camera_height_m'"),
        ("lines: [[[0, 0.2], [1, 0.8]], [[0, 0.8], [1, 0.2]]], distance_m: 9", "they cross"),
        ("lines: [[[0, 2], [1, 0.8]], [[0, 0.8], [1, 0.2]]], distance_m: 9", "lines[0][0][1]"),
        (POINTS, "points and metres (where they are on the road) belong together"),
        (f"{POINTS}, metres: [[0, 1], [1, 1], [1, 0], [0, 0], [5, 5]]", "points are 4, metres 5"),
        (f"{POINTS}, metres: [[0, 0], [1, 0], [2, 0], [0, 1]]", "metres: three of the first four"),
        (f"{POINTS}, metres: [[0, 10], [3, 10], [0, 0], [3, 0]]", "in the same order"),
        (f"{POINTS}, metres: [[0, 1], [0, 1], [1, 0], [0, 0]]", "metres: one is there twice"),
        (f"points: [[0, 0], [0.5, 0.5], [1, 1], [0, 1]], {METRES}", "three of the first four"),
        (f"points: [[0, 0], [1, 0], [0.5, 0.2], [0.5, 1]], {METRES}", "four corners"),
        ("mqtt: {topic: radar/1}", "mqtt.host: is missing, and there is no sinks.mqtt"),
        ("mqtt: {topic: 'radar/#', host: a}", "should be one topic, without + and #"),
        ("mqtt: {topic: radar, host: a, value: 'a..b'}", "is no JMESPath"),
        ("mqtt: {topic: radar, host: a, unit: knots}", "'knots' should be 'km/h'"),
        ("mqtt: {topic: radar, host: a, within_s: 0}", "greater than 0"),
    ],
)
def test_faults_are_named(speed, fault):
    with pytest.raises(ConfigError) as caught:
        camera(speed)
    assert "gate.yaml:1: cameras[0].speed" in str(caught.value)
    assert fault in str(caught.value)
    assert not isinstance(caught.value, ValidationError)


def test_the_broker_of_the_sink_will_do():
    text = (
        "cameras: [{name: gate, url: a.mp4, speed: {mqtt: {topic: radar/1}}}]\n"
        "sinks: {mqtt: {host: localhost}}"
    )
    assert parse_config(text, PARTS).cameras[0].speed.mqtt.host is None
