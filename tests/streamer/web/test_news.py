"""Hearing of events as they happen, over a real server."""

import asyncio
import json
import threading
import time
from dataclasses import replace

import pytest

from live_gate import news, served, until
from streamer.data import PARKING, SCHEMA
from streamer.web import news as news_module
from streamer.web.hub import BACKLOG, Full, Hub, News


@pytest.fixture
def server(site):
    with served(site) as server:
        yield server


def listen(server, **headers):
    """The messages that come, without those that tell how it begins."""
    answer = server.get("/events/live", stream=True, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    messages = news(answer)
    assert next(messages) == {"retry": "2000"}
    cameras = [next(messages) for _ in range(2)]
    assert [json.loads(one["data"])["name"] for one in cameras] == ["in", "out"]
    return answer, messages


def test_a_plate_comes_as_the_archive_has_it(site, server, make_event):
    answer, messages = listen(server)
    event = site.watchlists(make_event(camera="in", plate="CFG1"))
    server.take(event)
    message = next(messages)
    assert (message["event"], message["id"]) == ("plate", event.id)
    assert json.loads(message["data"]) == site.get(f"/events/{event.id}")
    answer.close()
    until(lambda: server.hub.listeners == 0)


def test_an_event_that_became_known_better_is_told_again(server, make_event):
    answer, messages = listen(server)
    event = make_event(camera="in")
    server.take(event)
    server.take(replace(event, owner={"name": "B. Brown"}))
    owners = [json.loads(next(messages)["data"])["event"]["owner"] for _ in range(2)]
    assert owners == [None, {"name": "B. Brown"}]
    answer.close()


def test_the_car_park_is_told_of(server, make_parking):
    answer, messages = listen(server)
    event = make_parking()
    news_module.telling(lambda _: None, server.hub)(event)
    message = next(messages)
    assert message["event"] == "parking"
    assert "id" not in message
    told = json.loads(message["data"])
    assert (told["schema"], told["id"]) == (PARKING, event.id)
    assert {SCHEMA, PARKING} == news_module.KINDS
    answer.close()


def test_cameras_are_told_of_when_they_change(server):
    answer, messages = listen(server)
    controls = server.portal.controls
    for change in (
        lambda: controls.arriving("in", True),
        lambda: controls.pause("in"),
        lambda: controls.arriving("in", False),
    ):
        change()
    told = [next(messages) for _ in range(3)]
    assert {one["event"] for one in told} == {"camera"}
    cameras = [json.loads(one["data"]) for one in told]
    assert (cameras[-1]["name"], cameras[-1]["up"], cameras[-1]["paused"]) == ("in", False, True)
    answer.close()


def test_what_was_missed_is_told_first(site, server, make_event):
    events = [make_event(camera="in", plate=f"AB{number}CD") for number in range(250)]
    events.sort(key=lambda one: one.id)
    site.take(*events)
    answer, messages = listen(server, **{"Last-Event-ID": events[9].id})
    assert [next(messages)["id"] for _ in range(240)] == [one.id for one in events[10:]]
    latest = make_event(camera="in")
    server.take(latest)
    assert next(messages)["id"] == latest.id
    answer.close()


def test_what_comes_while_the_missed_is_told_is_not_told_twice(site, server, make_event):
    first, second, third = sorted((make_event(camera="in") for _ in range(3)), key=lambda e: e.id)
    site.take(first)
    after = site.archive.after

    def slow(*what):  # the second comes after the listener, and before the archive is asked
        server.take(second)
        return after(*what)

    site.archive.after = slow
    answer, messages = listen(server, **{"Last-Event-ID": first.id})
    assert next(messages)["id"] == second.id
    site.archive.after = after
    server.take(third)
    told = next(messages)
    assert told["id"] == third.id
    answer.close()


@pytest.mark.parametrize("last", ["", "17", "'; DROP TABLE events", "0" * 36])
def test_a_last_id_that_is_none_is_passed_over(server, make_event, last):
    answer, messages = listen(server, **{"Last-Event-ID": last})
    event = make_event(camera="in")
    server.take(event)
    assert next(messages)["id"] == event.id
    answer.close()


def test_a_sign_of_life_comes_while_nothing_happens(server, monkeypatch):
    monkeypatch.setattr(news_module, "HEARTBEAT_S", 0.1)
    answer, messages = listen(server)
    assert [next(messages) for _ in range(3)] == [{"": "still here"}] * 3
    answer.close()


def test_after_an_hour_a_browser_has_to_come_again(server, monkeypatch):
    monkeypatch.setattr(news_module, "HEARTBEAT_S", 0.1)
    monkeypatch.setattr(news_module, "LONGEST_S", 0.3)
    _, messages = listen(server)
    assert all(one == {"": "still here"} for one in messages)


def test_it_ends_at_once_with_the_server(site):
    with served(site) as server:
        _, messages = listen(server)
        assert server.stop() < 10  # the next heartbeat would come later
        assert list(messages) == []
        assert server.hub.listeners == 0


def test_so_many_may_listen(site):
    with served(site, hub=Hub(most=2)) as server:
        open_ones = [listen(server) for _ in range(2)]
        until(lambda: server.hub.listeners == 2)
        refused = server.get("/events/live")
        assert refused.status_code == 503
        assert refused.headers["retry-after"] == "10"
        open_ones[0][0].close()
        until(lambda: server.hub.listeners == 1)
        open_ones.append(listen(server))
        for answer, _ in open_ones:
            answer.close()


def test_listeners_cost_no_thread(server):
    before = threading.active_count()
    open_ones = [listen(server) for _ in range(30)]
    assert server.hub.listeners == 30
    # the server's pool begins threads for what is quick, whoever asks
    assert threading.active_count() - before < 25
    for answer, _ in open_ones:
        answer.close()
    until(lambda: server.hub.listeners == 0)


def test_strangers_hear_nothing(site):
    site.be(None)
    site.get("/events/live", 401)


def told(count):
    return [News("camera", number) for number in range(count)]


def test_who_is_too_slow_is_sent_away():
    async def listening():
        hub = Hub()
        with hub.listening() as slow:
            for one in told(BACKLOG):
                hub.tell(one)
            await asyncio.sleep(0)
            assert (await slow.next(1.0)).item == 0
            for one in told(2):
                hub.tell(one)
            await asyncio.sleep(0)
            assert slow.over
            assert await slow.next(1.0) is None

    asyncio.run(listening())


def test_any_thread_may_tell_and_the_order_is_kept():
    async def listening():
        hub = Hub()
        with hub.listening() as listener:
            teller = threading.Thread(target=lambda: [hub.tell(one) for one in told(50)])
            teller.start()
            heard = [(await listener.next(60.0)).item for _ in range(50)]
            assert heard == list(range(50))
            teller.join()
        hub.tell(News("camera", "in"))
        assert hub.listeners == 0

    asyncio.run(listening())


def test_waiting_ends_after_its_time_and_when_the_hub_closes():
    async def listening():
        hub = Hub(most=1)
        with hub.listening() as listener:
            began_s = time.monotonic()
            assert await listener.next(0.05) is None
            assert not listener.over
            with pytest.raises(Full), hub.listening():
                pass
            hub.close()
            assert await listener.next(120.0) is None
            assert listener.over
            assert time.monotonic() - began_s < 60
        with hub.listening() as late:
            assert await late.next(5.0) is None
            assert late.over

    asyncio.run(listening())


def test_telling_when_the_loop_of_a_listener_has_ended_does_no_harm():
    hub = Hub()
    opened = hub.listening()

    async def left():
        opened.__enter__()

    asyncio.run(left())
    hub.tell(News("camera", "in"))
    hub.close()
