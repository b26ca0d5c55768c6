"""The last stage: a decided event is handed over to the store, and never lost on the way."""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from streamer.data import Decided, PlateEvent

log = logging.getLogger(__name__)

REMIND_S = 10.0


@dataclass(frozen=True, slots=True)
class _Held:
    event: PlateEvent
    captured_at: float


def without_pictures(decided: Decided) -> PlateEvent:
    """For those who keep no pictures."""
    return decided.event


class Publish:
    """Hands each event to `accept`, with the time of its deciding frame (seconds since 1970).

    `accept` raising means that the event was not taken: it is held here and tried again, at
    every step and whenever there is time. `illustrate` writes the pictures and gives the event
    with their paths; its failure costs the pictures, not the event. `enrich` add what
    is known of the plate, one after the other, at once or not at all. `on_event` is given every
    event that was accepted, `on_failure` the camera of every failed attempt.
    """

    name = "publish"

    def __init__(
        self,
        accept: Callable[[PlateEvent, float], object],
        illustrate: Callable[[Decided], PlateEvent] = without_pictures,
        enrich: Sequence[Callable[[PlateEvent], PlateEvent]] = (),
        on_event: Callable[[PlateEvent], None] = lambda _: None,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._accept = accept
        self._illustrate = illustrate
        self._enrich = enrich
        self._on_event = on_event
        self._on_failure = on_failure
        self._held: list[_Held] = []
        self._remind_at_s = 0.0

    def step(self, decided: Decided) -> tuple[()]:
        """Hand the event over, after those that are still held."""
        captured_at = time.time() - (time.monotonic() - decided.look.frame.clock_s)
        event = self._enriched(self._with_pictures(decided))
        self._held.append(_Held(event, captured_at))
        return self.idle()

    def idle(self) -> tuple[()]:
        """Try again what could not be handed over."""
        self._held = [held for held in self._held if not self._handed_over(held)]
        return ()

    def finish(self) -> tuple[()]:
        """A last try. What even this cannot store is written to the log in full."""
        self.idle()
        for held in self._held:
            log.critical("event could not be stored and is lost: %r", held.event)
        return ()

    @property
    def held(self) -> int:
        """How many events wait in memory because they could not be stored."""
        return len(self._held)

    def _with_pictures(self, decided: Decided) -> PlateEvent:
        try:
            return self._illustrate(decided)
        except Exception:
            log.exception("event %s goes without its pictures", decided.event.id)
            return decided.event

    def _enriched(self, event: PlateEvent) -> PlateEvent:
        for enrich in self._enrich:
            try:
                event = enrich(event)
            except Exception:
                log.exception("event %s goes without what %r knows", event.id, enrich)
        return event

    def _handed_over(self, held: _Held) -> bool:
        try:
            self._accept(held.event, held.captured_at)
        except Exception as error:  # whatever it is, the event must outlive it
            self._on_failure(held.event.camera)
            self._remind(error)
            return False
        self._on_event(held.event)
        return True

    def _remind(self, error: Exception) -> None:
        now = time.monotonic()
        if now >= self._remind_at_s:
            self._remind_at_s = now + REMIND_S
            log.error("%d events wait in memory, not stored: %s", len(self._held), error)
