"""Bounded channels between threads: what waits, what gives way, and how they close."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Generic, Literal, TypeVar

T = TypeVar("T")

WhenFull = Literal["wait", "drop_oldest"]


class Closed(Exception):
    """The channel is closed and empty: there will be no more items."""


class Channel(Generic[T]):
    """A bounded queue between two threads.

    `when_full="wait"` makes the producer wait (recordings: nothing is lost);
    `"drop_oldest"` throws the oldest item away (live: size 1 is the latest-frame slot).
    The close flag sits beside the queue, never in it, so that closing a full channel
    never blocks.
    """

    def __init__(
        self,
        size: int,
        when_full: WhenFull = "wait",
        on_drop: Callable[[], None] = lambda: None,
    ) -> None:
        if size < 1:
            raise ValueError(f"a channel of size {size} can hold nothing; 1 is the least")
        self._size = size
        self._when_full = when_full
        self._on_drop = on_drop
        self._items: deque[T] = deque()
        self._closed = False
        self._changed = threading.Condition()

    def put(self, item: T) -> bool:
        """Hand an item over; False if the channel is closed (the item is not kept)."""
        with self._changed:
            dropped = self._make_room()
            if self._closed:
                return False
            self._items.append(item)
            self._changed.notify_all()
        if dropped:
            self._on_drop()
        return True

    def _make_room(self) -> bool:
        if self._when_full == "drop_oldest":
            full = len(self._items) >= self._size
            if full and not self._closed:
                self._items.popleft()
            return full
        while len(self._items) >= self._size and not self._closed:
            self._changed.wait()
        return False

    def get(self, timeout_s: float | None = None) -> T:
        """The oldest item. Raises TimeoutError when none comes, Closed when none ever will."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._items or self._closed, timeout_s):
                raise TimeoutError
            if not self._items:
                raise Closed
            item = self._items.popleft()
            self._changed.notify_all()
            return item

    def close(self) -> None:
        """No more items. What is in the channel can still be taken out."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._items)

    def __bool__(self) -> bool:
        # An empty channel is a channel: `channel or Channel(1)` must not replace it.
        return True

    def __iter__(self) -> Iterator[T]:
        try:
            while True:
                yield self.get()
        except Closed:
            return
