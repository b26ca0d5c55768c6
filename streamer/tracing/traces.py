"""One trace per event: told of what happens to it, makes spans of that, and ends its root."""

import functools
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec, TypeVar

from streamer.data import Attempt, Decided, Event, PlateEvent, new_event_id
from streamer.redact import redact
from streamer.tracing.attributes import attributes_of, began, belongs_to, without_plate
from streamer.tracing.complaints import guarded
from streamer.tracing.ids import is_sampled, root_id, trace_id
from streamer.tracing.spans import (
    Clock,
    Span,
    Value,
    child,
    epoch_ns,
    new_span_id,
    spans_of_journey,
    spans_of_looks,
)
from streamer.tracing.trail import Journey, Step, Withheld

P = ParamSpec("P")
R = TypeVar("R")

OPEN = 1024
"""Events of which more is remembered than their ids tell; of older ones the trace is coarser."""
LONGEST = 300
"""Characters of an error; what follows is an answer's body, as a rule."""
FIRST_ATTEMPTS = 4
"""Of a sink that is away for days these are shown, then the 8th, the 16th and so on."""


@dataclass(slots=True)
class _Open:
    """An event on its way. `ours`: this process publishes it, and has yet to tell how."""

    clock: Clock = field(default_factory=Clock)
    publish_id: int = field(default_factory=new_span_id)
    start_ns: int | None = None
    end_ns: int = 0
    ours: bool = False
    settled: bool = False
    ended: bool = False
    attempts: dict[str, int] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)


class Traces:
    """The journal of stages and couriers; hands finished spans to `emit`. Any thread may call.

    `emit` takes spans and returns at once. `still_waits` says whether a sink has yet to get the
    event of this id: the root of its trace ends with the last delivery, before or after a
    restart. `share` (0..1) of the events are traced; `plates` says whether their text is told.
    """

    def __init__(
        self,
        emit: Callable[[Sequence[Span]], None],
        still_waits: Callable[[str], bool],
        complain: Callable[[str], None],
        *,
        share: float = 1.0,
        plates: bool = False,
    ) -> None:
        self._emit = emit
        self._still_waits = still_waits
        self._complain = complain
        self._share = share
        self._plates = plates
        self._lock = threading.Lock()
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def failed(self, error: Exception) -> None:
        """Something here went wrong."""
        self._complain(f"a trace is incomplete: {error!r}")

    def timed(self, name: str, work: Callable[P, R]) -> Callable[P, R]:
        """`work` on an event (or `Decided`), its first argument, as a span below `publish`."""

        @functools.wraps(work, updated=())
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            event = _event_of(args[0])
            self._begun(event)
            started_s, fault = time.monotonic(), ""
            try:
                return work(*args, **kwargs)
            except Exception as error:
                fault = repr(error)
                raise
            finally:
                self._did(event, Step(name, started_s, time.monotonic()), fault)

        return run

    def accepting(self, accept: Callable[P, R]) -> Callable[P, R]:
        """`accept` of the outbox as the span `store`; with no sink the trace ends there."""
        timed = self.timed("store", accept)

        @functools.wraps(accept, updated=())
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            taken = timed(*args, **kwargs)
            self.settled(_event_of(args[0]))
            return taken

        return run

    @guarded
    def published(self, journey: Journey) -> None:
        """The event has passed the last stage: tell its way."""
        if not self._samples(journey.event.id):
            return
        with self._lock:
            now = self._of(journey.event)
            spans = spans_of_journey(journey, now.clock, now.publish_id)
            now.start_ns = min(now.clock.ns(journey.first_s), *(one.start_ns for one in spans))
            now.end_ns = max(now.end_ns, *(one.end_ns for one in spans))
            now.ours = False
            spans += self._ending(journey.event, now)
        self._emit(spans)

    @guarded
    def withheld(self, withheld: Withheld) -> None:
        """A read goes no further: a trace of its own."""
        event_id, rejection = new_event_id(), withheld.rejection
        if not self._samples(event_id):
            return
        clock = Clock()
        spans = spans_of_looks(event_id, withheld.looked, clock, rejection.track_id)
        root = Span(
            "withheld",
            trace_id(event_id),
            root_id(event_id),
            None,
            clock.ns(withheld.first_s),
            max(clock.ns(time.monotonic()), *(one.end_ns for one in spans)),
            {"anpr.outcome": rejection.reason, **attributes_of(rejection, self._plates)},
            links=() if rejection.event is None else (rejection.event,),
        )
        self._emit([*spans, root])

    @guarded
    def attempted(self, event: Event, attempt: Attempt) -> None:
        """A sink was asked to take the event: a span, unless there are many."""
        if not self._samples(event.id):
            return
        with self._lock:
            now = self._of(event)
            if now.start_ns is None and not now.ours:  # from before a restart
                now.start_ns = epoch_ns(min(began(event).timestamp(), attempt.captured_at))
            number = now.attempts[attempt.sink] = now.attempts.get(attempt.sink, 0) + 1
            span = self._delivery(event, attempt, number, now.clock)
            now.end_ns = max(now.end_ns, span.end_ns)
            if attempt.refused:
                now.refusals[attempt.sink] = span.error or ""
            else:
                now.refusals.pop(attempt.sink, None)
        if attempt.error is None or number <= FIRST_ATTEMPTS or number & (number - 1) == 0:
            self._emit([span])

    @guarded
    def settled(self, event: Event) -> None:
        """A sink has the event, or never will: the trace ends if it was the last one."""
        if not self._samples(event.id) or self._still_waits(event.id):
            return
        with self._lock:
            now = self._of(event)
            now.settled = True
            ending = self._ending(event, now)
        self._emit(ending)

    def _samples(self, event_id: str) -> bool:
        return is_sampled(event_id, self._share)

    def _of(self, event: Event) -> _Open:
        known = self._open.get(event.id)
        if known is None:
            known = self._open[event.id] = _Open()
            if len(self._open) > OPEN:
                self._open.popitem(last=False)
        return known

    @guarded
    def _begun(self, event: Event) -> None:
        if self._samples(event.id):
            with self._lock:
                if event.id not in self._open:
                    self._of(event).ours = isinstance(event, PlateEvent)

    @guarded
    def _did(self, event: Event, step: Step, fault: str) -> None:
        if not self._samples(event.id):
            return
        with self._lock:
            now = self._of(event)
            span = child(event.id, step, now.clock, now.publish_id)
            now.end_ns = max(now.end_ns, span.end_ns)
        self._emit([replace(span, error=self._told(fault, event) or None)])

    def _delivery(self, event: Event, attempt: Attempt, number: int, clock: Clock) -> Span:
        step = Step(f"deliver {attempt.sink}", attempt.started_s, attempt.ended_s)
        outcome = "delivered" if attempt.error is None else "refused" if attempt.refused else "away"
        attributes: dict[str, Value] = {
            "anpr.sink": attempt.sink,
            "anpr.outcome": outcome,
            "anpr.attempt": number,
        }
        error = None if attempt.error is None else self._told(attempt.error, event)
        span = child(event.id, step, clock)
        return replace(span, attributes=attributes, error=error, outbound=True)

    def _told(self, error: str, event: Event) -> str:
        return redact(error if self._plates else without_plate(error, event))[:LONGEST]

    def _ending(self, event: Event, now: _Open) -> list[Span]:
        """The root, if everything has happened that will, and it was not told before."""
        if now.ours or not now.settled or now.ended:
            return []
        now.ended = True
        return [self._root(event, now)]

    def _root(self, event: Event, now: _Open) -> Span:
        refused = "; ".join(f"{sink} refused it: {why}" for sink, why in now.refusals.items())
        return Span(
            "plate" if isinstance(event, PlateEvent) else "parking",
            trace_id(event.id),
            root_id(event.id),
            None,
            now.end_ns if now.start_ns is None else min(now.start_ns, now.end_ns),
            now.end_ns,
            attributes_of(event, self._plates),
            error=refused or None,
            links=belongs_to(event),
        )


def _event_of(item: Any) -> Any:
    return item.event if isinstance(item, Decided) else item
