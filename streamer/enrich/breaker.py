"""A circuit breaker: what fails again and again is left in peace for a while.

Nygard 2007, "Release It!". Closed, requests pass; after so many failures in a row it opens, and
none pass for some seconds; then one is let through, and decides whether it closes or opens again.
"""

import threading
import time
from collections.abc import Callable


class Breaker:
    """Opens after `failures` in a row, for `pause_s` seconds by `clock`. Any thread."""

    def __init__(
        self, failures: int, pause_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = failures
        self._pause_s = pause_s
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._closed_at = float("-inf")

    @property
    def is_open(self) -> bool:
        """Whether what it protects counts as failed: until something succeeds again."""
        return self._failures >= self._most

    @property
    def rests(self) -> bool:
        """Whether asking is of no use now."""
        with self._lock:
            return self.is_open and self._clock() < self._closed_at

    def admits(self) -> bool:
        """Whether a request may be made now; whoever is told so makes it, and reports."""
        with self._lock:
            if not self.is_open:
                return True
            if self._clock() < self._closed_at:
                return False
            self._closed_at = self._clock() + self._pause_s  # the others wait for this one
            return True

    def succeeded(self) -> None:
        """A request was answered."""
        with self._lock:
            self._failures = 0

    def failed(self) -> bool:
        """A request was not answered; True if that opened the breaker."""
        with self._lock:
            self._failures += 1
            self._closed_at = self._clock() + self._pause_s
            return self._failures == self._most
