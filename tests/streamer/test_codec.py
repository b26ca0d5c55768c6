import dataclasses
import json
import uuid
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streamer.codec import decode, decode_any, encode, json_schema
from streamer.data import (
    Candidate,
    Character,
    ListMatch,
    ParkingEvent,
    PlateEvent,
    Speed,
    Watched,
    new_event_id,
)
from streamer.errors import UserError

shares = st.floats(0, 1)
texts = st.text("ABCXYZ0189", min_size=1, max_size=9)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)).map(
    lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000)
)
pixels = st.integers(0, 10_000)
watched = st.builds(
    Watched,
    verdict=st.sampled_from(["allow", "deny", "notify"]),
    matches=st.lists(
        st.builds(
            ListMatch,
            list=st.just("residents"),
            kind=st.sampled_from(["allow", "deny", "notify"]),
            entry=st.just("AB*"),
            how=st.sampled_from(["exact", "wildcard", "near"]),
            distance=st.floats(0, 5),
            note=st.none() | st.text(),
        ),
        max_size=2,
    ).map(tuple),
)
events = st.builds(
    PlateEvent,
    id=st.builds(new_event_id),
    camera=st.sampled_from(["gate-in", "b_2"]),
    plate=texts,
    confidence=shares,
    characters=st.lists(st.builds(Character, st.sampled_from("AB01"), shares)).map(tuple),
    candidates=st.lists(st.builds(Candidate, texts, shares), max_size=3).map(tuple),
    looks=st.integers(1, 100),
    agreement=shares,
    track_id=st.integers(0),
    first_seen=moments,
    last_seen=moments,
    read_at=moments,
    direction=st.sampled_from(["approaching", "receding", "left", "right", "stationary", None]),
    box=st.tuples(pixels, pixels, pixels, pixels),
    frame_size=st.tuples(pixels, pixels),
    snapshot=st.none() | st.text(),
    crop=st.none() | st.text(),
    watchlist=st.none() | watched,
    owner=st.none() | st.just({"name": "Ö. Nér"}),
    speed=st.none()
    | st.builds(
        Speed,
        kmh=st.none() | st.floats(0, 400),
        error_kmh=st.none() | st.floats(0, 400),
        method=st.sampled_from(["lines", "homography", "radar"]),
        reason=st.sampled_from([None, "stood", "not_passed", "too_few", "poor_fit", "silent"]),
    ),
)
AT = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
EVENT = PlateEvent(
    new_event_id(), "gate", "AB123CD", 0.98, (Character("A", 0.99),), (Candidate("AB123C0", 0.01),),
    7, 0.86, 42, AT, AT, AT, "approaching", (612, 402, 790, 446), (1920, 1080),
)  # fmt: skip


@given(events)
def test_what_is_written_is_read_again(event):
    assert decode(encode(event)) == event


CHECKS = {
    schema: jsonschema.Draft202012Validator(json_schema(schema))
    for schema in ("plate-event/1", "plate-parking/1")
}


@given(events)
def test_what_is_written_follows_the_schema(event):
    CHECKS["plate-event/1"].validate(json.loads(encode(event)))


parking = st.builds(
    ParkingEvent,
    id=st.builds(new_event_id),
    camera=st.sampled_from(["gate-in", "b_2"]),
    state=st.sampled_from(["entered", "left", "overstay"]),
    session=st.builds(new_event_id),
    plate=texts,
    at=moments,
    entered_at=st.none() | moments,
    left_at=st.none() | moments,
    duration_s=st.none() | st.floats(0, 1e9),
    entry_event=st.none() | st.builds(new_event_id),
    exit_event=st.none() | st.builds(new_event_id),
    occupancy=st.integers(0, 10_000),
    capacity=st.none() | st.integers(1, 10_000),
)


@given(st.one_of(events, parking))
def test_every_kind_of_event_is_read_again_and_follows_its_schema(event):
    assert decode_any(encode(event)) == event
    CHECKS[event.schema].validate(json.loads(encode(event)))


def test_the_fields_are_those_of_the_design():
    assert list(json.loads(encode(EVENT))) == [
        "schema", "id", "camera", "plate", "confidence", "characters", "candidates", "looks",
        "agreement", "track_id", "first_seen", "last_seen", "read_at", "direction", "box",
        "frame_size", "snapshot", "crop", "watchlist", "owner", "way", "reasons",
        "speed",
    ]  # fmt: skip


def test_times_are_utc_with_milliseconds():
    local = AT.astimezone(timezone(timedelta(hours=2)))
    written = json.loads(encode(dataclasses.replace(EVENT, first_seen=local)))
    assert written["first_seen"] == "2026-01-02T03:04:05.678Z"


def test_it_is_one_line():
    assert "\n" not in encode(EVENT)


@pytest.mark.parametrize(
    ("change", "names"),
    [
        ({"schema": "plate-event/2"}, "schema"),
        ({"plate": "ab 1"}, "plate"),
        ({"confidence": 1.5}, "confidence"),
        ({"direction": "up"}, "direction"),
        ({"box": [1, 2, 3]}, "box"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_foreign_event_is_refused_by_field(change, names):
    with pytest.raises(UserError, match=names):
        decode(json.dumps({**json.loads(encode(EVENT)), **change}))


@pytest.mark.parametrize("text", ["", "{", "[]", "null"])
def test_what_is_no_event_is_refused(text):
    with pytest.raises(UserError, match="not a plate-event/1"):
        decode(text)


def test_ids_are_version_7_and_sort_by_time():
    ids = [new_event_id() for _ in range(100)]
    assert all(uuid.UUID(one).version == 7 for one in ids)
    assert all(uuid.UUID(one).variant == uuid.RFC_4122 for one in ids)
    assert len(set(ids)) == 100
    assert [one[:13] for one in ids] == sorted(one[:13] for one in ids)
