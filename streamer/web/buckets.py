"""Token buckets: how many requests a client may make, and how many lines a log takes."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

MOST = 10_000


class Buckets:
    """A bucket per key: `per_s` are let pass in the long run, `burst` at once. Any thread; the
    `most` keys that came last are remembered."""

    def __init__(
        self,
        per_s: float,
        burst: float,
        clock: Callable[[], float] = time.monotonic,
        most: int = MOST,
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._most = most
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()  # level, since when
        self._lock = threading.Lock()

    def take(self, key: str) -> float:
        """0 if one more may pass, else in how many seconds it may."""
        now = self._clock()
        with self._lock:
            level, since_s = self._levels.get(key, (self._burst, now))
            level = min(self._burst, level + (now - since_s) * self._per_s)
            passes = level >= 1.0
            self._levels[key] = (level - 1.0 if passes else level, now)
            self._levels.move_to_end(key)
            while len(self._levels) > self._most:
                self._levels.popitem(last=False)
        return 0.0 if passes else (1.0 - level) / self._per_s
