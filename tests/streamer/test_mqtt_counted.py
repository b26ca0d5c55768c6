"""What is retained of the occupancy when somebody has counted, between the events that tell it."""

import json
from datetime import UTC, datetime, timedelta

from broker import Subscriber, wait_until
from car_park import START, CarPark, seen
from mqtt_sinks import running
from streamer.data import new_event_id
from streamer.sinks.mqtt_messages import made_at


def numbers(heard, topic):
    return [json.loads(text)["occupancy"] for text in heard.texts(f"{topic}/parking")]


def test_the_last_word_is_retained(shared_broker, topic, make_parking):
    with (
        Subscriber(shared_broker, f"{topic}/#") as heard,
        running(shared_broker, base_topic=topic) as (sink, _),
    ):
        before = make_parking(occupancy=3, capacity=40)
        now = made_at(before) + timedelta(seconds=1)
        sink.counted(7, 40, now)
        wait_until(lambda: numbers(heard, topic))
        text = heard.texts(f"{topic}/parking")[0]
        assert json.loads(text)["capacity"] == 40
        assert datetime.fromisoformat(json.loads(text)["at"]) == now
        sink.send(before)  # made before somebody counted, and delayed
        wait_until(lambda: heard.of(f"{topic}/gate-in/parking"))
        sink.counted(2, 40, made_at(before))  # so was this
        late = make_parking(occupancy=8, id=id_of(now + timedelta(seconds=1)))
        sink.send(late)
        wait_until(lambda: len(numbers(heard, topic)) == 2)
        assert numbers(heard, topic) == [7, 8]
    with Subscriber(shared_broker, f"{topic}/parking") as late:
        wait_until(lambda: late.messages)
        assert numbers(late, topic) == [8]


def id_of(at):
    milliseconds = int(at.timestamp() * 1000)
    text = f"{milliseconds:012x}"
    return f"{text[:8]}-{text[8:]}{new_event_id()[13:]}"


def test_a_count_waits_for_a_broker_that_is_away(broker, topic, impatient):
    with running(broker, base_topic=topic) as (sink, reports):
        broker.stop()
        wait_until(lambda: not reports.up)
        sink.counted(5, None, datetime.now(UTC))
        broker.start()
        with Subscriber(broker, f"{topic}/parking") as heard:
            wait_until(lambda: numbers(heard, topic))
            assert numbers(heard, topic)[-1] == 5


def test_the_car_park_tells_of_a_count_and_of_nothing_else():
    park, told = CarPark(capacity=40), []
    park.parking.listen(lambda *count: told.append(count))
    park.now_s = START.timestamp() + 0.0004
    park.take(seen("AB123CD"))
    assert told == []
    park.parking.correct(7)
    assert told == [(7, 40, START)]
    assert [event.state for event in park.told] == ["entered"]


def test_the_id_tells_when_an_event_was_made(make_parking):
    event = make_parking()
    assert abs(made_at(event) - datetime.now(UTC)) < timedelta(seconds=30)
    assert made_at(make_parking(id="8f14e45f-ceea-467e-a5fa-3f1a1a1a1a1a")) == event.at
