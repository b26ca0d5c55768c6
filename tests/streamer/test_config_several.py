"""Parts of which there may be several: `webhook: [{name: a, …}, {name: b, …}]`."""

import pytest

from streamer.app import PARTS, build_daemon
from streamer.config import ConfigError, Parts, parse_config
from streamer.sinks.base import Name

CAMERA = "cameras: [{name: gate, url: 'synthetic:'}]\n"


class Post:
    def __init__(self, *, name: Name | None = None, host: str):
        self.options = (name, host)


class Alone:
    def __init__(self, *, host: str):
        self.host = host


HERE = Parts({}, {}, {"sinks": {"post": f"{__name__}:Post", "alone": f"{__name__}:Alone"}})


def sinks(text):
    return parse_config(CAMERA + "sinks:\n" + text, HERE, "gate.yaml").sinks


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("  post: {host: h}", ["post"]),
        ("  post: {name: a, host: h}", ["post-a"]),
        ("  post: [{host: h}]", ["post"]),
        ("  post: [{name: b, host: h}, {name: a, host: h}]", ["post-b", "post-a"]),
        ("  post: [{host: h}, {name: a, host: h}]", ["post", "post-a"]),
        ("  post: []", []),
        ("  alone: {host: h}\n  post: [{name: alone, host: h}]", ["alone", "post-alone"]),
    ],
)
def test_each_is_known_by_its_name(text, names):
    found = sinks(text)
    assert list(found) == names
    assert {part.name for part in found.values()} <= {"post", "alone"}  # the kind


def test_the_place_in_the_list_makes_no_difference():
    one, two = "{name: a, host: x}", "{name: b, host: y}"
    hosts = [
        {name: part.options["host"] for name, part in sinks(f"  post: [{text}]").items()}
        for text in (f"{one}, {two}", f"{two}, {one}")
    ]
    assert hosts[0] == hosts[1] == {"post-a": "x", "post-b": "y"}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "  post:\n  - {name: a, host: h}\n  - {name: a, host: h}",
            "gate.yaml:5: sinks.post[1].name: 'a' is also sinks.post[0]; each needs its own",
        ),
        (
            "  post:\n  - {host: h}\n  - {name: a, host: h}\n  - {host: h}",
            "gate.yaml:6: sinks.post[2].name: is missing, and sinks.post[0] has none either",
        ),
        ("  post: [{name: a}, {name: b, host: h}]", "sinks.post[0].host: is missing"),
        ("  post: [{name: a, host: h}, 3]", "sinks.post[1]: 3 should be a mapping with some of"),
        ("  post: [{name: a, hst: h, host: h}]", "sinks.post[0].hst: unknown key; did you mean"),
        ("  post: [{name: 'a/b', host: h}]", "sinks.post[0].name: 'a/b' should match"),
        ("  alone: [{host: h}]", "sinks.alone: [{'host': 'h'}] should be a mapping with some of"),
    ],
)
def test_faults_are_named_by_the_place_of_the_part(text, fault):
    with pytest.raises(ConfigError) as caught:
        sinks(text)
    assert any(fault in line for line in caught.value.faults), caught.value.faults


def test_the_daemon_has_a_courier_for_each(tmp_path):
    config = parse_config(
        CAMERA
        + f"store: {{folder: '{tmp_path}'}}\n"
        + "sinks:\n"
        + "  webhook: [{name: a, url: 'http://h/'}, {name: b, url: 'http://h/'}]\n"
        + "  jsonl: [{path: one}, {name: two, path: two}]\n",
        PARTS,
    )
    names = [courier.sink.name for courier in build_daemon(config).couriers]
    assert names == ["webhook-a", "webhook-b", "jsonl", "jsonl-two"]
