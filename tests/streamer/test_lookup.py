"""Asking for owners: never for long, once per plate, and later into the stored event."""

import logging
import threading
from dataclasses import replace

import pytest

from broker import wait_until
from streamer.enrich import lookup as lookup_module
from streamer.enrich.breaker import Breaker
from streamer.enrich.lookup import Lookup, LookupFailed
from streamer.errors import UserError
from streamer.metrics import Metrics
from streamer.sinks.outbox import Outbox

MILLER = {"name": "Miller"}


class Clock:
    now_s = 0.0

    def __call__(self):
        return self.now_s


def test_the_breaker_opens_rests_and_tries_one():
    clock = Clock()
    breaker = Breaker(2, 30.0, clock)
    assert breaker.admits()
    assert not breaker.failed()
    assert breaker.admits()
    assert breaker.failed(), "the second opens it"
    assert (breaker.is_open, breaker.rests, breaker.admits()) == (True, True, False)
    clock.now_s = 29.9
    assert not breaker.admits()
    clock.now_s = 30.0
    assert not breaker.rests
    assert breaker.admits()
    assert not breaker.admits(), "one is enough to see"
    assert not breaker.failed(), "it was open"
    clock.now_s = 59.9
    assert not breaker.admits()
    clock.now_s = 60.0
    assert breaker.admits()
    breaker.succeeded()
    assert (breaker.is_open, breaker.admits(), breaker.admits()) == (False, True, True)


def test_a_success_between_failures_keeps_it_closed():
    breaker = Breaker(2, 30.0)
    for _ in range(3):
        breaker.failed()
        breaker.succeeded()
    assert not breaker.is_open


class Registry:
    """Answers when it is let, and knows how often it was asked."""

    def __init__(self, owners):
        self.owners = owners
        self.asked = []
        self.lets = threading.Event()
        self.lets.set()

    def __call__(self, plate):
        self.asked.append(plate)
        assert self.lets.wait(120)
        owner = self.owners.get(plate)
        if isinstance(owner, Exception):
            raise owner
        return owner


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def outbox(tmp_path):
    outbox = Outbox(tmp_path / "events.sqlite3", ["memory"])
    outbox.open()
    yield outbox
    outbox.close()


@pytest.fixture
def looked_up(metrics, outbox):
    """`looked_up(registry, wait_s, …)`: a look-up that runs."""
    stops = []

    def make(registry, wait_s=60.0, ttl_s=60.0, breaker=None):
        lookup = Lookup(
            registry,
            outbox.amend,
            metrics,
            breaker=breaker or Breaker(3, 60.0),
            ttl_s=ttl_s,
            wait_s=wait_s,
        )
        stops.append(lookup.start())
        return lookup

    yield make
    for stop in stops:
        stop()


def counted(metrics, outcome):
    return metrics.registry.get_sample_value("anpr_owner_lookups_total", {"outcome": outcome}) or 0


def test_an_owner_who_is_known_in_time_is_in_the_event(looked_up, make_event, metrics):
    lookup = looked_up(Registry({"AB1": MILLER}))
    assert lookup(make_event("AB1")).owner == MILLER
    assert lookup(make_event("CD2")).owner is None
    assert (counted(metrics, "found"), counted(metrics, "unknown")) == (1, 1)


def test_answers_are_remembered_that_nobody_is_known_too(looked_up, make_event, metrics):
    registry = Registry({"AB1": MILLER})
    lookup = looked_up(registry)
    for _ in range(3):
        assert lookup(make_event("AB1")).owner == MILLER
        assert lookup(make_event("CD2")).owner is None
    assert registry.asked == ["AB1", "CD2"]
    assert counted(metrics, "cached") == 4


def test_what_is_remembered_grows_old(looked_up, make_event):
    registry = Registry({"AB1": MILLER})
    lookup = looked_up(registry, ttl_s=0.0)
    lookup(make_event("AB1"))
    assert lookup(make_event("AB1")).owner == MILLER
    assert registry.asked == ["AB1", "AB1"]


def test_a_late_answer_is_put_into_the_stored_event(looked_up, make_event, outbox):
    registry = Registry({"AB1": MILLER})
    registry.lets.clear()
    lookup = looked_up(registry, wait_s=0.0)
    first, second = lookup(make_event("AB1")), lookup(make_event("AB1"))
    assert (first.owner, second.owner) == (None, None)
    outbox.accept(first, 0.0)
    registry.lets.set()  # the other is accepted later than the answer comes
    wait_until(lambda: '"Miller"' in outbox.oldest("memory").json)
    outbox.accept(second, 0.0)
    parcel = lambda: outbox.oldest("memory", [first.id])  # noqa: E731
    wait_until(lambda: '"Miller"' in parcel().json)
    assert registry.asked == ["AB1"], "one question is enough"


def test_an_event_that_is_never_stored_is_given_up(looked_up, make_event, monkeypatch, caplog):
    monkeypatch.setattr(lookup_module, "AMENDING_S", 0.2)
    registry = Registry({"AB1": MILLER})
    registry.lets.clear()
    lookup = looked_up(registry, wait_s=0.0)
    event = lookup(make_event("AB1"))
    registry.lets.set()
    wait_until(lambda: f"event {event.id} is not stored; its owner cannot be" in caplog.text)
    assert "Miller" not in caplog.text


def test_a_store_that_fails_for_a_while_is_tried_again(metrics, make_event):
    tries, changed = [], []

    def amend(event_id, change):
        tries.append(event_id)
        if len(tries) < 3:
            raise UserError("the disk is full")
        changed.append(change)
        return True

    registry = Registry({"AB1": MILLER})
    registry.lets.clear()
    lookup = Lookup(registry, amend, metrics, breaker=Breaker(3, 1), ttl_s=60, wait_s=0)
    stop = lookup.start()
    event = lookup(make_event("AB1"))
    registry.lets.set()
    wait_until(lambda: changed)
    stop()
    assert changed[0](replace(event, snapshot="x.jpg")).owner == MILLER
    assert changed[0](replace(event, snapshot="x.jpg")).snapshot == "x.jpg"


def test_failures_cost_the_owner_and_open_the_breaker(looked_up, make_event, metrics, caplog):
    caplog.set_level(logging.INFO)
    clock = Clock()
    fault = LookupFailed("registry did not answer in 3 s")
    registry = Registry({f"AB{n}": fault for n in range(9)})
    lookup = looked_up(registry, breaker=Breaker(3, 30.0, clock))
    for n in range(9):
        assert lookup(make_event(f"AB{n}")).owner is None
    assert registry.asked == ["AB0", "AB1", "AB2"]
    assert (counted(metrics, "failed"), counted(metrics, "skipped")) == (3, 6)
    assert metrics.registry.get_sample_value("anpr_owner_breaker_open") == 1
    assert caplog.text.count("registry did not answer in 3 s") == 1
    clock.now_s = 30.0
    assert lookup(make_event("CD2")).owner is None
    assert registry.asked[3:] == ["CD2"]
    assert metrics.registry.get_sample_value("anpr_owner_breaker_open") == 0
    assert "answered again" in caplog.text


def test_failures_are_not_remembered(looked_up, make_event):
    registry = Registry({"AB1": LookupFailed("away")})
    lookup = looked_up(registry)
    lookup(make_event("AB1"))
    registry.owners["AB1"] = MILLER
    assert lookup(make_event("AB1")).owner == MILLER


def test_an_error_nobody_expected_ends_no_thread_and_tells_no_owner(looked_up, make_event, caplog):
    registry = Registry({f"AB{n}": KeyError("Miller") for n in range(2)} | {"CD2": MILLER})
    lookup = looked_up(registry)
    for n in range(2):
        lookup(make_event(f"AB{n}"))
    assert lookup(make_event("CD2")).owner == MILLER
    assert "KeyError, which nobody expected" in caplog.text
    assert "Miller" not in caplog.text


def test_too_many_questions_are_dropped_and_counted(looked_up, make_event, metrics):
    registry = Registry({})
    registry.lets.clear()
    lookup = looked_up(registry, wait_s=0.0)
    lookup(make_event("AA1"))
    lookup(make_event("AA2"))
    wait_until(lambda: len(registry.asked) == lookup_module.THREADS)
    for n in range(lookup_module.WAITING + 5):
        lookup(make_event(f"BB{n}"))
    assert counted(metrics, "dropped") == 5
    registry.lets.set()
    wait_until(lambda: counted(metrics, "unknown") == lookup_module.WAITING + 2)
