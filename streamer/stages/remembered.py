"""What gates have reported, kept across restarts: a parked car must not be told of again.

Kept when an event was accepted, every minute while vehicles stand there, and at the end. A
recording that is read again is new traffic, so this is for live sources alone.
"""

import logging
import threading
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from pydantic import TypeAdapter, ValidationError

from streamer.controls import Notes
from streamer.errors import UserError
from streamer.stages.passages import PARKED_S, Passage, Passages

log = logging.getLogger(__name__)

EVERY_S = 60.0
KEPT = 100
"""Of a gate, the latest: the box may live on a memory card."""
_PASSAGES = TypeAdapter(list[Passage])


class Memory:
    """Keeps the passages of `gates` (by name) in `notes`, by a thread of its own."""

    def __init__(self, gates: Mapping[str, Passages], notes: Notes) -> None:
        self._gates = gates
        self._notes = notes
        self._kept: dict[str, str] = {}
        self._wake = threading.Event()
        self._ending = False
        self._thread = threading.Thread(target=self._run, name="memory", daemon=True)

    def start(self) -> None:
        """Remember what an earlier run kept, and begin to keep. `notes` are open."""
        for gate, passages in self._gates.items():
            text = self._notes.noted(_key(gate))
            try:
                passages.remember(_PASSAGES.validate_json(text) if text else ())
            except ValidationError:  # of another version: at worst a car is told of twice
                log.warning("what gate %s reported before the start cannot be read", gate)
        self._thread.start()

    def wake(self) -> None:
        """Keep now; returns at once."""
        self._wake.set()

    def stop(self, timeout_s: float) -> None:
        """Keep once more, and end."""
        self._ending = True
        self._wake.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        ending = False
        while not ending:
            self._wake.wait(EVERY_S)
            self._wake.clear()
            ending = self._ending  # before: what came while it was kept is kept once more
            self.keep()

    def keep(self) -> None:
        """Write down what was seen lately, where that has changed."""
        since = datetime.now(UTC) - timedelta(seconds=PARKED_S)
        for gate, passages in self._gates.items():
            latest = [_told(one) for one in passages.recent(since)[-KEPT:]]
            text = _PASSAGES.dump_json(latest).decode()
            if text == self._kept.get(gate):
                continue
            try:
                self._notes.note(_key(gate), text)
                self._kept[gate] = text
            except UserError as error:  # the events complain of it, too
                log.debug("%s", error)


def _told(passage: Passage) -> Passage:
    """As much of it as telling it again needs."""
    return replace(passage, plate=replace(passage.plate, candidates=(), reasons=()))


def _key(gate: str) -> str:
    return f"passages/{gate}"
