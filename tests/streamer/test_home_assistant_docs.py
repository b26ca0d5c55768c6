"""The examples of docs/home-assistant.md and the Node-RED flow, on real events."""

import json
import re
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml

from home_assistant import EVERYTHING, environment, render
from streamer.codec import encode
from streamer.data import ListMatch, Watched
from streamer.sinks.home_assistant import devices
from tools import require_tool

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/home-assistant.md").read_text()
BLOCKS = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
GATE, TELL = (block[0] for block in BLOCKS if isinstance(block, list))
CARD = next(block for block in BLOCKS if "cards" in block)
FLOW = json.loads((ROOT / "config/node-red/gate.json").read_text())

ALLOWED = Watched("allow", (ListMatch("residents", "allow", "AB123CD", "exact", 0.0, "Flat 3"),))
DENIED = Watched("deny", (ListMatch("banned", "deny", "AB123CD", "exact", 0.0, None),))


def component(id):
    return devices(EVERYTHING)[1].components[id]


def state_of(event):
    """What the event's entity has as attributes, by its own template."""
    attributes = json.loads(render(component("event")["value_template"], encode(event)))
    return SimpleNamespace(state="2026-01-02T03:04:05.700+00:00", attributes=attributes)


def passes(automation, event, late_s=1.0):
    """Whether the conditions of an automation hold for an event, `late_s` after its reading."""
    trigger = SimpleNamespace(to_state=state_of(event))
    return all(
        render(condition["value_template"], late_s=late_s, trigger=trigger) == "True"
        for condition in automation["conditions"]
    )


def entity_ids():
    """What Home Assistant calls the entities: from the names of device and entity."""
    for device in devices(EVERYTHING):
        for config in device.components.values():
            name = " ".join(filter(None, [device.info["name"], config["name"]]))
            slug = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")
            yield f"{config['platform']}.{slug}"


def test_every_entity_of_the_page_is_announced():
    named = set(re.findall(r"\b(?:event|sensor|image|binary_sensor|switch|button)\.\w+", PAGE))
    named -= {"event.event_type", "event.camera", "event.read_at"}  # of templates, where it is
    named -= {"event.plate", "event.confidence", "event.watchlist"}  # a variable
    assert "binary_sensor.gate_in_connection" in named
    assert named - set(entity_ids()) <= {"binary_sensor.gate_in_"}  # gate_in_<list>


def test_the_gate_opens_for_residents_who_are_there_now(make_event):
    here = make_event(camera="gate-in", watchlist=ALLOWED)
    assert passes(GATE, here)
    assert not passes(GATE, here, late_s=31)
    assert not passes(GATE, here, late_s=-31)
    assert not passes(GATE, make_event(camera="yard", watchlist=ALLOWED))
    assert not passes(GATE, make_event(camera="gate-in", watchlist=DENIED))
    assert not passes(GATE, make_event(camera="gate-in"))


def test_a_camera_that_comes_back_is_no_vehicle():
    for automation in (GATE, TELL):
        (trigger,) = automation["triggers"]
        assert trigger["not_from"] == "unavailable"
        assert set(trigger["not_to"]) == {"unavailable", "unknown"}


def test_the_message_tells_of_an_unknown_plate(make_event):
    event = make_event(camera="gate-in", plate="ZZ9", confidence=0.934)
    assert passes(TELL, event)
    assert not passes(TELL, event, late_s=301)
    assert not passes(TELL, make_event(camera="gate-in", watchlist=DENIED))
    data = next(step["data"] for step in TELL["actions"] if "data" in step)
    trigger = SimpleNamespace(to_state=state_of(event))
    assert render(data["title"], trigger=trigger) == "Unknown vehicle at gate-in"
    message = " ".join(render(data["message"], trigger=trigger).split())
    assert message == "ZZ9, 93 % sure, at 03:04:05"
    asked = []
    render(data["data"]["image"], state_attr=lambda *what: asked.append(what))
    assert asked == [("image.gate_in_plate_picture", "entity_picture")]


def test_the_condition_for_one_list_holds_for_that_list(make_event):
    (text,) = re.findall(r"`('residents' in event[^`]*)`", PAGE)
    condition = environment().compile_expression(text)
    assert condition(event=state_of(make_event(watchlist=ALLOWED)).attributes)
    assert not condition(event=state_of(make_event(watchlist=DENIED)).attributes)


def test_the_card_shows_the_last_plate(make_event):
    template = next(card["content"] for card in CARD["cards"] if card["type"] == "markdown")

    def shown(state, attributes):
        return render(template, states=lambda _: state, state_attr=lambda _, key: attributes[key])

    last = component("plate")["json_attributes_template"]
    attributes = json.loads(render(last, encode(make_event(watchlist=ALLOWED))))
    text = shown("AB123CD", attributes)
    assert text.startswith("## AB123CD")
    assert "02.01. 03:04:05,\n98.0 %" in text
    assert "- on **residents** Flat 3" in text
    nothing = dict.fromkeys(attributes)
    assert shown("unknown", nothing) == "## unknown"


def test_the_flow_hangs_together():
    nodes = {node["id"]: node for node in FLOW}
    assert len(nodes) == len(FLOW)
    kinds = {id: node["type"] for id, node in nodes.items()}
    for node in FLOW:
        if "z" in node:
            assert kinds[node["z"]] == "tab"
            assert all(nodes[to]["z"] == node["z"] for wires in node["wires"] for to in wires)
        if "broker" in node and node["type"] != "mqtt-broker":
            assert kinds[node["broker"]] == "mqtt-broker"
    (start,) = [node for node in FLOW if node["type"] == "mqtt in"]
    (gate,) = [node for node in FLOW if node["type"] == "mqtt out"]
    assert (start["topic"], start["qos"], start["datatype"]) == (
        "plates/gate-in/event",
        "1",
        "json",
    )
    assert gate["retain"] == "false"  # a gate that is told to open at every restart
    ((function,),) = start["wires"]
    assert nodes[function]["wires"] == [[gate["id"]]]
    assert len(nodes[function]["wires"]) == nodes[function]["outputs"]


DRIVER = """
const [code, now, events] = JSON.parse(require("fs").readFileSync(0));
Date.now = () => now;
const kept = {};
const context = {get: (key) => kept[key], set: (key, value) => { kept[key] = value; }};
const said = [];
const node = {status: (status) => said.push(status.text)};
const run = new Function("msg", "context", "node", code);
const out = events.map((payload) => run({payload}, context, node));
console.log(JSON.stringify({out, said}));
"""


@pytest.fixture
def opened():
    """`opened(events, late_s)`: what the flow's function node gives for each event, and says."""
    node = require_tool("node")
    code = next(node["func"] for node in FLOW if node["type"] == "function")

    def run(events, late_s):
        payloads = [json.loads(encode(event)) for event in events]
        now = (events[0].read_at.timestamp() + late_s) * 1000
        done = subprocess.run(
            [node, "-e", DRIVER],
            input=json.dumps([code, now, payloads]),
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        return json.loads(done.stdout)

    return run


def test_the_flow_opens_once_for_those_who_are_there_now(opened, make_event):
    here = make_event("HERE1", watchlist=ALLOWED)
    events = [
        *(here, here),
        make_event("NOLIST"),
        make_event("BANNED", watchlist=DENIED),
        make_event("LATE1", watchlist=ALLOWED, after_s=-40),
        make_event("AHEAD1", watchlist=ALLOWED, after_s=60),
        make_event("NEXT1", watchlist=ALLOWED, after_s=2),
    ]
    result = opened(events, late_s=3)
    assert result["out"] == [{"payload": "open"}, *[None] * 5, {"payload": "open"}]
    assert result["said"] == [
        "HERE1: opened",
        "HERE1: told before",
        "NOLIST: on no list",
        "BANNED: deny",
        "LATE1: 43 s old",
        "AHEAD1: -57 s old",
        "NEXT1: opened",
    ]


def test_the_flow_remembers_a_hundred_vehicles(opened, make_event):
    events = [make_event(f"V{number}", watchlist=ALLOWED) for number in range(120)]
    result = opened([*events, events[-1], events[-100]], late_s=1)
    assert [bool(message) for message in result["out"]] == [*[True] * 120, False, False]
