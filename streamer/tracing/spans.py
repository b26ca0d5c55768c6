"""What happened, as spans: plain records that know nothing of OpenTelemetry."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from streamer.tracing.ids import root_id, trace_id
from streamer.tracing.trail import FrameTrail, Journey, Step

Value = str | int | float | bool
NS = 1_000_000_000
LOOKS = 16
"""In one trace; of more, the last ones and the one that carried the vote."""


@dataclass(frozen=True, slots=True)
class Span:
    """A named stretch of time; nanoseconds since 1970. `parent_id` is None for a root.

    `error` is set when it failed, `outbound` says that it waits for somebody else; `links` are
    ids of other events whose traces belong to this one.
    """

    name: str
    trace_id: int
    span_id: int
    parent_id: int | None
    start_ns: int
    end_ns: int
    attributes: dict[str, Value] = field(default_factory=dict)
    error: str | None = None
    outbound: bool = False
    links: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Clock:
    """Turns seconds of `time.monotonic()` into nanoseconds since 1970.

    One per event: what was measured by one clock stays in order, though the system's time is
    set in between.
    """

    offset_ns: int = field(default_factory=lambda: time.time_ns() - time.monotonic_ns())

    def ns(self, monotonic_s: float) -> int:
        """The same moment by the other clock."""
        return round(monotonic_s * NS) + self.offset_ns


def epoch_ns(epoch_s: float) -> int:
    """Seconds since 1970 in nanoseconds."""
    return round(epoch_s * NS)


def new_span_id() -> int:
    """64 bits, not all 0."""
    return random.getrandbits(64) or 1


def child(event_id: str, step: Step, clock: Clock, parent_id: int | None = None) -> Span:
    """A step as a span below `parent_id`, or below the root of the event's trace."""
    return Span(
        step.name,
        trace_id(event_id),
        new_span_id(),
        root_id(event_id) if parent_id is None else parent_id,
        clock.ns(step.started_s),
        clock.ns(step.ended_s),
    )


def spans_of_journey(journey: Journey, clock: Clock, publish_id: int) -> list[Span]:
    """The looks and their stages, the vote where it came at another moment, and `publish`."""
    event, decision = journey.event, journey.decision
    spans = spans_of_looks(event.id, journey.looked, clock, event.track_id, journey.carrier)
    if decision is not None and decision.frame not in {one.index for one in journey.looked}:
        spans.append(child(event.id, decision.step, clock))
    return [*spans, replace(child(event.id, journey.publishing, clock), span_id=publish_id)]


def spans_of_looks(
    event_id: str,
    looked: Sequence[FrameTrail],
    clock: Clock,
    track_id: int,
    carrier: int | None = None,
) -> list[Span]:
    """A span per look at a track, from the frame's capture on, and below it one for each stage.

    The gaps between them are waits for the next stage. `carrier` is the index of the frame that
    carried the vote.
    """
    kept = [one for one in looked if one.index == carrier]
    others = [one for one in looked if one.index != carrier]
    kept += others[max(0, len(others) - LOOKS + len(kept)) :]
    spans = []
    for one in sorted(kept, key=lambda one: one.index):
        look = _look(event_id, one, clock, one.looks[track_id])
        if one.index == carrier:
            look.attributes["anpr.carries_vote"] = True
        spans += [look, *(child(event_id, step, clock, look.span_id) for step in one.steps)]
    return spans


def _look(event_id: str, trail: FrameTrail, clock: Clock, quality: float) -> Span:
    ended_s = max((step.ended_s for step in trail.steps), default=trail.captured_s)
    look = child(event_id, Step("look", trail.captured_s, ended_s), clock)
    return replace(look, attributes={"anpr.frame": trail.index, "anpr.quality": round(quality, 3)})
