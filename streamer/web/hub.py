"""What happens is told to every browser that listens; one that is too slow is sent away."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal

BACKLOG = 100
MOST_LISTENERS = 100

Kind = Literal["plate", "parking", "camera"]


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened: an `Event`, or of a camera whose state changed its name."""

    kind: Kind
    item: Any


class Full(Exception):
    """So many listen already that nobody else may."""


class Listener:
    """One browser's place. Its methods belong to the event loop that made it, but for `offer`.

    It waits for its news without a thread. When `BACKLOG` of them have not been fetched it is at
    an end: the browser then comes again, and says which event it had last.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()
        self._news: deque[News] = deque()
        self._over = False

    def offer(self, news: News | None) -> None:
        """Something happened; None: nothing will any more. Any thread."""
        with suppress(RuntimeError):  # its loop has ended, and so has the listener
            self._loop.call_soon_threadsafe(self._take, news)

    def _take(self, news: News | None) -> None:
        if news is None or len(self._news) >= BACKLOG:
            self._over = True
            self._news.clear()
        elif not self._over:
            self._news.append(news)
        self._came.set()

    @property
    def over(self) -> bool:
        """Whether there will be nothing more."""
        return self._over

    async def next(self, timeout_s: float) -> News | None:
        """What happened next; None if nothing does within the time, or ever again."""
        if not self._news and not self._over:
            self._came.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._came.wait(), timeout_s)
        return self._news.popleft() if self._news else None


class Hub:
    """Any thread may tell. With nobody listening that costs nothing."""

    def __init__(self, most: int = MOST_LISTENERS) -> None:
        self._most = most
        self._listeners: tuple[Listener, ...] = ()
        self._changing = threading.Lock()
        self._closed = False

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    def tell(self, news: News) -> None:
        """Pass it on to those who listen. Never waits."""
        for listener in self._listeners:
            listener.offer(news)

    @contextmanager
    def listening(self) -> Iterator[Listener]:
        """What is told from now on, until the block ends. Raises Full. Needs a running loop."""
        mine = Listener()
        with self._changing:
            if len(self._listeners) >= self._most:
                raise Full(f"{self._most} listen already")
            self._listeners = (*self._listeners, mine)
            if self._closed:
                mine.offer(None)
        try:
            yield mine
        finally:
            with self._changing:
                self._listeners = tuple(one for one in self._listeners if one is not mine)

    def close(self) -> None:
        """Send everybody away, at once and for good; the server can then end."""
        with self._changing:
            self._closed = True
            listeners = self._listeners
        for listener in listeners:
            listener.offer(None)
