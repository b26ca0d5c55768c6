"""What happens is told to every browser that listens; one that is too slow misses some."""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

BACKLOG = 100

Kind = Literal["plate", "parking", "camera"]


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened: an `Event`, or the state of a camera."""

    kind: Kind
    item: Any


class Hub:
    """Any thread may tell, any thread may listen."""

    def __init__(self) -> None:
        self._listeners: set[queue.Queue[News]] = set()
        self._lock = threading.Lock()

    def tell(self, news: News) -> None:
        """Pass it on to those who listen. Never waits."""
        with self._lock:
            listeners = list(self._listeners)
        for listener in listeners:
            try:
                listener.put_nowait(news)
            except queue.Full:
                continue

    @contextmanager
    def listening(self) -> Iterator["queue.Queue[News]"]:
        """What is told from now on, until the block ends."""
        mine: queue.Queue[News] = queue.Queue(BACKLOG)
        with self._lock:
            self._listeners.add(mine)
        try:
            yield mine
        finally:
            with self._lock:
                self._listeners.discard(mine)
