"""What Home Assistant is told: against the keys it documents, its templates on real events."""

import itertools
import json
import re

import pytest

from home_assistant import EVERYTHING, Site, render
from streamer.codec import encode
from streamer.data import ListMatch, Watched
from streamer.sinks.home_assistant import FRESH_S, announcements, device_of, devices
from streamer.version import VERSION

FORMS = ["device", "components"]

# https://www.home-assistant.io/integrations/event.mqtt/ and likewise sensor.mqtt, image.mqtt,
# binary_sensor.mqtt, switch.mqtt and button.mqtt: what all have in common, and each its own.
COMMON = {
    *("availability", "availability_mode", "availability_template", "availability_topic"),
    *("device", "enabled_by_default", "encoding", "entity_category", "entity_picture", "icon"),
    *("json_attributes_template", "json_attributes_topic", "name", "origin"),
    *("payload_available", "payload_not_available", "platform", "qos", "unique_id"),
}
KEYS = {
    "event": {"device_class", "event_types", "state_topic", "value_template"},
    "sensor": {
        *("device_class", "expire_after", "force_update", "last_reset_value_template", "options"),
        *("state_class", "state_topic", "suggested_display_precision", "unit_of_measurement"),
        "value_template",
    },
    "image": {"content_type", "image_encoding", "image_topic", "url_template", "url_topic"},
    "binary_sensor": {
        *("device_class", "expire_after", "force_update", "off_delay", "payload_off"),
        *("payload_on", "state_topic", "value_template"),
    },
    "switch": {
        *("command_template", "command_topic", "device_class", "optimistic", "payload_off"),
        *("payload_on", "retain", "state_off", "state_on", "state_topic", "value_template"),
    },
    "button": {"command_template", "command_topic", "device_class", "payload_press", "retain"},
}
REQUIRED = {
    "event": {"state_topic", "event_types"},
    "sensor": {"state_topic"},
    "image": {"image_topic"},
    "binary_sensor": {"state_topic"},
    "switch": {"command_topic"},
    "button": {"command_topic"},
}
# https://www.home-assistant.io/integrations/mqtt/#mqtt-discovery
DEVICE = {
    *("configuration_url", "connections", "hw_version", "identifiers", "manufacturer", "model"),
    *("model_id", "name", "serial_number", "suggested_area", "sw_version", "via_device"),
}
ORIGIN = {"name", "sw_version", "support_url"}
TOPIC = re.compile(r"homeassistant/\w+/([a-zA-Z0-9_-]+/)?[a-zA-Z0-9_-]+/config")


def told(site=EVERYTHING, form="device"):
    """Topic → payload as it leaves."""
    return {
        topic: json.loads(said.text({}))
        for topic, said in announcements(site, form, "homeassistant").items()
    }


def entities(site=EVERYTHING, form="device"):
    """(platform, configuration) of every component, with the device and the origin it has."""
    for topic, payload in told(site, form).items():
        if form == "components":
            yield topic.split("/")[1], payload
        for config in payload.get("components", {}).values():
            whole = {"device": payload["device"], "origin": payload["origin"]}
            yield config["platform"], config | whole


def camera(id, site=EVERYTHING):
    return told(site)["homeassistant/device/plate-streamer_plates_gate-in/config"]["components"][id]


@pytest.mark.parametrize("form", FORMS)
def test_every_key_is_one_that_home_assistant_documents(form):
    seen = set()
    for platform, config in entities(form=form):
        assert set(config) <= COMMON | KEYS[platform], platform
        assert set(config) >= REQUIRED[platform] | {"unique_id", "name"}, platform
        assert set(config["device"]) <= DEVICE
        assert config["origin"] == {"name": "plate-streamer", "sw_version": VERSION}
        assert all(set(each) == {"topic"} for each in config.get("availability", []))
        seen.add(platform)
    assert seen == set(KEYS)


@pytest.mark.parametrize("form", FORMS)
def test_topics_are_of_the_allowed_characters(form):
    odd = Site("home/plätze", ["gate_in"], ['"quoted" {% list'])
    assert all(TOPIC.fullmatch(topic) for topic in told(odd, form))


def test_a_component_is_the_same_one_in_both_forms():
    """Its unique id, and what Home Assistant calls the discovery id, which a move looks at."""
    found = {}
    for form in FORMS:
        found[form] = {
            (device_of(topic), id, platform)
            for topic, said in announcements(EVERYTHING, form, "a/prefix").items()
            for id, platform in said.parts.items()
        }
        ids = [config["unique_id"] for _, config in entities(form=form)]
        assert len(set(ids)) == len(ids) == len(found[form])
    assert found["device"] == found["components"]
    assert {device for device, _, _ in found["device"]} == {
        f"a/prefix/{device.id}" for device in devices(EVERYTHING)
    }
    by_form = [sorted(config["unique_id"] for _, config in entities(form=form)) for form in FORMS]
    assert by_form[0] == by_form[1]


def test_no_two_daemons_and_cameras_share_a_device():
    sites = [Site(base, ["c", "b_c", "a-2fb"]) for base in ("a", "a/b", "a_b", "a-b", "a-2fb")]
    ids = [device.id for site in sites for device in devices(site)]
    assert len(set(ids)) == len(ids)


def test_cameras_are_devices_behind_the_daemon():
    own, gate, yard = devices(EVERYTHING)
    assert (own.info["name"], gate.info["name"], yard.info["name"]) == (
        "plate-streamer (plates)",
        "gate-in",
        "yard",
    )
    assert gate.info["via_device"] == yard.info["via_device"] == own.id
    for payload in told().values():
        assert payload["device"]["sw_version"] == VERSION
        assert len(payload["device"]["identifiers"]) == 1


def test_availability_follows_what_each_entity_needs():
    needs = {}
    for platform, config in entities():
        needs[config["unique_id"].removeprefix("plate-streamer_plates_")] = [
            each["topic"] for each in config.get("availability", [])
        ]
        assert config.get("availability_mode", "all") == "all", platform
    both = ["plates/status", "plates/gate-in/status"]
    assert needs["connection"] == []  # it is what tells of the daemon itself
    assert needs["gate-in_connection"] == needs["gate-in_pause"] == ["plates/status"]
    assert needs["gate-in_event"] == needs["gate-in_snapshot"] == both
    assert needs["gate-in_list_residents"] == both
    assert needs["gate-in_plate"] == needs["gate-in_crop"] == ["plates/status"]


def test_the_main_entity_is_called_like_its_device():
    assert [id for id, config in devices(EVERYTHING)[1].components.items() if not config["name"]]
    assert camera("event")["name"] is None


def test_only_what_is_obeyed_and_counted_is_offered():
    bare = {config["unique_id"].rpartition("_")[2] for _, config in entities(Site("p", ["c"]))}
    assert {"pause", "snapshot", "image"} <= bare
    assert "occupancy" not in bare
    deaf = Site("p", ["c"], commands=())
    assert not {"switch", "button"} & {platform for platform, _ in entities(deaf)}
    assert not any(config.get("image_topic") == "p/c/image" for _, config in entities(deaf))


def watched(verdict, *lists):
    matches = [ListMatch(name, verdict, "AB123CD", "exact", 0.0, None) for name in lists]
    return Watched(verdict, tuple(matches))


@pytest.mark.parametrize(
    ("watchlist", "kind"),
    [
        (watched("allow", "residents"), "allowed"),
        (watched("deny", "banned"), "denied"),
        (watched("notify", "police"), "notify"),
        (None, "unknown"),
    ],
)
def test_an_event_gets_its_type_from_the_verdict(make_event, watchlist, kind):
    event = make_event(watchlist=watchlist, owner={"name": 'Ö\'Neil "<b>"'}, reasons=("a & b",))
    payload = json.loads(render(camera("event")["value_template"], encode(event)))
    assert payload.pop("event_type") == kind
    assert kind in camera("event")["event_types"]
    whole = json.loads(encode(event))
    assert payload == {key: whole[key] for key in payload}
    assert set(payload) == {
        *("id", "camera", "plate", "confidence", "read_at", "direction", "way", "speed"),
        *("watchlist", "owner", "reasons"),
    }
    attributes = render(camera("plate")["json_attributes_template"], encode(event))
    assert json.loads(attributes) == payload
    assert render(camera("plate")["value_template"], encode(event)) == event.plate


def test_an_event_of_before_ways_and_reasons_renders_too(make_event):
    whole = json.loads(encode(make_event()))
    del whole["way"], whole["reasons"], whole["speed"]
    payload = json.loads(render(camera("event")["value_template"], json.dumps(whole)))
    assert payload["event_type"] == "unknown"


@pytest.mark.parametrize("name", ["residents", "o'neil", 'a "b" \\ c', "{{ 1 }}", "Gäste 🚗", "%}"])
def test_a_lists_sensor_is_for_that_list_and_for_fresh_events_only(make_event, name):
    template = camera("list_" + _id(name), Site("plates", ["gate-in"], [name]))["value_template"]
    on = encode(make_event(watchlist=watched("allow", "other", name)))
    assert render(template, on, late_s=1) == "ON"
    assert render(template, on, late_s=FRESH_S + 1) == ""
    for watchlist in (None, watched("allow", "other"), watched("deny")):
        assert render(template, encode(make_event(watchlist=watchlist)), late_s=1) == ""


def _id(name):
    components = devices(Site("plates", ["gate-in"], [name]))[1].components
    return next(id.removeprefix("list_") for id in components if id.startswith("list_"))


def test_two_lists_never_share_a_sensor():
    names = ["a b", "a-b", "a_b", "a-20b", "ä", "A"]
    assert all(_id(one) != _id(other) for one, other in itertools.combinations(names, 2))


def test_the_occupancy_is_read_from_what_is_counted():
    occupancy = told()["homeassistant/device/plate-streamer_plates/config"]["components"]
    counted = json.dumps({"occupancy": 3, "capacity": None, "at": "2026-01-02T03:04:05.678Z"})
    assert render(occupancy["occupancy"]["value_template"], counted) == "3"


def test_what_was_there_before_is_removed_by_its_platform_alone():
    topic = "homeassistant/device/plate-streamer_plates_gate-in/config"
    said = announcements(EVERYTHING, "device", "homeassistant")[topic]
    former = {"list_former": "binary_sensor", "event": "event"}
    components = json.loads(said.text(former))["components"]
    assert components.pop("list_former") == {"platform": "binary_sensor"}
    assert components == json.loads(said.text({}))["components"]
