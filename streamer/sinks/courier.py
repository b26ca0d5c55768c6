"""Carries events from the outbox to one sink: oldest first, again and again until they arrive."""

import logging
import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from streamer.codec import decode_any
from streamer.data import Attempt, Event
from streamer.errors import SinkError, UserError
from streamer.sinks.base import Sink
from streamer.sinks.outbox import Outbox, Parcel
from streamer.sinks.within import Within

log = logging.getLogger(__name__)

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 60.0
TIDY_EVERY_S = 3600.0
REFUSALS = 5
CLOSING_SHARE = 0.3  # of the time to stop: for the sinks' good-byes


class DeliveryObserver(Protocol):
    """Told what becomes of the events; the metrics in the daemon. Called from any thread."""

    def delivered(self, sink: str, event: Event, latency_s: float) -> None:
        """`sink` has the event, `latency_s` after its deciding frame was captured."""
        ...

    def failed(self, sink: str) -> None:
        """An attempt to deliver failed; there will be another."""
        ...

    def buried(self, sink: str) -> None:
        """`sink` refused an event for good; it is kept as a dead letter."""
        ...

    def attempted(self, event: Event, attempt: Attempt) -> None:
        """A sink was asked to take the event, with this outcome."""
        ...

    def settled(self, event: Event) -> None:
        """The outbox knows that a sink has the event, or will never have it."""
        ...

    def reachable(self, sink: str, up: bool) -> None:
        """The other side can be reached, or cannot."""
        ...


class Unobserved:
    """For deliveries nobody counts."""

    def delivered(self, sink: str, event: Event, latency_s: float) -> None:
        """Nothing."""

    def failed(self, sink: str) -> None:
        """Nothing."""

    def buried(self, sink: str) -> None:
        """Nothing."""

    def attempted(self, event: Event, attempt: Attempt) -> None:
        """Nothing."""

    def settled(self, event: Event) -> None:
        """Nothing."""

    def reachable(self, sink: str, up: bool) -> None:
        """Nothing."""


def retry_delay_s(failures: int, first_s: float = FIRST_RETRY_S) -> float:
    """Seconds to wait after so many failures in a row: doubling, at most 60, jittered."""
    longest = min(LONGEST_RETRY_S, first_s * 2.0 ** min(failures - 1, 10))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, keeps no secret)


class Courier:
    """The thread that serves one sink.

    An unreachable sink is tried again with growing pauses, at once when it reports that it is
    back or when an event is accepted, unless it said how long to wait. An event that the sink
    refuses gives way to the others and is buried after `REFUSALS` attempts; what has waited
    longer than the sink's `give_up_after_s` is buried too, once another attempt has failed.
    A permanent error (a refused password) before anything ever worked goes to `on_fatal`, once;
    later it is waited out like any other. `first_retry_s` is the first pause in seconds.
    """

    def __init__(
        self,
        sink: Sink,
        outbox: Outbox,
        observer: DeliveryObserver | None = None,
        on_fatal: Callable[[SinkError], None] = lambda _: None,
        first_retry_s: float = FIRST_RETRY_S,
    ) -> None:
        self.sink = sink
        self._outbox = outbox
        self._observer = observer or Unobserved()
        self._on_fatal = on_fatal
        self._first_retry_s = first_retry_s
        self._wake = threading.Event()
        self._draining = self._stopped = False
        self._unproven = True
        self._failures = 0
        self._complaint = ""
        self._arrived: tuple[Event, Parcel] | None = None
        self._resting: dict[str, float] = {}
        self._not_before_s = 0.0
        self._tidy_at_s = 0.0
        self._thread = threading.Thread(target=self._run, name=f"sink-{sink.name}", daemon=True)

    def start(self) -> None:
        """Start the sink and the thread. Raises UserError if the sink cannot work like this."""
        self._outbox.listen(self._wake.set)
        self.sink.start(self._report)
        self._thread.start()

    def drain(self) -> None:
        """End as soon as the outbox has nothing more to deliver now. Returns at once."""
        self._draining = True
        self._wake.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread; False if it still runs."""
        if self._thread.ident is not None:
            self._thread.join(max(0.0, timeout_s))
        return not self._thread.is_alive()

    def close(self, timeout_s: float) -> None:
        """End now, and close the sink. What was not delivered stays in the outbox."""
        until = time.monotonic() + timeout_s
        self._stopped = True
        self._wake.set()
        self.sink.close(timeout_s)
        self.join(max(0.1, until - time.monotonic()))

    def _run(self) -> None:
        while not self._stopped:
            self._wake.clear()  # before looking: what comes meanwhile is not missed
            pause_s = self._guarded_turn()
            if self._draining and pause_s is None:
                return
            if pause_s != 0.0:
                self._wake.wait(TIDY_EVERY_S if pause_s is None else pause_s)

    def _guarded_turn(self) -> float | None:
        try:
            self._tidy()
            return self._turn()
        except Exception as error:  # the store may fail too, and the thread must outlive it
            self._complain(f"sink {self.sink.name}: {error}")
            return self._first_retry_s

    def _tidy(self) -> None:
        now = time.monotonic()
        if now >= self._tidy_at_s:
            self._tidy_at_s = now + TIDY_EVERY_S
            self.sink.tidy()

    def _turn(self) -> float | None:
        """Deliver one event. Gives the seconds to wait before the next; None: until woken."""
        self._take_note()
        now = time.monotonic()
        if now < self._not_before_s:
            return None if self._draining else self._not_before_s - now
        resting = {id_ for id_, until in self._resting.items() if until > now}
        parcel = self._outbox.oldest(self.sink.name, resting)
        if parcel is not None:
            return self._deliver(parcel)
        if resting and not self._draining:
            return min(self._resting[id_] for id_ in resting) - now
        return None

    def _take_note(self) -> None:
        # Kept until the store has it: an event that arrived must not be sent again because
        # the disk is full.
        if self._arrived is not None:
            event, parcel = self._arrived
            self._outbox.delivered(self.sink.name, event.id, parcel.json)
            self._arrived = None
            self._observer.settled(event)

    def _deliver(self, parcel: Parcel) -> float:
        try:
            event = decode_any(parcel.json)
        except UserError as error:
            return self._bury(parcel, str(error))
        fault = self._attempt(parcel, event)
        if fault is None:
            return self._has(parcel, event)
        if fault.rejected:
            return self._refused(parcel, event, str(fault))
        return self._away(fault, parcel)

    def _attempt(self, parcel: Parcel, event: Event) -> SinkError | None:
        started_s = time.monotonic()
        error = self._send(event)
        ended_s = time.monotonic()
        outcome = (None, False) if error is None else (str(error), error.rejected)
        attempt = Attempt(self.sink.name, started_s, ended_s, parcel.captured_at, *outcome)
        self._observer.attempted(event, attempt)
        return error

    def _send(self, event: Event) -> SinkError | None:
        try:
            self.sink.send(event)
        except SinkError as error:
            return error
        except OSError as error:
            return SinkError(str(error))
        except Exception as error:  # a fault of this event or of our own: it must not block others
            log.exception("sink %s fails on event %s", self.sink.name, event.id)
            return SinkError(repr(error), rejected=True)
        return None

    def _has(self, parcel: Parcel, event: Event) -> float:
        self._works()
        self._arrived = event, parcel
        self._resting.pop(parcel.event_id, None)
        self._observer.delivered(self.sink.name, event, max(0.0, time.time() - parcel.captured_at))
        self._take_note()
        return 0.0

    def _away(self, error: SinkError, parcel: Parcel) -> float:
        self._failures += 1
        self._not_before_s = time.monotonic() + error.retry_after_s
        self._observer.failed(self.sink.name)
        self._note(error)
        self._outbox.failed(self.sink.name, parcel.event_id, str(error))
        self._give_up(error)
        return max(error.retry_after_s, retry_delay_s(self._failures, self._first_retry_s))

    def _give_up(self, error: SinkError) -> None:
        name, after_s = self.sink.name, self.sink.give_up_after_s
        if after_s is None:
            return
        given_up = self._outbox.give_up(name, after_s, str(error))
        for _ in range(given_up):
            self._observer.buried(name)
        if given_up:
            log.error(
                "sink %s: %d events waited longer than %.0f s and are dead letters: %s",
                name,
                given_up,
                after_s,
                error,
            )

    def _refused(self, parcel: Parcel, event: Event, error: str) -> float:
        self._observer.failed(self.sink.name)
        attempts = parcel.attempts + 1
        if attempts >= REFUSALS:
            pause_s = self._bury(parcel, error)
            self._observer.settled(event)
            return pause_s
        self._outbox.refused(self.sink.name, parcel.event_id, error)
        log.warning("sink %s refused event %s: %s", self.sink.name, parcel.event_id, error)
        pause_s = retry_delay_s(attempts, self._first_retry_s)
        self._resting[parcel.event_id] = time.monotonic() + pause_s
        return 0.0

    def _bury(self, parcel: Parcel, error: str) -> float:
        self._outbox.bury(self.sink.name, parcel.event_id, error)
        self._resting.pop(parcel.event_id, None)
        self._observer.buried(self.sink.name)
        log.error("sink %s: event %s is a dead letter: %s", self.sink.name, parcel.event_id, error)
        return 0.0

    def _report(self, error: SinkError | None) -> None:
        self._observer.reachable(self.sink.name, error is None)
        if error is not None:
            self._note(error)
            return
        self._works()
        self._wake.set()

    def _works(self) -> None:
        if self._complaint:
            log.info("sink %s works again", self.sink.name)
        self._complaint = ""
        self._failures = 0
        self._unproven = False

    def _note(self, error: SinkError) -> None:
        if error.permanent and self._unproven:
            self._unproven = False
            self._on_fatal(error)
        self._complain(f"sink {self.sink.name}: {error}")

    def _complain(self, complaint: str) -> None:
        # The same words every second of an outage would bury the rest of the log.
        if complaint != self._complaint:
            self._complaint = complaint
            log.warning("%s", complaint)


def stop_couriers(couriers: Sequence[Courier], timeout_s: float) -> None:
    """Deliver what can be delivered at once, then close every sink, all within `timeout_s`."""
    ends = time.monotonic() + timeout_s
    closing = ends - timeout_s * CLOSING_SHARE
    # Who is within the daemon may make events of those it is given: the others wait for these.
    for within in (True, False):
        these = [one for one in couriers if isinstance(one.sink, Within) is within]
        for courier in these:
            courier.drain()
        for courier in these:
            courier.join(closing - time.monotonic())
    for number, courier in enumerate(couriers):
        left_s = max(0.1, ends - time.monotonic())
        courier.close(left_s / (len(couriers) - number))
