"""Asking somebody else about plates: on threads of its own, once per plate, never for long.

An event waits for the answer no longer than it is told to. An answer that comes later is put
into the stored event; whoever has not yet got that gets it with the answer.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cachetools import TTLCache

from streamer.data import PlateEvent
from streamer.enrich.breaker import Breaker
from streamer.errors import UserError
from streamer.metrics import Metrics

log = logging.getLogger(__name__)

Owner = dict[str, object] | None
"""What is known of the owner; None: nothing."""
Outcome = Literal["found", "unknown", "cached", "failed", "dropped", "skipped"]
"""What became of a look-up; a label of `anpr_owner_lookups_total`, so the set is closed."""

_UNKNOWN = object()
THREADS = 2
WAITING = 100
"""Plates that may wait to be asked for; more are dropped."""
REMEMBERED = 10_000
AMENDING_S = 10.0
"""For so long it is tried to put an answer into an event that is not stored yet."""
RETRY_S = 0.1
STOP_S = 0.5


class LookupFailed(Exception):
    """No answer; the message says why, without naming plate or owner."""


Ask = Callable[[str], Owner]
"""The owner of a plate; None for nobody's. Raises LookupFailed."""
Amend = Callable[[str, Callable[[PlateEvent], PlateEvent]], bool]
"""Changes a stored event; False if it is not stored (`Outbox.amend`)."""


@dataclass(slots=True, eq=False)
class _Request:
    """One plate that is being asked for, and the events that did not wait for the answer."""

    plate: str
    done: threading.Event = field(default_factory=threading.Event)
    owner: Owner = None
    late: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Amendment:
    event_id: str
    owner: dict[str, object]
    until_s: float


class Lookup:
    """Looks up plates with `ask`, and puts late answers into events with `amend`.

    Answers are remembered for `ttl_s` seconds, that nobody is known as well. An event waits
    `wait_s` seconds at most. Whatever goes wrong costs the owner, not the event.
    """

    def __init__(
        self,
        ask: Ask,
        amend: Amend,
        metrics: Metrics,
        *,
        breaker: Breaker,
        ttl_s: float,
        wait_s: float,
    ) -> None:
        self._ask = ask
        self._amend = amend
        self._breaker = breaker
        self._wait_s = wait_s
        self._known: TTLCache[str, Any] = TTLCache(REMEMBERED, ttl_s)
        self._asked: dict[str, _Request] = {}
        self._lock = threading.Lock()
        self._queue: queue.Queue[_Request | None] = queue.Queue(WAITING)
        self._ending = threading.Event()
        self._complaint = ""
        self._metrics = metrics
        metrics.owner_breaker_open.set_function(lambda: breaker.is_open)

    def __call__(self, event: PlateEvent) -> PlateEvent:
        """The event with its owner, if that is known soon enough."""
        with self._lock:
            known = self._known.get(event.plate, _UNKNOWN)
            if known is not _UNKNOWN:
                self._count("cached")
                return _with(event, known)
            request = self._request(event.plate)
        if request is None:
            return event
        request.done.wait(self._wait_s)
        with self._lock:
            if not request.done.is_set():
                request.late.append(event.id)
                return event
        return _with(event, request.owner)

    def start(self) -> Callable[[], None]:
        """Start the threads; gives what ends them."""
        threads = [
            threading.Thread(target=self._run, name=f"owner-{n}", daemon=True)
            for n in range(THREADS)
        ]
        for thread in threads:
            thread.start()

        def stop() -> None:
            self._ending.set()
            with suppress(queue.Full):  # then they are awake
                for _ in threads:
                    self._queue.put_nowait(None)
            until_s = time.monotonic() + STOP_S
            for thread in threads:
                thread.join(max(0.0, until_s - time.monotonic()))

        return stop

    def _request(self, plate: str) -> _Request | None:
        """The request under way for a plate, or a new one; None if there can be none now."""
        if plate in self._asked:
            return self._asked[plate]
        if self._breaker.rests:
            self._count("skipped")
            return None
        request = _Request(plate)
        try:
            self._queue.put_nowait(request)
        except queue.Full:
            self._count("dropped")
            return None
        self._asked[plate] = request
        return request

    def _run(self) -> None:
        pending: list[_Amendment] = []
        while not self._ending.is_set():
            try:
                request = self._queue.get(timeout=RETRY_S if pending else None)
            except queue.Empty:
                request = None
            if request is not None:
                pending += self._answered(request)
            pending = [one for one in pending if not self._settled(one)]
        for one in pending:
            self._settled(one)

    def _answered(self, request: _Request) -> list[_Amendment]:
        """Ask, tell those who wait, and give what is to be put into events afterwards."""
        outcome, owner = self._outcome(request.plate)
        self._count(outcome)
        with self._lock:
            if outcome in ("found", "unknown"):
                self._known[request.plate] = owner
            request.owner = owner
            request.done.set()
            del self._asked[request.plate]
        until_s = time.monotonic() + AMENDING_S
        return [_Amendment(one, owner, until_s) for one in request.late] if owner else []

    def _outcome(self, plate: str) -> tuple[Outcome, Owner]:
        if not self._breaker.admits():
            return "skipped", None
        began_s = time.monotonic()
        try:
            owner = self._ask(plate)
        except LookupFailed as error:
            self._failed(str(error))
            return "failed", None
        except Exception as error:  # its text might name the plate or the owner
            self._failed(f"{type(error).__name__}, which nobody expected")
            return "failed", None
        finally:
            self._metrics.owner_lookup_duration.observe(time.monotonic() - began_s)
        self._breaker.succeeded()
        if self._complaint:
            log.info("owner: answered again")
            self._complaint = ""
        return ("found" if owner else "unknown"), owner

    def _failed(self, complaint: str) -> None:
        if complaint != self._complaint:
            log.error("owner: %s; events go without", complaint)
            self._complaint = complaint
        if self._breaker.failed():
            log.error("owner: too many failures in a row; nobody is asked for a while")

    def _settled(self, one: _Amendment) -> bool:
        """Put an answer into its event; True when that needs no further try."""
        try:
            if self._amend(one.event_id, lambda event: _with(event, one.owner)):
                return True
        except UserError as error:
            log.debug("event %s: %s", one.event_id, error)
        if time.monotonic() < one.until_s:
            return False
        log.error("event %s is not stored; its owner cannot be added", one.event_id)
        return True

    def _count(self, outcome: Outcome) -> None:
        self._metrics.owner_lookups.labels(outcome).inc()


def _with(event: PlateEvent, owner: Owner) -> PlateEvent:
    return replace(event, owner=owner) if owner else event
