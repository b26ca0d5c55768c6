"""Commands over MQTT that make no sense, come too often or cannot be obeyed: harmless, and told."""

import json
import logging
import threading
import time

import pytest

from broker import Mosquitto, Subscriber, wait_until
from mqtt_gate import asking, commanded, publishing
from mqtt_sinks import Door, running
from streamer.sinks.mqtt_commands import MOST_WAITING

pytestmark = pytest.mark.usefixtures("impatient")
ALL = ("pause", "snapshot", "watchlist")


def test_nobody_makes_us_write_where_they_may_not(shared_broker, topic):
    with (
        Subscriber(shared_broker, f"{topic}/gate/last") as heard,
        commanded(shared_broker, topic) as (gate, publisher),
    ):
        gate.sees()
        properties = asking(f"{topic}/gate/last")
        publisher.publish(f"{topic}/gate/snapshot", "", 1, properties=properties)
        gate.wait_for("snapshot", "malformed")
        assert heard.messages == []


@pytest.mark.parametrize(
    ("command", "payload", "outcome", "said"),
    [
        ("gate/set", b"halt", ("set", "malformed"), "'halt' should be pause or resume"),
        ("gate/set", b"", ("set", "malformed"), "'' should be"),
        ("gate/set", b"\xff\xfe\0\n", ("set", "malformed"), "should be pause or resume"),
        ("gate/set", b"pause" * 9000, ("set", "malformed"), "should be pause or resume"),
        ("yard/snapshot", b"", ("snapshot", "refused"), "no frame has come yet"),
        ("watchlist/add", b"{", ("watchlist_add", "malformed"), "EOF"),
        ("watchlist/add", b"[" * 4000, ("watchlist_add", "malformed"), "request: "),
        ("watchlist/add", b"\xff", ("watchlist_add", "malformed"), "request: "),
        ("watchlist/add", b'{"list": 1}', ("watchlist_add", "malformed"), "list: Input should be"),
        ("watchlist/add", b" " * 5000, ("watchlist_add", "malformed"), "5000 bytes; 4096 at most"),
        (
            "watchlist/remove",
            b'{"list": "residents", "plate": "A", "color\\n\\u001b[31m": 1}',
            ("watchlist_remove", "malformed"),
            "color??[31m: Extra inputs",
        ),
        (
            "watchlist/add",
            b'{"list": "thieves", "plate": "A"}',
            ("watchlist_add", "refused"),
            "no watchlist 'thieves'",
        ),
    ],
)
def test_nonsense_is_told_and_does_nothing(
    shared_broker, topic, caplog, command, payload, outcome, said
):
    with commanded(shared_broker, topic, commands=ALL) as (gate, publisher):
        publisher.publish(f"{topic}/{command}", payload, 1)
        gate.wait_for(*outcome)
        assert gate.lists.done == []
        assert not gate.controls.camera("gate").paused
        publisher.publish(f"{topic}/gate/set", "pause", 1)  # and the next is obeyed
        gate.wait_for("set", "done")
    (line,) = [r.getMessage() for r in caplog.records if r.levelno >= logging.WARNING]
    assert said in line
    assert line.startswith(f"mqtt command on {topic}/{command} ({outcome[1]}): ")
    assert len(line) < 700


def test_much_nonsense_is_one_line_in_the_log(shared_broker, topic, caplog, monkeypatch):
    monkeypatch.setattr("streamer.sinks.mqtt_commands.REMIND_S", 3600.0)
    with commanded(shared_broker, topic) as (gate, publisher):
        complaints = gate.sink._commands._complaints
        for _ in range(10):
            publisher.publish(f"{topic}/gate/set", "halt", 1)
        wait_until(lambda: complaints._unsaid == 9)
        assert caplog.text.count("should be pause or resume") == 1
        complaints._silent_until_s = 0.0  # the hour is over
        publisher.publish(f"{topic}/gate/set", "halt", 1)
        wait_until(lambda: "(9 more before it)" in caplog.text)


def test_a_flood_neither_fills_the_memory_nor_holds_up_events(
    shared_broker, topic, make_event, monkeypatch
):
    """While the first command takes its time, events are acknowledged; too many are dropped."""
    over = threading.Event()
    with (
        Subscriber(shared_broker, f"{topic}/gate/event") as heard,
        running(shared_broker, ["gate"], base_topic=topic, client_id=topic) as (sink, _),
        publishing(shared_broker) as publisher,
    ):
        wait_until(lambda: f"Sending SUBACK to {topic}" in shared_broker.log())
        commands, obeyed, outcomes = sink._commands, [], []
        monkeypatch.setattr(commands, "_on_command", lambda *what: outcomes.append(what))
        monkeypatch.setattr(
            commands._controls, "pause", lambda *what: obeyed.append(what) or over.wait(60)
        )
        for _ in range(MOST_WAITING + 30):
            publisher.publish(f"{topic}/gate/set", "pause")
        wait_until(lambda: ("set", "dropped") in outcomes)
        sink.send(make_event())
        wait_until(lambda: heard.messages)
        assert len(obeyed) == 1
        started = time.monotonic()
    assert time.monotonic() - started < 30  # nor does the end wait for it
    over.set()
    commands._thread.join(60)
    assert not commands._thread.is_alive()
    assert len(obeyed) == 1  # what waited is not obeyed any more


def test_what_cannot_be_remembered_is_not_done(shared_broker, topic, caplog):
    class Full:
        def note(self, key, value):
            raise RuntimeError("the disk is full")

    with commanded(shared_broker, topic) as (gate, publisher):
        gate.controls.notes = Full()
        publisher.publish(f"{topic}/gate/set", "pause", 1)
        gate.wait_for("set", "failed")
        assert not gate.controls.camera("gate").paused
    assert "the disk is full" in caplog.text


def test_a_broker_that_lets_us_not_listen_is_told_of(shared_broker, topic, make_event, caplog):
    with (
        Door(shared_broker, no_subscriptions=True) as door,
        running(door, ["gate"], base_topic=topic, discovery="off") as (sink, _),
    ):
        wait_until(lambda: "does not let us listen" in caplog.text)
        sink.send(make_event())  # goes all the same
    told = [r.getMessage() for r in caplog.records]
    where = f"broker 127.0.0.1:{door.port} does not let us listen to {topic}/gate"
    assert told == [f"{where}/set: Not authorized", f"{where}/snapshot: Not authorized"]


def test_a_picture_that_the_broker_does_not_take_is_refused(topic):
    with (
        Mosquitto(settings="max_packet_size 700") as broker,
        commanded(broker, topic) as (gate, publisher),
        Subscriber(broker, "answer") as heard,
    ):
        gate.sees()
        publisher.publish(f"{topic}/gate/snapshot", "", 1, properties=asking("answer"))
        gate.wait_for("snapshot", "refused")
        wait_until(lambda: heard.messages)
        assert "does not take the picture" in json.loads(heard.messages[0].payload)["error"]


def test_a_retained_command_of_last_week_does_nothing(shared_broker, topic):
    with commanded(shared_broker, topic) as (_, publisher):
        publisher.publish(f"{topic}/yard/set", "pause", 1, retain=True).wait_for_publish(60)
    with commanded(shared_broker, topic) as (gate, publisher):
        gate.wait_for("set", "retained")
        publisher.publish(f"{topic}/gate/set", "pause", 1)
        gate.wait_for("set", "done")
        assert not gate.controls.camera("yard").paused
        publisher.publish(f"{topic}/yard/set", "", 1, retain=True)
