"""What of Home Assistant's discovery is at a real broker, and when."""

import json
import time
import uuid
from contextlib import contextmanager

import pytest

from broker import Subscriber, wait_until
from streamer.app import PARTS
from streamer.config import ConfigError, parse_config
from streamer.controls import Controls, NoWatchlists
from streamer.errors import UserError
from streamer.sinks import home_assistant_discovery
from streamer.sinks.home_assistant_discovery import NOTE, HomeAssistant
from streamer.sinks.mqtt import MqttSink, unheard
from streamer.sinks.store import Store

MIGRATE = {"migrate_discovery": True}


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    monkeypatch.setattr("streamer.sinks.mqtt_link.FIRST_RECONNECT_S", 0.1)
    monkeypatch.setattr(home_assistant_discovery, "HANDOVER_S", 0.2)
    monkeypatch.setattr(home_assistant_discovery, "LONGEST_DELAY_S", 0.2)


@pytest.fixture
def prefix():
    return f"discovery-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def store():
    store = Store(":memory:")
    store.open()
    yield store
    store.close()


class Named(NoWatchlists):
    """Watchlists of which only the names matter."""

    def __init__(self, *names):
        self.names = names


def start(broker, prefix, notes=None, cameras=("gate",), lists=(), parking=False, **options):
    """A daemon's sink, connected."""
    controls = Controls(cameras, Named(*lists))
    controls.notes = notes
    options = {"discovery_prefix": prefix, "base_topic": "p"} | options
    options |= {"host": broker.host, "port": broker.port}
    sink, said = MqttSink(controls, unheard, parking, **options), []
    sink.start(said.append)
    wait_until(lambda: said, what="not connected")
    assert said == [None]
    return sink


def end(sink):
    sink.close(2.0)
    sink._home_assistant._thread.join(60)


@contextmanager
def running(*given, **options):
    """`start`; what it changes at the broker it has changed at the end."""
    sink = start(*given, **options)
    try:
        yield sink
        wait_until(lambda: not sink._home_assistant._unsettled)
    finally:
        end(sink)


def retained(broker, prefix):
    """What is announced there: topic, without the prefix → payload."""
    mark = f"{prefix}/end/{uuid.uuid4().hex}"
    with Subscriber(broker, f"{prefix}/#") as heard:
        heard._client.publish(mark, "", qos=1)
        wait_until(lambda: heard.of(mark))  # the broker sends what is retained before
        return {
            message.topic.removeprefix(prefix + "/"): json.loads(message.payload)
            for message in heard.messages
            if message.retain and message.topic.endswith("/config")
        }


def holds(broker, prefix, topics):
    """The broker comes to retain these, and no others."""
    wait_until(lambda: set(retained(broker, prefix)) == topics)


def held(broker, prefix, form):
    """What the broker retains once it is all of one camera and the daemon, in this form."""
    wait_until(lambda: len(retained(broker, prefix)) == SIZES[form])
    return retained(broker, prefix)


SIZES = {"device": 2, "components": 8}
DEVICES = {"device/plate-streamer_p/config", "device/plate-streamer_p_gate/config"}


def test_a_device_is_there_from_the_start_and_before_the_first_event(
    shared_broker, prefix, make_event
):
    base = f"{prefix}/base"
    with (
        Subscriber(shared_broker, f"{prefix}/#") as heard,
        running(shared_broker, prefix, base_topic=base) as sink,
    ):
        sink.send(make_event())
        wait_until(lambda: heard.of(f"{base}/gate/event"))
        topics = [message.topic for message in heard.messages]
        said = [topic for topic in topics if topic.endswith("/config")]
        assert len(said) == 2
        assert max(map(topics.index, said)) < topics.index(f"{base}/gate/event")
    holds(shared_broker, prefix, {topic.removeprefix(prefix + "/") for topic in said})


def test_without_notes_it_is_announced_all_the_same(shared_broker, prefix):
    with running(shared_broker, prefix):
        holds(shared_broker, prefix, DEVICES)
    holds(shared_broker, prefix, DEVICES)  # an end is no removal


def test_the_occupancy_is_announced_where_parking_is_watched(shared_broker, prefix):
    with running(shared_broker, prefix, parking=True):
        own = held(shared_broker, prefix, "device")["device/plate-streamer_p/config"]
        assert own["components"]["occupancy"]["state_topic"] == "p/parking"


@pytest.mark.parametrize("status", ["homeassistant/status", "its own"])
def test_it_is_announced_again_when_home_assistant_comes(broker, prefix, status):
    topic = status if status != "its own" else f"{prefix}/status"
    with Subscriber(broker, f"{prefix}/device/#") as heard, running(broker, prefix):
        wait_until(lambda: len(heard.messages) == 2)
        heard._client.publish(topic, "offline", qos=1)
        heard._client.publish(topic, "online", qos=1)
        wait_until(lambda: len(heard.messages) == 4)
        time.sleep(0.3)
        assert len(heard.messages) == 4


def test_what_was_retained_is_no_birth(broker, prefix):
    with Subscriber(broker, f"{prefix}/device/#") as heard:
        heard._client.publish("homeassistant/status", "online", qos=1, retain=True)
        with running(broker, prefix):
            wait_until(lambda: len(heard.messages) == 2)
            time.sleep(0.5)
            assert len(heard.messages) == 2


def test_it_is_announced_again_after_an_outage(broker, prefix):
    with running(broker, prefix):
        holds(broker, prefix, DEVICES)
        broker.kill()  # it had written down nothing
        broker.start()
        holds(broker, prefix, DEVICES)


def test_cameras_that_are_gone_are_removed(shared_broker, prefix, store):
    with running(shared_broker, prefix, store, ["gate", "yard"]):
        pass
    yard = "device/plate-streamer_p_yard/config"
    holds(shared_broker, prefix, DEVICES | {yard})
    with Subscriber(shared_broker, f"{prefix}/{yard}") as heard:
        with running(shared_broker, prefix, store):
            pass
        wait_until(lambda: b"" in [message.payload for message in heard.messages])
    holds(shared_broker, prefix, DEVICES)
    assert set(json.loads(store.noted(NOTE))) == {f"{prefix}/{topic}" for topic in DEVICES}


def test_watchlists_that_are_gone_are_removed_by_their_platform(shared_broker, prefix, store):
    def lists():
        gate = held(shared_broker, prefix, "device")["device/plate-streamer_p_gate/config"]
        return {id: c for id, c in gate["components"].items() if id.startswith("list_")}

    with running(shared_broker, prefix, store, lists=["a", "b"]):
        pass
    wait_until(lambda: set(lists()) == {"list_a", "list_b"})
    with running(shared_broker, prefix, store, lists=["a"]):
        pass
    wait_until(lambda: lists()["list_b"] == {"platform": "binary_sensor"})
    with running(shared_broker, prefix, store, lists=["a"]):
        pass
    wait_until(lambda: set(lists()) == {"list_a"})


def test_in_the_form_of_components_they_are_removed_too(shared_broker, prefix, store):
    options = {"discovery": "components"}
    with running(shared_broker, prefix, store, lists=["a"], **options):
        pass
    wait_until(lambda: len(retained(shared_broker, prefix)) == 9)
    before = retained(shared_broker, prefix)
    with Subscriber(shared_broker, f"{prefix}/#") as heard:
        with running(shared_broker, prefix, store, **options):
            pass
        gone = f"{prefix}/binary_sensor/plate-streamer_p_gate/list_a/config"
        wait_until(lambda: b"" in [m.payload for m in heard.of(gone)])
        assert json.dumps(MIGRATE).encode() not in [m.payload for m in heard.messages]
    holds(shared_broker, prefix, set(before) - {gone.removeprefix(f"{prefix}/")})


@pytest.mark.parametrize("forms", [("device", "components"), ("components", "device")])
def test_a_change_of_form_moves_what_there_is(shared_broker, prefix, store, forms):
    """Unload, announce, clear, in this order: Home Assistant then keeps names and rooms."""
    with running(shared_broker, prefix, store, discovery=forms[0]):
        pass
    before = held(shared_broker, prefix, forms[0])
    with Subscriber(shared_broker, f"{prefix}/#") as heard:
        with running(shared_broker, prefix, store, discovery=forms[1]):
            pass
        wait_until(lambda: sum(not m.payload for m in heard.messages) == len(before))
        live = [m for m in heard.messages if not m.retain and m.topic.endswith("/config")]
    after = held(shared_broker, prefix, forms[1])
    assert not set(before) & set(after)
    assert MIGRATE not in after.values()
    kinds = {json.dumps(MIGRATE).encode(): "unload", b"": "clear"}
    n = len(before)
    assert [kinds.get(m.payload, "say") for m in live] == [
        *["unload"] * n,
        *["say"] * len(after),
        *["clear"] * n,
    ]
    assert {m.topic for m in live[:n]} == {m.topic for m in live[-n:]}


@pytest.mark.parametrize("form", ["device", "components"])
@pytest.mark.parametrize("change", [{"discovery": "off"}, {"discovery_prefix": "other/{prefix}"}])
def test_off_and_another_prefix_remove_all(shared_broker, prefix, store, form, change):
    with running(shared_broker, prefix, store, discovery=form):
        pass
    before = held(shared_broker, prefix, form)
    change = {key: value.format(prefix=prefix) for key, value in change.items()}
    with running(shared_broker, prefix, store, **({"discovery": form} | change)):
        pass
    holds(shared_broker, prefix, set())
    if "discovery_prefix" in change:
        assert held(shared_broker, change["discovery_prefix"], form) == before


def test_what_was_not_finished_is_done_next_time(shared_broker, prefix, store, monkeypatch):
    with running(shared_broker, prefix, store):
        pass
    monkeypatch.setattr(home_assistant_discovery, "HANDOVER_S", 60.0)
    with Subscriber(shared_broker, f"{prefix}/device/#") as heard:
        sink = start(shared_broker, prefix, store, discovery="components")
        migrate = json.dumps(MIGRATE).encode()
        wait_until(lambda: migrate in [message.payload for message in heard.messages])
        end(sink)
    monkeypatch.setattr(home_assistant_discovery, "HANDOVER_S", 0.1)
    with running(shared_broker, prefix, store, discovery="components"):
        pass
    assert not set(held(shared_broker, prefix, "components")) & DEVICES


def test_a_change_that_an_outage_fell_into_is_made_again(shared_broker, prefix, store, monkeypatch):
    with running(shared_broker, prefix, store):
        pass
    migrate, say, outages = json.dumps(MIGRATE).encode(), HomeAssistant._say, []

    def say_and_connect_anew(self, topic, payload):
        say(self, topic, payload)
        if not outages:
            outages.append(topic)
            self.up()

    monkeypatch.setattr(HomeAssistant, "_say", say_and_connect_anew)
    with Subscriber(shared_broker, f"{prefix}/device/#") as heard:
        with running(shared_broker, prefix, store, discovery="components"):
            pass
        wait_until(
            lambda: [m.payload for m in heard.messages].count(migrate) == 2 * SIZES["device"]
        )
    held(shared_broker, prefix, "components")


class Failing:
    """A store whose disk is full."""

    def note(self, key, value):
        raise UserError("the disk is full")

    def noted(self, key):
        raise UserError("the disk is full")


def test_a_failing_store_costs_only_the_memory(shared_broker, prefix, caplog):
    with running(shared_broker, prefix, Failing()):
        pass
    holds(shared_broker, prefix, DEVICES)
    assert caplog.text.count("the disk is full") == 2


@pytest.mark.parametrize("note", ["{", '["topic"]'])
def test_a_note_that_is_no_note_costs_only_the_memory(shared_broker, prefix, store, caplog, note):
    store.note(NOTE, note)
    with running(shared_broker, prefix, store):
        pass
    holds(shared_broker, prefix, DEVICES)
    assert "is not known" in caplog.text
    assert json.loads(store.noted(NOTE))


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("discovery: yes", "discovery: 'yes' should be 'device', 'components' or 'off'"),
        ("discovery_prefix: a/+", "discovery_prefix: 'a/+': no part of a topic may be empty"),
        ("discovery_prefix: a/", "discovery_prefix: 'a/': no part"),
    ],
)
def test_settings_that_cannot_work_are_named(option, fault):
    text = f"cameras: [{{name: a, url: b.mp4}}]\nsinks: {{mqtt: {{host: h, {option}}}}}\n"
    with pytest.raises(ConfigError) as caught:
        parse_config(text, PARTS)
    assert fault in str(caught.value)


def test_off_is_a_word_as_it_stands():
    text = "cameras: [{name: a, url: b.mp4}]\nsinks: {mqtt: {host: h, discovery: off}}\n"
    assert parse_config(text, PARTS).sinks["mqtt"].options["discovery"] == "off"
