"""Traces as plain spans: what happened becomes what is told, no collector needed."""

import itertools
import time
import uuid
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from models.base import Reading
from streamer.data import (
    Attempt,
    Decided,
    Detected,
    Frame,
    Look,
    Looked,
    Rejection,
    Tracked,
    new_event_id,
)
from streamer.tracing.ids import is_sampled
from streamer.tracing.spans import LOOKS
from streamer.tracing.traces import Traces
from streamer.tracing.trail import Trail

TRACK = 42
FRAME_S = 0.04


class Told:
    """A journal that keeps the spans; `waits` are the ids that a sink has yet to get."""

    def __init__(self, **options):
        self.spans, self.complaints, self.waits = [], [], set()
        self.traces = Traces(
            self.spans.extend, lambda id_: id_ in self.waits, self.complaints.append, **options
        )
        self.trail = Trail(self.traces, withheld=True)

    def named(self, name):
        return [span for span in self.spans if span.name == name]

    @property
    def root(self):
        (root,) = (span for span in self.spans if span.parent_id is None)
        return root


@pytest.fixture
def told():
    return Told()


@pytest.fixture
def pass_by(make_event):
    """`pass_by(told, frames)`: a vehicle is looked at in every frame, and decided in the last.
    Gives what `Publish` gets, not yet published, and the first frame."""

    def go(told, frames=3, **fields):
        started_s = time.monotonic() - frames * FRAME_S
        event = make_event(track_id=TRACK, **fields)
        films = [film(event, number, started_s) for number in range(frames)]
        event = replace(event, first_seen=films[0].at)
        looks = [look_at(frame) for frame in films]
        decided = Decided(event, looks[len(looks) // 2])
        for frame, look in zip(films, looks, strict=True):
            stages(told.trail, frame, look, [decided] if frame is films[-1] else [])
        return decided, films[0]

    return go


def film(event, number, started_s):
    at = event.last_seen + timedelta(seconds=number * FRAME_S)
    clock_s = started_s + number * FRAME_S
    return Frame(event.camera, number, at, clock_s, np.zeros((48, 64, 3), np.uint8))


def look_at(frame, track=TRACK):
    crop = np.zeros((10, 40, 3), np.uint8)
    return Look(track, frame, (1, 2, 41, 12), crop, 0.9, Reading("AB123CD", (0.99,) * 7))


def stages(trail, frame, look, decided):
    ticks = itertools.count(frame.clock_s + 0.001, 0.001)
    detected, tracked = Detected(frame, ()), Tracked(frame, (), (), ())
    looked = Looked(frame, (), (), (look,))
    trail.step("detect", frame, [detected], next(ticks), next(ticks))
    trail.step("track", detected, [tracked], next(ticks), next(ticks))
    trail.step("read", tracked, [looked], next(ticks), next(ticks))
    trail.step("vote", looked, decided, next(ticks), next(ticks))


def publish(told, decided, sinks=("mqtt",)):
    """As `Publish` and its worker do."""
    event = decided.event
    started_s = time.monotonic()

    def accept(event, captured_at):
        told.waits |= {event.id} if sinks else set()

    told.traces.timed("pictures", lambda decided: decided.event)(decided)
    told.traces.accepting(accept)(event, 0.0)
    told.trail.step("publish", decided, [], started_s, time.monotonic())
    return event


def deliver(told, event, sink="mqtt", last=True, **outcome):
    now = time.monotonic()
    attempt = Attempt(sink, now, now + 0.001, time.time() - 5, **outcome)
    told.traces.attempted(event, attempt)
    if last:
        told.waits.discard(event.id)
    told.traces.settled(event)


def test_a_trace_is_one_tree_in_order_inside_its_root(told, pass_by):
    decided, first = pass_by(told)
    event = publish(told, decided)
    assert told.named("plate") == []
    deliver(told, event)
    root = told.root
    by_id = {span.span_id: span for span in told.spans}
    assert len(by_id) == len(told.spans)
    assert {span.trace_id for span in told.spans} == {uuid.UUID(event.id).int}
    for span in told.spans:
        assert root.start_ns <= span.start_ns <= span.end_ns <= root.end_ns
        assert span is root or span.parent_id in by_id
    assert root.start_ns == pytest.approx(time.time_ns() - age_ns(first), abs=1e9)
    assert root.end_ns == told.named("deliver mqtt")[0].end_ns
    for look in told.named("look"):
        below = [span.name for span in told.spans if span.parent_id == look.span_id]
        assert below == ["detect", "track", "read", "vote"]
    (published,) = told.named("publish")
    assert {span.name for span in told.spans if span.parent_id == published.span_id} == {
        "pictures",
        "store",
    }
    assert told.complaints == []


def age_ns(frame):
    return round((time.monotonic() - frame.clock_s) * 1e9)


def test_looks_tell_their_frame_and_which_one_carried_the_vote(told, pass_by):
    pass_by(told, 2)
    told.spans.clear()  # an earlier vehicle on the same track
    decided, _ = pass_by(told, 5)
    publish(told, decided)
    looks = [span.attributes for span in told.named("look")]
    assert [one["anpr.frame"] for one in looks] == [0, 1, 2, 3, 4]
    assert [one["anpr.frame"] for one in looks if "anpr.carries_vote" in one] == [2]
    assert {one["anpr.quality"] for one in looks} == {0.9}


def test_of_many_looks_some_are_shown_with_the_one_that_counts(told, pass_by):
    decided, first = pass_by(told, 100)
    decided = replace(decided, look=look_at(first))
    deliver(told, publish(told, decided))
    frames = [span.attributes["anpr.frame"] for span in told.named("look")]
    assert frames == [0, *range(100 - LOOKS + 1, 100)]


def test_a_vote_without_a_look_is_shown_by_itself(told, pass_by):
    decided, _ = pass_by(told)
    told.trail._decisions.clear()
    now = time.monotonic()
    told.trail.step("vote", Looked(None, (), (TRACK,), ()), [decided], now, now)
    publish(told, decided)
    alone = [span for span in told.named("vote") if span.parent_id == root_of(decided)]
    assert len(alone) == 1


def root_of(decided):
    return uuid.UUID(decided.event.id).int & (1 << 64) - 1


def test_a_trace_ends_with_the_last_of_its_sinks(told, pass_by):
    decided, _ = pass_by(told)
    event = publish(told, decided, ["jsonl", "mqtt"])
    deliver(told, event, "jsonl", last=False)
    assert told.named("plate") == []
    deliver(told, event, "mqtt", last=False, error="nobody there")
    deliver(told, event, "mqtt")
    deliver(told, event, "mqtt")  # again after all, as may happen
    outcomes = [one.attributes["anpr.outcome"] for one in told.named("deliver mqtt")]
    assert outcomes == ["away", "delivered", "delivered"]
    assert told.named("deliver mqtt")[0].error == "nobody there"
    assert told.root.error is None


def test_a_sink_may_be_faster_than_the_stage_that_published(told, pass_by):
    decided, _ = pass_by(told)
    event, started_s = decided.event, time.monotonic()
    told.traces.accepting(lambda event, at: told.waits.add(event.id))(event, 0.0)
    deliver(told, event)
    assert told.named("plate") == []
    told.trail.step("publish", decided, [], started_s, time.monotonic() + 0.01)
    assert told.root.end_ns == told.named("publish")[0].end_ns


def test_without_sinks_a_trace_ends_in_the_store(told, pass_by):
    decided, _ = pass_by(told)
    publish(told, decided, sinks=())
    assert told.root.end_ns == told.named("publish")[0].end_ns


def test_an_event_that_is_held_is_on_its_way_until_it_is_stored(told, pass_by):
    decided, _ = pass_by(told)
    event, answers = decided.event, [OSError("disk full"), None]

    def accept(event, captured_at):
        if error := answers.pop(0):
            raise error

    accept = told.traces.accepting(accept)
    with pytest.raises(OSError, match="disk full"):
        accept(event, 0.0)
    told.trail.step("publish", decided, [], time.monotonic(), time.monotonic())
    assert told.named("plate") == []
    accept(event, 0.0)
    assert [span.error for span in told.named("store")] == ["OSError('disk full')", None]
    assert told.root.end_ns == told.named("store")[1].end_ns


def test_after_a_restart_the_trace_goes_on(told, make_event):
    event = make_event()
    deliver(told, event)
    (delivery,) = told.named("deliver mqtt")
    assert (told.root.trace_id, told.root.span_id) == (delivery.trace_id, delivery.parent_id)
    assert told.root.start_ns == round(event.first_seen.timestamp() * 1e9)


def test_an_outage_of_days_is_a_few_spans(told, make_event):
    event = make_event()
    for _ in range(1000):
        deliver(told, event, last=False, error="nobody there")
        told.waits.add(event.id)
    told.waits.clear()
    deliver(told, event)
    numbers = [span.attributes["anpr.attempt"] for span in told.named("deliver mqtt")]
    assert numbers == [1, 2, 3, 4, 8, 16, 32, 64, 128, 256, 512, 1001]


def test_what_a_sink_refused_for_good_is_an_error_of_the_whole(told, make_event):
    event = make_event("AB123CD")
    deliver(told, event, "webhook", error="422: ab123cd is no plate", refused=True)
    assert told.root.error == "webhook refused it: 422: *** is no plate"


def test_no_plate_is_told_unless_asked_for(make_event):
    for plates in (False, True):
        told = Told(plates=plates)
        error = "http://joe:secret@host says AB123CD, or AB123CO"
        deliver(told, make_event("AB123CD"), error=error, refused=True)
        assert ("AB123C" in repr(told.spans)) is plates
        assert "secret" not in repr(told.spans)
        assert told.root.attributes.get("anpr.plate") == ("AB123CD" if plates else None)


def test_a_parking_event_is_linked_to_what_the_camera_saw(told, make_parking):
    event = make_parking()
    deliver(told, event)
    assert (told.root.name, told.root.links) == ("parking", (event.entry_event,))
    assert told.root.attributes["anpr.parking.state"] == "entered"


def test_a_withheld_read_has_a_trace_that_names_the_reason(told, pass_by):
    decided, first = pass_by(told)
    rejection = rejected(decided.event, first)
    told.trail.rejected(rejection)
    assert told.root.attributes["anpr.outcome"] == "duplicate"
    assert told.root.links == (rejection.event,)
    assert len(told.named("look")) == 3
    assert all(one.trace_id == told.root.trace_id for one in told.spans)
    assert told.root.start_ns <= min(one.start_ns for one in told.spans)
    assert "AB123CD" not in repr(told.spans)


def rejected(event, first):
    same = "camera plate confidence looks agreement track_id last_seen direction box frame_size"
    return Rejection(
        reason="duplicate",
        first_seen=first.at,
        rejected_at=event.read_at,
        event=new_event_id(),
        **{name: getattr(event, name) for name in same.split()},
    )


def test_a_share_of_the_events_is_traced_the_same_ones_everywhere(make_event):
    ids = [new_event_id() for _ in range(2000)]
    kept = [one for one in ids if is_sampled(one, 0.25)]
    assert 350 < len(kept) < 650
    assert all(is_sampled(one, 1.0) for one in ids)
    told = Told(share=0.25)
    for one in ids[:100]:
        deliver(told, make_event(id=one))
    traced = {str(uuid.UUID(int=span.trace_id)) for span in told.spans}
    assert traced == set(kept) & set(ids[:100])


def test_a_fault_in_tracing_costs_no_event(pass_by):
    told = Told()
    decided, _ = pass_by(told)

    def broken(_):
        raise RuntimeError("out of order")

    told.traces._emit = told.traces._still_waits = broken
    publish(told, decided)
    deliver(told, decided.event)
    told.trail.step("read", object(), None, 0.0, 0.0)
    assert told.complaints
    assert all("Traceback" not in one for one in told.complaints)


def test_what_is_remembered_does_not_grow(told, pass_by, make_event):
    pass_by(told, 600)
    for _ in range(1100):
        deliver(told, make_event())
    assert len(told.traces._open) == 1024
    assert (len(told.trail._recent), len(told.trail._looked)) == (512, 256)
