"""A few threads that read pictures, each with models of its own, after all that the gate needs."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, Protocol, TypeVar
from weakref import WeakSet

from models.base import Image
from streamer.found import FoundPlate

T = TypeVar("T")

PICTURE_NICE = 10
VIDEO_NICE = 15
"""How far the threads stand back behind the cameras', which are at 0; 19 would be the farthest."""

IDLE_S = 600.0
"""A worker without work for so long gives back the memory of its models."""

STOP_S = 0.7
"""Within the 5 s that a daemon may take to end."""


class PictureReader(Protocol):
    """What reads a picture. One instance serves one thread."""

    def read(self, picture: Image) -> list[FoundPlate]:
        """The plates of a picture, (H, W, 3) uint8 BGR, best first."""
        ...


class Stopped(Exception):
    """Nothing is read any more."""


def stand_back(nice: int) -> None:
    """Lower the priority of this thread, and of the threads it will start."""
    # On Linux a thread has a priority of its own, and hands it on.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), nice)


class ReadPool:
    """At most `workers` threads; each begins when there is work for it, and opens a reader."""

    def __init__(
        self, readers: Callable[[], PictureReader], workers: int, idle_s: float = IDLE_S
    ) -> None:
        self._readers = readers
        self._most = workers
        self._idle_s = idle_s
        self._waiting: deque[tuple[Callable[[PictureReader], Any], Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._threads = self._free = 0
        self._running: WeakSet[threading.Thread] = WeakSet()
        self._stopped = False

    def submit(self, work: Callable[[PictureReader], T]) -> "Future[T]":
        """Have `work` done with a reader, after what was submitted before. Raises Stopped."""
        future: Future[T] = Future()
        with self._changed:
            if self._stopped:
                raise Stopped
            self._waiting.append((work, future))
            if self._free < len(self._waiting) and self._threads < self._most:
                self._threads += 1
                thread = threading.Thread(target=self._run, name="read-picture", daemon=True)
                self._running.add(thread)
                thread.start()
            self._changed.notify()
        return future

    def stop(self) -> None:
        """What waits is given up; what is being read ends by itself.

        Threads without work have put their models away then: those of torch end the whole process
        (SIGABRT) where Python ends meanwhile. Who is still reading is waited for at most `STOP_S`.
        """
        with self._changed:
            self._stopped = True
            waiting = list(self._waiting)
            self._waiting.clear()
            self._changed.notify_all()
        for _, future in waiting:
            future.set_exception(Stopped())
        until_s = time.monotonic() + STOP_S
        for thread in list(self._running):
            thread.join(max(0.0, until_s - time.monotonic()))

    @property
    def threads(self) -> int:
        """How many there are now."""
        return self._threads

    def _run(self) -> None:
        stand_back(PICTURE_NICE)
        reader: PictureReader | None = None
        self._is_free()
        while (one := self._next()) is not None:
            work, future = one
            if not future.set_running_or_notify_cancel():
                self._is_free()
                continue
            try:
                reader = reader or self._readers()
                tell = partial(future.set_result, work(reader))
            except BaseException as error:  # whoever waits for it has to know
                tell = partial(future.set_exception, error)
            # First: who hears of it may have more work at once, which needs no further thread.
            self._is_free()
            tell()

    def _is_free(self) -> None:
        with self._changed:
            self._free += 1

    def _next(self) -> tuple[Callable[[PictureReader], Any], "Future[Any]"] | None:
        """What is to be done next; None when the thread is to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._stopped, self._idle_s)
            self._free -= 1
            if self._waiting:
                return self._waiting.popleft()
            self._threads -= 1
            return None
