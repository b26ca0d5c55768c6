"""Who guesses passwords waits, and longer each time: by address, and by the name that is tried."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

FORGOTTEN_S = 3600.0
MOST = 10_000


@dataclass(frozen=True, slots=True)
class Patience:
    """So many failures are free; then the wait doubles from 1 s to `longest_s`."""

    free: int
    longest_s: float

    def wait_s(self, failures: int) -> float:
        """The wait after so many failures."""
        beyond = failures - self.free
        return 0.0 if beyond < 0 else min(self.longest_s, 2.0 ** min(beyond, 30))


BY_ADDRESS = Patience(5, 900.0)
BY_NAME = Patience(10, 60.0)
"""Milder: whoever knows a name could lock its owner out otherwise."""


@dataclass(slots=True)
class _Tried:
    failures: int = 0
    last_s: float = 0.0


class Lockout:
    """Any thread. `clock` gives seconds; what is kept is bounded."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tried: OrderedDict[tuple[str, str], _Tried] = OrderedDict()
        self._lock = threading.Lock()

    def attempt(self, address: str, name: str) -> int:
        """Count an attempt as failed, before it is looked at: many at once gain nothing. Gives 0
        if it may be looked at, else after how many seconds to try again (it is not counted)."""
        now = self._clock()
        with self._lock:
            ours = [
                (self._one(("address", address), now), BY_ADDRESS),
                (self._one(("name", name[:100]), now), BY_NAME),
            ]
            wait_s = max(one.last_s + patience.wait_s(one.failures) - now for one, patience in ours)
            if wait_s > 0:
                return math.ceil(wait_s)
            for one, _ in ours:
                one.failures += 1
                one.last_s = now
        return 0

    def succeeded(self, address: str, name: str) -> None:
        """The attempt was right: nothing is held against them."""
        with self._lock:
            self._tried.pop(("address", address), None)
            self._tried.pop(("name", name[:100]), None)

    def _one(self, key: tuple[str, str], now: float) -> _Tried:
        one = self._tried.get(key)
        if one is None or now - one.last_s > FORGOTTEN_S:
            one = self._tried[key] = _Tried(last_s=now)
        self._tried.move_to_end(key)
        while len(self._tried) > MOST:
            self._tried.popitem(last=False)
        return one
